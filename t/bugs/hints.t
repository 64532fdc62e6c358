# Classic mistakes: the log says what was meant and what to write.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();

plan skip_all => 'mod_perl gives no hints' unless ours;

my %modules = (
    'My/H.pm' => <<'P',
package My::H;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => qw(OK DECLINED NOT_FOUND);
my %do = (
    text     => sub { 'Hello' },
    one      => sub { $_[0]->print('x'); 1 },
    full     => sub { $_[0]->print('x'); 200 },
    made     => sub { 201 },
    empty204 => sub { 204 },
    ref      => sub { [] },
    empty    => sub { '' },
    nothing  => sub { return },
    zero     => sub { '0' },
    found    => sub { Apache2::Const::NOT_FOUND },
    declined => sub { Apache2::Const::DECLINED },
    print    => sub { print 'lost'; Apache2::Const::OK },
    both     => sub { print 'lost'; $_[0]->print('seen'); Apache2::Const::OK },
    hash     => sub { die { code => 42, text => "no\n", list => [1, 'b', { deep => [ [ 1 ] ] }], none => undef, x => \'ref', c => sub { 1 } } },
    object   => sub { die bless { message => "caf\x{e9}", n => 1.5 }, 'My::Exception' },
    array    => sub { die [ map { $_ } 1 .. 30 ] },
    long     => sub { die { s => 'y' x 10_000 } },
    own_text => sub { die My::Text->new },
    new      => sub { die My::Err->new },
    compared => sub { die My::Compared->new },
    from_sub => sub { die My::Number->new },
    require  => sub { require Not::There },
    sendfile => sub { $_[0]->sendfile('/no/such'); 0 },
    senddir  => sub { $_[0]->sendfile('/etc'); 0 },
    method   => sub { $_[0]->add_config([]) },
    pool     => sub { $_[0]->pool->cleanup_register(sub { }) },
    constant => sub { Apache2::Const::HTTP_GONE() },
    sub      => sub { Apache2::Util::ht_time($_[0]->pool) },
    base     => sub { my $s = $_[0]->lookup_uri('/'); $s->run },
    requires => sub { $_[0]->requires },
    default  => sub { defined &Apache2::RequestRec::default_type ? 0 : $_[0]->default_type },
    foreign  => sub { My::H->no_such },
    child    => sub { if (!fork) { die { in => 'a child' } } wait; 0 },
);
sub handler { my $r = shift; $do{ $r->args }->($r) }
package My::Text;
use overload '""' => sub { "my own text\n" };
sub new { bless {} }
package My::Err;
sub new { bless { code => 7 } }
package My::Compared;
use overload '==' => sub { 1 };
sub new { bless { code => 8 } }
package My::Number;
use overload '0+' => sub { 4711 }, fallback => 1;
sub new { bless {} }
package My::Conn;
sub access { 'yes' }
1;
P
    'My/Strict.pm' => "package My::Strict;\nuse strict;\nsub handler { return Apache2::Const::HTTP_CONFLICT }\n1;\n",
    'My/Named/Wrongly.pm' => "  package My::Named::Rightly;\nsub handler { 0 }\n1;\n",
    'My/Without.pm' => "sub handler { 0 }\n1;\n",
    'My/NoHandler.pm' => "package My::NoHandler;\nsub handle { 0 }\n1;\n",
    'My/Loaded.pm' => "package My::Loaded;\nsub page { 0 }\n1;\n",
    'My/Subs.pm' => "package My::Subs;\nsub page { 0 }\n1;\n",
);
my $config = <<'C';
LogLevel warn perl:info
PerlModule My::H My::Loaded
<Location /h>
    SetHandler modperl
    PerlResponseHandler My::H
</Location>
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::H
</Location>
<Location /access>
    PerlAccessHandler My::Conn::access
</Location>
<Location /no_set_handler>
    PerlResponseHandler My::H
</Location>
<Location /with_page>
    PerlResponseHandler My::H
    ErrorDocument 404 /page.html
</Location>
<Location /early>
    SetHandler modperl
    PerlAccessHandler "sub { 404 }"
    PerlResponseHandler My::H
</Location>
<Location /wrong>
    SetHandler mod_perl
    PerlResponseHandler My::H
</Location>
<Location /cgi>
    SetHandler cgi-script
</Location>
<Location /page>
    SetHandler modperl
    PerlResponseHandler My::Subs::page
</Location>
<Location /misspelt>
    SetHandler modperl
    PerlResponseHandler My::Loaded::pgae
</Location>
<Location /of_none>
    SetHandler modperl
    PerlResponseHandler My::H::no_such_thing
