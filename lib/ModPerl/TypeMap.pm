package ModPerl::TypeMap;

use ModInterp::NotYet;

1;
