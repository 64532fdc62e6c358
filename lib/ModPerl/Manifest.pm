package ModPerl::Manifest;

use ModInterp::NotYet;

1;
