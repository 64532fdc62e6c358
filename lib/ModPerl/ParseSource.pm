package ModPerl::ParseSource;

use ModInterp::NotYet;

1;
