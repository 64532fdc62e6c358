# Each row of docs/api.md has a line, its good case, in the test that is named after the module that brings the row: what
# Apache2::RequestIO brings in t/api/request_io.t, what APR::Table brings in t/api/apr_table.t.
use lib 't/lib';
use TestApi;
use TestHttpd;

# Small modules that share a test, and so an httpd.
my %with = (
    apr_bucket  => [qw(APR::Brigade APR::BucketAlloc APR::BucketType)],
    apr_misc    => [qw(APR::Base64 APR::Date APR::Finfo APR::OS APR::String APR::ThreadMutex APR::ThreadRWLock APR::URI APR::Util)],
    apr_socket  => [qw(APR::IpSubnet APR::SockAddr)],
    apr_status  => [qw(APR::Error)],
    connection  => [qw(Apache2::ConnectionUtil)],
    dict        => [qw(ModInterp::Dict)],
    filter      => [qw(Apache2::FilterRec)],
    module      => [qw(Apache2::Command Apache2::Directive Apache2::Provider ModInterp::Directives ModInterp::Script)],
    server_rec  => [qw(Apache2::Process)],
    server_util => [qw(Apache2::MPM)],
    util        => [qw(Apache2::SubProcess ModInterp::Databases ModInterp::Interp ModInterp::Jobs ModInterp::PageText ModInterp::Status ModPerl::Util)],
);
my %shared = map { my $test = $_; map { $_ => $test } @{ $with{$test} } } keys %with;

# Apache2::RequestIO, whose methods are Apache2::RequestRec's: request_io. APR::Table: apr_table.
sub test_of {
    my ($module) = @_;
    return $shared{$module} // lc $module =~ s/^Apache2:://r =~ s/::/_/gr =~ s/(?<=[a-z])(?=[A-Z])/_/gr;
}

my %tried;
for my $file (glob 't/api/*.t') {
    my ($test) = $file =~ m{(\w+)\.t\z};
    $tried{$test}{$_} = 1 for rows_of_file($file);
}
# A line of Apache2::Log::Request::x and the like is written by a loop over the levels.
$tried{log}{"Apache2::Log$_"} = 1 for map { my $l = $_; map { "$_$l" } '::Request::', '::Server::', '::' } qw(emerg alert crit error warn notice info debug);
# What has no line yet.
my %open = map { $_ => 1 } qw();

my @missing = grep { !$tried{ test_of($_->{load}) }{ $_->{name} } } api_page();
is_deeply [ map { "$_->{name}: t/api/" . test_of($_->{load}) . '.t' } grep { !$open{ $_->{name} } } @missing ], [],
    'each row is tried in the test of its module';
is_deeply [ grep { my $row = $_; !grep { $_->{name} eq $row } @missing } sort keys %open ], [], 'what is tried is not listed as open';

done_testing;
