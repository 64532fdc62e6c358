# Codings and escapes: base64, md5, sha1, url, html, log items, paths.
use lib 't/lib';
use TestHttpd::Lua;

my $NUL = 'a NUL ends the text';
test_rows([
    ['base64 of nothing',               q{return r:base64_encode("")}, ''],
    (map { ["base64 of $_->[0]",        qq{return r:base64_encode("$_->[0]"), r:base64_decode("$_->[1]")}, "$_->[1]|$_->[0]"] }
        ['f', 'Zg=='], ['fo', 'Zm8='], ['foo', 'Zm9v'], ['foob', 'Zm9vYg=='], ['fooba', 'Zm9vYmE='], ['foobar', 'Zm9vYmFy']),
    ['base64 of bytes',                 q{return r:base64_encode("\0\255\254"), r:base64_decode("AP/+") == "\0\255\254"}, 'AP/+|true'],
    ['base64 of a last NUL',            q{return #r:base64_decode(r:base64_encode("ab\0"))}, '3', wrong => 'a last NUL is taken away'],
    ['base64 of many bytes',            q{local s = ("xyz\0"):rep(20000) return r:base64_decode(r:base64_encode(s)) == s .. ""}, 'true', wrong => 'a last NUL is taken away'],
    ['base64_decode stops at what is not base64', q{return r:base64_decode("Zm9v!Zm9v")}, 'foo'],
    ['base64 wants a string',           q{return (pcall(r.base64_encode, r)), (pcall(r.base64_encode, r, {}))}, 'false|false'],
    ['md5 of nothing',                  q{return r:md5("")}, 'd41d8cd98f00b204e9800998ecf8427e'],
    ['md5',                             q{return r:md5("abc")}, '900150983cd24fb0d6963f7d28e17f72'],
    ['md5 of bytes',                    q{return r:md5("a\0b")}, '70350f6027bce3713f6b76473084309b'],
    ['sha1 of nothing',                 q{return r:sha1("")}, 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['sha1',                            q{return r:sha1("abc")}, 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sha1 of bytes',                   q{return r:sha1("a\0b")}, '4a3dec2d1f8245280855c42db0ee4239f917fdb8'],
    ['escape leaves letters and digits', q{return r:escape("azAZ09-_.~")}, qr/^azAZ09-_\.(?:~|%7e)$/],
    ['escape makes + of a space',       q{return r:escape("a b/c?d=e&f+g%")}, 'a+b%2fc%3fd%3de%26f%2bg%25'],
    ['escape of bytes above 127',       q{return r:escape("\195\164")}, '%c3%a4'],
    ['unescape',                        q{return r:unescape("a+b%2Fc%3fd%c3%a4")}, "a b/c?d\xc3\xa4"],
    ['unescape of escape is the text',  q{local t = {} for i = 1, 255 do t[i] = string.char(i) end t = table.concat(t) return r:unescape(r:escape(t)) == t}, 'true'],
    ['unescape of a broken code',       q{return r:unescape("a%zz")}, qr/^(?:nil|a%zz|)$/],
    ['escape_html',                     q{return r:escape_html([[<a href="x">&'</a>]])}, qr{^&lt;a href=&quot;x&quot;&gt;&amp;(?:'|&\#39;)&lt;/a&gt;$}],
    ['escape_html of nothing',          q{return r:escape_html("")}, ''],
    ['escape_html of a number',         q{return r:escape_html(12)}, '12'],
    ['escape_html of bytes',            q{return r:escape_html("a\0<") == "a\0&lt;"}, 'true', wrong => $NUL],
    ['escape_logitem',                  q{return r:escape_logitem("a\nb\t\"\\\\\1\127")}, 'a\nb\t\"\\\\\x01\x7f'],
    ['escape_logitem of a plain text',  q{return r:escape_logitem("plain text")}, 'plain text'],
    ['os_escape_path',                  q{return r:os_escape_path("/a b/?#%")}, '/a%20b/%3f%23%25'],
    ['a relative path with a colon gets a ./', q{return r:os_escape_path("a:b")}, './a:b'],
    ['not when it is a part',           q{return r:os_escape_path("a:b", true), r:os_escape_path("a:b", false)}, 'a:b|./a:b'],
    ['escapes want a string',           q{
        local n = 0
        for _, f in ipairs{"escape", "unescape", "escape_html", "escape_logitem", "os_escape_path", "md5", "sha1", "base64_decode"} do
            if pcall(r[f], r, {}) or pcall(r[f], r, nil) or pcall(r[f]) then r:puts(f, " ") end
        end
    }, ''],
]);

done_testing;
