# The flavours of Registry, and classes of one's own that do a step otherwise.
use lib 't/lib';
use TestHttpd;

my $PLAIN = q{print "Content-Type: text/plain\n\n"; };

# A class, and what it does otherwise.
my %classes = (
    Root      => q{sub namespace_root { 'My::Root' }},
    Space     => q{sub make_namespace { $_[0]{PACKAGE} = 'My::Space::' . ($_[0]{FILENAME} =~ m{(\w+)\.pl$})[0] }},
    Uri       => q{*namespace_from = \&ModPerl::RegistryCooker::namespace_from_uri;},
    Always    => q{sub should_compile { 1 }},
    Never     => q{sub is_cached { 0 }},
    Once      => q{*should_compile = \&ModPerl::RegistryCooker::should_compile_once;},
    Local     => q{*cache_table = \&ModPerl::RegistryCooker::cache_table_local; sub seen { scalar grep { $_->{mtime} } values %My::Local }},
    Table     => q{our %t; sub cache_table { \%t }},
    CacheIt   => q{our @did; sub cache_it { push @did, $_[0]{MTIME}; $_[0]->SUPER::cache_it }},
    Read      => q{sub read_script { my $s = shift; my $rc = $s->SUPER::read_script; ${ $s->{CODE} } =~ s/PLACE/in its place/; $rc }},
    Refuse    => q{sub read_script { 410 }},
    Mark      => q{sub get_mark_line { "\n#line 100 \"elsewhere\"\n" }},
    Name      => q{sub get_script_name { 'my-name' }},
    Shebang   => q{sub shebang_to_perl { 'our $shebang = 5;' }},
    Strip     => q{sub strip_end_data_segment { ${ $_[0]{CODE} } =~ s/^STOP.*//ms }},
    Wrap      => q{sub compile { my ($s, $e) = @_; $$e =~ s/wrapped/compiled/; $s->SUPER::compile($e) }},
    Convert   => q{sub convert_script_to_compiled_handler { my $s = shift; no strict 'refs'; *{"$s->{PACKAGE}::handler"} = sub { print "Content-Type: text/plain\n\nconverted" }; $s->cache_it; 0 }},
    Can       => q{sub can_compile { $_[0]{MTIME} = 1; 0 }},
    Deny      => q{sub can_compile { 401 + 2 }},
    Run       => q{sub run { my $s = shift; print "Content-Type: text/plain\n\nbefore "; $s->SUPER::run(@_) }},
    RunArgs   => q{sub run { my $s = shift; $s->SUPER::run('more', 'args') }},
    Default   => q{sub default_handler { my $s = shift; $s->{REQ}->headers_out->set('X-Mine', 1); $s->SUPER::default_handler }},
    Handler   => q{sub handler : method { my ($class, $r) = @_; $r->headers_out->set('X-Class', $class); $class->new($r)->default_handler }},
    Init      => q{sub init { my ($s, $r) = @_; $s->SUPER::init($r); $s->{FILENAME} =~ s/init/hello/ }},
    New       => q{sub new { my ($class, $r) = @_; my $s = $class->SUPER::new($r); $s->{MORE} = 1; $s } sub get_script_name { $_[0]{MORE} }},
    Error     => q{sub error_check { my $s = shift; my $rc = $s->SUPER::error_check; $rc == 500 ? 418 + 85 : $rc }},
    Log       => q{our $said; sub log_error { $said = $_[1] } },
    Flush     => q{*flush_namespace = \&ModPerl::RegistryCooker::flush_namespace_normal; *should_compile = \&ModPerl::RegistryCooker::TRUE;},
    Reset     => q{*should_reset_inc_hash = \&ModPerl::RegistryCooker::TRUE;},
    Chdir     => q{our @to; sub chdir_file { push @to, $_[1] // $_[0]{FILENAME} =~ s{.*/}{}r }},
    Aliases   => q{__PACKAGE__->install_aliases({ map { ($_ => "ModPerl::RegistryCooker::$_") } qw(new init run can_compile cache_it) }); __PACKAGE__->install_aliases({ chdir_file => 'ModPerl::RegistryCooker::NOP', should_compile => 'ModPerl::RegistryCooker::should_compile_if_modified' });},
    Plain     => q{},
    Debug     => q{sub run { my $s = shift; $s->debug('a', 'b'); $s->SUPER::run }},
);
my %scripts = (
    hello   => $PLAIN . q{our $n++; print __PACKAGE__, " $n"},
    place   => $PLAIN . q{print 'PLACE'},
    where   => $PLAIN . q{print __FILE__, ' ', __LINE__},
    name    => $PLAIN . q{print $0},
    shebang => $PLAIN . q{our $shebang; print $shebang},
    strip   => $PLAIN . "print 'up to here';\nSTOP { no perl",
    wrap    => $PLAIN . q{print 'wrapped'},
    init    => $PLAIN . q{print __PACKAGE__},
    begun   => $PLAIN . q{our $n; BEGIN { our $n++ } print $n},
    forget  => $PLAIN . q{%ModPerl::RegistryCache = (); print 'forgotten'},
    untime  => $PLAIN . q{delete $_->{mtime} for values %ModPerl::RegistryCache; print 'forgotten'},
    late    => $PLAIN . q{no warnings; *My::Plain::run = sub { my $s = shift; print "Content-Type: text/plain\n\nlate "; ModPerl::RegistryCooker::run($s, @_) }; print 'done'},
    later   => $PLAIN . q{no warnings; my $was = \&ModPerl::RegistryCooker::error_check; *ModPerl::RegistryCooker::error_check = sub { print 'checked '; goto &$was }; print 'done'},
    args    => $PLAIN . q{shift; print "@_"},
    dies    => q{die "because\n"},
    table   => $PLAIN . q{print join ',', map { s/.*:://r } keys %My::Table::t},
    seen    => $PLAIN . q{print My::Local->seen},
    did     => $PLAIN . q{print scalar @My::CacheIt::did},
    said    => $PLAIN . q{print $My::Log::said},
    to      => $PLAIN . q{print join ',', map { /^\// ? 'root' : $_ } @My::Chdir::to},
    uncache => $PLAIN . q{our $n; BEGIN { our $n++ } ModPerl::RegistryCooker::uncache_myself(); print $n},
    call    => $PLAIN . q{use File::Basename; require(dirname(__FILE__) . '/again.pl'); print main::again()},
    library => $PLAIN . q{use File::Basename; use lib dirname(__FILE__); require 'lib.pl'; print main::lib()},
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $config = '';
    my @flavours = (qw(Registry RegistryBB PerlRun RegistryCooker), $mpm eq 'prefork' ? qw(RegistryPrefork PerlRunPrefork) : ());
    for my $class ((map { "ModPerl::$_" } @flavours), map { "My::$_" } sort keys %classes) {
        my $place = lc $class =~ s/.*:://r;
        $config .= "Alias /$place \"\@root\@/htdocs/perl\"\n<Location /$place>\n    PerlResponseHandler $class"
            . ($class eq 'ModPerl::RegistryCooker' ? '->handler' : '') . "\n</Location>\n";
    }
    my $s = TestHttpd->start(
        mpm     => $mpm,
        files   => { 'htdocs/perl/again.pl' => '$main::again++; sub main::again { "again $main::again" } 1;', 'htdocs/perl/lib.pl' => '$main::loaded++; sub main::lib { "lib $main::loaded" } 1;', map { ("htdocs/perl/$_.pl" => $scripts{$_}) } keys %scripts },
        modules => {
            map { ("My/$_.pm" => "package My::$_;\nuse strict;\nno warnings;\nuse base 'ModPerl::Registry';\n$classes{$_}\n1;\n") } keys %classes
        },
        config => <<"C",
PerlModule Apache2::ServerRec
PerlModule ModPerl::Registry
PerlInterpStart 1
PerlInterpMax 1
\@one_child\@
<Directory "\@root\@/htdocs/perl">
    SetHandler perl-script
    PerlOptions +ParseHeaders
    Options +ExecCGI
</Directory>
$config
C
    );
    my $get  = sub { $s->get("/$_[0].pl") };
    my $body = sub { $get->(@_)->{content} };
    my $name = join '_', map { s/([^A-Za-z0-9_])/sprintf '_%02x', ord $1/ger } grep { length } split m{/}, "$s->{root}/htdocs/perl/hello.pl";
    my $runs = sub { my ($place) = @_; join ',', map { ($body->("$place/hello") =~ /(\d+)\z/)[0] // '-' } 1 .. 3 };

    for my $flavour (@flavours) {
        is $body->(lc "$flavour/hello"), "ModPerl::ROOT::ModPerl::${flavour}::$name 1", "$flavour: its package";
    }
    is $runs->('registry'), '2,3,4', 'Registry keeps package variables';
    is $runs->('perlrun'), '1,1,1', 'PerlRun does not';
    is $body->('registry/library'), 'lib 1', 'Registry requires a file once' for 1, 2;
    is $body->('perlrun/call'), "again $_", 'PerlRun again in each request' for 1, 2;
    spew("$s->{root}/htdocs/perl/hello.pl", $scripts{hello} =~ s/our/our/r . "\n");
    utime 1, 1, "$s->{root}/htdocs/perl/hello.pl";
    is $body->('registrybb/hello'), "ModPerl::ROOT::ModPerl::RegistryBB::$name 2", 'RegistryBB does not look at a file again';
    is join(',', map { $body->('registry/uncache') } 1, 2), '1,2', 'uncache_myself';

    is $body->('root/hello'), "My::Root::$name 1", 'namespace_root';
    is $body->('space/hello'), 'My::Space::hello 1', 'make_namespace';
    is $body->('uri/hello'), 'ModPerl::ROOT::My::Uri::_2furi_2fhello_2epl 1', 'namespace_from';
    is $s->get('/uri/hello.pl/more')->{content}, 'ModPerl::ROOT::My::Uri::_2furi_2fhello_2epl 2', '  by the address without path info';
    is $runs->('always'), '1,2,3', 'should_compile';
    is $runs->('never'), '1,2,3', 'is_cached';
    is $runs->('once'), '1,2,3', 'should_compile_once';
    $body->('local/hello');
    is $body->('local/seen'), 2, 'cache_table_local';
    like $body->('table/table'), qr/table_2epl/, 'cache_table';
    $body->('cacheit/hello') for 1, 2;
    is $body->('cacheit/did'), 2, 'cache_it';
    is $body->('read/place'), 'in its place', 'read_script';
    is $get->('refuse/hello')->{status}, 410, '  its status is the answer';
    is $body->('mark/where'), 'elsewhere 100', 'get_mark_line';
    is $body->('name/name'), 'my-name', 'get_script_name';
    is $body->('shebang/shebang'), 5, 'shebang_to_perl';
    is $body->('strip/strip'), 'up to here', 'strip_end_data_segment';
    is $body->('wrap/wrap'), 'compiled', 'compile';
    is $body->('convert/hello'), 'converted', 'convert_script_to_compiled_handler' for 1, 2;
    is $get->('can/hello')->{status}, 200, 'can_compile';
    is $get->('deny/hello')->{status}, 403, '  may refuse';
    like $body->('run/hello'), qr/^before /, 'run' for 1, 2;
    is $body->('runargs/args'), 'more args', '  with arguments of its own';
    is $get->('default/hello')->{headers}{'x-mine'}, 1, 'default_handler' for 1, 2;
    is $get->('handler/hello')->{headers}{'x-class'}, 'My::Handler', 'handler' for 1, 2;
    like $body->('init/init'), qr/_hello_2epl$/, 'init';
    is $body->('new/name'), 1, 'new';
    is $get->('error/dies')->{status}, 503, 'error_check';
    $s->log_like(qr/because/, '  which logs the error');
    is $get->('log/dies')->{status}, 500, 'log_error';
    is $body->('log/said'), "because\n", '  is told';
    is $runs->('flush'), '1,1,1', 'flush_namespace';
    is $body->('reset/call'), "again $_", 'should_reset_inc_hash' for 3, 4;
    $body->('chdir/hello');
    is $body->('chdir/to'), 'hello.pl,root,hello.pl,root,to.pl,root,to.pl', 'chdir_file';
    like $body->('aliases/hello'), qr/^ModPerl::ROOT::My::Aliases::/, 'install_aliases';
    is $runs->('plain'), '1,2,3', 'a class that does nothing otherwise';
    # A script that has run before takes a short way, as long as nothing has changed.
    is join(',', map { $body->("plain/$_") } qw(begun begun forget begun begun untime begun)), '1,1,forgotten,2,2,forgotten,3', 'what is taken out of the cache is compiled anew';
    like join(',', map { $body->("plain/$_") } qw(begun begun late begun)), qr/^3,3,done,late .*3$/s, 'a step that is defined later is taken from then on';
    $body->('debug/hello');
    $s->log_like(qr/\d+: My::Debug: ab/, 'debug');

    if ($mpm eq 'prefork') {
        my $root = "$s->{root}/htdocs/perl";
        spew("$root/cwd.pl", $PLAIN . q{use Cwd; BEGIN { our $begin = getcwd } print getcwd, ' ', our $begin, ' ', -e 'lib.pl' ? 'beside' : 'elsewhere'});
        is $body->('registryprefork/cwd'), "$root $root beside", 'RegistryPrefork runs a script in its folder' for 1, 2;
        is $body->('perlrunprefork/cwd'), "$root $root beside", 'PerlRunPrefork, too' for 1, 2;
        like $body->('registry/cwd'), qr/ elsewhere$/, '  and is out of it behind it';
    }
    is join(',', map { $body->("registry/$_") } qw(begun begun later begun begun)), '1,1,donechecked checked ' . ',1checked checked ' x 2, '  also in a class above' if ours;    # mod_perl has copied it
});

for my $class (qw(RegistryPrefork PerlRunPrefork)) {
    my ($status, $log) = TestHttpd->start_fails(mpm => 'event', config => "PerlModule ModPerl::$class\n");
    like $log, qr/This package can't be used under threaded MPMs/, "$class is for prefork only";
}

done_testing;
