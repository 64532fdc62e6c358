# Rows of docs/api.md called with hostile values, in every phase and both languages: no child dies of it, and every request is
# answered. fuzz/api says how to go on from here by hand; `make fuzz` has it run for long under AddressSanitizer.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl and mod_lua end the child in some of these calls' unless ours;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $seconds = soak(15, 600);
    my $said = `$^X fuzz/api --calls 1e9 --seconds $seconds --mpm $mpm 2>&1`;
    is $?, 0, "$seconds s of hostile calls: " . ($said =~ /^(\d+ calls in \d+ requests)/m ? $1 : 'nothing') or diag($said);
});

done_testing;
