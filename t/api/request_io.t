# Apache2::RequestIO and the first accessors of Apache2::RequestRec, over HTTP/1.1 and HTTP/2.
use lib 't/lib';
use TestApi;
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

api_rows(
    code => 'our $buffer; sub to_handle { my $r = shift; tie *STDOUT, $r; my @v = $_[0]->(); untie *STDOUT; @v }',
    rows => <<'R',
Apache2::RequestRec::print      | $r->print('a', 'b'), $r->print                          | ab2,0E0
Apache2::RequestRec::PRINT      | to_handle($r, sub { print 'tied'; 1 })                  | tied1
Apache2::RequestRec::printf     | $r->printf('%03d;', 7)                                  | 007;4
Apache2::RequestRec::PRINTF     | to_handle($r, sub { printf '%s-', 'x'; 1 })             | x-1
Apache2::RequestRec::puts       | $r->puts('a', 'bc')                                     | abc3
Apache2::RequestRec::write      | $r->write('abcdef', 3, 2), $r->write('xy'), $r->write('z', -1) | cdexyz3,2,1
Apache2::RequestRec::write      | $r->write('abc', 1, 9)                                  | /^died: Apache2::RequestRec::write: Offset outside string at /
Apache2::RequestRec::WRITE      | to_handle($r, sub { syswrite STDOUT, 'abc', 2, 1 })     | bc2
Apache2::RequestRec::TIEHANDLE  | tie(*STDOUT, $r) == $r; my $x = ref tied *STDOUT; untie *STDOUT; $x | Apache2::RequestRec
Apache2::RequestRec::UNTIE      | $r->UNTIE(0) ? 1 : 0                                    | 1
Apache2::RequestRec::rflush     | $r->print('a'); $r->rflush; 'b'                         | ab
Apache2::RequestRec::read       | my $n = $r->read(my $b, 4); my $m = $r->read(my $d, 100); "$n$b$m$d" | 4body7 so far | body so far
Apache2::RequestRec::read       | $r->read(my $b, 0)                                      | /^died: Apache2::RequestRec::read: The LENGTH argument can't be 0 at /
Apache2::RequestRec::read       | $r->read(my $b, -1)                                     | /^died: Apache2::RequestRec::read: The LENGTH argument can't be negative at /
Apache2::RequestRec::read       | $r->read(my $b, 1, -5)                                  | /^died: Apache2::RequestRec::read: Offset outside string at /
Apache2::RequestRec::read       | $r->read('constant', 1)                                 | /^died: Apache2::RequestRec::read: argument 1 \(buffer\) is read-only and cannot be modified at /
Apache2::RequestRec::read       | my $l = '6'; my $n = $r->read(my $b, $l); $n, "$b", $l, $r->read($b, ' 2'), $b | 6,a long,6,2,er | a longer body
Apache2::RequestRec::read       | my $n = $r->read(my $b, '1000000000000000000'); $n, $b | 6,a body | a body
Apache2::RequestRec::read       | my $n = $r->read(my $b, '3 pieces'); $n, $b             | 3,a b | a body
Apache2::RequestRec::read       | my $n = 5; $r->read($n, $n); $n                         | a bod | a body
Apache2::RequestRec::read       | my $b = 1234.5; my $n = $r->read($b, 3, -1); $n, $b     | 3,1234.a b | a body
Apache2::RequestRec::read       | my $b = "\x{100}b"; chop $b; $r->read($b, 2, -1); utf8::is_utf8($b) ? 1 : 0, map { ord } split //, $b | 0,196,97,32 | a body
Apache2::RequestRec::read       | my $b = 'abc'; my $c = $b; $r->read($b, 2, 1); $b, $c   | aa ,abc | a body
Apache2::RequestRec::read       | my @b; $r->read($b[2], 6); scalar @b, $b[2]             | 3,a body | a body
Apache2::RequestRec::read       | my %b; $r->read($b{x}, 6); %b                           | x,a body | a body
Apache2::RequestRec::read       | my $b = 'abcdef'; $r->read(substr($b, 1, 2), 6); $b     | aa bodydef | a body
Apache2::RequestRec::read       | my $b = 'xyz'; pos($b) = 1; $r->read($b, 6); defined pos($b) ? 1 : 0, $b | /^[01],a body\z/ | a body
Apache2::RequestRec::read       | package Up { sub TIESCALAR { bless [] } sub FETCH { $_[0][0] } sub STORE { $_[0][0] = uc $_[1] } } tie my $b, 'Up'; $b = 'ab'; $r->read($b, 6, 1); $b | AA BODY | a body
Apache2::RequestRec::read       | my $b = 'abcdef'; substr($b, 0, 3, ''); $r->read($b, 6, 2); $b | dea body | a body
Apache2::RequestRec::read       | my $b = 'x' x 9000; undef $b; $r->read($b, 6, 1); $b =~ tr/\0/./r | .a body | a body
Apache2::RequestRec::read       | my @b; for (1 .. 3) { $r->read(my $b, 2); push @b, $b } @b | a ,bo,dy | a body
Apache2::RequestRec::read       | my $b = 'x'; Internals::SvREADONLY($b, 1); $r->read($b, 1) | /^died: Apache2::RequestRec::read: argument 1 \(buffer\) is read-only and cannot be modified at /
Apache2::RequestRec::read       | my $b = []; my $c = $b; $r->read($b, 6); ref $c, $b     | ARRAY,a body | a body
Apache2::RequestRec::READ       | tie *STDIN, $r; my $n = read STDIN, my $b, 4; untie *STDIN; "$n$b" | 4body | body
Apache2::RequestRec::GETC       | tie *STDIN, $r; my @c = map { getc STDIN } 1 .. 3; untie *STDIN; @c | a,b,undef | ab
Apache2::RequestRec::GETC       | my $c = $r->GETC; $r->read(my $b, 9); "$c,$b"            | a,bcd | abcd
Apache2::RequestRec::EOF        | tie *STDIN, $r; my @e = map { eof STDIN ? 1 : 0, getc STDIN } 1 .. 3; untie *STDIN; @e | 0,a,0,b,1,undef | ab
Apache2::RequestRec::EOF        | my $e = $r->EOF ? 1 : 0; my $n = $r->read(my $b, 9); $e, $n, $b                 | 0,2,ab | ab
Apache2::RequestRec::TELL       | tie *STDIN, $r; my $t = tell STDIN; untie *STDIN; $t    | -1
Apache2::RequestRec::SEEK       | tie *STDIN, $r; my $s = seek STDIN, 0, 0; my $e = $!{ESPIPE} ? 'ESPIPE' : $!; untie *STDIN; $s, $e | 0,ESPIPE
Apache2::RequestRec::READLINE   | tie *STDIN, $r; my $l = <STDIN>; my $n = read STDIN, my $b, 2; my @l = <STDIN>; untie *STDIN; map { s/\n/;/gr } $l, $n, $b, @l | one;,2,tw,o;,three | one%ntwo%nthree
Apache2::RequestRec::READLINE   | tie *STDIN, $r; local $/; my @l = (scalar <STDIN>, scalar <STDIN>); untie *STDIN; map { s/\n/;/gr } @l | one;two;,undef | one%ntwo%n
Apache2::RequestRec::READLINE   | tie *STDIN, $r; local $/ = \3; my @l = <STDIN>; untie *STDIN; @l | abc,def,g | abcdefg
Apache2::RequestRec::READLINE   | tie *STDIN, $r; local $/ = ''; my @l = <STDIN>; untie *STDIN; map { s/\n/;/gr } @l | a;b;;,c;;,d | %n%n%na%nb%n%n%n%nc%n%nd
Apache2::RequestRec::READLINE   | tie *STDIN, $r; local $/ = '--'; my @l = <STDIN>; untie *STDIN; @l | a--,-b--,c | a---b--c
Apache2::RequestRec::read_line  | my @l = ($r->read_line, $r->read_line('w')); $r->read(my $b, 9); map { s/\n/;/gr } @l, $b, $r->read_line | one;,tw,o,undef | one%ntwo
Apache2::RequestRec::read_line  | $r->read_line('')                                       | /^died: Apache2::RequestRec::read_line: the separator can't be empty at /
Apache2::RequestRec::BINMODE    | to_handle($r, sub { binmode STDOUT; 1 })                | 1
Apache2::RequestRec::CLOSE      | $r->CLOSE ? 1 : 0                                       | 1
Apache2::RequestRec::FILENO     | $r->FILENO, to_handle($r, sub { fileno STDOUT })        | 1,1
Apache2::RequestRec::OPEN       | open my $old, '>&', \*STDOUT; tie *STDOUT, $r; my $ok = open STDOUT, '>', '/dev/null'; my $t = tied *STDOUT; open STDOUT, '>&', $old; $ok, $t | 1,undef
Apache2::RequestRec::sendfile   | $r->sendfile($r->document_root . '/plain.txt', 6, 3)    | tex0
Apache2::RequestRec::sendfile   | $r->print('first '); $r->sendfile($r->document_root . '/plain.txt'); ' end' | first plain text end
Apache2::RequestRec::sendfile   | $r->sendfile('/none') + 0                               | 2
Apache2::RequestRec::sendfile   | eval { $r->sendfile('/none'); 1 }; ref $@, $@->{func}, $@->{rc} | APR::Error,Apache2::RequestIO::sendfile('/none'),2
Apache2::RequestRec::discard_request_body | $r->discard_request_body, $r->read(my $b, 9)  | /^0,[09]\z/ | thrown away
Apache2::RequestRec::setup_client_block | $r->setup_client_block, $r->should_client_block ? 1 : 0, $r->get_client_block($buffer, 4), $buffer | 0,1,4,body | body and more
Apache2::RequestRec::should_client_block | $r->setup_client_block; $r->should_client_block ? 1 : 0 | 0
Apache2::RequestRec::get_client_block | $r->setup_client_block; $r->should_client_block; my ($all, $n) = (''); $all .= $_ while ($n = $r->get_client_block($_, 3)) > 0; $all | the whole body | the whole body
R
);

done_testing;
