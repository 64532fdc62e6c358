package ModPerl::Code;

use ModInterp::NotYet;

1;
