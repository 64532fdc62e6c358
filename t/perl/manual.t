# docs/perl.md, as it stands there (t/lib/TestGuide.pm). A section that has virtual hosts or another life of its interpreters is a server of its
# own, the others share one.
use lib 't/lib';
use TestHttpd;
use TestGuide;

plan skip_all => 'says what this module does' unless ours;
for my $needed (qw(DBI DBD::SQLite JSON::PP Plack)) {
    plan skip_all => "needs $needed" unless eval "require $needed; 1";
}
plan skip_all => 'needs curl' unless `curl -V 2>/dev/null`;

my @sections = guide_sections('docs/perl.md');
cmp_ok scalar(@sections), '>=', 12, 'the guide has its sections';
is_deeply [ grep { !@{ $_->{commands} } } @sections ], [ grep { $_->{name} =~ /not there yet/ } @sections ], 'every section shows what comes of it';

my @own = grep { $_->{config} =~ /<VirtualHost|MaxConnectionsPerChild|PerlTrace|^PerlSwitches -[Td]|NYTProf/m } @sections;
my @shared = grep { my $s = $_; !grep { $_ == $s } @own } @sections;

# What a section about prefork alone needs.
my $nytprof = TestHttpd::scratch_package('libdevel-nytprof-perl');

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    for my $tried (\@shared, map { [$_] } grep { $_->{config} !~ /NYTProf/ || ($mpm eq 'prefork' && $nytprof) } @own) {
        my $needed = grep { $_->{config} =~ /NYTProf/ } @$tried;
        my $switches = join ' ', map { "-I$_" } grep { -d } map { glob "$_/usr/lib/*/perl5/*" } $needed ? $nytprof : ();
        try_guide($tried, sub { TestHttpd->start(mpm => $mpm, switches => $switches, @_) }, expect => qr/NYTProf|Can't locate object method "lookup_uri"|AH01617|AH01618|AH00524/);
    }
});

done_testing;
