package Apache2::BuildConfig;

use ModInterp::NotYet;

1;
