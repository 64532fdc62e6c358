package Apache2::Build;

use ModInterp::NotYet;

1;
