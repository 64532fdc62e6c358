# Apache::Test, which most suites of mod_perl modules are written with, configures and starts httpd by itself: a small suite of
# its usual form passes when its LoadModule line names this module.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'the module under test is mod_perl itself' unless ours;
my $package = scratch_package('libapache2-mod-perl2') or plan skip_all => 'no package libapache2-mod-perl2, installed or to be had';
my ($perl5) = grep { -e "$_/Apache/Test.pm" } glob "$package/usr/lib/*/perl5/*";
plan skip_all => 'the package has no Apache::Test' unless $perl5;

my %SUITE = (
    't/TEST' => <<'P',
use strict;
use warnings;
use Apache::TestRunPerl ();
Apache::TestRunPerl->new->run(@ARGV);
P
    't/conf/extra.conf.in' => <<'C',
PerlSwitches -w
PerlSetVar ForAll "from extra.conf"
<Location /by_hand>
    SetHandler perl-script
    PerlResponseHandler TestApp::by_hand
    PerlSetVar Root "@ServerRoot@"
</Location>
<Location /secret>
    AuthType Basic
    AuthName suite
    Require valid-user
    PerlAuthenHandler TestApp::by_hand::authen
    SetHandler modperl
    PerlResponseHandler TestApp::by_hand
</Location>
C
    't/conf/modperl_extra.pl' => <<'P',
use strict;
use warnings;
use Apache2::ServerUtil ();
$TestApp::started = Apache2::ServerUtil::restart_count();
1;
P
    't/htdocs/page.html'          => "<p>static</p>\n",
    't/response/TestApp/hello.pm' => <<'P',
package TestApp::hello;
use strict;
use warnings FATAL => 'all';
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    my $length = $r->headers_in->get('Content-Length');
    $r->read(my $body = '', $length) if $length;
    $r->headers_out->set('X-Method' => $r->method);
    $r->print(join '|', 'hello', $r->args || '', $body || '', $r->dir_config('ForAll'));
    return Apache2::Const::OK;
}
1;
P
    # Tests that run in the server, with the configuration at the end of their file and no .t of their own.
    't/response/TestApp/inside.pm' => <<'P',
package TestApp::inside;
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::Log ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    plan $r, tests => 6;
    ok $r->isa('Apache2::RequestRec');
    ok t_cmp($r->dir_config('Inside'), 'yes', 'the configuration at the end of this file');
    ok t_cmp([ sort $r->dir_config->get('Inside'), 'a' ], [ 'a', 'yes' ], 'a list');
    ok t_cmp(Apache::Test::vars('servername'), qr/./, 'variables of the suite');
    ok t_is_equal($TestApp::started > 0, 1);
    t_server_log_error_is_expected();
    $r->log_error('as expected by the suite');
    skip 'a test that is left out', 1;
    return Apache2::Const::OK;
}
1;
__DATA__
PerlSetVar Inside yes
PerlModule Apache::TestUtil
P
    't/response/TestApp/script.pm' => <<'P',
package TestApp::script;
use strict;
use warnings FATAL => 'all';
use Apache2::Const -compile => 'OK';
sub handler {
    print "Content-type: text/plain\n\n";
    print "$ENV{REQUEST_METHOD} $ENV{MOD_PERL_API_VERSION}";
    return Apache2::Const::OK;
}
1;
__END__
SetHandler perl-script
PerlOptions +ParseHeaders
P
    't/response/TestApp/by_hand.pm' => <<'P',
package TestApp::by_hand;
use strict;
use warnings FATAL => 'all';
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Access ();
use Apache2::Const -compile => qw(OK HTTP_UNAUTHORIZED);
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print($r->dir_config('Root') || $r->user); Apache2::Const::OK }
sub authen {
    my $r = shift;
    my ($status, $password) = $r->get_basic_auth_pw;
    return $status unless $status == Apache2::Const::OK;
    return Apache2::Const::OK if $r->user eq 'me' && $password eq 'mine';
    $r->note_basic_auth_failure;
    return Apache2::Const::HTTP_UNAUTHORIZED;
}
1;
__END__
<NoAutoConfig>
PerlModule TestApp::by_hand
</NoAutoConfig>
P
    't/app/hello.t' => <<'P',
use strict;
use warnings;
use Apache::Test;
use Apache::TestUtil;
use Apache::TestRequest qw(GET GET_BODY GET_OK GET_RC POST POST_BODY HEAD);
plan tests => 8, need 'mod_alias', 'mod_perl.c', need_min_apache_version('2.4');
my $url = '/TestApp__hello';
ok t_cmp(GET_BODY("$url?x=1"), 'hello|x=1||from extra.conf', 'GET');
ok t_cmp(POST_BODY($url, content => 'body'), 'hello||body|from extra.conf', 'POST');
my $answer = GET $url;
ok t_cmp($answer->code, 200, 'status');
ok t_cmp($answer->header('X-Method'), 'GET', 'a header');
ok t_cmp((HEAD $url)->content, '', 'HEAD');
ok t_cmp(GET_RC('/not/there'), 404, 'no such page');
ok t_cmp(GET_BODY('/page.html'), "<p>static</p>\n", 'a file');
ok GET_OK($url);
P
    't/app/by_hand.t' => <<'P',
