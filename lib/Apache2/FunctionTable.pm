package Apache2::FunctionTable;

use ModInterp::NotYet;

1;
