package ModPerl::BuildOptions;

use ModInterp::NotYet;

1;
