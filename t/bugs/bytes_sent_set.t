# The length of an answer is that of its body, whatever a script sets `bytes_sent` to: the header Content-Length was the sum of both,
# and the next answer on the connection was taken for the rest of this one.
use lib 't/lib';
use TestHttpd::Lua;

my $DO = '$r->bytes_sent($r->args); ';
my %modules = ('My/Sent.pm' => <<"P");
package My::Sent;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub before { my \$r = shift; $DO \$r->print('ten bytes.'); 0 }
sub after  { my \$r = shift; \$r->print('ten bytes.'); $DO 0 }
sub between { my \$r = shift; \$r->print('five '); \$r->rflush; $DO \$r->print('more.'); 0 }
sub fixup  { my \$r = shift; $DO 0 }
sub dies   { my \$r = shift; $DO 404 }
1;
P

# Address, and the body that comes.
my @ROWS = (
    ['/before'  => 'ten bytes.'],
    ['/after'   => 'ten bytes.'],
    ['/between' => 'five more.'],
    ['/script'  => 'ten bytes.'],
    ['/a.txt'   => 'a file'],
    ['/dies'    => qr/Not Found/],
);
push @ROWS, ['/set.lua' => 'ten bytes.'] if ours;   # read-only in mod_lua

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, modules => \%modules, config => <<'C', files => { 'htdocs/a.txt' => 'a file',
PerlModule My::Sent
LogFormat "%U%q %B" sent
CustomLog "@root@/access" sent
<LocationMatch "^/(before|after|between)$">
    SetHandler modperl
</LocationMatch>
<Location /before>
    PerlResponseHandler My::Sent::before
</Location>
<Location /after>
    PerlResponseHandler My::Sent::after
</Location>
<Location /between>
    PerlResponseHandler My::Sent::between
</Location>
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::Sent::before
</Location>
<Location /a.txt>
    PerlFixupHandler My::Sent::fixup
</Location>
<Location /dies>
    PerlFixupHandler My::Sent::dies
</Location>
C
        'htdocs/set.lua' => "function handle(r) r.bytes_sent = tonumber(r.args) r:puts('ten bytes.') return 0 end" });
    my $client = $s->client;
    for my $row (@ROWS) {
        my ($at, $body) = @$row;
        for my $n (1000, 3, -4) {
            my $got = $client->get("$at?$n");
            like $got->{content}, ref $body ? $body : qr/\A\Q$body\E\z/, "$at: the body arrives whole after bytes_sent($n)";
            my $length = $got->{headers}{'content-length'};
            ok !defined $length || $length == length $got->{content}, '  and the header Content-Length is its length';
        }
    }
    like slurp("$s->{root}/access"), qr{^/before\?1000 1010$}m, 'the access log has the number set and what was sent after that';
});

done_testing;
