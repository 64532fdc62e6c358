package Apache2::SizeLimit;

use ModInterp::NotYet;

1;
