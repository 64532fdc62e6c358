# A Lua filter that leaves off before the end of the data, or passes on what is no string, has failed: the log has the line of the script,
# an answer is an error's page or has no end, and whoever reads a body is told why there is no more. The rest of the data was dropped
# without a word, or passed the filter that was to look at it.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'mod_lua loses data without a word, or ends the process' unless ours;

my $SCRIPT = <<'L';
require "apache2"
function exits(r) coroutine.yield() while bucket do os.exit(3) end end
function exits_first(r) os.exit(3) end
function exits_in_pcall(r) coroutine.yield() pcall(os.exit) while bucket do coroutine.yield(bucket) end end
function exits_at_end(r) coroutine.yield() while bucket do coroutine.yield(bucket) end os.exit() end
function a_table(r) coroutine.yield() while bucket do coroutine.yield({ bucket }) end end
function a_table_first(r) coroutine.yield({}) while bucket do coroutine.yield(bucket) end end
function a_table_last(r) coroutine.yield() while bucket do coroutine.yield(bucket) end coroutine.yield({}) end
function a_function(r) coroutine.yield() while bucket do coroutine.yield(print) end end
function a_boolean(r) coroutine.yield() while bucket do coroutine.yield(true) end end
function the_request(r) coroutine.yield() while bucket do coroutine.yield(r) end end
function returns(r) coroutine.yield() coroutine.yield(bucket:sub(1, 5)) return "rest" end
function fails(r) coroutine.yield() error("on purpose") end
function nothing(r) coroutine.yield() while bucket do coroutine.yield() if bucket then coroutine.yield(nil) end end coroutine.yield("all gone") end
function result(r) coroutine.yield() while bucket do coroutine.yield(bucket) end return apache2.OK end
L
# What a filter does, and what the log and a reader learn of it.
my %SAID = (
    (map { $_ => qr/filters\.lua:\d+: os\.exit was called in a filter/ } qw(exits exits_first exits_in_pcall exits_at_end)),
    (map { $_ => qr/filters\.lua:\d+: a filter yielded a table: it can pass on strings/ } qw(a_table a_table_first a_table_last)),
    a_function => qr/filters\.lua:\d+: a filter yielded a function/, a_boolean => qr/filters\.lua:\d+: a filter yielded a boolean/,
    the_request => qr/filters\.lua:\d+: a filter yielded a userdata/, returns => qr/filters\.lua:returns: the filter's function returned before the end of the data/,
    fails => qr/filters\.lua:\d+: on purpose/,
);
my @NAMES = $SCRIPT =~ /^function (\w+)\(r\)/mg;
my $CONF = join '', map { <<C } @NAMES;
LuaOutputFilter Out_$_ filters.lua $_
LuaInputFilter In_$_ filters.lua $_
Alias /out/$_ "\@root\@/htdocs"
<Location /out/$_>
    SetOutputFilter out_$_
</Location>
<Location /in/$_>
    SetInputFilter in_$_
</Location>
<Location /in/$_/lua>
    SetHandler lua
    LuaResponseHandler read.lua:answer
</Location>
<Location /in/$_/perl>
    SetHandler modperl
    PerlResponseHandler My::Read
</Location>
<Location /in/$_/stdin>
    SetHandler perl-script
    PerlResponseHandler My::Read::stdin
</Location>
<Location /in/$_/c>
    SetHandler reflector
</Location>
C
$CONF .= <<'C';
<Files pieces>
    SetHandler lua
    LuaResponseHandler read.lua:pieces
</Files>
C
my %modules = ('My/Read.pm' => <<'P');
package My::Read;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler {
    my $r = shift;
    my @got = map { my $body = ''; eval { $r->read($body, 100, length $body) for 1 .. 20_000; 1 } ? "read $body" : "error $@" } 1, 2;
    $r->print(join "\n", @got);
    return 0;
}
sub stdin { my $r = shift; my $body = eval { local $/; <STDIN> }; print $@ ? "error $@" : 'read ' . ($body // "undef $!"); return 0 }
1;
P
my $READ = <<'L';
function answer(r)
  local got = {}
  for i = 1, 2 do local body, why = r:requestbody() got[i] = body and "read " .. body or type(why) == "string" and "error " .. why or "none" end
  r:puts(table.concat(got, "\n"))
  return 0
end
function pieces(r) for i = 1, 10 do r:puts(("piece %d\n"):format(i):rep(1000)) r:flush() end return 0 end
L
my $BIG = "line of text\n" x 50_000;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, load => ['reflector'], modules => \%modules, config => "PerlModule My::Read\n$CONF",
        files => { 'htdocs/small.txt' => "some text\n", 'htdocs/big.txt' => $BIG, 'htdocs/pieces' => '' }, scripts => { 'filters.lua' => $SCRIPT, 'read.lua' => $READ });
    for my $name (sort keys %SAID) {
        for my $file ('small.txt', 'big.txt', 'pieces') {
            next if $name eq 'returns' && $file =~ /txt/;       # that is one piece
            $s->mark_log;
            my $answer = $s->raw("GET /out/$name/$file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            my $is_cut = $answer =~ /^HTTP\S+ 200/ && $answer !~ /\r\n0\r\n\r\n\z/ && $answer =~ /chunked/i;
            ok $answer =~ /^HTTP\S+ 500/ || $answer eq '' || $is_cut, "output, $name: $file is not taken for a whole page" or diag substr $answer, 0, 300;
            $s->log_like(qr/\[lua:error\].*$SAID{$name}.*\(LuaOutputFilter Out_$name, \S*httpd\.conf:\d+\)/, '  and the log has the line of the script');
        }
        for my $body ('body', $BIG) {
            next if "$name $body" eq 'returns body';
            my $size = length $body;
            $s->mark_log;
            like $s->post("/in/$name/lua", $body)->{content}, qr/^error the request body cannot be read: an input filter failed: LuaInputFilter In_$name: \S*$SAID{$name}.*\nerror .*$SAID{$name}/,
                "input, $name: a script in Lua learns it, each time that it reads ($size bytes)";
            $s->log_like(qr/\[lua:error\].*$SAID{$name}.*\(LuaInputFilter In_$name, \S*httpd\.conf:\d+\)/, '  and the log has the line of the script');
            like $s->post("/in/$name/perl", $body)->{content},
                qr/^error Apache2::RequestIO::read \(LuaInputFilter In_$name: \S*$SAID{$name}.*\): \(120001\) filter handler has failed at \S+ line 6\nerror .*$SAID{$name}/, '  so does one in Perl';
            like $s->post("/in/$name/c", $body)->{status}, qr/^(?:[45]..|599)$/, '  a handler in C has no success' if $size < 10;      # it ignores later ones
        }
    }
    like $s->post('/in/a_table/stdin', 'body')->{content}, qr/filters\.lua:\d+: a filter yielded a table/, 'a read of STDIN says it, too';
    my $raw = $s->raw("POST /in/a_table/lua HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\nGET /in/never HTTP/1.1\r\nHost: x\r\n\r\n12345", 10);
    unlike $raw, qr/never|HTTP\S+ 40[04]/, 'what was not read of the body is not taken for a request';
    is $s->get('/out/nothing/big.txt')->{content}, 'all gone', 'a filter may yield nothing, or nil, to drop data';
    is $s->get('/out/result/small.txt')->{content}, "some text\n", 'what its function returns at the end is no part of the answer';
    is $s->post('/in/result/lua', 'body')->{content}, "read body\nnone", '  nor of the body';
    $s->expect_log(qr/.*/);
});

done_testing;
