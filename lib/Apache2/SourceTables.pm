package Apache2::SourceTables;

use ModInterp::NotYet;

1;
