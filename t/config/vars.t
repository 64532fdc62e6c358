# PerlSetVar and PerlAddVar: what dir_config gives at each level.
use lib 't/lib';
use TestHttpd;

my $s = TestHttpd->start(modules => { 'My/Vars.pm' => <<'P' }, config => <<'C');
package My::Vars;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    my ($name) = $r->args;
    $r->content_type('text/plain');
    $r->print(join '|', map { defined $_ ? $_ : 'undef' } $name =~ s/^list-// ? $r->dir_config->get($name) : scalar $r->dir_config($name));
    return Apache2::Const::OK;
}
1;
P
PerlSetVar Server  server
PerlSetVar Both    server
PerlSetVar List    s1
PerlAddVar List    s2 s3
PerlAddVar OnlyAdd a1
PerlSetVar Case    x
PerlSetVar Spaces  "two words"
<Location />
    SetHandler modperl
    PerlResponseHandler My::Vars
</Location>
<Location /set>
    PerlSetVar Both section
    PerlSetVar List d1
</Location>
<Location /set/inner>
    PerlAddVar List i1
    PerlAddVar Both inner
</Location>
<Location /add>
    PerlAddVar List d1
    PerlAddVar Both added
</Location>
<Location /twice>
    PerlSetVar Both one
    PerlSetVar Both two
    PerlSetVar List t1
    PerlAddVar List t2
</Location>
<Location /addset>
    PerlAddVar List a1
    PerlSetVar List a2
    PerlAddVar List a3
</Location>
C

my @CASES = (
    ['/x?Server', 'server', 'a server-level value'],
    ['/x?server', 'server', 'names have no case'],
    ['/x?Missing', 'undef', 'a name that nobody set'],
    ['/x?Spaces', 'two words', 'quoted value'],
    ['/x?OnlyAdd', 'a1', 'PerlAddVar alone'],
    ['/x?List', 's1', 'the first of several'],
    ['/x?list-List', 's1|s2|s3', 'all of them in order'],
    ['/set?Both', 'section', 'a section replaces'],
    ['/set?list-List', 'd1', 'a section replaces a list'],
    ['/set?Server', 'server', 'what it does not name stays'],
    ['/set/inner?list-List', 'd1|i1', 'an inner section adds to the outer'],
    ['/set/inner?list-Both', 'section|inner', 'also to a single value'],
    ['/add?list-List', 's1|s2|s3|d1', 'PerlAddVar in a section keeps what the server set'],
    ['/add?list-Both', 'server|added', 'also a single one'],
    ['/twice?list-Both', 'two', 'set twice: the last'],
    ['/twice?list-List', 't1|t2', 'set, then added'],
    ['/addset?list-List', 'a2|a3', 'a later set wipes an earlier add'],
);
is $s->get($_->[0])->{content}, $_->[1], "$_->[0]: $_->[2]" for @CASES;

done_testing;
