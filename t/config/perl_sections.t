# <Perl> and Perl: code in the configuration, run when its line is met, in the interpreter of the server it stands in.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Sec.pm' => <<'P');
package My::Sec;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Const -compile => qw(OK DECLINED);
our @seen;
sub note { my $r = shift; $r->notes->add(added => 'named'); Apache2::Const::DECLINED }
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    $r->print(join('|', @seen), "\n", join(',', $r->notes->get('added')), "\n");
    return Apache2::Const::OK;
}
1;
P

my $conf = <<'C';
PerlModule My::Sec
<Perl>
    # a comment, and
        my $text = "a line that ends \
in a backslash";
    push @My::Sec::seen, __PACKAGE__ =~ /^Apache2::ReadConfig::[\w:]+::httpd_conf::line_\d+$/ ? 'own package' : __PACKAGE__, length $text,
        __LINE__ . ' ' . (__FILE__ =~ m{httpd\.conf$} ? 'conf' : __FILE__);
    my $s = Apache2::PerlSections->server;
    require Apache2::ServerRec;
    require APR::Table;
    $s->push_handlers(PerlFixupHandler => sub { $_[0]->notes->add(added => 'anonymous'); -1 });
    $s->push_handlers(PerlFixupHandler => \&My::Sec::note);
    $s->push_handlers(PerlFixupHandler => 'My::Sec::note');
</Perl>
Perl push @My::Sec::seen, 'one line'
<Location /sec>
    SetHandler modperl
    PerlResponseHandler My::Sec
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf);
    my ($line) = grep { slurp_lines($s)->[$_ - 1] =~ /__LINE__/ } 1 .. @{ slurp_lines($s) };
    is $s->get('/sec')->{content}, "own package|32|$line conf|one line\nanonymous,named,named\n",
        'code runs in order, with its lines and all its characters; pushed code survives cloning' if ours;
    is $s->get('/sec')->{status}, 200, 'and again';
});

sub slurp_lines { my ($s) = @_; open my $in, '<', $s->root . '/httpd.conf' or die $!; return [<$in>] }

for my $case (
    ["<Perl>\ndie 'sorry'\n</Perl>", qr/sorry at \S+httpd\.conf line \d+/, 'code that dies ends the start, with its line'],
    ["<Perl>\nmy \$x = ;\n</Perl>", qr/syntax error at \S+httpd\.conf line \d+/, 'so does what is no Perl'],
    ["<Perl>\n1;\n", qr{<Perl>: </Perl> is missing}, 'a block without an end'],
    ["<Location /x>\nPerl 1\n</Location>", qr/Perl: not allowed in a <Location> section/, 'not in a section'],
) {
    my ($config, $expect, $name) = @$case;
    my ($rc, $out) = TestHttpd->config_test(config => $config);
    isnt $rc, 0, "$name: refused";
    like $out, $expect, '  with its message';
}

done_testing;
