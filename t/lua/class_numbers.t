# Numbers of a class of Lua's: so many interpreters over all processes, and r:interp(), the one that a call runs in.
use lib 't/lib';
use TestHttpd::Lua;
use Time::HiRes qw(time);

my $s = TestHttpd::Lua->start(mpm => 'event', config => <<'C', files => { 'htdocs/few/page.lua' => <<'L' });
StartServers 2
ServerLimit 2
ThreadsPerChild 4
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
<LuaInterpClass few>
    LuaClassLocation @root@/htdocs/few
    LuaClassInterpreters 1 total
    LuaInterpMaxWait 20s
</LuaInterpClass>
<Directory @root@/htdocs/few>
    SetHandler lua-script
    Options +ExecCGI
</Directory>
C
function handle(r)
    if r.args then r:usleep(200000) end
    local i = r:interp()
    r.content_type = "text/plain"
    r:puts(i.class, " ", i.id, " ", i.number, " ", i.uses)
    return apache2.OK
end
L

my ($class, $id, $number) = split ' ', $s->get('/few/page.lua')->{content};
is $class, 'few', 'the class of the interpreter';
like $id, qr/^\d+-$number$/, 'and its name';
my $began = time;
my @got = map { ref $_ ? @$_ : $_ } $s->parallel(4, sub { my $a = $s->get('/few/page.lua?slow'); "$a->{status} $a->{content}" });
is scalar(grep { /^200 few / } @got), 4, 'of four requests in two processes all are answered';
cmp_ok time - $began, '>=', 0.8, 'one after the other';

done_testing;
