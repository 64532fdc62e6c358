# Each row of docs/api.md has a line in a table of t/api, its good case. One that has none yet stands in %open.
use lib 't/lib';
use TestApi;
use TestHttpd;

my %tried = map { $_ => 1 } map { rows_of_file($_) } glob 't/api/*.t';
# A line of Apache2::Log::Request::x and the like is written by a loop over the levels.
$tried{"Apache2::Log$_"} = 1 for map { my $l = $_; map { "$_$l" } '::Request::', '::Server::', '::' } qw(emerg alert crit error warn notice info debug);
my %open = map { $_ => 1 } qw();
my @missing = grep { !$tried{$_} } map { $_->{name} } api_page();
is_deeply [ grep { !$open{$_} } @missing ], [], 'each row is tried somewhere';
is_deeply [ sort grep { $tried{$_} } keys %open ], [], 'what is tried is not listed as open';

done_testing;
