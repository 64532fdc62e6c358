package Demo::Pool;

use strict;
use warnings;

use Apache2::Const -compile => 'OK';
use Demo::Page ();

my $served = 0;
my $mark;    # lies at another address in each interpreter

# What the module itself says of its pool, if it does.
my $has_status = eval { require ModInterp::Status; 1 };

sub handler {
    my ($r) = @_;
    $served++;
    my $me = $has_status ? ModInterp::Status->interpreter : substr sprintf('%x', \$mark), -6;

    if ($r->uri =~ m{/work$}) {
        select undef, undef, undef, 0.1;
        $r->content_type('application/json');
        $r->print(qq({"process":$$,"interpreter":"$me","served":$served}));
        return Apache2::Const::OK;
    }

    my $pool = '';
    if ($has_status) {
        my %now = ModInterp::Status->pool;
        $pool = '<table>' . join('', map { "<tr><th>$_</th><td>" . Demo::Page::escape($now{$_}) . '</td></tr>' } sort keys %now) . '</table>';
    }
    Demo::Page::send($r, 'The pool', <<"HTML");
<h1>Interpreter <code>$me</code></h1>
<p>in process <code>$$</code> served this page; it has served $served so far.</p>
$pool
<p><button id="go">Send 24 requests at once</button> <span id="said"></span></p>
<div id="bars"></div>
<script src="/burst.js"></script>
HTML
    return Apache2::Const::OK;
}

1;
