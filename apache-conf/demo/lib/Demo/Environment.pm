package Demo::Environment;

use strict;
use warnings;

use Apache2::Const -compile => 'OK';
use Apache2::RequestRec ();
use Demo::Page ();

sub handler {
    my ($r) = @_;
    $r->content_type('text/html; charset=utf-8');

    my $rows = '';
    for my $name (sort keys %ENV) {
        my ($n, $v) = map { Demo::Page::escape($_) } $name, $ENV{$name};
        $rows .= "<tr><th>$n</th><td>$v</td></tr>\n";
    }
    print Demo::Page::frame('Environment', <<"HTML");
<h1>The environment of this request</h1>
<table>$rows</table>
HTML
    return Apache2::Const::OK;
}

1;
