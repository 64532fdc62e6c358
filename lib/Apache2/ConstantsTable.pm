package Apache2::ConstantsTable;

use ModInterp::NotYet;

1;
