package ModPerl::WrapXS;

use ModInterp::NotYet;

1;
