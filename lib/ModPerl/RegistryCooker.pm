package ModPerl::RegistryCooker;

use ModInterp::NotYet;

1;
