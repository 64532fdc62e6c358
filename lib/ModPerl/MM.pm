package ModPerl::MM;

use ModInterp::NotYet;

1;
