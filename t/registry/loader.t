# ModPerl::RegistryLoader compiles scripts while the server starts.
use lib 't/lib';
use TestHttpd;

my $PLAIN = q{print "Content-Type: text/plain\n\n"; };
my $STARTUP = <<'P';
use ModPerl::RegistryLoader ();
use Apache2::ServerUtil ();
my $root = Apache2::ServerUtil::server_root();
my $loader = ModPerl::RegistryLoader->new;
$loader->handler("/perl/$_.pl", "$root/htdocs/perl/$_.pl") for qw(one data kept);
$loader->handler('/htdocs/perl/guessed.pl');
$loader->handler('/perl/missing.pl', "$root/htdocs/perl/missing.pl");
$loader->handler('/htdocs/missing.pl');
$loader->handler();
my $trans = ModPerl::RegistryLoader->new(package => 'ModPerl::RegistryBB', trans => sub { "$root/htdocs/perl/$_[0].pl" });
$trans->handler('bb');
$trans->handler('nothing');
ModPerl::RegistryLoader->new(package => 'ModPerl::PerlRun')->handler('/perl/one.pl', "$root/htdocs/perl/one.pl");
my $uri = ModPerl::RegistryLoader->new(package => 'My::ByUri');
$uri->handler('/uri/one.pl', "$root/htdocs/perl/one.pl");
$uri->handler('/uri/one.pl', "$root/htdocs/perl/one.pl", 'first.example');
our %known = %ModPerl::RegistryCache;
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(
        mpm     => $mpm,
        modules => {
            'My/Startup.pl' => $STARTUP,
            'My/ByUri.pm' => q{package My::ByUri; use base 'ModPerl::Registry'; *namespace_from = \&ModPerl::RegistryCooker::namespace_from_uri; 1;},
        },
        files   => {
            'htdocs/perl/one.pl'     => $PLAIN . q{our $n; BEGIN { $main::compiled{+__FILE__}++ } $n++; print "$n ", $main::compiled{+__FILE__}},
            'htdocs/perl/data.pl'    => $PLAIN . qq{print <DATA>; our \@e; print scalar \@e; END { push our \@e, 1 }\n__DATA__\ntext},
            'htdocs/perl/kept.pl'    => $PLAIN . q{our $big; BEGIN { our $big = { map { $_ => 1 } 1 .. 10 } } print join ' ', scalar(keys %$big), ++$big->{1}},
            'htdocs/perl/guessed.pl' => $PLAIN . q{print __PACKAGE__},
            'htdocs/perl/bb.pl'      => $PLAIN . q{print __PACKAGE__},
            'htdocs/perl/known.pl'   => $PLAIN . q{print map { "$_\n" } sort map { s/::\w*?([a-z]+_2epl)$/ $1/r } keys %main::known},
        },
        config  => <<'C',
PerlModule Apache2::ServerRec
PerlRequire "@root@/lib/My/Startup.pl"
PerlInterpStart 2
PerlInterpMax 2
<Location /perl>
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    PerlOptions +ParseHeaders
    Options +ExecCGI
</Location>
Alias /uri "@root@/htdocs/perl"
<Location /uri>
    SetHandler perl-script
    PerlResponseHandler My::ByUri
    PerlOptions +ParseHeaders
    Options +ExecCGI
</Location>
<VirtualHost *:@port@>
    ServerName other.example
</VirtualHost>
<VirtualHost *:@port@>
    ServerName first.example
</VirtualHost>
C
    );
    my $body = sub { $s->get(@_)->{content} };
    is $body->('/perl/known.pl'), join('', map { "ModPerl::ROOT::$_\n" } 'ModPerl::Registry data_2epl', 'ModPerl::Registry guessed_2epl',
        'ModPerl::Registry kept_2epl', 'ModPerl::Registry one_2epl', 'ModPerl::RegistryBB bb_2epl', ('My::ByUri fone_2epl') x 2),
        'scripts are compiled into the packages of later requests';
    is $body->('/perl/one.pl'), '1 4', 'a script has not run';
    is $body->('/uri/one.pl', Host => 'first.example'), '1 4', '  nor is it compiled again, by its address in its virtual host';
    is $body->('/perl/data.pl'), 'text0', 'DATA is there' if ours;
    is $body->('/perl/kept.pl'), '10 2', 'what it made while it was compiled is there';
    if ($mpm eq 'event' && ours) {
        my @answers = $s->parallel(4, sub { map { $s->get('/perl/data.pl')->{content} } 1 .. 3 });
        is_deeply [grep { !/^text\d+$/ } map { @$_ } @answers], [], 'in each interpreter';
    }
    $s->log_like($_, 'a warning of what is missing') for
        qr{ModPerl::RegistryLoader: Cannot find: \S+/htdocs/perl/missing\.pl}, qr{ModPerl::RegistryLoader: Cannot find guessed file: \S+/htdocs/missing\.pl},
        qr{ModPerl::RegistryLoader: uri is a required argument}, qr{ModPerl::RegistryLoader: Cannot find a translated from uri: \S+/nothing\.pl};
});

my ($status, $log) = TestHttpd->start_fails(
    mpm     => 'event',
    files   => { 'htdocs/perl/broken.pl' => "print 'x';\nprint 'no end" },
    modules => { 'My/Startup.pl' => q{use ModPerl::RegistryLoader; use Apache2::ServerUtil; ModPerl::RegistryLoader->new->handler('/perl/broken.pl', Apache2::ServerUtil::server_root() . '/htdocs/perl/broken.pl'); 1} },
    config  => qq{PerlRequire "\@root\@/lib/My/Startup.pl"\n},
);
like $log, qr/Can't find string terminator "'" anywhere before EOF at \S+broken\.pl line 2\./, 'a broken script ends the start';

done_testing;
