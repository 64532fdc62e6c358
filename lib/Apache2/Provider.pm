package Apache2::Provider;

use ModInterp::NotYet;

1;