</Location>
<Location /in_another_file>
    SetHandler modperl
    PerlResponseHandler My::Conn::acces
</Location>
<Location /named_wrongly>
    SetHandler modperl
    PerlResponseHandler My::Named::Wrongly
</Location>
<Location /without>
    SetHandler modperl
    PerlResponseHandler My::Without
</Location>
<Location /no_handler>
    SetHandler modperl
    PerlResponseHandler My::NoHandler
</Location>
<Location /nowhere>
    SetHandler modperl
    PerlResponseHandler My::Nowhere
</Location>
<Location /bare>
    SetHandler modperl
</Location>
<Location /bare/script>
    SetHandler perl-script
</Location>
<Location /bare/pushed>
    SetHandler modperl
    PerlFixupHandler "sub { require Apache2::RequestUtil; $_[0]->push_handlers(PerlResponseHandler => sub { 404 }); 0 }"
</Location>
<Location /short>
    SetHandler modperl
    PerlResponseHandler sub{404}
</Location>
<Location /strict>
    SetHandler modperl
    PerlResponseHandler My::Strict
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, config => $config, modules => \%modules, files => { 'htdocs/page.html' => 'page' });
    my $line = $s->conf_line(5);
    $s->expect_log(qr/\[perl:error\]|AH00524/);
    my $said = sub { my ($path, $re, $name) = @_; $s->mark_log; my $r = $s->get($path); $s->log_like($re, $name); $r };
    my $silent = sub { my ($path, $name) = @_; $s->mark_log; my $r = $s->get($path); $s->log_unlike(qr/\[perl:(?:warn|info|error)\]/, $name); $r };

    # what a handler returns
    my $return = qr/: return Apache2::Const::OK \(0\), Apache2::Const::DECLINED \(-1\) or a status of HTTP/;
    $said->('/h?text', qr/PerlResponseHandler My::H, \S+httpd\.conf:$line: returned no number, which counts as OK$return/, 'text');
    $said->('/h?one', qr/PerlResponseHandler My::H, \S+: returned 1, which is no status$return/, 'a number that is no status');
    my $success = qr/, for which httpd sends a page about an error: return Apache2::Const::OK \(0\), and set \$r->status/;
    $said->('/h?full', qr/PerlResponseHandler My::H, \S+: returned 200$success/, 'return 200');
    $said->('/script?made', qr/PerlResponseHandler My::H, \S+: returned 201$success/, 'return 201');
    $silent->('/h?empty204', 'the page of 204 is empty as it should be');
    $said->('/h?ref', qr/PerlResponseHandler My::H, \S+: returned \d+, which is no status$return/, 'a reference');
    $said->('/access', qr/PerlAccessHandler My::Conn::access, \S+: returned no number/, 'in other phases too');
    $silent->("/h?$_", "$_ is fine") for qw(empty nothing zero found declined);

    # where print goes
    $said->('/h?print', qr/PerlResponseHandler My::H, \S+: sent nothing, but printed to STDOUT, .*write \$r->print, or SetHandler perl-script/, 'print under modperl');
    $silent->('/h?both', 'it is no matter where something was sent');
    is $silent->('/script?print', 'under perl-script')->{content}, 'lost', 'print is the response';

    # die
    $said->('/h?hash', qr/\{c => CODE, code => 42, list => \[1, "b", \{deep => \.\.\.\}\], none => undef, text => "no\\\\n", x => \\\\"ref"\} \(PerlResp/, 'die with a hash shows what it holds');
    $said->('/h?object', qr/My::Exception=\{message => "caf\\\\351", n => 1\.5\} \(PerlResp/, 'an object, with its class');
    $said->('/h?array', qr/\[1, 2, .*20, \.\.\.\] \(PerlResp/, 'an array, up to a length');
    $said->('/h?long', qr/\{s => "y{100,300}"\.\.\.\} \(PerlResp/, 'a string, too');
    $said->('/h?own_text', qr/my own text\\n \(PerlResp/, 'an object with a text of its own has that');

    $said->('/h?new', qr/My::Err=\{code => 7\} \(PerlResp/, 'an object of a class that has methods');
    $said->('/h?compared', qr/My::Compared=\{code => 8\} \(PerlResp/, 'an object of a class whose overloading makes no text');
    $said->('/h?from_sub', qr/ 4711 \(PerlResp/, 'an object whose text is its number has that');

    # files
    $said->('/h?sendfile', qr/Apache2::RequestIO::sendfile\('\/no\/such'\): \(2\) No such file or directory at /, 'a file to send that is not there is named, with the reason');
    is $said->('/h?senddir', qr/sendfile\('\/etc'\): \(21\) Is a directory at /, 'a directory, too')->{status}, 500, 'and the client is told of an error';

    $said->('/h?child', qr/^\{in => "a child"\}$/m, 'in a process that the script forked');

    # what was not loaded
    $said->('/h?method', qr/Can't locate object method "add_config" .*; add_config of Apache2::RequestRec is in Apache2::RequestUtil: write use Apache2::RequestUtil \(\);\)/, 'a method of ours names its module');
    $said->('/h?pool', qr/; cleanup_register of APR::Pool is in APR::Pool: write use APR::Pool \(\);\)/, 'of another class');
    $said->('/h?constant', qr/; write use Apache2::Const -compile => 'HTTP_GONE';\)/, 'a constant');
    $said->('/h?sub', qr/Undefined subroutine &Apache2::Util::ht_time called .*; Apache2::Util::ht_time is in Apache2::Util: write use Apache2::Util \(\);\)/, 'a function');
    $said->('/h?requires', qr/; httpd 2\.4 keeps no list of Require lines: a provider is given its line, by PerlAddAuthzProvider or Apache2::RequestUtil::register_auth_provider\)/, 'a method that httpd 2.2 had');
    $said->('/h?default', qr/; httpd 2\.4 has no default type: DefaultType may only say none, ForceType and AddType give types\)/, 'another');
    $said->('/h?base', qr/; lookup_uri of Apache2::RequestRec is in Apache2::SubRequest: write use Apache2::SubRequest \(\);\)/, 'a method that a module adds');
    $said->('/h?foreign', qr/Can't locate object method "no_such" via package "My::H" at [^;]*\(PerlResponseHandler My::H, [^;]*\)$/m, "another's class has none");
    $said->('/strict', qr/; write use Apache2::Const -compile => 'HTTP_CONFLICT';\)/, 'a constant under strict');
    $said->('/page', qr/failed to load My::Subs::page package: .*; if page is a sub of the package My::Subs, load that before: PerlModule My::Subs\)/, 'a handler that is a sub of a package not loaded');

    my $inc = qr/; if Not\/There\.pm lies below another folder, add that: PerlSwitches -I\/folder\)/;
    $said->('/h?require', $inc, 'a module that is in no folder of @INC');
    $said->('/nowhere', qr/; if My\/Nowhere\.pm lies below another folder, add that: PerlSwitches -I\/folder\)/, "a handler's, too");
    my $file = qr/\(\S+\/lib\/My\/\S+\.pm is loaded\)/;
    $said->("/named_wrongly", qr/there is no package My::Named::Wrongly $file.*; that file says package My::Named::Rightly: it must say package My::Named::Wrongly\)/, "a file with another's package line")
        for 1, 2;
    $said->('/without', qr/there is no package My::Without $file.*; that file has no package line: it must say package My::Without\)/, 'a file without one');
    $said->('/misspelt', qr/failed to load My::Loaded::pgae package: .*My::Loaded has no sub pgae $file.*; that file has a sub page: write My::Loaded::page\)/, 'a sub of a loaded package, misspelt');
    $said->('/of_none', qr/My::H has no sub no_such_thing $file.*; write sub no_such_thing in that file, or name another of its subs: My::H::name\)/, 'a sub of no likeness');
    $said->('/in_another_file', qr/My::Conn has no sub acces\\n \(.*; write sub acces in the package My::Conn\)/, 'a package that no file has the name of');
    $said->('/no_handler', qr/My::NoHandler has no sub handler $file.*; that file has a sub handle: write My::NoHandler::handle\)/, 'a file without the sub');

    # what no SetHandler reaches
    $said->('/no_set_handler/x', qr/\[perl:info\] .*PerlResponseHandler My::H, \S+: not asked for \/no_set_handler\/x, since there is no SetHandler here: add SetHandler modperl or perl-script/,
        'a handler without SetHandler');
    if ($mpm eq 'event') {
        $s->mark_log;
        $s->get('/no_set_handler/y');
        $s->log_unlike(qr/not asked for/, 'is named once');
    }
    $said->('/bare/x', qr/\[perl:info\] .*SetHandler modperl: there is no handler to ask for \/bare\/x: add a PerlResponseHandler line$/m, 'SetHandler without a handler');
    $said->('/bare/script', qr/SetHandler perl-script: there is no handler to ask for \/bare\/script: add a PerlResponseHandler line$/m, 'perl-script, too');
    $silent->('/bare/pushed', 'a handler that is pushed answers by itself');
    is $silent->('/short', 'code without a blank behind sub')->{status}, 404, 'runs';
    is $said->('/with_page/x', qr/PerlResponseHandler My::H, \S+: not asked for \/with_page\/x/, 'also where another page is shown for it')->{content}, 'page', 'which is';
    $said->('/wrong/x', qr/not asked for \/wrong\/x, since SetHandler says "mod_perl" here: add SetHandler modperl or perl-script/, 'or with another one');
    $s->mark_log;
    is $s->get('/early')->{status}, 404, 'a 404 of an early phase';
    $s->log_unlike(qr/not asked for/, 'is no such case');
    $s->get('/none');
    $s->log_unlike(qr/not asked for/, 'nor is one where nothing is configured');
    $s->stop;
});

