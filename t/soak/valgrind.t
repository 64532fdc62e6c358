# The handlers of t/ under Valgrind: no invalid access, no jump on what was never set, no definite loss from our frames.
# Run by `make valgrind`, not by `make t`: it takes minutes. VALGRIND="t/api/log.t t/perl/env.t" takes these files only.
use lib 't/lib';
BEGIN { $ENV{T_DEADLINE} ||= 300 }
use TestHttpd;

plan skip_all => 'run by make valgrind' unless $ENV{VALGRIND};
plan skip_all => 'needs valgrind' unless grep { -x "$_/valgrind" } split /:/, $ENV{PATH};

my $dir = File::Temp::tempdir('mod_interp_vg.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0777, $dir;
my @valgrind = (
    'valgrind', "--log-file=$dir/%p", '--leak-check=full', '--show-leak-kinds=definite', '--num-callers=40', '--keep-debuginfo=yes', '--error-limit=no',
    '--trace-children=no', map { "--suppressions=$_" } glob TestHttpd::top() . '/t/soak/supp/*.supp'
);

# What the reports in the folder say since the last call.
sub reports {
    my @blocks = map { split /\n==\d+== \n/, slurp($_) } glob "$dir/*";
    unlink glob "$dir/*";
    return @blocks;
}

# Whether the innermost frame that is neither an allocator's nor a library's is ours, and no operation of a script lies before it.
sub is_ours {
    my ($block) = @_;
    for my $frame (grep { /^==\d+==\s+(?:at|by) 0x/ } split /\n/, $block) {
        return 0 if $frame =~ /Perl_(?:pp_|runops|yyparse)|ap_run_|apr_pool_/;
        return 1 if $frame =~ /\((?:guard|handler|life|xsub|bind|clone|env|io|abi|trim|util)\.c:\d+\)|mod_interp|interp_perl|<?(?:tipool|config|apr|httpd|apr_api|interp)::/;
    }
    return 0;
}

# mod_http2, which does not support prefork, dies by itself when a child ends inside a signal handler.
sub is_http2s { $_[0] =~ /^==\d+==\s+at 0x[^\n]*mod_http2\.so/m && $_[0] !~ /mod_interp/ }

sub clean {
    my ($name) = @_;
    my @blocks  = reports();
    my @invalid = grep { /Invalid (?:read|write|free)|uninitialised|Mismatched free|Process terminating/ && !is_http2s($_) } @blocks;
    my @lost    = grep { /are definitely lost/ && is_ours($_) } @blocks;
    ok @blocks > 0, "$name: Valgrind has reported";
    is scalar(@invalid), 0, '  no invalid access' or diag join "\n", @invalid[0 .. ($#invalid > 4 ? 4 : $#invalid)];
    is scalar(@lost), 0, '  no definite loss from our frames' or diag join "\n", @lost[0 .. ($#lost > 4 ? 4 : $#lost)];
}

# One request for each kind of handler, in one process that tears its interpreter down.
if ($ENV{VALGRIND} !~ /\.t\b/) {
    my $s = TestHttpd->start(
        mpm => 'prefork', args => ['-X'], wrap => \@valgrind, env => { PERL_DESTRUCT_LEVEL => 2 }, modules => { 'My/V.pm' => <<'P' }, config => <<'C');
package My::V;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use Apache2::Log ();
use APR::Table ();
use APR::Pool ();
use Apache2::Const -compile => qw(OK DECLINED NOT_FOUND);
our $kept;
sub ok      { Apache2::Const::OK }
sub handler {
    my $r = shift;
    my $how = $r->args || '';
    $r->content_type('text/plain');
    if ($how eq 'die')     { die "as asked\n" }
    if ($how eq 'object')  { die bless { text => 'as asked' }, 'My::V::Object' }
    if ($how eq 'exit')    { $r->print('before'); exit }
    if ($how eq 'read')    { my $all = ''; while ($r->read(my $piece, 100)) { $all .= $piece } $r->print(length $all) }
    if ($how eq 'pnotes')  { $r->pnotes(a => [1 .. 10]); $r->pnotes(code => sub { 1 }); $r->connection->pnotes(c => {}); $r->print(scalar @{ $r->pnotes('a') }) }
    if ($how eq 'table')   { my $t = $r->notes; $t->add("k$_" => $_) for 1 .. 10; my $n = 0; $t->do(sub { $n++; 1 }); $r->print($n) }
    if ($how eq 'tie')     { my $t = $r->headers_in; $r->print(join ',', sort keys %$t); delete $t->{Host}; $t->{X} = 1; while (my ($k, $v) = each %$t) { } }
    if ($how eq 'push')    { my $x = 'x' x 10; $r->push_handlers(PerlLogHandler => sub { length $x; 0 }); $r->print('pushed') }
    if ($how eq 'set')     { $r->set_handlers(PerlLogHandler => [ sub { 0 }, 'My::V::ok' ]); my @h = @{ $r->get_handlers('PerlLogHandler') }; $r->print('set') }
    if ($how eq 'pool')    { my $p = $r->pool->new; my $q = APR::Pool->new; $p->cleanup_register(sub { 1 }, [1]); $q->cleanup_register(\&ok); undef $q; $r->pool->cleanup_register(sub { $r->uri }) }
    if ($how eq 'sub')     { $r->lookup_uri('/v?')->run; eval { $r->lookup_uri('/none')->status } }
    if ($how eq 'redirect'){ $r->internal_redirect('/v?'); return Apache2::Const::OK }
    if ($how eq 'send')    { $r->sendfile($INC{'My/V.pm'}); $r->write('abc', 1, 1); $r->puts('a', 'b'); $r->printf('%d', 5); $r->rflush }
    if ($how eq 'stale')   { $kept = $r; $r->print('kept') }
    if ($how eq 'usestale'){ eval { $kept->uri }; $r->print($@ ? 'gone' : 'there') }
    if ($how eq 'error')   { eval { $r->headers_in->set }; eval { Apache2::RequestRec::uri(undef) }; $r->log_error('as asked'); warn "as asked\n"; $r->print(1) }
    if ($how eq 'config')  { $r->add_config(['Require all granted']); $r->print($r->dir_config('V') // 'none') }
    if ($how eq 'fork')    { my $pid = fork // die; if (!$pid) { require POSIX; POSIX::_exit(0) } waitpid $pid, 0; $r->print(`echo $$`) }
    if ($how eq 'status')  { return Apache2::Const::NOT_FOUND }
    if ($how eq '')        { $r->print('hello') }
    return Apache2::Const::OK;
}
sub script {
    my $r = shift;
    $r->content_type('text/plain');
    print "$ENV{REQUEST_METHOD} ", join '', <STDIN>;
    if ($r->args) { $ENV{X} = [1]; local %ENV = (%ENV, Y => 2); delete $ENV{X}; $kept = \$ENV{Y}; printf STDOUT '%s', `true`; die "as asked\n" if $r->args eq 'die' }
    0;
}
sub method : method { my ($class, $r) = @_; $r->print($class); 0 }
package My::V::Object;
use overload '""' => sub { $_[0]{text} };
1;
P
PerlModule My::V
PerlPostReadRequestHandler My::V::ok
PerlTransHandler           "sub { -1 }"
PerlMapToStorageHandler    "sub { -1 }"
PerlPreConnectionHandler   My::V::ok
<Location />
    SetHandler modperl
    PerlSetVar V v
    PerlSetEnv V v
    PerlHeaderParserHandler My::V::ok
    PerlAccessHandler       My::V::ok
    PerlTypeHandler         My::V::ok
    PerlFixupHandler        My::V::ok "sub { 0 }"
    PerlResponseHandler     My::V
    PerlLogHandler          My::V::ok
    PerlCleanupHandler      My::V::ok
</Location>
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::V::script
</Location>
<Location /method>
    PerlResponseHandler My::V->method
</Location>
<Location /missing>
    PerlResponseHandler My::Missing
</Location>
C
    $s->expect_log(qr/as asked|My::Missing|set: |uri: /);
    my %want = (die => 500, object => 500, status => 404);
    for my $how ('', qw(die object exit pnotes table tie push set pool sub redirect send stale usestale error config fork status)) {
        is $s->get("/v?$how")->{status}, $want{$how} || 200, "/v?$how";
    }
    is $s->post('/v?read', 'x' x 1000)->{content}, 1000, '/v?read';
    is $s->post('/script', 'body')->{content}, 'POST body', '/script';
    is $s->get('/script?env')->{content}, 'GET ', '/script?env' for 1, 2;
    $s->get('/script?die');
    is $s->get('/method')->{content}, 'My::V', '/method';
    is $s->get('/missing')->{status}, 500, '/missing';
    $s->stop;
    clean('one process');
}

# Every request of the tests of the API and of perl's ways. Only what Valgrind says counts: they are slow under it.
$ENV{T_WRAP} = join ' ', @valgrind;
for my $file ($ENV{VALGRIND} =~ /\.t\b/ ? split ' ', $ENV{VALGRIND} : glob 't/api/*.t t/perl/*.t') {
    next if $file =~ /arguments|threads_shared|rows/ && $ENV{VALGRIND} !~ /\.t\b/;   # thousands of calls of one kind; threads; no server
    local $ENV{T_MPM} = 'prefork';
    my $out = `$^X $file 2>&1`;
    note "$file ended with $?" if $?;
    clean($file);
}

done_testing;
