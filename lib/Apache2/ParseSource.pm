package Apache2::ParseSource;

use ModInterp::NotYet;

1;
