package ModPerl::StructureMap;

use ModInterp::NotYet;

1;
