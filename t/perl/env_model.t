# %ENV, whatever requests do to it and however they nest: random programs, which handlers run, against a model in plain Perl.
#
# A request carries programs in a header; its query string is the number of the one that its handler runs, which may run others in
# requests inside it. TEST_SEED=n makes other programs, TEST_N=n more of them (requests per MPM).
use lib 't/lib';
use TestHttpd;
use JSON::PP ();

my $SEED = $ENV{TEST_SEED} || 20110;
my $N    = $ENV{TEST_N}    || 150;

# What a location is: whether it has a %ENV of its own, CGI's variables in it, a PerlSetEnv of its own.
my %PLACE = (
    script => { own => 1, cgi => 1, set => 1 },
    other  => { own => 1, cgi => 1, set => 1 },
    no_cgi => { own => 1, set => 1 },
    plain  => { set => 1 },
    setup  => { cgi => 1, set => 1 },
    bare   => {},
);
my $SHOWN = qr/^(?:REDIRECT_)*(?:K\d|QUERY_STRING|PATH_INFO|LOC|ONLY_\w+|SRV|FIX|FROM_HEADER)\z/;

my %modules = (trace_module, 'My/Env.pm' => <<'P' =~ s/SHOWN/$SHOWN/r);
package My::Env;
use strict;
use warnings;
no warnings 'uninitialized';
use T::Trace ();
use JSON::PP ();
use APR::Table ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
my (@left, $r);
sub show { T::Trace::note(join ' ', $_[0], map { "$_=$ENV{$_}" } grep { /SHOWN/ } sort keys %ENV) }
sub programs { JSON::PP::decode_json($_[0]->headers_in->{'X-Programs'}) }
sub run {
    my ($r, $all, $ops) = @_;
    for (@$ops) {
        my ($op, $k, $v, $in) = @$_;
        if    ($op eq 'set')       { $ENV{$k} = $v }
        elsif ($op eq 'add')       { $ENV{$k} .= $v }
        elsif ($op eq 'delete')    { delete $ENV{$k} }
        elsif ($op eq 'clear')     { %ENV = () }
        elsif ($op eq 'undef')     { undef %ENV }
        elsif ($op eq 'all')       { %ENV = ($k => $v) }
        elsif ($op eq 'local')     { local $ENV{$k} = $v; run($r, $all, $in) }
        elsif ($op eq 'no')        { delete local $ENV{$k}; run($r, $all, $in) }
        elsif ($op eq 'local_all') { local %ENV = ($k => $v); run($r, $all, $in) }
        elsif ($op eq 'local_more'){ local %ENV = (%ENV, $k => $v); run($r, $all, $in) }
        elsif ($op eq 'keep')      { my $ref = \$ENV{$k}; $$ref = $v; push @left, $ref if $r->handler eq 'perl-script' }
        elsif ($op eq 'glob')      { my %copy = %ENV; local *ENV = { %copy }; run($r, $all, $in) }
        elsif ($op eq 'each')      { my @first = each %ENV }
        elsif ($op eq 'table')     { $r->subprocess_env($k => $v) }
        elsif ($op eq 'ask')       { $r->subprocess_env }
        elsif ($op eq 'show')      { show("show $k") }
        elsif ($op eq 'lookup')    { $r->lookup_uri($k) }
        elsif ($op eq 'run')       { $r->lookup_uri($k)->run }
        elsif ($op eq 'redirect')  { $r->internal_redirect($k) }
        elsif ($op eq 'exit')      { exit }
        elsif ($op eq 'die')       { die "meant\n" }
        elsif ($op eq 'eval')      { eval { run($r, $all, $in) }; die $@ if ref $@ }
    }
}
sub fixup {
    my $r = shift;
    show('fixup');
    $r->subprocess_env(FIX => $r->args);
    my $first = programs($r)->[ $r->args ][0];
    $ENV{K0} = 'fixup' . $r->args if $first && $first->[0] eq 'each';
    return 0;
}
sub handler {
    my $r = shift;
    # What earlier responses left: it is nobody's any more.
    unless ($r->main || $r->prev) { $$_ = 'left' for splice @left }
    show('begin');
    my $all = programs($r);
    run($r, $all, $all->[ $r->args ]);
    show('end');
    return 0;
}
sub log { my $r = shift; show('log'); $r->subprocess_env if $r->args == 0; show('asked'); 0 }
sub now { show('now'); 0 }
1;
P

