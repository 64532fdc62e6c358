package Apache2::Reload;

use ModInterp::NotYet;

1;
