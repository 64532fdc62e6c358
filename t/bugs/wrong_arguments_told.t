# A wrong argument was told without the function's name or without its place: "Usage: ..." of another name, "argument is not a blessed
# reference", or the child died. Now function, place and name of the argument are there. All rows: t/api/arguments.t.
use lib 't/lib';
use TestHttpd;

my %case = (
    'a text for a pool'       => [q{Apache2::ServerUtil::server_root_relative('x', 'conf')}, qr/^Apache2::ServerUtil::server_root_relative: argument 1: p is not of type APR::Pool at /],
    'another class'           => [q{APR::Brigade->new($r, $r->connection->bucket_alloc)}, qr/^APR::Brigade::new: argument 1: pool is not of type APR::Pool at /],
    'a table for a server'    => [q{Apache2::ServerRec::port($r->headers_in)}, qr/^Apache2::ServerRec::port: invocant must be an object of class Apache2::ServerRec at /],
    'text for a method'       => [q{Apache2::RequestRec::uri('no object')}, qr/^Apache2::RequestRec::uri: invocant must be an object of class Apache2::RequestRec at /],
    'too few'                 => [q{$r->lookup_uri}, qr/^Apache2::RequestRec::lookup_uri: usage: \$r->lookup_uri\(\$uri/],
    'a reference for a number' => [q{$r->allowed([])}, qr/^Apache2::RequestRec::allowed: argument 1 must be an integer at /],
);
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Wrong.pm' => <<"P" }, config => <<'C');
package My::Wrong;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use Apache2::Connection ();
use APR::Brigade ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
my %do;
@{[ snippets('do', { map { $_ => $case{$_}[0] } keys %case }, 'my $r = shift;') ]}
sub handler {
    my \$r = shift;
    \$r->content_type('text/plain');
    for my \$name (sort keys %do) {
        eval { \$do{\$name}->(\$r); 1 } and \$@ = "no error\n";
        \$r->print("\$name: \$@");
    }
    return Apache2::Const::OK;
}
1;
P
PerlModule My::Wrong
<Location />
    SetHandler modperl
    PerlResponseHandler My::Wrong
</Location>
C
    my %got = map { /^(.*?): (.*)/ } split /\n/, $s->get('/')->{content};
    like $got{$_}, $case{$_}[1], $_ for sort keys %case;
});

done_testing;
