package ModPerl::Config;

use ModInterp::NotYet;

1;
