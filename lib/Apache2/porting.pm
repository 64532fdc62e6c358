package Apache2::porting;

use ModInterp::NotYet;

1;