use strict;
use warnings;
use Apache::Test;
use Apache::TestUtil;
use Apache::TestRequest qw(GET GET_BODY GET_RC);
plan tests => 4, need_lwp;
ok t_cmp(GET_BODY('/by_hand'), Apache::Test::vars('serverroot'), 'extra.conf.in is filled in');
ok t_cmp(GET_RC('/secret'), 401, 'no name');
ok t_cmp(GET('/secret', username => 'me', password => 'mine')->content, 'me', 'the right password');
ok t_cmp(GET_RC('/secret', username => 'me', password => 'wrong'), 401, 'a wrong one');
P
    't/app/script.t' => <<'P',
use strict;
use warnings;
use Apache::Test;
use Apache::TestUtil;
use Apache::TestRequest 'GET_BODY';
plan tests => 1;
ok t_cmp(GET_BODY('/TestApp__script'), 'GET 2', 'perl-script, headers parsed');
P
    't/app/none.t' => <<'P',
use Apache::Test;
plan tests => 1, need_module('no_such_module');
ok 0;
P
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    # Only for its folder: modules/ with the module and its library.
    my $stage = TestHttpd->prepare(mpm => $mpm, files => { map { ("suite/$_" => $SUITE{$_}) } keys %SUITE });
    my $root  = $stage->root;
    my $load  = join '', map { qq(LoadModule ${_}_module "@{[ TestHttpd::libexecdir() ]}/mod_$_.so"\n) }
        "mpm_$mpm", qw(authn_core authz_core authz_host authz_user auth_basic alias dir mime env);
    spew("$root/load.conf", $load);
    # The suite's own client needs Apache::Test of the package, and nothing else of mod_perl.
    TestHttpd::copy_tree("$perl5/$_", "$root/client/$_") for grep { -d "$perl5/$_" } qw(Apache Bundle);
    # Apache::Test refuses to run as root.
    my ($uid, $gid) = $> == 0 ? (getpwnam TestHttpd::child_user())[2, 3] : ();
    system 'chown', '-R', "$uid:$gid", "$root/suite" if $uid;
    my $run = sub {
        my $pid = open my $out, '-|';
        die "fork: $!" unless defined $pid;
        if (!$pid) {
            POSIX::setsid();
            chdir "$root/suite" or die "chdir: $!";
            open STDERR, '>&', \*STDOUT;
            open STDIN, '<', '/dev/null';
            %ENV = ($stage->environment, PERL5LIB => "$root/client:$root/modules/mod_interp/lib", HOME => $root, APACHE_TEST_ULIMIT_SET => 1,
                APACHE_TEST_NO_STICKY_PREFERENCES => 1);
            if ($uid) { $) = "$gid $gid"; POSIX::setgid($gid); POSIX::setuid($uid) or die "setuid: $!" }
            exec $^X, 't/TEST', '-httpd', TestHttpd::httpd(), '-httpd_conf', "$root/load.conf", '-libmodperl', "$root/modules/mod_interp.so",
                '-port', TestHttpd::free_port(), '-startup_timeout', $TestHttpd::DEADLINE, '-maxclients', 4, @_
                or POSIX::_exit(127);
        }
        my $text = do { local $/; <$out> };
        close $out;
        return ($?, $text);
    };
    my ($status, $text) = $run->('-verbose');
    is $status, 0, 't/TEST ends with 0';
    like $text, qr/^Files=5, Tests=19,.*\nResult: PASS/m, 'all tests of the suite have passed';
    like $text, qr{t/app/none\.t .*skipped: cannot find module 'no_such_module'}, '  but for one that wants a module httpd does not have';
    like $text, qr{t/app/inside\.t .*^ok 6 # skip a test that is left out}ms, '  and one that the server left out';
    like $text, qr/^server \S+ started$/m, 'Apache::Test has started httpd';
    my $log = slurp("$root/suite/t/logs/error_log");
    like $log, qr/as expected by the suite/, 'its log is where the suite has it';
    unlike $log, qr/exit signal|panicked/, '  and nobody died';
    is scalar(grep { my $line = TestHttpd::slurp("/proc/$_->{pid}/cmdline"); $line =~ /\Q$root\E/ } TestHttpd::Proc::processes()), 0, 'nothing of it runs on';
    diag $text, $log if !Test::More->builder->is_passing;
    $stage->{stopped} = 1;
});

done_testing;
