# STDIN tied to a request had no READLINE, EOF, SEEK and TELL: `<STDIN>` died in the middle of a form.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Tied.pm' => <<'P' }, config => <<'C');
package My::Tied;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
my %how = (
    lines => sub { my @lines; while (my $line = <STDIN>) { push @lines, $line } @lines },
    list  => sub { my @lines = <STDIN>; @lines },
    slurp => sub { local $/; scalar <STDIN> },
    eof   => sub { my @chars; push @chars, getc STDIN until eof STDIN; join '', @chars },
    mixed => sub { my $line = <STDIN>; read STDIN, my $some, 3; my $char = getc STDIN; ($line, $some, $char, scalar <STDIN>) },
    tell  => sub { (tell STDIN) . ' ' . (seek(STDIN, 0, 0) ? 'sought' : 'not') },
);
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    tie *STDIN, $r;
    my @got = eval { $how{ $r->args }->() };
    untie *STDIN;
    $r->print($@ ? "died: $@" : join '|', map { $_ // 'undef' } @got);
    return Apache2::Const::OK;
}
1;
P
PerlModule My::Tied
<Location /plain>
    SetHandler modperl
    PerlResponseHandler My::Tied
</Location>
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::Tied
</Location>
C
    my $body = "one\ntwo words\n\nlast" . 'x' x 20_000;
    my %want = (
        lines => join('|', "one\n", "two words\n", "\n", substr $body, 15), slurp => $body, eof => $body,
        mixed => join('|', "one\n", 'two', ' ', "words\n"), tell => '-1 not',
    );
    $want{list} = $want{lines};
    for my $place (qw(plain script)) {
        is $s->post("/$place?$_", $body)->{content}, $want{$_}, "$place: $_" for qw(lines list slurp eof mixed tell);
    }
});

done_testing;
