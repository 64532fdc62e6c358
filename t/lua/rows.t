# docs/api.md is true of Lua. Each of its lines that only Lua has is used by a script in the tests of Lua. What it shares with
# Perl is the same function, which t/api tries through Perl: of these it is asked here that the name leads to it.
use lib 't/lib';
use TestHttpd::Lua;
use TestApi ();

plan skip_all => 'the rows of this module' unless ours;
my @rows = TestApi::lua_page();
cmp_ok scalar(@rows), '>', 400, 'the page lists what there is: ' . @rows;

# r.name, r:name(), r[name]; a metamethod is used without its name.
my $scripts = join "\n", map { slurp($_) } glob('t/lua/*.t'), glob('t/bugs/lua_*.t');
# t/lua/log.t has a loop over the levels.
$scripts .= join ' ', map { ".$_" } qw(emerg alert crit err warn notice info debug), map { "trace$_" } 1 .. 8;
my @untried = grep { my $name = $_->{name}; $_->{own} && $name !~ /^__/ && $scripts !~ /[.:]$name\b|\b(?:field|method) => '$name'/ } @rows;
is_deeply [ map { "$_->{class} $_->{name}" } @untried ], [], 'each line of Lua alone is used in a test';

# A class that can be required has its functions and methods; a field that is set to what it cannot be says so, and one that is
# not there says that.
my %object = (
    'Apache2::RequestRec' => 'r', 'Apache2::Connection' => 'r.connection', 'Apache2::ServerRec' => 'r.server', 'APR::Finfo' => 'r.finfo',
    'APR::SockAddr' => 'r.connection.local_addr', 'Apache2::Filter' => 'r.output_filters', 'Apache2::Process' => 'r.server.process',
    'APR::URI' => 'r.parsed_uri', 'Apache2::FilterRec' => 'r.output_filters.frec',
    'Apache2::Module' => 'require("Apache2.Module").top_module()', 'Apache2::Command' => 'require("Apache2.Module").find_linked_module("core.c").cmds', 'APR::Bucket' => 'require("APR.Bucket"):new(r.connection.bucket_alloc, "x")',
    'ModInterp::Interp' => 'r:interp()', 'ModInterp::Dict' => 'r:dict("rows")', 'APR::BucketType' => 'require("APR.Bucket"):new(r.connection.bucket_alloc, "x").type',
);
my (%functions, %fields);
for my $row (grep { $_->{name} !~ /^__/ } @rows) {
    # Anything is a boolean, so such a field is not set here.
    next if $row->{kind} eq 'Rw' && $row->{parameters}[0][1] eq 'boolean';
    push @{ ($row->{kind} =~ /^R[ow]$/ ? \%fields : \%functions)->{ $row->{class} } }, $row->{name};
}
sub words { join ' ', map { qq("$_",) } @_ }
my @tests = map { my $class = $_; (my $module = $class) =~ s/::/./g;
    [ "functions and methods of $class", 'local class, out = require("' . $module . '"), {} for _, name in ipairs {' . words(@{ $functions{$class} }) . '} do
        if type(class[name]) ~= "function" then out[#out + 1] = name end end return table.concat(out, " ")', '' ] } sort keys %functions;
push @tests, map { my $class = $_;
    [ "fields of $class", "local object, out = $object{$class}, {} for _, name in ipairs {" . words(@{ $fields{$class} }) . '} do
        local ok, why = pcall(function() object[name] = print end)
        if ok or why:find("has no field") then out[#out + 1] = name end end return table.concat(out, " ")', '' ] } grep { $object{$_} } sort keys %fields;
push @tests, ['headers of the answer', 'r.headers_out["X-A"] = "1" local first, all = r:headers_out_table() return first["X-A"], all["X-A"]', '1|{1=1}'];
push @tests, ['a URL decoded', 'return require("Apache2.URI").unescape_url("a%20b")', 'a b'];
push @tests, ['the environment', 'return (r:subprocess_env_table()).ROWS', 'set'];
push @tests, ['a field that is not there', 'return (pcall(function() r.no_such_field = print end))', 'false'];
is_deeply [ grep { !$object{$_} } sort keys %fields ], [], 'an object of each class with fields is at hand';
test_rows(\@tests, mpms => ['event'], config => "SetEnv ROWS set\nInterpDict rows shm:64k\n");

done_testing;
