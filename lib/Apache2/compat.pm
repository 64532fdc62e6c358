package Apache2::compat;

use ModInterp::NotYet;

1;
