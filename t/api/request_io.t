# Apache2::RequestIO and the first accessors of Apache2::RequestRec, over HTTP/1.1 and HTTP/2.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/IO.pm' => <<'P');
package My::IO;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    my ($how, @more) = split /,/, $r->args || '';
    $r->content_type('text/plain');
    if ($how eq 'read')        { my $all = ''; while ((my $n = $r->read(my $piece, $more[0])) > 0) { $all .= $piece } $r->print(length $all, ':', $all) }
    elsif ($how eq 'offset')   { my $buffer = 'abcdef'; my $n = $r->read($buffer, 3, 2); $r->print("$n:$buffer") }
    elsif ($how eq 'negative') { my $buffer = 'abcdef'; my $n = $r->read($buffer, 3, -2); $r->print("$n:$buffer") }
    elsif ($how eq 'pad')      { my $buffer = 'a'; my $n = $r->read($buffer, 2, 4); $r->print("$n:", join ',', map { ord } split //, $buffer) }
    elsif ($how eq 'ret')      { $r->print('xyz') ; my $n = $r->print('abc', 'de'); my $zero = $r->print(''); $r->print("|$n|$zero") }
    elsif ($how eq 'get')      { $r->print(join '|', $r->method, $r->uri, $r->args, $r->protocol =~ /^HTTP/ ? 'http' : 'none', $r->headers_in->get('X-Test') || '') }
    elsif ($how eq 'set')      { my $old = $r->uri('/changed'); $r->print("$old|", $r->uri) }
    elsif ($how eq 'bytes')    { $r->print(join '', map { chr } 0 .. 255) }
    elsif ($how eq 'status')   { $r->status($more[0]); $r->print('text') }
    elsif ($how eq 'many')     { $r->print('x' x $more[0]) for 1 .. $more[1] }
    elsif ($how eq 'badread')  { my $b; my @got = map { eval { $_->(); 1 } ? 'ok' : 'died' } sub { $r->read($b, -1) }, sub { $r->read($b, 1, -5) }, sub { $r->read($b) }; $r->print("@got") }
    elsif ($how eq 'messages') { eval { Apache2::RequestRec::uri(undef) }; my $one = $@; eval { Apache2::RequestRec::uri('no object') }; $r->print("$one|$@") }
    return Apache2::Const::OK;
}
1;
P
my $CONF = <<'C';
Protocols h2c http/1.1
PerlModule My::IO
<Location /io>
    SetHandler modperl
    PerlResponseHandler My::IO
</Location>
C

my $s = TestHttpd->start(load => [have_httpd_module('http2') ? 'http2' : ()], modules => \%modules, config => have_httpd_module('http2') ? $CONF : $CONF =~ s/^Protocols.*\n//r);
my %client = (
    'HTTP/1.1' => sub { my ($args, $body) = @_; defined $body ? $s->post("/io?$args", $body, 'X-Test' => 'yes') : $s->get("/io?$args", 'X-Test' => 'yes') },
    'HTTP/2'   => sub { my ($args, $body) = @_; $s->h2("/io?$args", '-H', 'X-Test: yes', defined $body ? ('--data-binary', $body) : ()) },
);
for my $protocol (sort keys %client) {
    SKIP: {
        skip 'needs mod_http2 and a curl with HTTP/2', 1 if $protocol eq 'HTTP/2' && !$s->have_h2;
        my $ask = $client{$protocol};
        my $body = join '', map { sprintf '%07d ', $_ } 1 .. 10_000;
        is $ask->('read,1000', $body)->{content}, "80000:$body", "$protocol: a body larger than one bucket arrives whole";
        is $ask->('read,7', 'short body')->{content}, '10:short body', "$protocol: in small pieces";
        is $ask->('read,100')->{content}, '0:', "$protocol: no body";
        is $ask->('offset', 'XYZ')->{content}, '3:abXYZ', "$protocol: read at an offset";
        is $ask->('negative', 'XYZ')->{content}, '3:abcdXYZ', "$protocol: read at a negative offset";
        is $ask->('pad', 'XY')->{content}, '2:97,0,0,0,88,89', "$protocol: an offset beyond the end is filled with zero bytes";
        is $ask->('ret')->{content}, 'xyzabcde|5|0E0', "$protocol: print returns the bytes written, 0E0 for none";
        is $ask->('get')->{content}, 'GET|/io|get|http|yes', "$protocol: accessors";
        is $ask->('set')->{content}, '/io|/changed', "$protocol: a setter returns the old value";
        is $ask->('bytes')->{content}, join('', map { chr } 0 .. 255), "$protocol: bytes as they are";
        is $ask->('status,404')->{status}, 404, "$protocol: status";
        is length $ask->('many,10000,100')->{content}, 1_000_000, "$protocol: a large answer";
    }
}
like $s->get('/io?badread')->{content}, qr/died/, 'lengths and offsets that cannot be die';
SKIP: {
    skip 'the messages are ours', 1 unless ours;
    like $s->get('/io?messages')->{content}, qr/Apache2::RequestRec::uri: (?:invocant|argument \d).*Apache2::RequestRec.*\|.*Apache2::RequestRec::uri/s, 'a message names function and argument';
}

done_testing;
