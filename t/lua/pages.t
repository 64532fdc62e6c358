# SetHandler lua-embed: pages with Lua in them.
use lib 't/lib';

use TestHttpd::Lua;

plan skip_all => 'mod_lua has no pages' unless ours;

my %pages = (
    'loop.lp'    => qq{<% for i = 1, 3 do %><b><%= i %></b><% end %>\n},
    'escape.lp'  => q{<%h "<x>" %>|<%= "<x>" %>|<%== "<y>" %>|<%h '&"' %>},
    'values.lp'  => q{<%= nil %>|<%= false %>|<%= 1, nil, "b" %>|<%= setmetatable({}, { __tostring = function() return "own" end }) %>|<%= 1.5 %>|<%= (function() end)() %>|<%h 1, "<" %>},
    'script.lp'  => qq{a<SCRIPT LANGUAGE="Lua" RUNAT="Server">\nlocal x = 1\n</SCRIPT>b<% r:puts(x + 1) %>c<script>x</script><script language=luascript runat=server>r:puts(3) -- why</script>},
    'comment.lp' => q{<%-- no <% code --%>text <% r:puts('a %%> b') -- why %>!<%% x<%@ LANGUAGE="Lua" %>},
    'print.lp'   => qq{<% print('a', 1, nil) %>b<% for r in pairs({ x = 1 }) do %>c<% print(r) end %>\n},
    'die.lp'     => "1\n2\n<% local x = 1\n%>4\n5\n<%= x %>\n<% error('at seven') %>\n",
    'value.lp'   => "1\n2\n3\n4 <%= nothing.at %>\n",
    'long.lp'    => "<% local t = [[\n1 %%>\n--[=[ no comment\n]] -- one\n%>\n<%= 6 -- six %>\n<%\n-- 7\n\nr:puts(debug.getinfo(1).currentline) %>\n",
    'syntax.lp'  => "1\n2\n<% local x = = %>\n",
    'unclosed.lp' => "1\n2\n<% r:puts(1)\n",
    'comment-unclosed.lp' => "1\n<%-- r:puts(1)\n",
    'no-end.lp'  => "1\n<% for i = 1, 2 do %>\n",
    'plain.lp'   => "<p>no code</p>\n" x 3,
    'large.lp'   => '' . ('x' x 79 . "\n") x 65536,
    'mixed.lp'   => '' . ('y' x 79 . "\n") x 20_000 . '<%= 7 %>' . 'z' x 300_000,
    'header.lp'  => q{<% r.content_type = 'text/plain' r.headers_out['X-Own'] = 'yes' %>hello <%= r.args %>},
    'count.lp'   => q{<% n = (n or 0) + 1 local m = (m or 0) + 1 %><%= n %> <%= m %>},
    'exit.lp'    => q{before<% if r.args then do return end end %>after},
    'status.lp'  => q{<% if r.args == '404' then return 404 end if r.args then os.exit() end %>after},
    'sub.lp'     => q{<% local function twice(x) %>[<%= 2 * x %>]<% end function thrice(x) return 3 * x end twice(21) %><%= thrice(2) %>},
    'module.lp'  => q{<%= require('beside').name %>},
    'beside.lua' => q{return { name = 'beside the page' }},
    'edit.lp'    => 'one<% %>',
    'twice.lp'   => '<script language=perl runat=server>print 1</script><script language=lua runat=server>r:puts(2)</script>',
    'utf8.lp'    => "\xef\xbb\xbf\xc3\xa4<%= '\xe2\x98\xba' %>\r\n<% if true then %>\r\nyes<% end %>",
    'binary.lp'  => "\x1bLua\0\xff<%= 1 %>\0\x1b",
    'piece.lp'   => q{<%= (pcall(r.send_piece, r, 1e15, 0)) %>},
    'body.lp'    => q{<%= r:parsebody().name %>},
);
my $CONF = <<'C';
<Directory @root@/htdocs>
    AddHandler lua-embed .lp
    AllowOverride All
</Directory>
<Location /escaped>
    LuaOptions +EmbedEscape
</Location>
<Location /kept>
    LuaScope server
</Location>
<Location /as-script>
    SetHandler lua-script
</Location>
<Location /as-perl>
    SetHandler perl-embed
</Location>
<Location /never>
    LuaCodeCache never
