# Where PerlEx and mod_perl contradict each other, the handler decides: SetHandler perl-class has PerlEx's rule, ModPerl::Registry mod_perl's. And
# what scripts are told of where they run.
use lib 't/lib';
use TestHttpd;

my %scripts = (
    'end.pl'      => q{use T::Trace; print "Content-Type: text/plain\n\nran"; END { T::Trace::note('END') }},
    'reload.pl'   => q{use PerlEx; print "Content-Type: text/plain\n\n"; PerlEx::Reload(); print 'reloads';},
    'exit.pl'     => q{our $begun; BEGIN { $begun++ } print "Content-Type: text/plain\n\n$begun"; exit $ENV{QUERY_STRING} if length $ENV{QUERY_STRING};},
    'env.pl'      => q{print "Content-Type: text/plain\n\n", exists { map { $_ => 1 } keys %ENV }->{HTTP_X_ONE} ? 'keys' : 'none', " $ENV{HTTP_X_ONE} ", grep { /^HTTP_X_ONE/ } keys %ENV;},
    'identity.pl' => q{print "Content-Type: text/plain\n\n", join ' ', $ENV{GATEWAY_INTERFACE}, $ENV{MOD_PERL} // 'none', $ENV{MOD_PERL_API_VERSION} // 'none', $r = shift->subprocess_env('GATEWAY_INTERFACE');},
    # As scripts for CGI are written: an object once, another one later.
    'cgi.pl'      => q{use CGI (); our $first ||= CGI->new; my $q = CGI->new; print $q->header('text/plain'), join ' ', scalar $q->param('q'), scalar CGI::param('q'), $CGI::PERLEX ? 'PerlEx' : $CGI::MOD_PERL ? 'mod_perl' : 'CGI';},
    'page.phtml'  => q{<%= $ENV{GATEWAY_INTERFACE} %>},
);
my %modules = (trace_module);
my $CONF = <<'C';
PerlInterpStart 1
PerlInterpMax 1
@one_child@
PerlModule T::Trace
<Directory @root@/htdocs>
    SetHandler perl-class
    Options +ExecCGI
</Directory>
<Files *.phtml>
    SetHandler perl-embed
</Files>
<PerlInterpClass perlex>
    PerlClassLocation @root@/htdocs/perlex
    PerlClassIdentity perlex
    PerlInterpMax 1
</PerlInterpClass>
<PerlInterpClass loaded>
    PerlClassLocation @root@/htdocs/loaded
    PerlClassIdentity perlex
    PerlModule CGI
    PerlInterpMax 1
</PerlInterpClass>
<Location /registry>
    SetHandler perl-script
    PerlOptions +ParseHeaders
    PerlResponseHandler ModPerl::Registry
</Location>
<Location /perlex/eager>
    PerlOptions -LazyEnv
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my %files = map { my $dir = $_; map { ("htdocs/$dir$_" => $scripts{$_}) } keys %scripts } '', map { "$_/" } qw(perlex perlex/eager loaded registry);
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $CONF, files => \%files);
    $s->expect_log(qr/AH00161/);
    my $get = sub { my ($path, @headers) = @_; $s->get($path, @headers)->{content} };

    subtest 'END' => sub {
        my $count = 0;
        my $ended = sub { $count += grep { /END/ } $s->trace };
        is $get->('/registry/end.pl'), 'ran', "ModPerl::Registry $_" for 1 .. 5;
        is $ended->(), 5, 'runs END after each request';
        is $get->('/perlex/end.pl'), 'ran', "perl-class $_" for 1 .. 5;
        is $ended->(), 5, 'does not';
        is $get->('/perlex/reload.pl'), 'reloads', 'a script has its interpreter replaced';
        ok TestHttpd::wait_until(sub { $ended->() == 6 }), 'then END runs, once';
    };
    subtest 'exit' => sub {
        is join(',', map { $get->("/registry/exit.pl?$_") } 3, 3, 0, ''), '1,1,1,1', 'ModPerl::Registry keeps a script that exits';
        is join(',', map { $get->("/exit.pl?$_") } 0, 3, 3, ''), '1,1,2,3', 'perl-class compiles one anew that exited with a status, and keeps one that exited with 0';
    };
    subtest 'ENV' => sub {
        is $get->('/registry/env.pl', 'X-One' => 'one'), 'keys one HTTP_X_ONE', 'perl-script has all of %ENV from the start';
        is $get->('/env.pl', 'X-One' => 'one'), 'none one HTTP_X_ONE', 'perl-class fetches what is read' for 1, 2;
    };
    subtest 'Identity' => sub {
        is $get->('/registry/identity.pl'), 'CGI/1.1 mod_perl/2.0.12 2 CGI/1.1', 'perl-script: as mod_perl 2';
        is $get->('/identity.pl'), 'CGI-Perl/1.1 mod_perl/2.0.12 2 CGI-Perl/1.1', 'perl-class';
        is $get->("/$_/identity.pl"), 'CGI-PerlEx/1.1 none none CGI-PerlEx/1.1', "PerlClassIdentity perlex, $_" for qw(perlex loaded perlex/eager);
        is $get->('/page.phtml') . ' ' . $get->('/perlex/page.phtml'), 'CGI-Perl/1.1 CGI-PerlEx/1.1', 'perl-embed alike';
        is $get->('/identity.pl'), 'CGI-Perl/1.1 mod_perl/2.0.12 2 CGI-Perl/1.1', 'and nothing of it stays';
    };
    SKIP: {
        eval { require CGI; 1 } or skip 'CGI.pm is not installed', 1;
        subtest 'CGI.pm' => sub {
            is $get->("/cgi.pl?q=$_"), "$_ $_ mod_perl", "by default, q=$_" for qw(one two);
            is $get->("/loaded/cgi.pl?q=$_"), "$_ $_ PerlEx", "perlex, loaded at start, q=$_" for qw(one two);
            is $get->("/perlex/cgi.pl?q=$_"), "$_ $_ PerlEx", "perlex, loaded by the script, q=$_" for qw(one two);
        };
    }
});

my ($status, $output, $line) = TestHttpd->config_test(config => "<PerlInterpClass own>\n    PerlClassImpersonate On\n</PerlInterpClass>\n");
isnt $status, 0, 'PerlClassImpersonate On is an error';
like $output, qr/PerlClassImpersonate.*one user.*mod_cgid with SuexecUserGroup.*ProxyPass/s, 'which says what does it';
($status) = TestHttpd->config_test(config => "<PerlInterpClass own>\n    PerlClassImpersonate Off\n</PerlInterpClass>\n");
is $status, 0, 'Off is how it is';
($status, $output) = TestHttpd->config_test(config => "PerlClassImpersonate maybe\n");
like $output, qr/PerlClassImpersonate must be On or Off/, 'anything else is no flag';

done_testing;
