# A request that holds an interpreter waits for a second one, of the other language or, under PerlInterpScope subrequest, of the
# same: others the other way round. Nothing moved until PerlInterpMaxWait was over. What is only walked with goes back before
# such a wait; who keeps one (pnotes) waits a second at most.
use lib 't/lib';
use TestHttpd::Lua;
use Time::HiRes qw(time);

plan skip_all => 'limits of ours' unless ours;

my $config = <<'C';
PerlModule Apache2::RequestRec Apache2::RequestIO Apache2::RequestUtil
PerlInterpMax 2
PerlInterpStart 2
PerlInterpMaxWait 30s
LuaInterpMax 2
LuaInterpStart 2
LuaInterpMaxWait 30s
DirectoryIndex index.html
<Location /a>
    PerlAccessHandler   "sub { select undef, undef, undef, 0.02; -1 }"
    LuaFixupHandler     "function(r) return -1 end"
    SetHandler modperl
    PerlResponseHandler "sub { $_[0]->print('a'); 0 }"
</Location>
<Location /b>
    LuaAccessHandler    "function(r) r:usleep(20000) return -1 end"
    PerlFixupHandler    "sub { -1 }"
    SetHandler lua
    LuaResponseHandler  "function(r) r:puts('b') return 0 end"
</Location>
<Location /pinned/a>
    PerlAccessHandler   "sub { $_[0]->pnotes(a => 1); select undef, undef, undef, 0.02; -1 }"
</Location>
<Location /pinned/b>
    LuaAccessHandler    "function(r) r:pnotes('b', 1) r:usleep(20000) return -1 end"
</Location>
<LocationMatch ^/pinned/a>
    LuaFixupHandler     "function(r) return -1 end"
    SetHandler modperl
    PerlResponseHandler "sub { $_[0]->print('a'); 0 }"
</LocationMatch>
<LocationMatch ^/pinned/b>
    PerlFixupHandler    "sub { -1 }"
    SetHandler lua
    LuaResponseHandler  "function(r) r:puts('b') return 0 end"
</LocationMatch>
Listen 127.0.0.1:@port:sub@
<VirtualHost 127.0.0.1:@port:sub@>
    DocumentRoot "@root@/htdocs"
    PerlOptions +Clone
    PerlInterpScope subrequest
    PerlInterpStart 2
    PerlInterpMax 2
    <Location /dir/>
        PerlAccessHandler "sub { select undef, undef, undef, 0.02; 0 }"
    </Location>
</VirtualHost>
C

my $s = TestHttpd::Lua->start(mpm => 'event', perl => 1, config => $config, files => { 'htdocs/dir/index.html' => 'index' });

# Sixteen clients for a while: how often each status came, and the longest time that one of them waited.
sub load {
    my ($port, @paths) = @_;
    my ($end, %n, $longest) = (time + 1.5);
    my @all = $s->parallel(12, sub {
        my $path = $paths[$_[0] % @paths];
        my ($http, @got) = (HTTP::Tiny->new(timeout => 40));
        while (time < $end) {
            my $start = time;
            push @got, $http->get("http://127.0.0.1:$port$path")->{status}, time - $start;
        }
        return @got;
    });
    for my $one (@all) {
        ref $one or die "a client died: $one";
        while (my ($status, $time) = splice @$one, 0, 2) { $n{$status}++; $longest = $time if $time > ($longest || 0) }
    }
    return ($longest, \%n);
}

my ($longest, $n) = load($s->port, '/a', '/b');
is_deeply [keys %$n], [200], 'Perl, then Lua beside Lua, then Perl: all are served';
cmp_ok $longest, '<', 8, '  none waits long';
($longest, $n) = load($s->port('sub'), '/dir/');
is_deeply [keys %$n], [200], 'PerlInterpScope subrequest: a look-up needs a second one of the same: all are served';
cmp_ok $longest, '<', 8, '  none waits long';
($longest, $n) = load($s->port, '/pinned/a', '/pinned/b');
ok $n->{200}, 'with pnotes in the one that is held: some are served';
is scalar(grep { $_ != 200 && $_ != 503 } keys %$n), 0, '  the others are answered 503';
cmp_ok $longest, '<', 15, '  none waits long';
$s->expect_log(qr/InterpMaxWait: no interpreter of the main server came free in 1s, and a request waits no longer that keeps one of the main server meanwhile/);

done_testing;
