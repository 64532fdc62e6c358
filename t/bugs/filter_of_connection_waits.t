# A request that kept its interpreter (pnotes, a filter's ctx, a cleanup) had its answer sent through a script's filter of the
# connection, which wanted a second interpreter. With as many such requests as interpreters all waited for one another until
# PerlInterpMaxWait was over, and their answers broke off.
use lib 't/lib';
use TestHttpd;
use Time::HiRes qw(time);

plan skip_all => 'limits of ours' unless ours;

my $SIZE = 100_000;

my %modules = (trace_module, 'My/Share.pm' => <<'P');
package My::Share;
use strict;
use warnings;
use base 'Apache2::Filter';
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use APR::Pool ();
use APR::Table ();
my $mark;

# Filters of connections.
sub reads  : FilterConnectionHandler { my $f = shift; while ($f->read(my $data, 4096)) { $f->print($data) } 0 }
sub passes : FilterConnectionHandler { -1 }
sub counts : FilterConnectionHandler {
    my $f = shift;
    my $own = $f->ctx;
    $f->ctx($own = { n => 0, mark => \$mark }) unless $own;
    my $notes = $f->c->notes;
    T::Trace::note('LOST') if $own->{mark} != \$mark || $own->{n}++ != ($notes->get($$f) || 0);
    $notes->set($$f => $own->{n});
    -1;
}
sub adds { my $c = shift; $c->add_output_filter(\&passes); 0 }

# A filter of requests.
sub keeps : FilterRequestHandler { my $f = shift; my $n = $f->ctx || 0; while ($f->read(my $data)) { $n += length $data; $f->print($data) } $f->ctx($n); 0 }

sub page    { my $r = shift; $r->content_type('text/plain'); $r->print('x' x ($r->args || 9)); 0 }
sub notes   { my $r = shift; $r->pnotes(mine => 1); page($r) }
sub early   { my $r = shift; $r->pnotes(mine => 1); -1 }
sub pushed  { my $r = shift; $r->push_handlers(PerlLogHandler => sub { 0 }); page($r) }
sub pool    { my $r = shift; $r->pool->cleanup_register(sub { 1 }); page($r) }
sub client  { my $r = shift; $r->connection->pnotes(mine => 1); notes($r) }
sub body    { my $r = shift; $r->pnotes(mine => 1); my ($n, $got) = (0); $n += $got while $got = $r->read(my $data, 4096); $r->print($n); 0 }
sub unread  { my $r = shift; $r->pnotes(mine => 1); page($r) }
sub around  { my $r = shift; notes($r); my $sub = $r->lookup_uri('/sub'); $sub->pnotes(mine => 2); $sub->run; 0 }
sub late    { my $r = shift; $r->pnotes(mine => 1); $r->connection->add_output_filter(\&counts); page($r) }
sub missing { my $r = shift; $r->pnotes(mine => 1); 404 }
sub error   { my $r = shift; $r->pnotes(mine => 2); $r->print('error'); 0 }
1;
P

my @HANDLED = qw(page notes pushed pool client body unread around late missing);
my $locations = join '', (map { "<Location /$_>\nSetHandler modperl\nPerlResponseHandler My::Share::$_\n</Location>\n" } @HANDLED, 'error'), <<'C';
<Location /sub>
    SetHandler modperl
    PerlResponseHandler My::Share::notes
</Location>
<Location /early.txt>
    PerlAccessHandler My::Share::early
</Location>
<Location /keeps.txt>
    PerlOutputFilterHandler My::Share::keeps
</Location>
<Location /included.shtml>
    PerlAccessHandler My::Share::early
    Options +Includes
    SetOutputFilter INCLUDES
