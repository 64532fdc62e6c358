# Text where a method wants a number counts as perl counts it: what it begins with, else 0, with perl's warning under `use warnings`.
# It was an exception. A reference or a glob, whose number would be an address, stays one.
use lib 't/lib';
use TestHttpd;

# A call, what is read after it, and what perl warns of.
my @CALLS = grep { /\S/ } split /\n/, <<'T';
$r->no_cache('on'); $r->no_cache                         | 0      | "on"
$r->no_cache('1x'); $r->no_cache                         | 1      | "1x"
$r->no_cache(''); $r->no_cache                           | 0      | ""
$r->no_cache(!1); $r->no_cache                           | 0      |
$r->no_local_copy('yes'); $r->no_local_copy              | 0      | "yes"
$r->mtime('abc'); $r->mtime                              | 0      | "abc"
$r->mtime(' 12 '); $r->mtime                             | 12     |
$r->mtime('1e3'); $r->mtime                              | 1000   |
$r->mtime(7.9); $r->mtime                                | 7      |
$r->status('404 Not Found'); $r->status                  | 404    | "404 Not Found"
$r->status('abc'); $r->status                            | 0      | "abc"
$r->status(Num->new); $r->status                         | 404    |
$r->bytes_sent('x'); $r->bytes_sent                      | 0      | "x"
$r->method_number('GET'); $r->method_number              | 0      | "GET"
$r->allowed('all'); $r->allowed                          | 0      | "all"
$r->used_path_info('accept'); $r->used_path_info         | 0      | "accept"
$r->set_content_length('12kB'); $r->headers_out->get('Content-Length') | 12 | "12kB"
$r->connection->keepalive('no'); $r->connection->keepalive | 0    | "no"
ref APR::Table::make($r->pool, 'few')                    | APR::Table | "few"
T
my @REFUSED = ('$r->status({})', '$r->mtime([])', '$r->no_cache(\*STDOUT)', '$r->no_cache(*STDOUT)', '$r->status(bless [], "My::Thing")', '$r->bytes_sent(sub { 1 })');
my @rows = map { [ map { s/^\s+|\s+\z//gr } split /\|/ ] } @CALLS;
my $subs = join '', map { "sub { my \$r = shift; $_ },\n" } (map { $_->[0] } @rows), @REFUSED;

my %modules = ('My/Num.pm' => <<"P" . <<'P');
package Num;
use overload '0+' => sub { 404 }, fallback => 1;
sub new { bless [] }
package My::Num;
use strict;
use warnings;
use Apache2::RequestRec (); use Apache2::RequestIO (); use Apache2::RequestUtil (); use Apache2::Response (); use Apache2::Connection (); use Apache2::ServerRec ();
use APR::Table (); use APR::Pool ();
my \@call = ($subs);
P
sub call {
    my $r = shift;
    return -1 unless defined $r->args;
    my @warned;
    local $SIG{__WARN__} = sub { push @warned, $_[0] =~ s/ at \S+ line.*//sr };
    my $got = eval { $call[ $r->args ]->($r) } // "died: $@";
    $r->status(200); $r->method_number(0); $r->bytes_sent(0); $r->no_cache(0); $r->mtime(0); $r->headers_out->unset('Content-Length');
    $r->notes->set(got => join '|', $got, @warned);
    return 0;
}
# A handler of warnings is code of the script's, and may free what the call was given before.
sub frees {
    my $r = shift;
    my $data = 'x' x 100_000;
    my $sent = 0;
    { local $SIG{__WARN__} = sub { undef $data; my @other = map { 'y' x 100_000 } 1 .. 5 }; $r->write($data, '5 bytes') }
    { local $SIG{__WARN__} = sub { die "no\n" }; eval { $r->write('never', 'many'); 1 } or $r->print(" $@") }
    return 0;
}
sub page { my $r = shift; $r->print($r->notes->get('got')); return 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule My::Num
SetHandler modperl
PerlFixupHandler My::Num::call
PerlResponseHandler My::Num::page
<Location /frees>
    PerlResponseHandler My::Num::frees
</Location>
C
    for my $i (0 .. $#rows) {
        my ($call, $want, $text) = @{ $rows[$i] };
        my $warning = defined $text && length $text ? "|Argument $text isn't numeric in subroutine entry" : '';
        is $s->get("/?$i")->{content}, "$want$warning", $call;
    }
    if (ours) { like $s->get('/?' . ($_ + @rows))->{content}, qr/^died: .*must be an integer/, "$REFUSED[$_]: refused" for 0 .. $#REFUSED }    # an address with mod_perl
    is $s->get('/frees')->{content}, "xxxxx no\n", 'what a call was given stays while perl warns of it' if ours;    # mod_perl sends what was freed
});

done_testing;