# SetHandler with a word that is almost ours: at the start.
my %words = (mod_perl => 'modperl', 'Mod_Perl' => 'modperl', perl => 'modperl', modprel => 'modperl', 'modperl2' => 'modperl', perl_script => 'perl-script',
    'perlscript' => 'perl-script', '"mod-perl"' => 'modperl', 'perl-scirpt' => 'perl-script', lua_script => 'lua-script', luascript => 'lua-script', 'mod_lua' => 'lua-script');
my @good = ('modperl', 'perl-script', 'ModPerl', 'lua-script', 'lua', 'cgi-script', 'server-status', 'none', 'php-script', '"proxy:unix:/x|fcgi://y"');
my $lua = TestHttpd::Lua::has_lua() ? qq(LoadModule lua_module "\@so\@"\n) : '';
delete @words{ grep { $words{$_} eq 'lua-script' } keys %words } unless $lua;
my @names = sort keys %words;
my $n = 0;
my ($status, $text, $first) = TestHttpd->config_test(config => $lua . join '', map { "<Location /$n" . $n++ . ">\nSetHandler $_\n</Location>\n" } @names, @good);
is $status, 0, 'the start goes on';
for my $i (0 .. $#names) {
    my $at = $first + ($lua ? 1 : 0) + 3 * $i + 1;
    (my $name = $names[$i]) =~ s/"//g;
    like $text, qr/:warn\] .*SetHandler \Q$name\E \(\S+httpd\.conf:$at\): no module has a handler of this name: write $words{ $names[$i] }/, "SetHandler $name";
}
is scalar(() = $text =~ /no module has a handler/g), @names, 'of each once, and of no other';

