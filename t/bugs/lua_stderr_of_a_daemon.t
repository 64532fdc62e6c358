# io.stderr:write of a server that has detached: httpd opens stderr anew then, and C would keep the text until the process ends.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'mod_lua leaves stderr as it is' unless ours;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, daemon => 1, scripts => { 'page.lua' => <<'L' }, config => "LuaMapHandler ^/err page.lua\n");
function handle(r) io.stderr:write("to stderr: ", r.args, "\n") r:puts("x") return apache2.OK end
L
    for my $n (1, 2) {
        $s->mark_log;
        is $s->get("/err?$n")->{content}, 'x', "request $n";
        $s->log_like(qr/^to stderr: $n$/m, 'what it wrote to stderr is in the log while the process serves');
    }
    $s->stop;
});

done_testing;
