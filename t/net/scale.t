# SetHandler interp-status and modinterp: how many interpreters a class has, shown and changed while the server runs.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();
use File::Temp ();
use JSON::PP ();
use Time::HiRes ();

plan skip_all => 'is about this module' unless ours;
my $command = TestHttpd::modinterp();
plan skip_all => "there is no $command" unless -x $command;

my $SECRET = 'a secret of tests, long enough';
my $dir = File::Temp::tempdir('modinterp_scale.XXXXXX', TMPDIR => 1, CLEANUP => 1);

# Runs modinterp against a server: its status, what it prints and what it says.
sub modinterp {
    my ($s, @words) = @_;
    my $url = "http://127.0.0.1:$s->{port}/interp-status";
    my @quoted = map { my $word = s/'/'\\''/gr; "'$word'" } $command, @words, '--url', $url, '--token-file', "$dir/told";
    my $out = qx{@quoted 2>'$dir/said' </dev/null};
    return ($? >> 8, $out, slurp("$dir/said"));
}

# A file of this text that this user alone can read.
sub secret { my ($name, $text, $mode) = @_; spew("$dir/$name", $text); chmod $mode // 0600, "$dir/$name"; return "$dir/$name" }

my $FILE   = secret('token', "$SECRET\n");
my $CONFIG = "PerlInterpTokenFile $FILE\n" . <<'C';
<Location /interp-status>
    SetHandler interp-status
    Require local
</Location>
<Directory "@root@/htdocs/open">
    AllowOverride All
</Directory>
<PerlInterpClass each>
    PerlClassInterpreters 2
</PerlInterpClass>
<Location /each>
    SetHandler modperl
    PerlUseClass each
    PerlResponseHandler My::Say
</Location>
C

my $SAY = <<'P';
package My::Say;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
sub handler { $_[0]->print("said\n"); return Apache2::Const::OK }
1;
P

# Says who it is, a clone of which process, and takes its time.
my $SLOW = <<'P';
package My::Slow;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
my $id;
sub handler {
    $id ||= "$$-" . int rand 1e9;
    select undef, undef, undef, 0.1;
    $_[0]->print("$id\n");
    return Apache2::Const::OK;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, config => $CONFIG, modules => { 'My/Say.pm' => $SAY },
        files => { 'htdocs/open/.htaccess' => "SetHandler interp-status\n", 'htdocs/open/x' => 'x' });
    secret('told', "$SECRET\n");

    my $answer = $s->get('/interp-status');
    is $answer->{status}, 200, 'the figures are shown';
    is $answer->{headers}{'content-type'}, 'application/json', 'as JSON';
    my $figures = JSON::PP::decode_json($answer->{content});
    my ($each) = grep { ($_->{class} // '') eq 'each' } @{ $figures->{stocks} };
    is_deeply [ @$each{qw(language class total)} ], [ 'Perl', 'each', undef ], 'a class has its name';
    is $each->{here}{interpreters}, $mpm eq 'prefork' ? 1 : 2, 'and its interpreters of this process';
    is_deeply [ map { $_ // '' } @{ $s->head('/interp-status') }{qw(status content)} ], [ 200, '' ], 'HEAD has no content';
    is $s->request('PUT', '/interp-status', {}, '')->{status}, 405, 'other methods are not known';

    my $post = sub { $s->post('/interp-status', $_[0]) };
    is $post->('action=scale&class=each&n=3')->{status}, 403, 'without the token nothing is changed';
    is $post->("action=scale&class=each&n=3&token=${SECRET}x")->{status}, 403, 'nor with a wrong one';
    $s->log_like(qr/\[perl:warn\].*interp-status: a POST with a wrong token/, 'which the log tells');
    (my $secret = $SECRET) =~ s/ /+/g;
    is_deeply [ @{ $post->("action=dance&token=$secret") }{qw(status content)} ], [ 400, "action: \"dance\" is not known: scale is\n" ], 'an action that is none';
    is_deeply [ @{ $post->("action=scale&class=each&n=x&token=$secret") }{qw(status content)} ], [ 400, "n: \"x\" is neither a number nor +N nor -N\n" ], 'a number that is none';
    is $post->('x' x 9000)->{status}, 400, 'a form that is too long';

    my ($status, $out, $said) = modinterp($s, 'status');
    is_deeply [ $status, $out ], [ 0, $out ], 'modinterp status';
    like $out, qr/^\{"version":/, 'shows the same';
    ($status, undef, $said) = modinterp($s, 'scale', 'nosuch', '+1');
    is_deeply [ $status, $said ], [ 2, "modinterp: the server answers 404: class: \"nosuch\" is no class of any server\n" ], 'a class that there is not';
    ($status, undef, $said) = modinterp($s, 'scale', 'each', '+1');
    like $said, qr/answers 409: class each of the main server: its number is one of each process; "PerlClassInterpreters N total" is one/, 'one whose number is not over all processes';
    secret('told', "wrong\n");
    ($status, undef, $said) = modinterp($s, 'scale', 'each', '+1');
    is $said, "modinterp: the server answers 403: the token is not the server's\n", 'a wrong token file';

    is $s->get('/open/x')->{status}, 500, 'a .htaccess file cannot show them';
    $s->expect_log(qr/SetHandler interp-status: .* is not run: a \.htaccess file chose this/);
});

my $SHARED = "PerlInterpTokenFile $FILE\n" . <<'C';
<Location /interp-status>
    SetHandler interp-status
</Location>
<PerlInterpClass shared>
    PerlModule My::Slow
    PerlClassInterpreters 2 total
</PerlInterpClass>
<Location /slow>
    SetHandler modperl
    PerlUseClass shared
    PerlResponseHandler My::Slow
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Slow.pm' => $SLOW }, config => $SHARED . ($mpm eq 'prefork' ? "StartServers 8\nMaxRequestWorkers 16\n" : ''));
    secret('told', "$SECRET\n");
    my $total = sub {
        my ($of) = grep { ($_->{class} // '') eq 'shared' } @{ JSON::PP::decode_json($s->get('/interp-status')->{content})->{stocks} };
        return $of->{total};
    };
    is $total->(), 2, 'a class has a number over all processes';

    # Eight clients without a pause; the ninth changes the number in the midst of it.
    my @seen = $s->parallel(9, sub {
        my ($i) = @_;
        my $end = Time::HiRes::time() + 4;
        if ($i == 8) {
            select undef, undef, undef, 1.5;
            my ($status, $out) = modinterp($s, 'scale', 'shared', '+2');
            return [ Time::HiRes::time(), $status, $out ];
        }
        my @mine;
        while (Time::HiRes::time() < $end) {
            my $answer = $s->get('/slow');
            push @mine, [ Time::HiRes::time(), $answer->{status}, $answer->{content} ];
        }
        return @mine;
    });
    my ($changed, $status, $out) = @{ (pop @seen)->[0] };
    is $status, 0, 'modinterp scale';
    is $out, "class shared of the main server: 4 interpreters in all processes, 2 before\n", 'says what it has done';
    my @all = sort { $a->[0] <=> $b->[0] } map { ref $_ ? @$_ : () } @seen;
    is_deeply [ grep { $_->[1] != 200 } @all ], [], 'no request fails meanwhile';
    my %first;
    $first{ $_->[2] } //= $_->[0] - $changed for @all;
    my @times = sort { $a <=> $b } values %first;
    if ($mpm eq 'event') {
        is scalar(grep { $_ <= 0 } @times), 2, 'two interpreters served before';
        is scalar(@times), 4, 'four serve then';
        cmp_ok $times[3], '<', 5, sprintf 'the fourth soon (%.2f s)', $times[3];
    }
    else {
        # A process has its interpreter, and a place for as long as a request runs.
        my $rate = sub { my ($from, $to) = @_; scalar grep { $_->[0] >= $changed + $from && $_->[0] < $changed + $to } @all };
        cmp_ok $rate->(1, 2), '>', 1.3 * $rate->(-1.2, -0.2), 'more are served at once then';
    }

    ($status, $out, my $said) = modinterp($s, 'scale', 'shared', '-5');
    is $status, 1, 'fewer than one cannot be';
    is $out, "class shared of the main server: 1 interpreter in all processes, 4 before\n", 'one stays';
    is $said, "modinterp: warning: class shared of the main server: -1 cannot be: it stops at 1\n", 'with a warning';
    $s->log_like(qr/\[perl:warn\].*class shared of the main server: -1 cannot be: it stops at 1/, 'in the log, too');
    my $ids = sub { my %id; $id{ $_->[0] }++ for $s->parallel(4, sub { $s->get('/slow')->{content} }); return keys %id };
    ok wait_until(sub { $ids->() == 1 }, 20), 'the others end when they are done' if $mpm eq 'event';

    $s->graceful;
    is $total->(), 2, 'a restart makes it the number of the configuration';
    (undef, $out) = modinterp($s, 'scale', 'shared', '=3', '--keep');
    like $out, qr/: 3 interpreters in all processes, 2 before, also after graceful restarts$/, 'a number that is kept';
    $s->graceful;
    is $total->(), 3, 'outlives it';
});

subtest 'the file of the token' => sub {
    for (["short\n", 0600, qr/its first line has 5 characters, a secret has 16 or more/], ["$SECRET\n", 0644, qr/others than its owner can read or write it \(mode 644\): chmod 600/],
        [undef, 0, qr/No such file/]) {
        my ($text, $mode, $why) = @$_;
        my $file = defined $text ? secret('wrong', $text, $mode) : "$dir/none";
        my ($status, $log) = TestHttpd->start_fails(mpm => 'event', config => "PerlInterpTokenFile $file\n");
        ok defined $status, 'a server does not start whose secret ' . (defined $text ? 'is none' : 'is not there');
        like $log, qr/PerlInterpTokenFile: "\Q$file\E": $why/, 'and says why';
    }
    my ($status) = TestHttpd->config_test(config => "PerlInterpTokenFile /nowhere/token\n");
    is $status, 0, 'httpd -t, which may run as anybody, does not read it';
};

done_testing;
