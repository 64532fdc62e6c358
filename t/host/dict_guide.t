# docs/dict.md, as it stands there (t/lib/TestGuide.pm): its example in both languages.
use lib 't/lib';
use TestHttpd::Lua;
use TestGuide;

plan skip_all => 'says what this module does' unless ours && TestHttpd::has_perl();
plan skip_all => 'needs curl' unless `curl -V 2>/dev/null`;

my @sections = guide_sections('docs/dict.md');
cmp_ok scalar(map { @{ $_->{commands} } } @sections), '>=', 3, 'the guide shows what comes of its example';
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    try_guide(\@sections, sub { TestHttpd::Lua->start(mpm => $mpm, perl => 1, @_) });
});

done_testing;
