package ModPerl::CScan;

use ModInterp::NotYet;

1;