# httpd -t resolves handlers' names where it is asked to.
for my $ask ("PerlOptions +Autoload\n", '+') {
    my $plus = $ask eq '+' ? '+' : '';
    my $option = $plus ? '' : $ask;
    for my $case ([ 'My::Nowhere', qr/PerlResponseHandler: "My::Nowhere" \(\S+:\d+\): cannot be resolved: .*My\/Nowhere\.pm/s ],
        [ 'My::Subs::page', qr/cannot be resolved: .*\(if page is a sub of the package My::Subs, load that before: PerlModule My::Subs\)/s ]) {
        my ($status, $text) = TestHttpd->config_test(modules => \%modules, config => "$option<Location /x>\nSetHandler modperl\nPerlResponseHandler $plus$case->[0]\n</Location>\n");
        isnt $status, 0, "httpd -t finds $plus$case->[0]" . ($option && ' under +Autoload');
        like $text, $case->[1], 'and says where';
    }
}
# Code without quotes.
for my $code ('sub { 404 }', '+sub{ 404 }') {
    my ($status, $text) = TestHttpd->config_test(config => "<Location /x>\nPerlResponseHandler $code\n</Location>\n");
    isnt $status, 0, "$code without quotes is refused";
    like $text, qr/^PerlResponseHandler: "\+?sub\{?" is only the beginning of a sub: put the code in quotes, "sub \{ \.\.\. \}"$/m, 'and the log says why';
}
# A module that start-up code loads.
($status, $text) = TestHttpd->config_test(modules => \%modules, config => "PerlModule My::Strict\n");
like $text, qr/PerlModule: "My::Strict" \(\S+\): Bareword .*\(write use Apache2::Const -compile => 'HTTP_CONFLICT';\)/s, 'a constant that start-up code lacks';

my ($asked) = TestHttpd->config_test(modules => \%modules, config => "<VirtualHost *:80>\nPerlOptions +AutoLoad\n<Location /x>\nPerlAccessHandler My::Nowhere\n</Location>\n</VirtualHost>\n");
isnt $asked, 0, 'in a virtual host alone, too';
my ($unasked) = TestHttpd->config_test(modules => \%modules, config => "<Location /x>\nPerlResponseHandler My::Nowhere\n</Location>\n");
is $unasked, 0, 'unasked it does not look';

done_testing;
