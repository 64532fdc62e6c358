package Apache2::Resource;

use ModInterp::NotYet;

1;
