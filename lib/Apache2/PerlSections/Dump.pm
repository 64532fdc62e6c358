package Apache2::PerlSections::Dump;

use ModInterp::NotYet;

1;
