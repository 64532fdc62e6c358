package ModPerl::BuildMM;

use ModInterp::NotYet;

1;
