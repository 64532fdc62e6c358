package ModPerl::MapUtil;

use ModInterp::NotYet;

1;
