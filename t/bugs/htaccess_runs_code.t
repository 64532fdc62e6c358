# Whoever may write a .htaccess file runs no Perl code by it, whatever AllowOverride says; the log names the line that would allow it. With mod_perl any class
# that AllowOverride allows is enough.
use lib 't/lib';
use TestHttpd;

my %lines = (
    module  => 'PerlModule My::Mine',
    require => 'PerlRequire "@root@/htdocs/mine.pl"',
    fixup   => q{PerlFixupHandler 'sub { open my $f, ">>", "@var@/ran"; 0 }'},
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Mine.pm' => "open my \$f, '>>', '\@var\@/ran'; 1;\n" }, files => {
        'htdocs/mine.pl' => "open my \$f, '>>', '\@var\@/ran'; 1;\n",
        map { ("htdocs/$_/.htaccess" => "$lines{$_}\n", "htdocs/$_/x" => "page\n") } keys %lines,
    }, config => <<'C');
PerlModule strict
<Directory "@root@/htdocs">
    AllowOverride Indexes
</Directory>
C
    for my $name (sort keys %lines) {
        is $s->get("/$name/x")->{status}, 500, "$name: the line is an error";
        ok !-e $s->root . '/var/ran', '  and no code runs';
        unlink $s->root . '/var/ran';
    }
    $s->log_like(qr/PerlOptions \+Htaccess/, 'the log says what would allow it') if ours;
});

done_testing;
