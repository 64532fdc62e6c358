package Apache2::StructureTable;

use ModInterp::NotYet;

1;
