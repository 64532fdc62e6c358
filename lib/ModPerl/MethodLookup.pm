package ModPerl::MethodLookup;

use ModInterp::NotYet;

1;
