# r.mpm_query(14), the manual's way to ask for the event MPM, gave what happened to be in memory under prefork and worker.
use lib 't/lib';
use TestHttpd::Lua;

for_each_mpm(qw(event worker prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, files => { 'htdocs/q.lua' => 'function handle(r) r:puts(show(r.mpm_query(14), r.mpm_query(9999), r.mpm_query(-7))) return apache2.OK end' . "\nfunction show(...) local t = {...} for i = 1, 3 do t[i] = tostring(t[i]) end return table.concat(t, ' ') end" });
    my $want = $mpm eq 'event' ? 1 : 0;
    like $s->get('/q.lua')->{content}, qr/^$want (?:0|-1|nil) (?:0|-1|nil)$/, "is it asynchronous: $want; what httpd does not know is 0, -1 or nil" for 1 .. 3;
});

done_testing;
