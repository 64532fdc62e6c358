package TestGuide;

# The examples of a guide, as they stand there: configurations (```apache), files (a path in backquotes before the block), commands with what
# they answer (```console), and lines of the log (```log). What a page says under /srv/perl, /srv/lua and http://localhost is a folder and
# the port of the test; `...` stands for anything.

use strict;
use warnings;
use Exporter 'import';
use File::Temp ();
use Test::More;
use TestHttpd ();

our @EXPORT = qw(guide_sections try_guide);

# The sections of a page: name, config, files, commands [command, what it prints], lines of the log. Every block is taken, or the test dies.
sub guide_sections {
    my ($page) = @_;
    my $text = TestHttpd::slurp(TestHttpd::top() . "/$page");
    my $left = $text =~ s/^```\w+\n.*?^```\n//msgr;
    unlike $left, qr/^```|^ {4}\S/m, "$page: every block is taken";
    my @sections;
    for my $part (split /^(?=## )/m, $text) {
        my ($name) = $part =~ /^## (.*)/ or next;
        my %section = (name => $name, config => '', files => {}, commands => [], log => []);
        while ($part =~ /(?:^`(\/srv\/\S+)`\n\n)?^```(\w+)\n(.*?)^```$/msg) {
            my ($file, $kind, $content) = ($1, $2, $3);
            if    (defined $file)      { $section{files}{$file} = $content }
            elsif ($kind eq 'apache')  { $section{config} .= $content }
            elsif ($kind eq 'log')     { push @{ $section{log} }, split /\n/, $content }
            elsif ($kind eq 'console') { push @{ $section{commands} }, map { [ split /\n/, $_, 2 ] } $content =~ /^\$ (.*?)(?=^\$ |\z)/msg }
            else                       { die "$page, $name: what is a block of '$kind' without a file name?\n" }
        }
        push @sections, \%section;
    }
    return @sections;
}

sub pattern { join '.*?', map { quotemeta } split /\.\.\./, $_[0], -1 }

# Runs sections in one server. $start is called with the arguments of TestHttpd->start; `expect` are lines of the log that may be there.
sub try_guide {
    my ($sections, $start, %o) = @_;
    my %files = map { %{ $_->{files} } } @$sections;
    # A command that starts httpd anew, with a variable of its environment, whose files are not the server's.
    my ($name, $value) = map { $_->[0] =~ /^(\w+)='(.*)' httpd -X &\z/ } map { @{ $_->{commands} } } @$sections;
    my $var = $name ? File::Temp::tempdir('mod_interp_manual.XXXXXX', TMPDIR => 1, CLEANUP => 1) : '@var@';
    chmod 0777, $var;
    my $here = sub {
        my ($text) = @_;
        $text =~ s{/srv/perl/var}{$var}g;
        $text =~ s{/srv/lua}{\@lua\@}g;
        $text =~ s{/srv/perl}{\@root\@/srv}g;
        $text =~ s{^(<VirtualHost \*):80>}{$1:\@port\@>}mg;
        return $text =~ s{\b(252[56])\b}{\@port:own$1\@}gr;
    };
    my $s = $start->($name ? (args => ['-X'], env => { $name => $here->($value) }) : (), config => $here->(join '', map { $_->{config} } @$sections),
        files => { map { $here->($_) =~ s{^\@root\@/}{}r =~ s{^\@lua\@}{lua}r => $here->($files{$_}) } keys %files });
    $s->expect_log($o{expect}) if $o{expect};
    my $stop = sub { $s->terminate; $s->wait_ended(20); '' };
    my $shell = sub {
        my $command = $s->fill($here->($_[0])) =~ s{http://localhost/}{http://127.0.0.1:@{[$s->port]}/}gr =~ s/^curl /curl -s /r;
        return `{ $command; } 2>&1` =~ s/\r//gr;
    };
    for my $section (@$sections) {
        for (@{ $section->{commands} }) {
            my ($command, $said) = @$_;
            next if $command =~ /httpd -X &\z/;
            my $got = $command eq 'httpd -k stop' ? $stop->() : $command eq 'httpd -t' ? (TestHttpd->config_test(mpm => $s->{mpm}, %{ $s->{opt} }))[1] : $shell->($command);
            my $want = pattern($said // '');
            like $got, $command eq 'httpd -t' ? qr/$want/ : qr/\A$want\z/s, "$section->{name}: $command" or diag $s->log_since;
        }
        $s->log_like(qr/@{[pattern($_)]}/, "$section->{name}: the log says \"$_\"") for @{ $section->{log} };
    }
    $s->stop;
    return;
}

1;
