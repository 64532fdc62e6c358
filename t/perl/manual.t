# docs/perl.md, as it stands there: its configurations, modules, commands with what they answer, and lines of the log.
# What it says under /srv/perl and http://localhost is a folder and the port of this test. A section that has virtual hosts or
# another life of its interpreters is a server of its own, the others share one.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'says what this module does' unless ours;
for my $needed (qw(DBI DBD::SQLite JSON::PP Plack)) {
    plan skip_all => "needs $needed" unless eval "require $needed; 1";
}
plan skip_all => 'needs curl' unless `curl -V 2>/dev/null`;

# Sections: name, config, files, commands [command, what it prints], lines of the log.
my (@sections, $file);
my $text = slurp(TestHttpd::top() . '/docs/perl.md');
my $left = $text =~ s/^```\w+\n.*?^```\n//msgr;
for my $part (split /^(?=## )/m, $text) {
    my ($name) = $part =~ /^## (.*)/ or next;
    my %section = (name => $name, config => '', files => {}, commands => [], log => []);
    while ($part =~ /(?:^`(\/srv\/perl\/\S+)`\n\n)?^```(\w+)\n(.*?)^```$/msg) {
        my ($file, $kind, $content) = ($1, $2, $3);
        if    (defined $file)      { $section{files}{$file} = $content }
        elsif ($kind eq 'apache')  { $section{config} .= $content }
        elsif ($kind eq 'log')     { push @{ $section{log} }, split /\n/, $content }
        elsif ($kind eq 'console') { push @{ $section{commands} }, map { [ split /\n/, $_, 2 ] } $content =~ /^\$ (.*?)(?=^\$ |\z)/msg }
        else                       { die "docs/perl.md, $name: what is a block of '$kind' without a file name?\n" }
    }
    push @sections, \%section;
}
cmp_ok scalar(@sections), '>=', 12, 'the guide has its sections';
unlike $left, qr/^```/m, 'every block is taken';
is_deeply [ grep { !@{ $_->{commands} } } @sections ], [ grep { $_->{name} =~ /not there yet/ } @sections ], 'every section shows what comes of it';

my @own = grep { $_->{config} =~ /<VirtualHost|MaxConnectionsPerChild|PerlTrace|^PerlSwitches -[Td]|NYTProf/m } @sections;
my @shared = grep { my $s = $_; !grep { $_ == $s } @own } @sections;

# What a section about prefork alone needs.
my $nytprof = TestHttpd::scratch_package('libdevel-nytprof-perl');

# `...` stands for anything.
sub pattern { join '.*?', map { quotemeta } split /\.\.\./, $_[0], -1 }

sub try {
    my ($mpm, @tried) = @_;
    my %files = map { %{ $_->{files} } } @tried;
    # A command that starts httpd anew, with a variable of its environment, whose files are not the server's.
    my ($name, $value) = map { $_->[0] =~ /^(\w+)='(.*)' httpd -X &\z/ } map { @{ $_->{commands} } } @tried;
    my $var   = $name ? File::Temp::tempdir('mod_interp_manual.XXXXXX', TMPDIR => 1, CLEANUP => 1) : '@var@';
    chmod 0777, $var;
    my $here  = sub { $_[0] =~ s{/srv/perl/var}{$var}gr =~ s{/srv/perl}{\@root\@/srv}gr =~ s{^(<VirtualHost \*):80>}{$1:\@port\@>}mgr =~ s{\b2525\b}{\@port:own\@}gr };
    my $needed = grep { $_->{config} =~ /NYTProf/ } @tried;
    my $found = join ' ', map { "-I$_" } grep { -d } map { glob "$_/usr/lib/*/perl5/*" } $needed ? $nytprof : ();
    my $s = TestHttpd->start(mpm => $mpm, switches => $found, $name ? (args => ['-X'], env => { $name => $here->($value) }) : (), config => $here->(join '', map { $_->{config} } @tried),
        files => { map { $here->($_) =~ s{^\@root\@/}{}r => $here->($files{$_}) } keys %files });
    $s->expect_log(qr/NYTProf|Can't locate object method "lookup_uri"|AH01617|AH01618|AH00524/);
    my $stop = sub { kill TERM => $s->pid; $s->wait_ended(20); '' };
    my $shell = sub {
        my $command = $s->fill($here->($_[0])) =~ s{http://localhost/}{http://127.0.0.1:@{[$s->port]}/}gr =~ s/^curl /curl -s /r;
        return `{ $command; } 2>&1` =~ s/\r//gr;
    };
    for my $section (@tried) {
        my $name = $section->{name};
        for (@{ $section->{commands} }) {
            my ($command, $said) = @$_;
            next if $command =~ /httpd -X &\z/;
            my $got = $command eq 'httpd -k stop' ? $stop->() : $command eq 'httpd -t' ? (TestHttpd->config_test(mpm => $mpm, %{ $s->{opt} }))[1] : $shell->($command);
            my $want = pattern($said // '');
            like $got, $command eq 'httpd -t' ? qr/$want/ : qr/\A$want\z/s, "$name: $command" or diag $s->log_since;
        }
        $s->log_like(qr/@{[pattern($_)]}/, "$name: the log says \"$_\"") for @{ $section->{log} };
    }
    $s->stop;
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    try($mpm, @shared);
    try($mpm, $_) for grep { $_->{config} !~ /NYTProf/ || ($mpm eq 'prefork' && $nytprof) } @own;
});

done_testing;
