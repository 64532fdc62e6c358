# r:trace1 to r:emerg write a line to the error log at their level, with the script's file and line where the log's format
# asks for the source.
use lib 't/lib';
use TestHttpd::Lua;

my @LEVELS = (map({ ["trace$_", "trace$_"] } 1 .. 8), map { [$_, $_] } qw(debug info notice warn crit alert emerg));
push @LEVELS, ['err', 'error'];

my $SCRIPT = join "\n", 'function handle(r)', (map { "  r:$_->[0]('this is $_->[0]')" } @LEVELS), "  r:puts('done')", '  return apache2.OK', 'end', '';
my %FILES  = ('htdocs/all.lua' => $SCRIPT, 'htdocs/odd.lua' => <<'L');
function handle(r)
  r:warn(("long"):rep(50))
  r:warn("line one\nline two")
  r:warn("percent %s %d %n")
  r:warn(42)
  local ok, message = pcall(r.warn, r, {})
  local none = pcall(r.warn, r)
  local wrong = pcall(r.warn, "no request")
  r:puts(tostring(ok), "|", tostring(none), "|", tostring(wrong), "|", type(message))
  return apache2.OK
end
L

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, files => \%FILES, config => <<'C');
LogLevel warn lua:trace8
ErrorLogFormat "[%m:%l] [%F] %M"
C
    $s->expect_log(qr/this is (?:err|crit|alert|emerg)/);
    is $s->get('/all.lua')->{content}, 'done', 'all levels are called';
    $s->wait_for_log(qr/this is err\b/);
    my $log = $s->log;
    my $n = 1;
    for my $level (@LEVELS) {
        my ($name, $written) = @$level;
        $n++;
        my ($source) = $log =~ /^\[lua:$written\] \[([^]]*)\] this is $name\b/m;
        like $log, qr/^\[lua:$written\] (?:\[[^]]*\] )?this is $name\b/m, "$name is written at level $written";
        like $source, qr/\ball\.lua\($n\)$/, "$name has the script's file and line";
    }
    is $s->get('/odd.lua')->{content}, 'false|false|false|string', 'what is no string is refused';
    $s->log_like(qr/\] (?:long){50}/, 'a long text');
    $s->log_like(qr/line one(?:\\n|\s)line two/, 'a newline makes no line of its own');
    $s->log_like(qr/percent %s %d %n/, 'percent signs are text');
    $s->log_like(qr/\] 42$/m, 'a number');
});

# The level is the server's: what is below it is not written, but for notices, which a log in a file always has.
my $s = TestHttpd::Lua->start(files => { 'htdocs/x.lua' => 'function handle(r) r:info("low one") r:notice("a notice") r:warn("high one") return apache2.OK end' }, config => <<'C');
LogLevel warn
<Location /loud>
    LogLevel lua:info
</Location>
Alias /loud "@root@/htdocs"
C
$s->get('/x.lua');
$s->log_like(qr/\[lua:warn\].*\[client [^]]*\] high one/, 'a warning is written, with the client');
$s->log_like(qr/\[lua:notice\].* a notice/, 'so is a notice');
$s->log_unlike(qr/low one/, 'and what is below the level is not');
$s->get('/loud/x.lua');
$s->log_like(qr/low one/, 'a place may have another level');

done_testing;
