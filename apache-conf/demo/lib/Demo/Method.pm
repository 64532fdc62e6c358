package Demo::Method;

use strict;
use warnings;

use Apache2::Const -compile => 'OK';
use Demo::Page ();

# Class->method in the configuration: the class comes first, then the request.
sub page {
    my ($class, $r) = @_;
    my $greeting = $class->greeting;
    Demo::Page::send($r, 'Methods', <<"HTML");
<h1>$greeting</h1>
<p>Served by <code>${class}-&gt;page</code>.
See <a href="/method">the plain</a> and <a href="/method/formal">the formal</a> greeting.</p>
HTML
    return Apache2::Const::OK;
}

sub greeting { 'Hi there' }

package Demo::Method::Formal;

our @ISA = 'Demo::Method';

sub greeting { 'Good day to you' }

1;
