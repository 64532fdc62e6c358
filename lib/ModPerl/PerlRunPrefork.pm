package ModPerl::PerlRunPrefork;

use ModInterp::NotYet;

1;
