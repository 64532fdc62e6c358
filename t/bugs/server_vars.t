# What code sets with $s->dir_config stays: set before the server serves, it is there for all requests, also by $r->dir_config.
# With threads a request has a table of its own: one that a script kept was read after its request, when the memory was another's.
use lib 't/lib';
use TestHttpd;

my %files = ('My/Vars.pm' => <<'P', 'post.pl' => <<'Q');
package My::Vars;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
sub post  { my $s = $_[3]; for (; $s; $s = $s->next) { $s->dir_config(Post => $s->is_virtual ? 'host' : 'main') } return Apache2::Const::OK }
sub child { $_[1]->dir_config->set(Child => 'child'); return Apache2::Const::OK }
sub handler {
    my $r = shift;
    my $s = $r->server;
    $r->content_type('text/plain');
    our $kept ||= $s->dir_config;
    if ($r->args eq 'kept') { $r->print(eval { $kept->get('Written') } // $@); return Apache2::Const::OK }
    $s->dir_config(Served => $r->args) if $r->args;
    $r->print(join ' ', map { "$_=" . join '/', map { $_ // '-' } scalar $r->dir_config($_), scalar $s->dir_config($_) } qw(Written File Post Child Code Served));
    return Apache2::Const::OK;
}
1;
P
use Apache2::ServerUtil ();
use Apache2::ServerRec ();
use APR::Table ();
my $s = Apache2::ServerUtil->server;
$s->dir_config(File => 'file');
$s->add_config(['PerlSetVar Code added']) if $s->can('add_config');
1;
Q
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%files, config => <<'C');
PerlSetVar Written written
PerlInterpMax 1
PerlModule My::Vars
PerlPostConfigRequire "@root@/lib/post.pl"
PerlPostConfigHandler My::Vars::post
PerlChildInitHandler  My::Vars::child
@one_child@
<Location />
    SetHandler modperl
    PerlResponseHandler My::Vars
</Location>
<VirtualHost 127.0.0.9:1>
    ServerName host
    PerlSetVar Own host
</VirtualHost>
C
    my $all = 'Written=written/written File=file/file Post=main/main Child=child/child Code=added/added Served=';
    is $s->get('/')->{content}, "$all-/-", 'by a file, by a handler of the start and of the child, by add_config';
    is $s->get('/?now')->{content}, "${all}now/now", 'what a request sets, it reads';
    like $s->get('/?kept')->{content}, $mpm eq 'prefork' ? qr/^written$/ : qr/request is gone/, 'a table that was kept';
    is $s->get('/')->{content}, $all . ($mpm eq 'prefork' ? 'now/now' : '-/-'),
        $mpm eq 'prefork' ? 'and the next request of the process' : 'and nobody else, since threads share the table';
});

done_testing;
