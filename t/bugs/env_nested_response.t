# %ENV of a response was not its own: a response inside it left its values, writes and deletes there.
use lib 't/lib';
use TestHttpd;

my %modules = (trace_module, 'My/Nest.pm' => <<'P');
package My::Nest;
use strict;
use warnings;
use T::Trace ();
use APR::Table ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Response ();
use Apache2::SubRequest ();
use Apache2::Access ();
my @left;
sub of { my ($h) = @_; join "\n", map { "$_=" . (defined $h->{$_} ? $h->{$_} : 'undef') } sort keys %$h }
sub table { my ($r) = @_; my %h; $r->subprocess_env->do(sub { $h{ $_[0] } = $_[1]; 1 }); of(\%h) }
sub line { join ' ', map { "$_=" . (defined $ENV{$_} ? $ENV{$_} : '-') } qw(QUERY_STRING PATH_INFO ONLY_OUT ONLY_IN BOTH MINE HTTP_X_A) }
our %change = (
    nothing   => sub { },
    set       => sub { $ENV{MINE} = 'in'; $ENV{OWN} = 1; $ENV{BOTH} .= 'x' },
    delete    => sub { delete @ENV{qw(HTTP_X_A MINE PATH MOD_PERL)} },
    empty     => sub { %ENV = () },
    undef     => sub { undef %ENV },
    undefined => sub { undef $ENV{HTTP_X_A}; $ENV{MINE} = undef },
    local     => sub { local $ENV{MINE} = 'l'; local $ENV{NEW} = 'l'; local %ENV = (A => 1); $ENV{B} = 2 },
    exit_in_local => sub { local %ENV = (A => 1); local $ENV{MINE} = 1; exit },
    die_in_local  => sub { local %ENV = (A => 1); local $ENV{MINE} = 1; die "meant\n" },
    exit      => sub { $ENV{MINE} = 'in'; delete $ENV{HTTP_X_A}; exit },
    die       => sub { $ENV{MINE} = 'in'; delete $ENV{HTTP_X_A}; die "meant\n" },
    core_exit => sub { $ENV{MINE} = 'in'; delete $ENV{HTTP_X_A}; CORE::exit(0) },
    ref       => sub { my $ref = \$ENV{MINE}; $$ref = 'in'; push @left, $ref, \$ENV{HTTP_X_A} },
    left      => sub { $$_ = 'left' for @left },
    values    => sub { $_ = 'in' for values %ENV },
    each      => sub { my @first = each %ENV },
    glob      => sub { no warnings 'once'; *ENV = { GLOB => 1 }; $ENV{MINE} = 'in' },
    object    => sub { $ENV{MINE} = bless {}, 'My::Object'; bless \%ENV, 'My::Object' },
    table     => sub { my $r = shift; $r->subprocess_env(MINE => 'in'); $r->subprocess_env(T_IN => 1); $r->subprocess_env->unset('HTTP_X_A') },
    ask       => sub { my $r = shift; $r->subprocess_env(T_IN => 1); $r->subprocess_env; die "not asked" unless $ENV{T_IN} && $ENV{REQUEST_METHOD} },
    again     => sub { my $r = shift; $ENV{MINE} = 'in'; $r->lookup_uri('/deep?deep')->run },
    redirect  => sub { my $r = shift; $ENV{MINE} = 'in'; $r->internal_redirect('/deep/x?deep') },
);
sub in {
    my $r = shift;
    my ($name) = ($r->args || '') =~ /^(\w+)/;
    T::Trace::note('in', line());
    $change{$name}->($r) if $name && $change{$name};
    $r->print('in');
    return 0;
}
sub deep { my $r = shift; T::Trace::note('deep', $ENV{QUERY_STRING}); $ENV{MINE} = 'deep'; %ENV = (); exit if $r->main; die "meant\n" }
our %how = (
    run      => sub { my ($r, $uri) = @_; $r->lookup_uri($uri)->run },
    lookup   => sub { my ($r, $uri) = @_; $r->lookup_uri($uri) },
    method   => sub { my ($r, $uri) = @_; $r->lookup_method_uri('GET', $uri)->run },
    redirect => sub { my ($r, $uri) = @_; $r->internal_redirect($uri) },
    ssi      => sub { my ($r, $uri) = @_; $r->lookup_uri("/page.shtml?$uri")->run },
    twice    => sub { my ($r, $uri) = @_; my @two = map { $r->lookup_uri($uri) } 1, 2; $_->run for @two },
    handler  => sub { my ($r, $uri) = @_; my $h = $r->handler; $r->internal_redirect_handler($uri); $r->handler($h) },
);
# ?how;uri: whether all of %ENV and of subprocess_env is afterwards what it was.
sub out {
    my $r = shift;
    my ($how, $uri) = split /;/, $r->args, 2;
    $uri =~ tr/;/?/;
    $ENV{MINE} = 'out';
    $r->subprocess_env(T_OUT => 1);
    my ($was, $table, $ref) = (of(\%ENV), table($r), \%ENV);
    $how{$how}->($r, $uri);
    my @bad = (of(\%ENV) eq $was ? () : 'ENV: ' . differs($was, of(\%ENV)), of($ref) eq $was ? () : 'reference', table($r) eq $table ? () : 'table: ' . differs($table, table($r)));
    $ENV{AFTER} = 1;
    push @bad, 'a write tells the table no more' if $r->handler eq 'perl-script' && !$r->subprocess_env('AFTER');
    delete @ENV{qw(MINE AFTER)} if $r->handler eq 'modperl';     # there they stay, as with mod_perl
    T::Trace::note('out', @bad ? "@bad" : 'same');
    return 0;
}
sub differs { my ($l, $r) = map { { map { /^(.*?)=(.*)/ ? ($1 => $2) : () } split /\n/ } } @_;
    join ' ', map { "$_:" . ($l->{$_} // 'none') . '>' . ($r->{$_} // 'none') } grep { ($l->{$_} // '') ne ($r->{$_} // '') || !exists $l->{$_} || !exists $r->{$_} } sort keys %{ { %$l, %$r } } }
sub fixup { my $r = shift; T::Trace::note('fixup', line()) unless $r->args && $r->args =~ /^run/; $ENV{FROM_FIXUP} = $r->args; 0 }
sub authen { my $r = shift; $r->user('me'); $r->lookup_uri('/in/x?set')->run; T::Trace::note('authen', line()); 0 }
sub access { my $r = shift; $r->lookup_uri($_)->run for '/in/x?delete', '/plain/x?ask', '/setup?set'; 0 }
sub show   { my $r = shift; T::Trace::note('show', line()); 0 }
sub fails  { my $r = shift; $ENV{MINE} = 'out'; return 404 if $r->args eq '404'; die "meant\n" if $r->args eq 'die'; $r->custom_response(403, '/err/x?custom'); 403 }
sub err    { my $r = shift; T::Trace::note('err', map { "$_=" . (defined $ENV{$_} ? $ENV{$_} : '-') } qw(QUERY_STRING PATH_INFO REDIRECT_QUERY_STRING REDIRECT_STATUS REDIRECT_MINE MINE)); $ENV{MINE} = 'err'; $r->print('err'); 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => ['include'], modules => \%modules,
        files => { 'htdocs/page.shtml' => '<!--#include virtual="$QUERY_STRING_UNESCAPED" -->' }, config => <<'C');
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxRequests 0
PerlSetEnv OF_SERVER s
PerlModule My::Nest
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
<Directory @root@/htdocs>
    Options +Includes
</Directory>
@one_child@
<Location /out>
    SetHandler perl-script
    PerlResponseHandler My::Nest::out
    PerlSetEnv ONLY_OUT o
    PerlSetEnv BOTH out
</Location>
<Location /out_plain>
    SetHandler modperl
    PerlOptions +SetupEnv
    PerlSetEnv ONLY_OUT o
    PerlSetEnv BOTH out
    PerlResponseHandler My::Nest::out
</Location>
<Location /in>
    SetHandler perl-script
    PerlFixupHandler My::Nest::fixup
    PerlResponseHandler My::Nest::in
    PerlSetEnv ONLY_IN i
    PerlSetEnv BOTH in
</Location>
<Location /plain>
    SetHandler modperl
    PerlFixupHandler My::Nest::fixup
    PerlResponseHandler My::Nest::in
    PerlSetEnv ONLY_IN i
    PerlSetEnv BOTH in
</Location>
<Location /setup>
    SetHandler modperl
    PerlOptions +SetupEnv
    PerlResponseHandler My::Nest::in
    PerlSetEnv BOTH in
</Location>
<Location /no_env>
    SetHandler perl-script
    PerlOptions -SetupEnv
    PerlResponseHandler My::Nest::in
    PerlSetEnv BOTH in
</Location>
<Location /deep>
    SetHandler perl-script
    PerlResponseHandler My::Nest::deep
    PerlSetEnv BOTH deep
</Location>
<Location /err>
    SetHandler perl-script
    PerlResponseHandler My::Nest::err
</Location>
<Location /fails>
    SetHandler perl-script
    PerlResponseHandler My::Nest::fails
    ErrorDocument 404 /err?page
    ErrorDocument 500 /err/y?page
</Location>
<Location /auth>
    SetHandler perl-script
    AuthType Basic
    AuthName x
    Require valid-user
    PerlSetEnv ONLY_OUT o
    PerlSetEnv BOTH out
    PerlAccessHandler My::Nest::access
    PerlAuthenHandler My::Nest::authen
    PerlResponseHandler My::Nest::show
</Location>
<Location /auth/plain>
    SetHandler modperl
</Location>
<Location /show>
    SetHandler perl-script
    PerlResponseHandler My::Nest::show
</Location>
<Location /show_plain>
    SetHandler modperl
    PerlResponseHandler My::Nest::show
</Location>
C
    $s->expect_log(qr/meant|AH00161|include virtual/);
    my @changes = qw(nothing set delete empty undef undefined local exit_in_local die_in_local exit die ref left values each glob object table ask again redirect);
    my $clean = 'show QUERY_STRING= PATH_INFO=- ONLY_OUT=- ONLY_IN=- BOTH=- MINE=- HTTP_X_A=a';
    my $ask = sub { my ($uri) = @_; $s->trace; $s->get($uri, 'X-A' => 'a'); $s->trace };
    for my $out (qw(out out_plain)) {
        for my $in (qw(in plain setup no_env)) {
            for my $change (@changes) {
                is((grep { /^out/ } $ask->("/$out?run;/$in/x;$change"))[0], 'out same', "/$out runs /$in: $change");
            }
        }
        for my $how (qw(lookup method redirect twice handler)) {
            for my $change (qw(set delete die exit_in_local again)) {
                is((grep { /^out/ } $ask->("/$out?$how;/in/x;$change"))[0], 'out same', "/$out, $how: $change");
                is((grep { /^out/ } $ask->("/$out?$how;/plain/x;$change"))[0], 'out same', "/$out, $how, modperl: $change");
            }
        }
    }
    is_deeply [$ask->('/show')], [$clean], 'the next request has nothing of them' for 1, 2;
    if ($mpm eq 'event') {      # on prefork it ends the process
        $s->expect_log(qr/CORE::exit\(0\) was called/);
        for my $in (qw(in plain)) {
            is scalar(grep { /^out/ } $ask->("/out?run;/$in/x;core_exit")), 0, 'CORE::exit within the inner one ends the outer one, too';
            is_deeply [$ask->('/show')], [$clean], '  the next request has nothing of them';
        }
    }
    is_deeply [map { /^(in|out .*)/ } $ask->('/out?ssi;/in/x')], ['in', 'out same'], 'a page that includes one';

    my ($in) = grep { /^in/ } $ask->('/out?run;/in/x;set');
    is $in, 'in QUERY_STRING=set PATH_INFO=/x ONLY_OUT=o ONLY_IN=i BOTH=in MINE=out HTTP_X_A=a', 'the inner one has its own variables, and those of the outer one';
    ($in) = grep { /^in/ } $ask->('/out?redirect;/in/x;set');
    is $in, 'in QUERY_STRING=set PATH_INFO=/x ONLY_OUT=o ONLY_IN=i BOTH=in MINE=out HTTP_X_A=a', '  by an internal redirect, too';
    ($in) = grep { /^in/ } $ask->('/out?run;/plain/x;set');
    is $in, 'in QUERY_STRING=run;/plain/x;set PATH_INFO=- ONLY_OUT=o ONLY_IN=i BOTH=in MINE=out HTTP_X_A=a', '  without CGI\'s it has the outer ones\'';

    is_deeply [grep { /^err/ } $ask->('/fails?404')], ['err QUERY_STRING=page PATH_INFO=- REDIRECT_QUERY_STRING=404 REDIRECT_STATUS=404 REDIRECT_MINE=out MINE=-'],
        'ErrorDocument: what the failed one had comes as REDIRECT_' for 1, 2;
    is_deeply [grep { /^err/ } $ask->('/fails?die')], ['err QUERY_STRING=page PATH_INFO=/y REDIRECT_QUERY_STRING=die REDIRECT_STATUS=500 REDIRECT_MINE=out MINE=-'],
        '  of one that died';
    is_deeply [grep { /^err/ } $ask->('/fails?custom')], ['err QUERY_STRING=custom PATH_INFO=/x REDIRECT_QUERY_STRING=custom REDIRECT_STATUS=403 REDIRECT_MINE=out MINE=-'],
        '  custom_response';
    is_deeply [$ask->('/show')], [$clean], '  the next request has nothing of them';

    for my $auth (['/auth?q', 'q'], ['/auth/plain?q', '-']) {
        my @trace = grep { /^(?:authen|show)/ } $ask->($auth->[0]);
        like $trace[0], qr/^authen .*ONLY_OUT=o ONLY_IN=- BOTH=out MINE=-/, "$auth->[0]: the access and the authentication handler keep theirs over the requests they run";
        like $trace[1], qr/^show QUERY_STRING=\Q$auth->[1]\E .*ONLY_OUT=o ONLY_IN=- BOTH=out MINE=-/, '  and so does the response';
    }
    is_deeply [$ask->('/show')], [$clean], '  the next request has nothing of them';
    is_deeply [$ask->('/show_plain')], [$clean =~ s/QUERY_STRING=/QUERY_STRING=-/r =~ s/X_A=a/X_A=-/r], '  nor has one without CGI variables';
});

done_testing;
