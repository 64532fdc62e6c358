# Variables at the end of subprocess_env were missing in %ENV of a perl-script response, if an earlier response in the same
# interpreter had had fewer: PATH_INFO, PATH_TRANSLATED, whatever a handler had added.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Trail.pm' => <<'P');
package My::Trail;
use strict;
use warnings;
use APR::Table ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
# Adds what the header says, in that order.
sub fixup {
    my $r = shift;
    $r->subprocess_env(split /=/, $_, 2) for split /,/, $r->headers_in->{'X-Add'} || '';
    return 0;
}
# What of the table %ENV lacks, and which of the keys looked at it has beside those.
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    my (%table, @bad);
    $r->subprocess_env->do(sub { $table{ $_[0] } = $_[1]; 1 });
    for (sort keys %table) { push @bad, "-$_" unless defined $ENV{$_} && $ENV{$_} eq $table{$_} }
    for (sort keys %ENV) { push @bad, "+$_" if /^(?:PATH_|A|REDIRECT_|HTTP_X_|CONTENT_|QUERY|OF_)/ && !exists $table{$_} }
    $ENV{NEW} = 1 if ($r->args || '') =~ /new/;
    delete $ENV{ $1 } if ($r->args || '') =~ /delete=(\w+)/;
    $r->print("@bad");
    return 0;
}
sub echo { my $r = shift; $r->content_type('text/plain'); $r->print(join ' ', map { "$_=$ENV{$_}" } grep { /^PATH_INFO|^A\d/ } sort keys %ENV); 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => ['setenvif'], modules => \%modules, config => <<'C');
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxRequests 0
PerlModule My::Trail
SetEnvIf X-If (.*) A_IF=$1
@one_child@
<Location /e>
    SetHandler perl-script
    PerlFixupHandler My::Trail::fixup
    PerlResponseHandler My::Trail
</Location>
<Location /e/set>
    PerlSetEnv OF_DIR set
    PerlSetEnv A_DIR set
</Location>
<Location /echo>
    SetHandler perl-script
    PerlFixupHandler My::Trail::fixup
    PerlResponseHandler My::Trail::echo
</Location>
<VirtualHost *:@port@>
    ServerName main.test
</VirtualHost>
<VirtualHost *:@port@>
    ServerName other.test
    PerlSetEnv OF_HOST other
</VirtualHost>
C
    $s->expect_log(qr/AH00161/);
    my @e = (['/e/x'], ['/e'], ['/e/y']);
    my @all = (@e, @e, ['/e'], ['/e/x'], ['/e/x/y'], ['/e?q'], ['/e/x?q'],
        ['/e', 'X-Add' => 'A1=1,A2=2,A3=3'], ['/e'], ['/e', 'X-Add' => 'A3=3,A2=2,A1=1'], ['/e/x', 'X-Add' => 'A2=two'], ['/e/x'],
        ['/e', 'X-If' => 'if'], ['/e'], ['/e', 'X-If' => 'if', 'X-Add' => 'A1=1'],
        ['/e/set'], ['/e'], ['/e/set/x'], ['/e/x'],
        ['/e', Host => 'other.test'], ['/e', Host => 'main.test'], ['/e/set', Host => 'other.test'],
        (map { ['/e', map { ("X-$_" => $_) } 1 .. $_] } 0, 5, 2, 60, 0, 1, 30), ['/e?new'], ['/e'], ['/e/x?delete=PATH_INFO'], ['/e/x'],
        ['/e?delete=REQUEST_METHOD'], ['/e'], ['/e/x']);
    for my $one (@all) {
        my ($uri, @headers) = @$one;
        is $s->get($uri, @headers)->{content}, '', 'every variable of the table, and no other: ' . join ' ', $uri, @headers > 10 ? scalar @headers : @headers;
    }
    # Any order of any requests.
    srand($ENV{TEST_SEED} || 1);
    my @bad;
    for (1 .. 300) {
        my ($path, @add) = (('', '/x', '/y/z')[rand 3], grep { rand() < .5 } map { "A$_=" . int rand 9 } 1 .. 5);
        my $want = join ' ', sort @add, $path ? "PATH_INFO=$path" : ();
        my $got = $s->get("/echo$path", 'X-Add' => join(',', sort { rand() <=> .5 } @add), map { ("X-H$_" => 1) } 0 .. rand 4)->{content};
        push @bad, "[$want] [$got]" if $got ne $want;
    }
    is_deeply \@bad, [], '300 requests in any order have what belongs to each';
});

done_testing;
