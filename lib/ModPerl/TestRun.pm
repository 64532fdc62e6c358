package ModPerl::TestRun;

use ModInterp::NotYet;

1;
