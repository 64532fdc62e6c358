package ModPerl::PerlRun;

use ModInterp::NotYet;

1;
