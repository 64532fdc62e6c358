# Answers that were not mod_perl's: each line was wrong once.
use lib 't/lib';
use TestHttpd;

my $MODULE = <<'P';
package My::Small;
use strict;
use warnings;
use Apache2::Access ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerRec qw(warn);
use Apache2::SubRequest ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
my %answers = (
    option => sub { my $r = shift; join ',', $r->is_perl_option_enabled('SetupEnv'), $r->is_perl_option_enabled('ParseHeaders') },
    basic  => sub { my $r = shift; my @types = $r->auth_type; $r->get_basic_auth_pw; join ',', @types, $r->auth_type },
    taint  => sub { my $changed = eval { no warnings; $Apache2::__T = 7; 1 } ? 'changed' : 'fixed'; "$Apache2::__T,$changed" },
    printf => sub { $_[0]->notes->get('early') },
    warn   => sub { Apache2::RequestUtil->request($_[0]); warn('said by the script'); 'warned' },
    keyless => sub { join ",", map { my $o = $_; eval { Apache2::RequestRec::uri($o) }; $@ =~ /method `uri' invoked by a `(\S+)' object with no `r' key!|(type ARRAY is unsupported)/ ? $1 // $2 : $@ } bless({}, "My::Own"), {}, bless({ r => {} }, "My::Own"), bless([], "My::Own") },
);
sub early { $_[0]->subprocess_env->set(SEEN => 1); $_[0]->subprocess_env if $_[0]->args eq 'void'; Apache2::Const::OK }
sub later { $_[0]->subprocess_env->set(LATER => 1); Apache2::Const::OK }
sub void  { my $r = shift; $r->print(join ',', map { defined $ENV{$_} ? 1 : 0 } qw(REQUEST_METHOD SEEN LATER OF_DIR)); Apache2::Const::OK }
sub fixup {
    my $r = shift;
    my $line = __LINE__ + 1;
    eval { $r->printf('%s', 'x') };
    my $where = $@ =~ /My\/Small\.pm line $line\.$/ ? 'here' : $@;
    $r->notes->set(early => $@ =~ /\$r->printf can't be called before the response phase/ ? $where : $@);
    return Apache2::Const::OK;
}
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print($answers{ $r->args }->($r));
    return Apache2::Const::OK;
}
sub nested {
    my $r = shift;
    if (($r->args || '') eq 'again') { print 'from within'; return Apache2::Const::OK }
    close STDIN;
    close STDOUT;
    $r->internal_redirect($r->uri . '?again');
    return Apache2::Const::OK;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Small.pm' => $MODULE }, config => <<'C');
PerlModule My::Small
<Location /s>
    SetHandler modperl
    PerlOptions +SetupEnv
    PerlFixupHandler    My::Small::fixup
    PerlResponseHandler My::Small
</Location>
<Location /v>
    SetHandler modperl
    PerlSetEnv OF_DIR x
    PerlInitHandler     My::Small::early
    PerlFixupHandler    My::Small::later
    PerlResponseHandler My::Small::void
</Location>
<Location /n>
    SetHandler perl-script
    PerlResponseHandler My::Small::nested
</Location>
C
    for my $round (1, 2) {
        is $s->get('/s?option')->{content}, '1,0',        'an option that is off is 0';
        is $s->get('/s?basic')->{content},  'none,Basic', 'whoever asks for a Basic password has AuthType Basic';
        is $s->get('/s?taint')->{content},  '0,fixed',    'whether there is taint mode is told and cannot be changed';
        is $s->get('/s?printf')->{content}, 'here',       'printf where nothing can be printed names itself and the line';
        is $s->get('/s?keyless')->{content}, 'My::Own,unknown,My::Own,type ARRAY is unsupported', 'an object that leads to no request is told as such';
        is $s->get('/s?warn')->{content},   'warned',     'warn can be imported';
        $s->log_like(qr/warn\].*said by the script/, '  and writes to the log');
        is $s->get('/v?void')->{content}, '1,1,0,1', 'subprocess_env in void context shows what is there then';
        is $s->get('/v?none')->{content}, '0,0,0,1', '  and nothing without it';
        is $s->get('/n')->{content}, 'from within', 'a response inside one that closed its STDOUT has one';
    }
    $s->expect_log(qr/said by the script|need AuthName/);
});

done_testing;
