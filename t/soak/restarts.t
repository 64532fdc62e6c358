# Graceful restarts under load: no request fails, and nothing of an old generation stays in the parent. Perl, and Lua beside it if
# the module has it. 30 times here, 1,100 under `make soak`; memory is judged there.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();

my $TIMES = soak(30, 1100);
my $FROM  = soak(10, 100);    # restarts after which what may be kept once is there
my $has_lua = ours && TestHttpd::Lua::has_lua();
my $class = $has_lua ? 'TestHttpd::Lua' : 'TestHttpd';
my $have_sqlite = eval { require DBD::SQLite; 1 } ? 1 : 0;

my %modules = ('My/Gen.pm' => <<'P');
package My::Gen;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
our $generation;
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print($generation);
    return Apache2::Const::OK;
}
1;
P
my %files = ('lib/start.pl' => <<'P', 'lib/vhost.pl' => "require My::Gen; \$My::Gen::generation = 'vhost'; 1;\n");
use POSIX ();
use Storable ();
use JSON::PP ();
use My::Gen;
if (@load@) { require DBI; require DBD::SQLite; my $dbh = DBI->connect('dbi:SQLite:dbname=:memory:'); $dbh->do('create table t (n)'); $dbh->disconnect }
my $file = '@root@/generation';
open my $fh, '>>', $file or die "$file: $!";
print {$fh} 'x';
close $fh;
$My::Gen::generation = -s $file;
1;
P
$files{'lib/start.pl'} =~ s/\@load\@/$have_sqlite/;

# The generation is what start-up code found; a hook and a handler of Lua meet each request for /lua.
my $LUA = <<'C';
LuaRequire "@lua@/start.lua"
LuaPackagePath "@lua@/?.lua"
LuaModule gen
LuaOutputFilter same "@lua@/gen.lua" same
<Location /lua>
    SetHandler lua
    LuaHookFixups gen.lua passes
    LuaScope thread
    LuaResponseHandler gen.page
    SetOutputFilter same
</Location>
C
my %scripts = ('start.lua' => 'local f = io.open("@root@/generation") generation = tostring(#f:read("a")) f:close()', 'gen.lua' => <<'L');
local gen = {}
function gen.page(r) r.content_type = "text/plain" r:puts(generation) return apache2.OK end
function passes(r) n = (n or 0) + 1 return apache2.DECLINED end
function same(r) coroutine.yield() while bucket do coroutine.yield(bucket) end end
return gen
L
for_each_mpm(qw(event), sub {
    my ($mpm) = @_;
    my $s = $class->start(mpm => $mpm, perl => 1, modules => \%modules, files => \%files, scripts => \%scripts, config => <<'C' . ($has_lua ? $LUA : ''));
PerlRequire "@lib@/start.pl"
<Location />
    SetHandler modperl
    PerlResponseHandler My::Gen
</Location>
<VirtualHost 127.0.0.1:@port@>
    ServerName main
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName own
    PerlOptions +Parent
    PerlSwitches "-I@lib@"
    PerlRequire "@lib@/vhost.pl"
</VirtualHost>
C
    my @failures = map { $s->root . "/var/failures$_" } 1 .. 4;
    my @clients  = map {
        my $file = $_;
        $s->background(sub {
            $SIG{TERM} = sub { POSIX::_exit(0) };
            while (1) {
                my $answer = $s->get($has_lua && rand() < 0.5 ? '/lua' : '/');
                next if $answer->{status} == 200;
                open my $fh, '>>', $file;
                print {$fh} "$answer->{status} $answer->{content}\n";
                close $fh;
            }
        });
    } @failures;

    my $measure = sub { +{ memory => $s->private_memory($s->pid), threads => $s->threads($s->pid), descriptors => $s->descriptors($s->pid),
        mapped => scalar(my @m = $s->mapped_files($s->pid)) } };
    my ($first, $wrong, $short) = (undef, 0, 0);
    for my $n (1 .. $TIMES) {
        $s->graceful;
        my $now = -s $s->root . '/generation';
        # The old generation may still answer for a moment; then twenty by the new one.
        my $served = 0;
        wait_until(sub {
            my $answer = $s->get('/');
            $wrong++ if $answer->{status} != 200;
            $served++ if $answer->{content} eq $now;
            $served >= 20;
        }, 20) or $short++;
        $wrong++ if $s->get('/', Host => 'own')->{content} ne 'vhost';
        $wrong++ if $has_lua && $s->get('/lua')->{content} !~ /^\d+$/;
        $first = $measure->() if $n == $FROM;
    }
    my $last = $measure->();
    kill TERM => @clients;
    waitpid $_, 0 for @clients;
    my $failed = join '', map { slurp($_) } @failures;
    is $failed, '', "$TIMES graceful restarts under four clients: no request failed";
    is $wrong, 0, 'nor one of the requests between them';
    is $short, 0, 'each generation served at least twenty';
    is $last->{$_}, $first->{$_}, "$_ of the parent did not grow" for qw(threads descriptors mapped);
    my $growth = ($last->{memory} - $first->{memory}) / ($TIMES - $FROM);
    note sprintf 'private memory of the parent: %.1f MB, then %.1f MB: %.0f bytes a restart', $first->{memory} / 1e6, $last->{memory} / 1e6, $growth;
    cmp_ok $growth, '<', 1024, 'less than 1 KiB a restart' if $ENV{SOAK} && ours;
});

done_testing;
