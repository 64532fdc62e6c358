# SetHandler interp-status and modinterp: how many interpreters a class has, shown and changed while the server runs.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();
use File::Temp ();
use JSON::PP ();

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
