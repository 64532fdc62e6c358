package Demo::Hello;

use strict;
use warnings;

use Apache2::Const -compile => 'OK';
use Demo::Page ();

my $served = 0;

sub handler {
    my ($r) = @_;
    $served++;
    my $uri = Demo::Page::escape($r->uri);
    Demo::Page::send($r, 'Hello', <<"HTML");
<h1>Hello from Perl $^V</h1>
<p>You asked for <code>$uri</code>. This interpreter has answered <b>$served</b> of these.</p>
HTML
    return Apache2::Const::OK;
}

1;
