# What a script can learn of the server: MPM, scoreboard, modules, configuration, state.
use lib 't/lib';
use TestHttpd::Lua;

my $UNKNOWN = 'what httpd does not know leaves the number as it was in memory';
my $WALK    = <<'L';
local function walk(tree, depth)
  for i, d in ipairs(tree or {}) do
    if d.directive:find(WANTED, 1, true) then return d, depth end
    local found, at = walk(d.children, depth + 1)
    if found then return found, at end
  end
end
L
my @ROWS = (
    # the numbers are AP_MPMQ_*
    ['is it threaded',              'return r.mpm_query(2)', qr/^[012]$/],
    ['can it fork',                 'return r.mpm_query(3)', qr/^[12]$/],
    ['the limits of the configuration', 'return r.mpm_query(4), r.mpm_query(5)', sub { is $_[0]{content}, $_[1]->mpm eq 'prefork' ? '16|1' : '4|128', 'the limits of the configuration' }],
    ['threads of a process',        'return r.mpm_query(6)', sub { is $_[0]{content}, $_[1]->mpm eq 'prefork' ? 1 : 16, 'threads of a process' }],
    ['processes at most',           'return r.mpm_query(12)', sub { is $_[0]{content}, $_[1]->mpm eq 'prefork' ? 8 : 1, 'processes at most' }],
    ['is it asynchronous',          'return r.mpm_query(14) == 1 or r.mpm_query(14) == 0', 'true', wrong => $UNKNOWN, on => 'prefork worker'],
    ['what is no question',         'return r.mpm_query(9999), r.mpm_query(-5)', qr/^(?:0|-1|nil)\|(?:0|-1|nil)$/, wrong => $UNKNOWN],
    ['server_info',                 'local i = r:server_info() local k = {} for n, v in pairs(i) do k[n] = type(v) end return k', qr/^\{.*server_executable=string server_mpm=string server_root=string\}$/],
    ['server_root',                 'return r:server_info().server_root', sub { is $_[0]{content}, $_[1]->root, 'server_root' }],
    ['server_mpm',                  'return r:server_info().server_mpm:lower()', sub { is $_[0]{content}, $_[1]->mpm, 'server_mpm' }],
    ['loaded_modules is a list',    'local m = r:loaded_modules() return #m > 10, type(m[1])', 'true|string'],
    ['with this module',            'for _, m in ipairs(r:loaded_modules()) do if m == "mod_lua.c" then return "here" end end', 'here'],
    ['module_info of this module',  'local c = r.module_info("mod_lua.c").commands return type(c.LuaScope), type(c.LuaHookFixups), type(c.LuaRoot)', 'string|string|string'],
    ['all its directives',          'local c = r.module_info("mod_lua.c").commands local missing = {} for _, n in ipairs{"LuaRoot", "LuaPackagePath", "LuaPackageCPath", "LuaScope", "LuaInherit", "LuaCodeCache",
        "LuaMapHandler", "LuaQuickHandler", "LuaHookTranslateName", "LuaHookFixups", "LuaHookMapToStorage", "LuaHookCheckUserID", "LuaHookTypeChecker", "LuaHookAccessChecker", "LuaHookAuthChecker",
        "LuaHookInsertFilter", "LuaHookLog", "LuaInputFilter", "LuaOutputFilter", "LuaAuthzProvider"} do if not c[n] then missing[#missing + 1] = n end end return missing', '{}'],
    ['module_info of httpd\'s core', 'return type(r.module_info("core.c").commands.DocumentRoot)', 'string'],
    ['module_info of nothing',      'return (r.module_info("mod_nothing.c"))', 'nil'],
    ['module_info wants a name',    'return (pcall(r.module_info)), (pcall(r.module_info, {}))', 'false|false'],
    ['scoreboard_process',          'local p = r:scoreboard_process(0) local k = {} for n, v in pairs(p) do k[#k + 1] = n .. ":" .. type(v) end table.sort(k) return table.concat(k, " ")',
                                    'connections:number keepalive:number lingering_close:number not_accepting:number pid:number quiescing:number suspended:number wait_io:number write_completion:number'],
    ['its pid is a child',          'return r:scoreboard_process(0).pid', sub { my ($a, $s) = @_; ok scalar(grep { $_ == $a->{content} } $s->child_pids), 'its pid is a child' }],
    ['a process out of range',      'return (r:scoreboard_process(100000)), (r:scoreboard_process(-1))', 'nil|nil', on => 'event'],
    ['scoreboard_worker',           'local w = r:scoreboard_worker(0, 0) local k = {} for n in pairs(w) do k[#k + 1] = n end table.sort(k) return table.concat(k, " ")',
                                    qr/^access_count bytes_served client client64 conn_bytes conn_count generation last_used pid request start_time status stimes stop_time tid utimes vhost$/],
    ['this request is in it',       'local threads = r.mpm_query(5) for p = 0, r.mpm_query(4) - 1 do for t = 0, threads - 1 do local w = r:scoreboard_worker(p, t) if w and w.request and w.request:find(r.uri, 1, true) then return w.status == 4, w.client or "" end end end', qr/^true\|/],
    ['a worker out of range',       'return (r:scoreboard_worker(100000, 0)), (r:scoreboard_worker(0, 100000)), (r:scoreboard_worker(-1, -1))', 'nil|nil|nil', ends => 'a slot that does not exist ends the child process'],
    ['they want numbers',           'return (pcall(r.scoreboard_process, r)), (pcall(r.scoreboard_process, r, {})), (pcall(r.scoreboard_worker, r, 0)), (pcall(r.scoreboard_worker, r, {}, 0))', 'false|false|false|false'],
    ['state_query',                 'return r.state_query(0), r.state_query(1), r.state_query(2)', '5|2|1'],
    ['state_query as the manual writes it', 'return r:state_query(0) == r.state_query(0)', 'true', wrong => 'it is a function without the request'],
    ['banner and version',          'return r.banner == apache2.version', 'true'],
    ['started',                     'return os.time() - r.started >= 0', 'true'],
    ['server_built',                'return type(r.server_built)', 'string'],
    ['config has what is written',  $WALK =~ s/WANTED/"DirectoryIndex"/r . 'local d = walk(r:config(), 0) return d.directive, d.line > 1, d.file:match("[^/]*$")', 'DirectoryIndex index.html|true|httpd.conf'],
    ['and sections with theirs',    $WALK =~ s/WANTED/"SetEnv DEEP"/r . 'local d, depth = walk(r:config(), 0) return d.directive, depth', 'SetEnv DEEP yes|1'],
    ['activeconfig outside of a virtual host', 'return type((r:activeconfig()))', qr/^(?:nil|table)$/],
);
my $HOSTS = <<'C';
ExtendedStatus On
<Location /deep>
    SetEnv DEEP yes
</Location>
<VirtualHost 127.0.0.1:@port@>
    ServerName first.org
    SetEnv FIRST 1
    DocumentRoot "@root@/htdocs"
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName second.org
    ServerAlias other.org
    SetEnv SECOND 1
    DocumentRoot "@root@/htdocs"
</VirtualHost>
C
my $ACTIVE = "function handle(r)\nfor i, d in ipairs(r:activeconfig() or {}) do r:puts(d.directive, ';') end return apache2.OK end";

for_each_mpm(qw(event prefork worker), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, rows => \@ROWS, config => $HOSTS, files => { 'htdocs/active.lua' => $ACTIVE });
    my @rows = map { my %opt = @$_[3 .. $#$_]; $opt{on} && $opt{on} !~ /$mpm/ ? undef : $_ } @ROWS;
    for my $n (grep { $rows[$_] } 0 .. $#rows) { run_rows($s, \@rows, $n) }
    like $s->get('/active.lua', Host => 'first.org')->{content}, qr/^ServerName first\.org;SetEnv FIRST 1;/, 'activeconfig is the virtual host';
    like $s->get('/active.lua', Host => 'second.org')->{content}, qr/^ServerName second\.org;.*SetEnv SECOND 1;/, 'by its name';
    like $s->get('/active.lua', Host => 'other.org')->{content}, qr/^ServerName second\.org;/, 'or another of its names';
});

done_testing;
