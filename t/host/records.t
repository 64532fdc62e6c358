# One file, two module records: what existing configuration says of mod_perl and of mod_lua holds.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'the module is built without Lua' unless slurp(TestHttpd::module_so()) =~ /\0lua_module\0/;

plan skip_all => 'the module under test is mod_perl itself' unless ours;

my %modules = ('My/Both.pm' => <<'P');
package My::Both;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print('Perl answers'); 0 }
1;
P
my $IF = join '', map { "<IfModule $_->[0]>\n    Header append X-Holds $_->[1]\n</IfModule>\n" }
    ['mod_perl.c', 'perl-file'], ['perl_module', 'perl-symbol'], ['mod_lua.c', 'lua-file'], ['lua_module', 'lua-symbol'],
    ['!mod_other.c', 'no-other'];
my $LOCATION = "<Location /both>\n    SetHandler modperl\n    PerlResponseHandler My::Both\n</Location>\n";

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => ['headers'], modules => \%modules, config => <<"C");
LoadModule lua_module "\@so\@"
LogLevel lua:info
$IF$LOCATION
C
    my $answer = $s->get('/both');
    is $answer->{content}, 'Perl answers', 'with both records loaded Perl serves';
    is $answer->{headers}{'x-holds'}, 'perl-file, perl-symbol, lua-file, lua-symbol, no-other', '<IfModule> knows both by file and by symbol';
    $s->log_like(qr/\[lua:info\].*Lua 5\.\d answers/, 'Lua starts');
    my $list = do {
        local @ENV{qw(LC_ALL LD_PRELOAD)} = ('C', $ENV{T_PRELOAD} || '');
        my ($httpd, $root) = (TestHttpd::httpd(), $s->root);
        `$httpd -d $root -f $root/httpd.conf -M 2>&1`;
    };
    like $list, qr/ perl_module \(shared\)[\s\S]* lua_module \(shared\)/, 'httpd -M lists both';
    $s->graceful;
    is $s->get('/both')->{content}, 'Perl answers', 'after a restart, too';
});

# Either alone, and the other way round.
my $s = TestHttpd->start(no_loadmodule => 1, load => ['headers'], files => { 'htdocs/i.txt' => 'i' }, config => qq(LoadModule lua_module "\@so\@"\n$IF));
is $s->get('/i.txt')->{headers}{'x-holds'}, 'lua-file, lua-symbol, no-other', 'lua_module alone';
$s->stop;

$s = TestHttpd->start(no_loadmodule => 1, modules => \%modules, config => <<"C");
LoadModule lua_module "\@so\@"
LoadModule perl_module "\@so\@"
PerlSwitches "-I\@lib\@"
$LOCATION
C
is $s->get('/both')->{content}, 'Perl answers', 'lua_module first';
$s->stop;

# The record has none of the other's directives.
my ($status, $output) = TestHttpd->config_test(no_loadmodule => 1, config => qq(LoadModule lua_module "\@so\@"\nPerlModule strict\n));
ok $status, 'lua_module alone knows no Perl directive';
like $output, qr/Invalid command 'PerlModule'/, '  and says so';

# Debian's mod_lua in the process first: the same symbol in another library is not ours.
SKIP: {
    my $theirs = TestHttpd::libexecdir() . '/mod_lua.so';
    skip 'httpd was installed without mod_lua', 6 unless -e $theirs;
    my $s = TestHttpd->start(no_loadmodule => 1, load => ['headers'], modules => \%modules, config => <<"C");
LoadFile "$theirs"
LoadModule perl_module "\@so\@"
LoadModule lua_module "\@so\@"
PerlSwitches "-I\@lib\@"
LogLevel lua:info
$IF$LOCATION
C
    my $answer = $s->get('/both');
    is $answer->{content}, 'Perl answers', "with Debian's mod_lua.so in the process before ours Perl serves";
    $s->log_like(qr/Lua 5\.\d answers/, '  and Lua is ours');
    $s->stop;

    my %files = ('htdocs/lua/x.lua' => "function handle(r)\n r.content_type = 'text/plain'\n r:puts('Lua answers')\n return apache2.OK\nend\n");
    $s = TestHttpd->start(no_loadmodule => 1, modules => \%modules, files => \%files, config => <<"C");
LoadModule lua_module "$theirs"
LoadModule perl_module "\@so\@"
<Location /lua>
    SetHandler lua-script
</Location>
PerlSwitches "-I\@lib\@"
$LOCATION
C
    is $s->get('/both')->{content}, 'Perl answers', 'their lua_module beside our perl_module';
    is $s->get('/lua/x.lua')->{content}, 'Lua answers', '  and it works';
    $s->graceful;
    is $s->get('/both')->{content}, 'Perl answers', '  after a restart, too';
    is $s->get('/lua/x.lua')->{content}, 'Lua answers', '  both';
}

# Another mod_perl's calls of its own functions would come to ours.
SKIP: {
    my $package = scratch_package('libapache2-mod-perl2');
    my ($theirs) = grep { -e } map { "$_/usr/lib/apache2/modules/mod_perl.so" } grep { defined } $package;
    skip 'no package libapache2-mod-perl2, installed or to be had', 2 unless $theirs;
    my ($status, $log) = TestHttpd->start_fails(no_loadmodule => 1, config => qq(LoadModule perl_module "$theirs"\nLoadModule lua_module "\@so\@"\n));
    ok $status, 'lua_module beside another mod_perl does not start';
    like $log, qr/another mod_perl cannot run beside lua_module/, '  and says why';
}

done_testing;
