package Apache2::Status;

use ModInterp::NotYet;

1;
