package ModPerl::RegistryPrefork;

use ModInterp::NotYet;

1;
