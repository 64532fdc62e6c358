# Taint mode (PerlSwitches -T): scripts of ModPerl::Registry, <Perl> sections, and all of our own library.
use lib 't/lib';
use TestHttpd;

my $lib = TestHttpd::top() . '/lib';
my @files = sort map { s{^\Q$lib/}{}r } glob("$lib/*.pm $lib/*/*.pm $lib/*/*/*.pm");

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm,
        switches => join(' ', '-T', map { "-I$_" } ours() ? () : split /:/, $ENV{PERL5LIB} // ''),
        config   => <<'C', modules => { 'My/Files.pm' => <<"P" }, files => { 'scripts/show.pl' => <<'S', 'scripts/run.pl' => <<'R' });
PerlModule ModPerl::Registry
PerlModule My::Files
<Perl>
    our (%Location, $ServerAdmin);
    $ServerAdmin = "tainted-${^TAINT}\@example.org";
    $Location{'/files'} = { SetHandler => 'modperl', PerlResponseHandler => 'My::Files' };
    eval { open my $out, '>', "$ENV{PATH}/x"; 1 } or push our @PerlConfig, "SetEnv TAINTED yes";
    $@ = '';
</Perl>
Alias /scripts @root@/scripts
<Directory @root@/scripts>
    Require all granted
    Options +ExecCGI
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    PerlOptions +ParseHeaders
</Directory>
C
package My::Files;
use Apache2::RequestRec (); use Apache2::RequestIO ();
sub handler {
    my \$r = shift;
    my \@failed;
    for my \$file (qw(@files)) { eval { require \$file; 1 } or \$@ =~ /is not there yet|can't be used under threaded MPMs/ or push \@failed, "\$file: \$@" }
    \$r->print(\@failed);
    return 0;
}
1;
P
print "Content-Type: text/plain\n\n";
my ($body) = join '', <STDIN>;
my $file = eval { open my $out, '>', "/nonexistent/$body"; 1 } ? 'opened' : $@;
my $known = $ENV{QUERY_STRING} =~ /^(\w+)\z/ ? (eval { open my $out, '>', "/nonexistent/$1"; 1 } ? 'opened' : $@) : 'no word';
print "${^TAINT}|$file|$known|$ENV{SERVER_ADMIN}|$ENV{TAINTED}";
S
#!/usr/bin/perl -T
print "Content-Type: text/plain\n\n";
$ENV{PATH} = '/bin:/usr/bin'; delete @ENV{qw(IFS CDPATH ENV BASH_ENV)};
print `/bin/echo a program ran`, eval { `/bin/echo $ENV{QUERY_STRING}`; 1 } ? 'and another' : $@;
R
    for my $round ('compiled', 'cached') {
        my $show = $s->post('/scripts/show.pl?word', 'sent')->{content};
        like $show, qr/^1\|Insecure dependency in open while running with -T switch/, "Registry, $round: a body opens no file";
        like $show, qr/\|opened\|tainted-1\@example\.org\|yes\z/, '  what a pattern has found does; a <Perl> section ran under -T';
        like $s->get('/scripts/run.pl?x')->{content}, qr/^a program ran\nInsecure dependency in `` while running with -T switch/,
            "Registry, $round: a script with -T in its first line runs programs with a PATH of its own";
    }
    is $s->get('/files')->{content}, '', 'each file of our library is loaded under -T' if ours;
});

done_testing;