</Location>
ErrorDocument 404 /error
C
my %FILTERS = (
    out      => 'PerlOutputFilterHandler My::Share::passes',
    outreads => 'PerlOutputFilterHandler My::Share::reads',
    outctx   => 'PerlOutputFilterHandler My::Share::counts',
    in       => 'PerlInputFilterHandler My::Share::passes',
    inctx    => 'PerlInputFilterHandler My::Share::counts',
    both     => "PerlInputFilterHandler My::Share::passes\nPerlOutputFilterHandler My::Share::reads",
    added    => 'PerlPreConnectionHandler My::Share::adds',
    none     => '',
);
my @SCOPES = qw(response handler request subrequest connection);
my %files = ('htdocs/early.txt' => 'x' x $SIZE, 'htdocs/keeps.txt' => 'x' x $SIZE, 'htdocs/included.shtml' => qq(<!--#include virtual="/sub" --> <!--#include virtual="/sub" -->\n));
my $OWN = "PerlOptions +Clone\nPerlInterpMax 1\nPerlInterpMaxWait 3\n";
my %SCOPED = map { ("scope$_" => "$OWN\nPerlInterpScope $_\n$FILTERS{both}\n$FILTERS{outctx}") } @SCOPES;
# By its name a request comes to a server whose interpreters are others than those of its connection's filters.
my $OTHER = "<VirtualHost *:\@port:outctx\@>\nServerName other.example\n$OWN\n</VirtualHost>\n";

sub config {
    my ($n, %hosts) = @_;
    my $limits = join "\n", map { "PerlInterp$_ $n" } qw(Start Max MinSpare MaxSpare);
    my $servers = join '', map { "Listen 127.0.0.1:\@port:$_\@\n<VirtualHost *:\@port:$_\@>\n$hosts{$_}\n</VirtualHost>\n" } sort keys %hosts;
    return "ThreadsPerChild 32\nMaxRequestWorkers 32\nPerlModule My::Share\n$limits\nPerlInterpMaxWait 3\n$locations$servers$OTHER";
}
# One answer, of a connection that is kept.
sub answer {
    my ($socket, $name, $path, $body) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $length = length($body // '');
    print $socket defined $body ? "POST $path HTTP/1.1\r\nHost: $name\r\nContent-Length: $length\r\n\r\n$body" : "GET $path HTTP/1.1\r\nHost: $name\r\n\r\n";
    my $head = '';
    while (defined(my $line = <$socket>)) { $head .= $line; last if $line eq "\r\n" }
    my ($status) = $head =~ m{^HTTP/1.1 (\d+)} or return 'none';
    my $content = '';
    if ($head =~ /^Content-Length: (\d+)/mi) { read $socket, $content, $1 }
    elsif ($head =~ /^Transfer-Encoding: chunked/mi) { while (my ($n) = (<$socket> // '') =~ /^([0-9a-f]+)/i) { read $socket, my $piece, hex $n; <$socket>; last unless hex $n; $content .= $piece } }
    return "$status:" . length($content // '');
}
my @ASKED = (
    ['/page', '200:9'], ['/notes', '200:9'], ["/notes?$SIZE", "200:$SIZE"], ['/pushed', '200:9'], ["/pool?$SIZE", "200:$SIZE"], ['/client', '200:9'],
    ['/body', '200:6', 'b' x $SIZE], ['/unread', '200:9', 'b' x $SIZE], ['/around', '200:18'], ['/late', '200:9'], ['/missing', '404:5'],
    ['/early.txt', "200:$SIZE"], ['/keeps.txt', "200:$SIZE"], ['/included.shtml', '200:20'],
);
my $talk = sub {
    my ($s, $host, $rounds) = @_;
    ($host, my $name) = split m{/}, $host;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $s->port($host), Timeout => 10) or return "no connection: $!";
    $socket->autoflush;
    my @bad;
    for my $asked ((@ASKED) x $rounds) {
        my ($path, $expected, $body) = @$asked;
        my $began = time;
        my $got = answer($socket, $name // 'x', $path, $body);
        push @bad, sprintf '%s: %s in %.1f s', $path, $got, time - $began if $got ne $expected || time - $began > 2.5;
        last if $got =~ /none/;
    }
    return @bad;
};

for_each_mpm(qw(event worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => ['include'], modules => \%modules, files => \%files, config => config(1, %FILTERS, %SCOPED));
    for my $host (sort(keys %FILTERS), 'outctx/other.example', map { "scope$_" } @SCOPES) {
        my @bad = $talk->($s, $host, 1);
        is "@bad", '', "$host: with one interpreter each request is served, whatever it keeps";
    }
    is scalar(grep { /LOST/ } $s->trace), 0, 'what a filter of a connection keeps is always there';
    $s->terminate;

    $s = TestHttpd->start(mpm => $mpm, load => ['include'], modules => \%modules, files => \%files, config => config(3, %FILTERS));
    my @hosts = sort keys %FILTERS;
    my @got = $s->parallel(16, sub { my $i = shift; join ' ', $talk->($s, $hosts[$i % @hosts], 2) });
    is join('|', map { ref $_ ? @$_ : $_ } @got), join('|', ('') x 16), 'sixteen connections with all kinds of filters share three interpreters';
    is scalar(grep { /LOST/ } $s->trace), 0, 'what a filter of a connection keeps is always there';
    $s->terminate;
});

done_testing;
