# docs/filters.md, as it stands there (t/lib/TestGuide.pm): all its sections in one server, in both languages.
use lib 't/lib';
use TestHttpd::Lua;
use TestGuide;

plan skip_all => 'says what this module does' unless ours;
plan skip_all => 'the guide is for both languages' unless TestHttpd::slurp(TestHttpd::module_so()) =~ /perl_module/;
plan skip_all => 'needs curl' unless `curl -V 2>/dev/null`;

my @sections = guide_sections('docs/filters.md');
cmp_ok scalar(grep { @{ $_->{commands} } } @sections), '>=', 6, 'the guide shows what comes of its examples';
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    try_guide(\@sections, sub { TestHttpd::Lua->start(mpm => $mpm, perl => 1, @_) }, expect => qr/AH00524: Handler for modperl returned invalid result code/);
});

done_testing;
