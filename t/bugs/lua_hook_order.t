# A hook of mod_lua stood behind those of all modules, wherever LoadModule had put lua_module: httpd was told of it when a line named
# it, after all modules were loaded. So `AuthType Basic` without a provider, and a hook that knows the user, was refused by
# mod_auth_basic. Hooks of one order run as modules were loaded; `late` in LuaHookCheckUserID came after the refusal of mod_authn_core.
use lib 't/lib';
use TestHttpd::Lua;

# Where lua_module stands among the LoadModule lines.
my $order;
{
    package Ordered;
    our @ISA = ('TestHttpd::Lua');
    sub write_conf {
        my ($self) = @_;
        $self->SUPER::write_conf;
        my $file = "$self->{root}/httpd.conf";
        my $conf = TestHttpd::slurp($file);
        $conf =~ s/^LoadModule auth_basic_module .*\n//m if $order eq 'alone';
        if ($order eq 'before' && $conf =~ s/^(LoadModule lua_module .*\n)//m) {
            my $line = $1;
            $conf =~ s/^(?=LoadModule )/$line/m;
        }
        TestHttpd::spew($file, $conf);
    }
}

my $SCRIPT = <<'L';
function me(r) r.user = "me" return apache2.OK end
function none(r) return apache2.DECLINED end
function refuse(r) r.err_headers_out["WWW-Authenticate"] = 'Basic realm="lua"' return 401 end
function deny(r) return 403 end
function to_page(r) r.filename = root .. "/htdocs/page.txt" return apache2.OK end
function to_type(r) r.content_type = "text/x-hooked" return apache2.OK end
L
my $CONF = <<'C';
AddType text/x-mime .txt
Alias /alias "@root@/htdocs/other.txt"
LuaHookTranslateName h.lua none
<Location /alias>
    LuaHookTranslateName h.lua to_page
</Location>
<Location /page.txt>
    LuaHookTypeChecker h.lua to_type
</Location>
C
for my $function (qw(me none refuse)) {
    $CONF .= "<Location /$function$_>\nAuthType Basic\nAuthName x\nLuaHookCheckUserID h.lua $function $_\nRequire valid-user\n</Location>\n" for '', 'early', 'late';
}
# Status without and with a password; what the alias and the type became.
my %EXPECTED = (
    before => { me => '404 404', meearly => '404 404', none => '401 500', refuse => '401 401', alias => 'page', type => 'text/x-hooked' },
    after  => { me => '401 500', meearly => '404 404', none => '401 500', refuse => '401 500', alias => 'other', type => 'text/x-mime' },
    # no mod_auth_basic at all
    alone  => { me => '404 404', meearly => '404 404', melate => '404 404', none => '500 500', refuse => '401 401', refuselate => '401 401' },
);
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for ($mpm eq 'event' ? qw(before after alone) : 'before') {
        $order = $_;
        my $s = Ordered->start(mpm => $mpm, load => [$order eq 'alone' ? () : 'authn_file'], scripts => { 'h.lua' => "root = \"\@root\@\"\n$SCRIPT" },
            files => { 'htdocs/page.txt' => 'page', 'htdocs/other.txt' => 'other' }, config => $CONF);
        $s->expect_log(qr/AH01616|AH01618|AH01619|AH01796/);
        my $expected = $EXPECTED{$order};
        for my $path (sort grep { !/^(?:alias|type)$/ } keys %$expected) {
            next if !ours() && $path =~ /early/;        # without effect there
            my @got = map { $s->request('GET', "/$path", $_)->{status} } {}, { Authorization => 'Basic YTpi' };
            is "@got", $expected->{$path}, "lua_module $order: $path";
        }
        is $s->get('/alias')->{content}, $expected->{alias}, "lua_module $order: translate_name and mod_alias" if $expected->{alias};
        is $s->get('/page.txt')->{headers}{'content-type'}, $expected->{type}, "lua_module $order: type_checker and mod_mime" if $expected->{type};
    }
});

done_testing;
