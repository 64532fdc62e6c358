# Perl's filters of connections under HTTP/2: they stand in the session's connection, and in that of each stream.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'needs mod_http2' unless have_httpd_module('http2');
plan skip_all => 'needs h2load (Debian: nghttp2-client)' unless grep { -x "$_/h2load" } split /:/, $ENV{PATH};
plan skip_all => 'needs curl with HTTP/2' unless `curl -V 2>/dev/null` =~ /\bHTTP2\b/;

my %modules = (trace_module, 'My/H2.pm' => <<'P');
package My::H2;
use strict;
use warnings;
use Apache2::Filter ();
use base 'Apache2::Filter';
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
my $mark;
sub passes : FilterConnectionHandler { -1 }
sub reads  : FilterConnectionHandler { my $f = shift; while ($f->read(my $data, 4096)) { $f->print($data) } 0 }
sub keeps  : FilterConnectionHandler {
    my $f = shift;
    my $own = $f->ctx;
    T::Trace::note('LOST') if $own && $own->{mark} != \$mark;
    $f->ctx({ mark => \$mark }) unless $own;
    -1;
}
sub page  { my $r = shift; $r->content_type('text/plain'); $r->print('x' x ($r->args || 9)); 0 }
sub notes { my $r = shift; $r->pnotes(mine => 1); page($r) }
sub body  { my $r = shift; $r->pnotes(mine => 1); my $n = 0; while ($r->read(my $data, 4096)) { $n += length $data } $r->print("read $n"); 0 }
1;
P
my %FILTERS = (
    none    => '',
    out     => 'PerlOutputFilterHandler My::H2::passes',
    reads   => 'PerlOutputFilterHandler My::H2::reads',
    keeps   => 'PerlOutputFilterHandler My::H2::keeps',
    in      => 'PerlInputFilterHandler My::H2::passes',
    inkeeps => 'PerlInputFilterHandler My::H2::keeps',
);
my $config = "Protocols h2c http/1.1\nPerlModule My::H2\nPerlInterpMax 8\nPerlInterpMaxWait 5\n"
    . join('', map { "Listen 127.0.0.1:\@port:$_\@\n<VirtualHost *:\@port:$_\@>\n$FILTERS{$_}\n</VirtualHost>\n" } sort keys %FILTERS)
    . join('', map { "<Location /$_>\nSetHandler modperl\nPerlResponseHandler My::H2::$_\n</Location>\n" } qw(page notes body));

my $s = TestHttpd->start(mpm => 'event', load => ['http2'], modules => \%modules, config => $config, files => { 'var/body' => 'b' x 200_000 });
my $file = $s->root . '/var/body';
for my $host (sort keys %FILTERS) {
    my $url = 'http://127.0.0.1:' . $s->port($host);
    my $curl = sub { my $args = shift; scalar `curl -s -m 20 $args 2>&1` };
    is $curl->("--http2-prior-knowledge '$url/page'"), 'x' x 9, "$host: an answer";
    like scalar `h2load -n 20 -c 1 -m 1 '$url/notes?5000' 2>&1`, qr/^status codes: 20 2xx/m, "$host: twenty answers of one session";
    is length $curl->("--http2-prior-knowledge '$url/notes?400000'"), 400_000, "$host: a long one";
    is $curl->("--http2-prior-knowledge --data-binary \@$file '$url/body'"), 'read 200000', "$host: a body";
    is $curl->("--http2 -w ' %{http_version}' '$url/notes'"), 'xxxxxxxxx 2', "$host: a connection that becomes HTTP/2 by an Upgrade";
}
# The client closes its connection without waiting for the session's last frames.
$s->expect_log(qr/Software caused connection abort/);
is scalar(grep { /LOST/ } $s->trace), 0, 'what a filter keeps is there in each call';
$s->terminate;

done_testing;
