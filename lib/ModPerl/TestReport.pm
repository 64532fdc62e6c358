package ModPerl::TestReport;

use ModInterp::NotYet;

1;
