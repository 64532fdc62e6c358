package APR::PerlIO;

# The layer :APR, as in `open my $fh, '<:APR', $file, $r->pool`: a file as any other, but the pool has to be given.

use strict;
use warnings;

use APR            ();
use APR::XSLoader ();
use Config;
use constant PERLIO_LAYERS_ARE_ENABLED => 1;

our $VERSION = '0.009000';

APR::XSLoader::load(__PACKAGE__);
ModInterp::define_layer();

1;
