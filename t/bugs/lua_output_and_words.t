# r:print and r:rflush send, in order with r:puts and r:write; an error names the function as Lua has it, the argument and its name.
use lib 't/lib';
use TestHttpd::Lua;

plan skip_all => 'the rows of this module' unless ours;

my @tests = (
    ['print sends', 'r:print("a", "b") r:rflush() r:print("c") return ""', 'abc'],
    ['print gives the number of bytes', 'return r:print("abc")', 'abc3'],
    ['puts, write and print keep their order', 'r:puts("1") r:print("2") r:write("3") r:flush() r:print("4") return ""', '1234'],
    ['a function without its object and arguments', 'require("Apache2.RequestRec").log_error() return "lives"', 'lives'],
    (map { my ($code, $message) = @$_; [ "the words of an error: $code", "local ok, e = pcall(function() $code end) return ok, (tostring(e):gsub('^.-:1: ', ''))", "false|$message" ] }
        ['r:print({})', "bad argument #1 to 'print' (data: string expected, got table)"],
        ['r:puts("a", {})', "bad argument #2 to 'puts' (texts: string expected, got table)"],
        ['r:sendfile()', "bad argument #1 to 'sendfile' (filename: string expected, got no value)"],
        ['r.escape("x")', "calling 'escape' on bad self (Apache2.RequestRec expected, got string)"],
        ['require("APR.Table").get(r, "x")', "calling 'get' on bad self (APR.Table expected, got Apache2.RequestRec)"],
        ['r.status = {}', "bad value for field 'status' (integer expected, got table)"],
        ['r.headers_out.x = {}', 'bad value (string expected, got table)'],
        ['r.nosuch = 1', "Apache2.RequestRec has no field 'nosuch'"],
        ['r.remaining = 1', "Apache2.RequestRec: field 'remaining' is read-only"],
        ['r:usleep()', "bad argument #1 to 'usleep' (microseconds: number expected, got no value)"],
        ['r.usleep()', "bad argument #1 to 'usleep' (microseconds: number expected, got no value)"],
        ['r.usleep({})', "bad argument #1 to 'usleep' (microseconds: number expected, got table)"],
        ['r:strcmp_match("a")', "bad argument #2 to 'strcmp_match' (pattern: string expected, got no value)"],
        ['r:child_terminate()', "child_terminate: Can't run 'r:child_terminate' in a threaded mpm"],
        ['r:add_config(1)', "bad argument #1 to 'add_config' (lines: string, function or table expected, got number)"],
        ['r.uri = nil', 'uri: needs a string: httpd relies on it'],
        ['require("APR.Finfo").stat("/none", 1, r.pool)', 'stat: (2) No such file or directory'],
    ),
);
test_rows(\@tests, mpms => ['event'], expect => [qr/\[lua:error\]/]);

done_testing;
