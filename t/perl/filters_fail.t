# A filter that fails: if nothing was sent yet the client gets the page of the error, else the answer breaks off, so that nobody takes it
# for whole. Who reads a body is told. The next request is served.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl sends an answer without an end, or one that looks whole' unless ours;

my $CODE = <<'P';
package My::Fail;
use strict;
use warnings;
use base 'Apache2::Filter';
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use APR::Brigade ();
use APR::Bucket ();
use APR::Table ();
no warnings 'recursion';

sub dies { die "died as asked\n" }
sub dies_reading { my $f = shift; $f->read(my $b); die "died as asked\n" }
sub dies_late { my $f = shift; while ($f->read(my $b)) { $f->print($b) } my $n = ($f->ctx // 0) + 1; $f->ctx($n); die "died as asked\n" if $n > 1; 0 }
sub dies_at_end { my $f = shift; while ($f->read(my $b)) { $f->print($b) } die "died as asked\n" if $f->seen_eos; 0 }
sub dies_in_brigade { my ($f, $bb) = @_; $bb->first->nothing; 0 }
sub object { package My::Fail::Object; use overload '""' => sub { 'died as asked' }; die bless [] }
sub core_exit { CORE::exit(3) }
sub forbids { 403 }
sub fails { 500 }
sub again { my $f = shift; $f->r->print('again'); $f->r->rflush; 0 }
sub reads_again { my $f = shift; $f->r->read(my $b, 10); 0 }
sub declines_late { my $f = shift; 1 while $f->read(my $b); -1 }
sub declines_read { my $f = shift; $f->read(my $b, 1); -1 }
sub wide { my $f = shift; $f->read(my $b); $f->print(undef) ; $f->nothing; 0 }
sub begins : FilterInitHandler { die "died as asked\n" }
sub begun : FilterRequestHandler FilterHasInitHandler(\&begins) { -1 }
sub begins_with : FilterInitHandler { 404 }
sub begun_with : FilterRequestHandler FilterHasInitHandler(\&begins_with) { -1 }
our ($f, $bb, $b);
sub keeps { ($f, $bb) = @_; $b = $bb->first; $f->next->pass_brigade($bb) }
sub kept { my $r = shift; my @e = map { eval { $_->(); 'alive' } || $@ =~ s/ at .*//sr } sub { $f->r }, sub { $bb->first }, sub { $b->length }, sub { $f->read(my $x) }; $r->content_type('text/plain'); $r->print(join "\n", @e); 0 }

sub body { my $r = shift; $r->content_type('text/plain'); my $n = eval { $r->read(my $b, 100) }; my $e = $@; die $e if $e && $r->args; $r->print($e ? 'raised ' . (ref $e ? $e->{rc} : 0) . " $e" : "read $n"); 0 }
sub pieces { my $r = shift; $r->content_type('text/plain'); $r->print("first\n"); $r->rflush; $r->print("second\n"); 0 }
sub hello { my $r = shift; $r->content_type('text/plain'); $r->print("hello\n"); 0 }
1;
P

my (@rows, $conf);
sub row { my ($name, $phase, $handler, $answer, %want) = @_; my $at = '/f' . @rows; $conf .= "<Location $at>\nSetHandler modperl\nPerlResponseHandler My::Fail::$answer\nPerl${phase}FilterHandler $handler\n</Location>\n"; push @rows, { name => $name, path => $at, phase => $phase, %want } }
my $died = qr/died as asked/;
for my $how (qw(dies dies_reading object)) { row("$how: the page of the error", 'Output', "My::Fail::$how", 'hello', status => 500, log => qr/$died.*\(PerlOutputFilterHandler My::Fail::$how, /) }
row('an error of perl in a brigade', 'Output', 'My::Fail::dies_in_brigade', 'hello', status => 500, log => qr/Can't locate object method "nothing"/);
row('an error at the end, before anything was sent', 'Output', 'My::Fail::dies_at_end', 'hello', cut => 1, log => $died);
row('CORE::exit', 'Output', 'My::Fail::core_exit', 'hello', status => 500, log => qr/CORE::exit/, threads => 1);
row('a status', 'Output', 'My::Fail::forbids', 'hello', status => 403);
row('500', 'Output', 'My::Fail::fails', 'hello', status => 500);
row('a handler that is not there', 'Output', '-No::Such', 'hello', status => 500, log => qr/No::Such/);
row('an init handler that dies', 'Output', 'My::Fail::begun', 'hello', status => 500, log => $died);
row('one that returns a status', 'Output', 'My::Fail::begun_with', 'hello', status => 404);
row('a filter that prints to its own request', 'Output', 'My::Fail::again', 'hello', status => 500, log => qr/My::Fail::again, \S+:\d+: it sends or reads data that comes to the filter itself/, also => qr/rflush.*My::Fail::again/);
row('an answer that is under way breaks off', 'Output', 'My::Fail::dies_late', 'pieces', cut => 1, log => $died);
row('a reader of a body is told', 'Input', 'My::Fail::dies', 'body', status => 200, content => qr/^raised 120001 .*PerlInputFilterHandler My::Fail::dies: died as asked/, log => $died);
row('a handler that does not look dies of it', 'Input', 'My::Fail::dies', 'body', args => 1, status => 500, log => $died);
row('DECLINED behind a read', 'Input', 'My::Fail::declines_read', 'body', status => 200, content => qr/^raised 120001/, log => qr/My::Fail::declines_read, \S+:\d+: it returned DECLINED after it had read/);
row('a filter that reads its own body', 'Input', 'My::Fail::reads_again', 'body', status => 200, content => qr/^raised/, log => qr/it sends or reads data/);
row('another status', 'Input', 'My::Fail::forbids', 'body', status => 200, content => qr/^raised 403/, log => qr/My::Fail::forbids, \S+:\d+: returned 403/);
row('an init handler of input', 'Input', 'My::Fail::begun', 'body', status => 200, content => qr/^raised 120001/, log => $died);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my @h2 = have_httpd_module('http2') && $mpm ne 'prefork' ? ('http2') : ();
    my $s = TestHttpd->start(
        mpm => $mpm, load => \@h2, modules => { 'My/Fail.pm' => $CODE },
        files => { 'htdocs/big.txt' => 'x' x 200_000, 'htdocs/text.txt' => "some text\n" },
        config => "PerlModule My::Fail\n" . (@h2 ? "Protocols h2c http/1.1\n" : '') . "PerlInterpMax 1\nPerlInterpMaxWait 1\n$conf" . <<'C',
@one_child@
<Location /big.txt>
    PerlOutputFilterHandler My::Fail::declines_late
</Location>
<Location /text.txt>
    PerlOutputFilterHandler My::Fail::keeps
</Location>
<Location /kept>
    SetHandler modperl
    PerlResponseHandler My::Fail::kept
</Location>
<Location /hello>
    SetHandler modperl
    PerlResponseHandler My::Fail::hello
</Location>
C
    );
    for my $row (grep { !($_->{threads} && $mpm eq 'prefork') } @rows) {
        my @ask = $row->{phase} eq 'Input' ? ('POST', $row->{path} . ($row->{args} ? '?x' : ''), {}, 'a body') : ('GET', $row->{path});
        $s->mark_log;
        if ($row->{cut}) {
            my $raw = $s->raw("GET $row->{path} HTTP/1.1\r\nHost: x\r\n\r\n", 10);
            unlike $raw, qr/\r\n0\r\n\r\n\z/, "$row->{name}: no end";
            unlike $raw, qr/second|500/, "$row->{name}: and no page of an error behind it";
        }
        else {
            my $res = $s->request(@ask);
            is $res->{status}, $row->{status}, "$row->{name}: the status";
            like $res->{content}, $row->{content} // qr/<title>$row->{status}/, "$row->{name}: the page";
            unlike $res->{content}, qr/^hello/m, "$row->{name}: nothing passes around the filter";
        }
        $s->expect_log($row->{also}) if $row->{also};
        $s->log_like($row->{log}, "$row->{name}: the log says why") if $row->{log};
        is $s->get('/hello')->{content}, "hello\n", "$row->{name}: the next request is served";
    }
  SKIP: {
        skip 'needs HTTP/2', 3 unless @h2 && $s->have_h2;
        is $s->h2($rows[0]{path})->{status}, 500, 'by HTTP/2: the page of the error';
        my ($cut) = grep { $_->{name} =~ /under way/ } @rows;
        ok $s->h2($cut->{path}, '-w', '')->{exit}, 'by HTTP/2: the stream is reset';
        is $s->h2('/hello')->{content}, "hello\n", 'and the next request is served';
    }
    $s->mark_log;
    isnt $s->get('/big.txt')->{content}, 'x' x 200_000, 'DECLINED after much was read is no answer';
    $s->log_like(qr/My::Fail::declines_late, \S+:\d+: it returned DECLINED after it had read more than 65536 bytes/, 'the log says why');
    is $s->get('/text.txt')->{content}, "some text\n", 'a script keeps filter, brigade and bucket';
    is $s->get('/kept')->{content}, join("\n", 'Apache2::Filter::r: request is gone', 'APR::Brigade::first: request is gone', 'APR::Bucket::length: request is gone', 'Apache2::Filter::read: request is gone'),
        'which are gone when the call is over';
});

done_testing;
