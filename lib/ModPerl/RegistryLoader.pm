package ModPerl::RegistryLoader;

use ModInterp::NotYet;

1;
