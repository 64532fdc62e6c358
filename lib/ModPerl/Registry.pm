package ModPerl::Registry;

use ModInterp::NotYet;

1;
