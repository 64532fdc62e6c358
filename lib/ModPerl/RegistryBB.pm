package ModPerl::RegistryBB;

use ModInterp::NotYet;

1;
