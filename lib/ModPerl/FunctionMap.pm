package ModPerl::FunctionMap;

use ModInterp::NotYet;

1;