my $places = join '', map {
    my $p = $PLACE{$_};
    "<Location /$_>\nSetHandler " . ($p->{own} ? 'perl-script' : 'modperl') . "\nPerlResponseHandler My::Env\nPerlFixupHandler My::Env::fixup\n"
        . ($p->{own} && !$p->{cgi} ? "PerlOptions -SetupEnv\n" : !$p->{own} && $p->{cgi} ? "PerlOptions +SetupEnv\n" : '')
        . ($p->{set} ? "PerlSetEnv LOC $_\nPerlSetEnv ONLY_$_ 1\n" : '')
        . ($_ eq 'script' || $_ eq 'setup' ? "PerlLogHandler My::Env::log\n" : '') . "</Location>\n"
} sort keys %PLACE;

# ---- the model ----
package Model;
our (%base, @stack, @trace);
sub top { (grep { $_->{frame} || %{ $_->{items} } } reverse @stack)[0] }
sub env { my ($frame) = grep { $_->{frame} } reverse @stack; $frame ? $frame->{frame} : \%base }
sub sink { my $top = top(); $top && $top->{frame} ? $top->{sink} : {} }
sub set   { my ($k, $v) = @_; env()->{$k} = $v; sink()->{$k} = $v }
sub unset { my ($k) = @_; delete env()->{$k}; delete sink()->{$k} }
sub all   { %{ +env() } = (); %{ +sink() } = (); while (my ($k, $v) = splice @_, 0, 2) { set($k, $v) } }
sub put {               # the host's: no sink
    my (%vars) = @_;
    my $over = top();
    ($over) = reverse @stack unless $over;
    for my $k (keys %vars) {
        if (!$over->{frame} && !$over->{local}) { $over->{items}{$k} ||= { exists $base{$k} ? (old => $base{$k}) : () }; $over->{items}{$k}{put} = $vars{$k} }
        env()->{$k} = $vars{$k};
    }
}
sub call {
    my ($q, $code) = @_;
    my ($top, $ok) = top();
    if ($top) {
        push @stack, { owner => $q, frame => { %{ +env() }, %{ $q->{shown} } }, sink => $q->{shown} };
        $ok = eval { $code->(); 1 };
    }
    else {
        push @stack, { owner => $q, items => {} };
        put(%{ $q->{shown} });
        $ok = eval { $code->(); 1 };
        my $items = $stack[-1]{items};
        for my $k (keys %$items) {
            if (!exists $base{$k}) { delete $q->{shown}{$k} }
            elsif ($base{$k} ne $items->{$k}{put}) { $q->{shown}{$k} = $base{$k} }
            if (exists $items->{$k}{old}) { $base{$k} = $items->{$k}{old} } else { delete $base{$k} }
        }
    }
    my $why = $@;
    pop @stack;
    return $ok ? '' : $why;
}
sub show { my $env = env(); push @trace, join ' ', $_[0], map { "$_=$env->{$_}" } grep { /$SHOWN/ } sort keys %$env }
sub configured {
    my ($q) = @_;
    my %vars = (SRV => 's', $PLACE{ $q->{place} }{set} ? (LOC => $q->{place}, "ONLY_$q->{place}" => 1) : ());
    return if $q->{configured}++;
    $q->{table}{$_} = $q->{shown}{$_} = $vars{$_} for keys %vars;
    put(%vars);
}
sub add_cgi {
    my ($q) = @_;
    return if $q->{cgi}++;
    my $t = $q->{table};
    $t->{REDIRECT_QUERY_STRING} = $q->{prev}{n} if $q->{prev};
    $t->{QUERY_STRING} = $q->{n};
    $t->{PATH_INFO} = $q->{path} if length $q->{path};
}
sub new_request {
    my ($all, $uri, $main, $prev) = @_;
    my ($place, $path, $n) = $uri =~ m{^/(\w+)(/\w+)?\?(\d+)$} or die $uri;
    my $q = { all => $all, place => $place, path => $path // '', n => $n, shown => {}, prev => $prev };
    $q->{table} = $main ? { %{ $main->{table} } } : $prev ? { map { ("REDIRECT_$_" => $prev->{table}{$_}) } keys %{ $prev->{table} } } : {};
    $q->{table}{FROM_HEADER} = 1 unless $main;          # SetEnvIf
    call($q, sub {
        configured($q);
        show('fixup');
        $q->{table}{FIX} = $n;
        my $first = $all->[$n][0];
        set(K0 => "fixup$n") if $first && $first->[0] eq 'each';
    });
    return $q;
}
sub respond {
    my ($q) = @_;
    my $place = $PLACE{ $q->{place} };
    call($q, sub {
        configured($q);
        my $body = sub { show('begin'); run($q, $q->{all}[ $q->{n} ]); show('end') };
        add_cgi($q) if $place->{cgi};
        if ($place->{own}) {
            push @stack, { owner => $q, frame => { %{ +env() }, $place->{cgi} ? %{ $q->{table} } : () }, sink => $q->{table} };
            $q->{in_script} = 1;
            my $ok = eval { $body->(); 1 };
            $q->{in_script} = 0;
            pop @stack;
            die $@ unless $ok;
        }
        else {
            if ($place->{cgi}) { put(%{ $q->{table} }); %{ $q->{shown} } = (%{ $q->{shown} }, %{ $q->{table} }) }
            $body->();
        }
    });
}
sub ask {
    my ($q) = @_;
    add_cgi($q);
    put(%{ $q->{table} });
    unless ($q->{in_script}) { %{ $q->{shown} } = (%{ $q->{shown} }, %{ $q->{table} }) }
}
# %ENV is another hash meanwhile: what is put goes with it.
sub with_all {
    my ($tell, $code, %vars) = @_;
    my $env = env(); my %before = %$env;
    my $top = $stack[-1];
    local $top->{local} = 1;
    local $top->{sink} = {} unless $tell;       # a hash that is no %ENV: its values tell nobody
    if ($tell) { all(%vars) } else { %$env = %vars }
    my $ok = eval { $code->(); 1 };
    my $why = $@;
    if ($tell) { all(%before) } else { %$env = %before }
    die $why unless $ok;
}
sub run {
    my ($q, $ops) = @_;
    for (@$ops) {
        my ($op, $k, $v, $in) = @$_;
        my $inner = sub { run($q, $in) };
        if    ($op =~ /^(?:set|keep)$/) { set($k, $v) }
        elsif ($op eq 'add')       { set($k, (env()->{$k} // '') . $v) }
        elsif ($op eq 'delete')    { unset($k) }
        elsif ($op =~ /^(?:clear|undef)$/) { all() }
        elsif ($op eq 'all')       { all($k => $v) }
        elsif ($op =~ /^(?:local|no)$/) {
            my ($had, $was) = (exists env()->{$k}, env()->{$k});
            $op eq 'no' ? unset($k) : set($k, $v);
            my $ok = eval { $inner->(); 1 };
            my $why = $@;
            $had ? set($k, $was) : unset($k);
            die $why unless $ok;
        }
        elsif ($op eq 'local_all')  { with_all(1, $inner, $k => $v) }
        elsif ($op eq 'local_more') { with_all(1, $inner, %{ +env() }, $k => $v) }
        elsif ($op eq 'glob')       { with_all(0, $inner, %{ +env() }) }
        elsif ($op eq 'table')      { $q->{table}{$k} = $v }
        elsif ($op eq 'ask')        { ask($q) }
        elsif ($op eq 'show')       { show("show $k") }
        elsif ($op eq 'lookup')     { new_request($q->{all}, $k, $q) }
        elsif ($op eq 'run')        { my $sub = new_request($q->{all}, $k, $q); respond($sub) }
        elsif ($op eq 'redirect')   { my $new = new_request($q->{all}, $k, undef, $q); respond($new) }
        elsif ($op eq 'exit')       { die "exit\n" }
        elsif ($op eq 'die')        { die "meant\n" }
        elsif ($op eq 'eval')       { eval { $inner->(); 1 } or $@ eq "meant\n" or die $@ }
    }
}
sub request {
    my ($all, $uri) = @_;
    my $q = new_request($all, $uri);
    respond($q);
    call($q, sub { show('log'); ask($q); show('asked') }) if $q->{place} =~ /^(?:script|setup)$/;
}
package main;

# ---- programs ----
my $shows = 0;
sub pick { $_[ int rand @_ ] }
sub some_key { pick(qw(K1 K2 K3 K4 K1 K2 SRV LOC QUERY_STRING PATH_INFO ONLY_script FIX)) }
sub some_uri { my ($n) = @_; '/' . pick(sort keys %PLACE) . pick('', '', '/x', '/y') . "?$n" }
sub some_ops {
    my ($self, $last, $depth) = @_;
    my @ops;
    for (1 .. 1 + int rand 4) {
        my ($op, $k, $v) = (rand, some_key(), 'v' . int rand 1000);
        my $in = sub { $depth < 3 ? some_ops($self, $last, $depth + 1) : [] };
        push @ops,
              $op < .16 ? ['set', $k, $v]
            : $op < .20 ? ['add', $k, $v]
            : $op < .28 ? ['delete', $k]
            : $op < .30 ? [pick(qw(clear undef))]
            : $op < .32 ? ['all', $k, $v]
            : $op < .37 ? ['local', $k, $v, $in->()]
            : $op < .40 ? ['no', $k, '', $in->()]
            : $op < .43 ? [pick(qw(local_all local_more)), $k, $v, $in->()]
            : $op < .45 ? ['glob', '', '', $in->()]
            : $op < .49 ? ['keep', $k, $v]
            : $op < .52 ? ['each']
            : $op < .56 ? ['table', $k, $v]
            : $op < .60 ? ['ask']
            : $op < .64 ? ['eval', '', '', $in->()]
            : $op < .66 ? [pick(qw(exit die))]
            : $op < .94 && $self < $last ? [pick(qw(run run run redirect lookup)), some_uri($self + 1 + int rand($last - $self))]
            :             ();
        push @ops, ['show', ++$shows];
    }
    return \@ops;
}

# Variables of the table of a script are those of CGI and more: only what the model knows of may be asked about.
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    srand $SEED;
    diag "TEST_SEED=$SEED TEST_N=$N" if $ENV{TEST_SEED} || $ENV{TEST_N};
    (%Model::base, @Model::stack) = ();
    %Model::base = (SRV => 's');
    my $s = TestHttpd->start(mpm => $mpm, load => ['setenvif'], modules => \%modules, config => <<"C");
PerlSetEnv SRV s
PerlModule My::Env
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxRequests 0
LimitRequestFieldSize 65536
SetEnvIf X-Programs . FROM_HEADER=1
\@one_child\@
<Location /now>
    SetHandler modperl
    PerlResponseHandler My::Env::now
</Location>
$places
C
    $s->expect_log(qr/meant|AH00161/);
    my $failed;
    for my $i (1 .. $N) {
        my $last = int rand 4;
        my @all = map { some_ops($_, $last, 0) } 0 .. $last;
        my $uri = some_uri(0);
        my $before = %Model::base ? join ' ', map { "$_=$Model::base{$_}" } sort keys %Model::base : '';
        @Model::trace = ();
        Model::request(\@all, $uri);
        push @Model::trace, join ' ', 'now', map { "$_=$Model::base{$_}" } grep { /$SHOWN/ } sort keys %Model::base;
        my $programs = JSON::PP::encode_json(\@all);
        $s->get($uri, 'X-Programs' => $programs);
        my @got = $uri =~ /script|setup/ ? $s->wait_for_trace(qr/^asked/m) : ();
        $s->get('/now');
        push @got, $s->wait_for_trace(qr/^now/m);
        next if "@got" eq "@Model::trace";
        is_deeply \@got, \@Model::trace, "TEST_SEED=$SEED, request $i: $uri, %ENV before: $before\n$programs";
        $failed = 1;
        last;
    }
    ok !$failed, "$N random requests see and leave what the model says";
});

done_testing;
