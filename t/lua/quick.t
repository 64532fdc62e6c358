# LuaQuickHandler: before anything else, the whole answer or a step in front of it.
use lib 't/lib';
use TestHttpd::Lua;

my $SCRIPT = <<'L';
function quick(r)
  r.headers_out["X-Quick"] = "seen"
  if r.uri == "/answer" then r.content_type = "text/plain" r:puts("quick answer to ", r.method) return apache2.OK end
  if r.uri == "/forbidden" then return 403 end
  if r.uri == "/done" then r:puts("done") return apache2.DONE end
  if r.uri == "/nothing" then return end
  if r.uri == "/boom" then error("quick error") end
  if r.uri == "/args" then r:puts(r:parseargs().x) return apache2.OK end
  if r.uri == "/status" then r.status = 202 r:puts("later") return apache2.OK end
  r.notes.quick = "passed by"
  return apache2.DECLINED
end
function second(r) r.notes.quick = (r.notes.quick or "") .. " and second" return apache2.DECLINED end
L
my $CONF = <<'C';
LuaQuickHandler quick.lua quick
LuaQuickHandler quick.lua second
<Location /answer>
    Require all denied
</Location>
<VirtualHost 127.0.0.1:@port@>
    ServerName main
    DocumentRoot "@root@/htdocs"
</VirtualHost>
<VirtualHost 127.0.0.1:@port@>
    ServerName block.org
    <LuaQuickHandler inline>
    function inline(r)
      if r.uri == "/inline" then r:puts("from the block") return apache2.OK end
      return apache2.DECLINED
    end
    </LuaQuickHandler>
</VirtualHost>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, config => $CONF =~ s/(block\.org\n)/$1    LuaRoot "\@lua\@"\n/r, scripts => { 'quick.lua' => $SCRIPT }, load => ['include'], files => {
        'htdocs/page.lua' => 'function handle(r) r:puts(r.notes.quick) return apache2.OK end', 'htdocs/page.txt' => 'page',
    });
    my $ask = sub { $s->get($_[0], Host => $_[1] || 'main') };
    $s->expect_log(qr/\[lua:(?:error|crit)\]/);
    is $ask->('/answer')->{content}, 'quick answer to GET', 'it answers before access control';
    is $ask->('/answer')->{headers}{'content-type'}, 'text/plain', 'with its type';
    is $s->head('/answer', Host => 'main')->{status}, 200, 'HEAD too';
    is $s->post('/answer', 'x', Host => 'main')->{content}, 'quick answer to POST', 'POST too';
    is $ask->('/forbidden')->{status}, 403, 'a status';
    is $ask->('/done')->{content}, 'done', 'DONE';
    is $ask->('/args?x=7')->{content}, '7', 'arguments';
    is $ask->('/status')->{status}, 202, 'a status with a page';
    is $ask->('/page.lua')->{content}, 'passed by and second', 'one that declines lets the next and the others go on';
    is $ask->('/page.txt')->{headers}{'x-quick'}, 'seen', 'its headers stay';
    is $ask->('/none')->{status}, 404, 'and errors';
    is $ask->('/nothing')->{status}, 500, 'no value is no answer';
    is $ask->('/boom')->{status}, 500, 'an error';
    $s->log_like(qr/quick error/, 'is in the log');
    unlike $ask->('/boom')->{content}, qr/quick error/, 'and not at the client' if ours;
    is $ask->('/inline', 'block.org')->{content}, 'from the block', 'a block in a virtual host';
    is $ask->('/inline')->{status}, 404, 'is not in another';
});

done_testing;