</Location>
AliasMatch ^/(escaped|kept|as-script|as-perl|never)/(.*) @root@/htdocs/$2
LuaOptions -Htaccess
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, config => $CONF,
        files => { (map { ("htdocs/$_" => $pages{$_}) } keys %pages), 'htdocs/user/.htaccess' => "SetHandler lua-embed\n", 'htdocs/user/x.html' => '<%= 1 %>' });
    $s->expect_log(qr/lua:error/);
    my $get = sub { $s->get("/$_[0]")->{content} };
    for (1, 2) {
        is $get->('loop.lp'), "<b>1</b><b>2</b><b>3</b>\n", "a block opened in one piece and closed in another, run $_";
        is $get->('escape.lp'), q{&lt;x&gt;|<x>|<y>|&amp;&quot;}, 'values are escaped where they say so';
        is $get->('escaped/escape.lp'), q{&lt;x&gt;|&lt;x&gt;|<y>|&amp;&quot;}, 'or all of a directory unless they say otherwise';
        is $get->('values.lp'), '|false|1b|own|1.5||1&lt;', 'what a value prints: all of a list, nothing for nil, an object by its __tostring';
        is $get->('script.lp'), 'ab2c<script>x</script>3', 'a script that runs at the server';
        is $get->('comment.lp'), 'text a %> b!<% x', 'comments and literal marks';
        is $get->('print.lp'), "a\t1\tnil\nbcx\n\n", 'print prints into the page, and any name is free for variables';
        is $get->('sub.lp'), '[42]6', 'functions in a page, one of which has text';
        is $get->('module.lp'), 'beside the page', 'modules beside the page are found';
        is $get->('utf8.lp'), "\xef\xbb\xbf\xc3\xa4\xe2\x98\xba\r\n\r\nyes", 'text is bytes';
        is $get->('binary.lp'), "\x1bLua\0\xff1\0\x1b", 'any bytes';
        is $get->('long.lp'), "\n6\n10\n", 'lines are those of the page behind comments and long strings';
        is $get->('never/loop.lp'), "<b>1</b><b>2</b><b>3</b>\n", 'LuaCodeCache never';
        is $get->('twice.lp'), '<script language=perl runat=server>print 1</script>2', 'a page of two languages is one in Lua';
        is $get->('as-perl/twice.lp'), '1<script language=lua runat=server>r:puts(2)</script>', 'and one in Perl elsewhere';
        is $s->get('/as-script/loop.lp')->{status}, 500, 'and no script in Lua';
    }
    is $s->get('/loop.lp')->{headers}{'content-type'}, 'text/html', 'a page is HTML';
    my $a = $s->get('/header.lp?who');
    is "$a->{headers}{'content-type'} $a->{headers}{'x-own'} $a->{content}", 'text/plain yes hello who', 'unless it says otherwise, by r';
    is join(' ', map { $get->('count.lp') } 1, 2), '1 1 1 1', 'nothing of a run is seen in the next';
    my @counts = map { $get->('kept/count.lp') } 1 .. 12;
    ok !(grep { !/^\d+ 1$/ } @counts) && (grep { $_ > 1 } map { (split ' ')[0] } @counts), 'but what LuaScope keeps';
    is $get->('piece.lp'), 'false', 'a piece of a page that there is not';
    is $get->('exit.lp?1'), 'before', 'a page may return';
    is $get->('exit.lp'), 'beforeafter', 'from that run only';
    is $s->get('/status.lp?404')->{status}, 404, 'with a status';
    is $get->('status.lp?1'), '', 'os.exit ends it';
    is $get->('status.lp'), 'after', 'and that run only';
    is $s->post('/body.lp', 'name=Ada', 'Content-Type' => 'application/x-www-form-urlencoded')->{content}, 'Ada', 'a form';

    is $get->('plain.lp'), $pages{'plain.lp'}, 'a page without code';
    is $s->get('/plain.lp')->{headers}{'content-type'}, 'text/html', 'is as its file';
    is $s->get('/plain.lp', Range => 'bytes=0-2')->{content}, '<p>', 'which httpd sends itself';
    ok $get->('large.lp') eq $pages{'large.lp'}, '5 MB without code' for 1, 2;
    (my $mixed = $pages{'mixed.lp'}) =~ s/<%= 7 %>/7/;
    ok $get->('mixed.lp') eq $mixed, '2 MB around a value' for 1, 2;

    for (['die.lp', qr/die\.lp:7: at seven/], ['value.lp', qr/value\.lp:4: attempt to index/], ['syntax.lp', qr/syntax\.lp:3: unexpected symbol near '='/],
         ['unclosed.lp', qr/unclosed\.lp:3: this code, <%, is not closed by %>/], ['comment-unclosed.lp', qr/comment-unclosed\.lp:2: this comment, <%--, is not closed/],
         ['no-end.lp', qr/no-end\.lp:\d+: 'end' expected/]) {
        for my $at ('', 'kept/') {
            is $s->get("/$at$_->[0]")->{status}, 500, "$at$_->[0] fails";
        }
        $s->log_like($_->[1], 'and the log has the line of the page');
    }
    is $get->('edit.lp'), 'one', 'before an edit';
    TestHttpd::spew($s->root . '/htdocs/edit.lp', 'and two<% %>');
    is $get->('edit.lp'), 'and two', 'an edit is seen at once';
    TestHttpd::spew($s->root . '/htdocs/plain.lp', 'now <%= "code" %>');
    is $get->('plain.lp'), 'now code', 'also of a page that had no code';
    is $s->get('/missing.lp')->{status}, 404, 'a page that is not there';
    is $s->get('/user/x.html')->{status}, 500, 'a .htaccess alone does not make a file a page with code';
    my @all = map { ref $_ ? @$_ : $_ } $s->parallel(6, sub { map { $s->get('/mixed.lp')->{content} eq $mixed ? 'same' : 'other' } 1 .. 5 });
    is_deeply [grep { $_ ne 'same' } @all], [], 'many at once';
});

done_testing;
