# What runs is visible: in the first line of the log, in the Server header, and where httpd skipped a LoadModule line.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();

plan skip_all => 'is about this module' unless ours;
plan skip_all => 'the module is built without Lua' unless TestHttpd::Lua::has_lua();

my ($version) = slurp(TestHttpd::top() . '/Cargo.toml') =~ /^version = "([^"]+)"/m;
my $perl = qr{mod_perl/\S+ Perl/v\S+};
my $both = qq(LoadModule lua_module "\@so\@"\n);
my $mod_lua = TestHttpd::libexecdir() . '/mod_lua.so';

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, config => $both . 'LoadModule perl_module "@so@"' . "\n");
    like $s->get('/')->{headers}{server}, qr{ mod_interp/\Q$version\E $perl$}, 'both languages: the Server header has the version once';
    $s->log_like(qr{AH00\d+: Apache/\S+ .*mod_interp/\Q$version\E $perl configured -- resuming}, 'and so the line about the start');
    $s->log_like(qr{AH01574: module perl_module is already loaded}, 'httpd skips a second LoadModule line');
    $s->log_like(qr{LoadModule: perl_module is mod_interp \(/\S+/mod_interp\.so\) already: another LoadModule line .* a2dismod perl\)},
        'and the log says what that means');
    $s->log_unlike(qr{LoadModule: lua_module}, 'of Lua nothing');
    $s->graceful;
    like $s->get('/')->{headers}{server}, qr{Apache/\S+ \(\w+\) mod_interp/\Q$version\E $perl$}, 'after a restart as before';
    $s->stop;

    $s = TestHttpd::Lua->start(mpm => $mpm);
    like $s->get('/')->{headers}{server}, qr{ mod_interp/\Q$version\E$}, 'Lua alone';
    $s->stop;

  SKIP: {
        skip 'mod_lua is not here', 4 unless -e $mod_lua;
        # Debian's lua.load comes before mod_interp_lua.load.
        $s = TestHttpd->start(mpm => $mpm, config => qq(LoadModule lua_module "$mod_lua"\n$both));
        $s->log_like(qr{LoadModule: lua_module was loaded from another library before mod_interp's line for it, .*a2dismod lua\)}, 'mod_lua was first');
        $s->stop;
        $s = TestHttpd->start(mpm => $mpm, config => qq($both LoadModule lua_module "$mod_lua"\n));
        $s->log_like(qr{LoadModule: lua_module is mod_interp .*if it is mod_lua's, remove it \(Debian: a2dismod lua\)}, 'mod_lua came later');
        $s->stop;
    }
});

# The files that make install gives a2enmod, where a module of the name is there already.
for my $name ('perl', 'lua') {
    my $file = slurp(TestHttpd::top() . "/apache-conf/mod_interp_$name.load") =~ s{/usr/lib/apache2/modules/mod_interp\.so}{\@so\@}r;
    my ($status, $text) = TestHttpd->config_test(config => ($name eq 'lua' ? $both : '') . $file);
    isnt $status, 0, "mod_interp_$name.load behind another's line is refused";
    like $text, qr{mod_interp_$name\.load: ${name}_module is loaded already.*a2dismod $name}, 'and says why';
}

done_testing;
