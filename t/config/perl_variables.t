# Variables of <Perl> sections become configuration, as Apache2::PerlSections does it: scalars, arrays, hashes of sections, lines as
# text; in the server, the virtual host, the order that is said here.
use lib 't/lib';
use TestHttpd;

my %modules = (
    'T/Show.pm' => <<'P',
package T::Show;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::ServerUtil ();
use APR::Table ();
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    my @all;
    $r->dir_config->do(sub { push @all, "$_[0]=$_[1]"; 1 });
    $r->print(join ' ', $r->server->server_admin, @all);
    return 0;
}
1;
P
    'T/Sections.pm' => <<'P',
package T::Sections;
use strict;
use warnings;
use Apache2::PerlSections ();
our @ISA = 'Apache2::PerlSections';
our @seen;
sub symdump { my $self = shift; push @seen, $self->package, $self->{args}{kind}; return ([PerlSetVar => 'own ' . $self->{args}{kind}]) }
sub post_config {
    my $self = shift;
    push @seen, @{ $self->directives };
    $self->SUPER::post_config;
}
1;
P
    'T/Plain.pm' => <<'P',
package T::Plain;
our @seen;
sub handler { my ($parms, $args) = @_; push @seen, ref $parms, ref $args, $args->{handler}, $parms->server->server_hostname, defined $parms->path ? 1 : 0; $parms->add_config(['PerlSetVar plain 1']); 0 }
sub refuses { 7 }
sub dies { die "not today\n" }
1;
P
    'included.conf' => "PerlSetVar included yes\n<Perl>\n\$PerlSetVar = 'inner yes';\n</Perl>\n",
);

my $config = <<'C';
PerlModule T::Show T::Plain
<Perl>
    use strict;
    our ($ServerAdmin, @PerlSetVar, %Location, @Alias, %Directory);
    my $helper = 'not seen';
    $ServerAdmin = 'admin@example.org';
    push @PerlSetVar, ['a', 'one'], 'b two', ['c' => "'three four'"];
    push @Alias, ['/x/', '@root@/'], [ '/y/' => '@root@/' ];
    $Location{'/show'} = {
        SetHandler => 'modperl',
        PerlResponseHandler => 'T::Show',
        PerlSetVar => [['d', 4], ['e', 5]],
        PerlAddVar => 'e 6',
    };
    $Location{'/show/in'}{PerlSetVar} = \'d in';
    $Location{'/show/limit'} = { Limit => { 'POST PUT' => { Require => 'all denied' } }, If => { 'true' => { PerlSetVar => 'f if' } } };
    $Location{'/show/twice'} = [{ PerlSetVar => 'g first' }, { PerlSetVar => 'h second' }];
    $Location{'/none'} = undef;
    $Location{'/text'} = 'not a section';
    $Directory{'@root@/htdocs'}{Files}{'secret.txt'} = { Require => 'all denied' };
    our $undefined;
    our @empty = ();
    our @ISA = 'T::Show';
    our $VERSION = 3;
    sub helper { 1 }
    use constant Limit => 5;
</Perl>
<Perl>
    $PerlConfig = "PerlSetVar text 1
                   PerlSetVar lines 2
                  ";
    @PerlConfig = ('<Location /show>', 'PerlSetVar in_list 3', '</Location>');
    $Include = '@root@/included.conf';
</Perl>
<Perl handler=T::Sections, kind = own>
    $Ignored = 'by the handler';
</Perl>
PerlModule T::Sections
<Perl handler=T::Sections,kind="other">
</Perl>
<Perl handler=T::Plain>
    $Ignored = 'by the handler';
</Perl>
<Perl handler=T::Plain::handler>
    $Ignored = 'by the handler';
</Perl>
# The package that all sections share: what a section has taken is not taken again.
<Perl>
    push @Apache2::ReadConfig::PerlAddVar, 'shared 1';
    $Apache2::ReadConfig::Location{'/show'}{PerlAddVar} = 'section 1';
</Perl>
<Perl>
    push @Apache2::ReadConfig::PerlAddVar, 'shared 2';
    $Apache2::ReadConfig::Location{'/show/in'}{PerlAddVar} = 'section 2';
</Perl>
# In one line: code, and no configuration.
Perl $ServerAdmin = 'nobody'; $main::file = $0;
<VirtualHost *:@port@>
    ServerName first.example
</VirtualHost>
<Perl>
    $VirtualHost{'*:@port@'} = [{
        ServerName => 'made.example',
        ServerAdmin => 'made@example.org',
        PerlSetVar => 'of made',
        Location => { '/show' => { PerlSetVar => 'in made' } },
    }];
</Perl>
<VirtualHost *:@port@>
    ServerName host.example
    <Perl>
        $ServerAdmin = Apache2::PerlSections->server->server_hostname . '@x';
        $PerlSetVar = 'of host';
        push @T::Plain::seen, $Apache2::PerlSections::Server->server_hostname;
    </Perl>
</VirtualHost>
<Location /seen>
    SetHandler modperl
    PerlResponseHandler "sub { my $r = shift; $r->print(join '|', @T::Plain::seen, @T::Sections::seen, $0 =~ /conf/ ? 'leaks' : 'own name', $main::file =~ m{/httpd\.conf$} ? 'file' : $main::file); 0 }"
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $config,
        files => { 'included.conf' => $modules{'included.conf'}, 'htdocs/secret.txt' => 'no', 'htdocs/open.txt' => 'yes' });
    my $vars = sub { my ($path, @with) = @_; my ($admin, @vars) = split ' ', $s->get($path, @with)->{content}; return ($admin, { map { my ($k, $v) = split /=/; ($k => $v) } @vars }, \@vars) };
    my @host = (Host => 'first.example');
    $s->expect_log(qr/AH01630: client denied/);
    my ($admin, $of) = $vars->('/show', @host);
    is $admin, 'admin@example.org', 'a scalar is a directive';
    is $of->{d} . $of->{e}, '46', 'a section has its directives; an array of arrays is several';
    is $of->{in_list}, '3', 'lines as a list make a section';
    my ($in, $in_vars) = ($vars->('/show/in', @host))[1, 2];
    is $in->{d}, 'in', 'a reference to a scalar is its text, and a section within comes behind the one around it';
    is $s->get('/show/limit', @host)->{status}, 200, 'a section of methods lets others through';
    is $s->post('/show/limit', 'x', @host)->{status}, 403, 'and has its directives';
    is +($vars->('/show/limit', @host))[1]{f}, 'if', '<If> too';
    my $twice = ($vars->('/show/twice', @host))[1];
    is "$twice->{g} $twice->{h}", 'first second', 'an array of hashes is several sections';
    is join(' ', map { $s->get($_, @host)->{status} } '/secret.txt', '/open.txt', '/x/htdocs/open.txt', '/y/htdocs/open.txt', '/x/htdocs/secret.txt'), '403 200 200 200 403',
        'sections nest; an array of arrays at the top is a directive for each';
    is join(' ', grep { /^(?:section|shared)/ } @$in_vars), 'shared=1 shared=2 section=1 section=2', 'the shared package is taken once';
    my $main = $s->get('/seen', @host)->{content};
    my $file = quotemeta((($s->root . '/httpd.conf') =~ s{^/}{}r =~ s{/}{::}gr =~ s/[^:\w]/_/gr));
    like $main, qr/^Apache2::CmdParms\|APR::Table\|T::Plain\|[^|]*\|0\|Apache2::CmdParms\|APR::Table\|T::Plain::handler\|[^|]*\|0\|host\.example\|/, 'a handler of its own is given the line and what it says; a section knows its server';
    like $main, qr/\|Apache2::ReadConfig::${file}::line_\d+\|own\|(?:[^|]*\|own\|)?PerlSetVar own own\|Apache2::ReadConfig::${file}::line_\d+\|other\|(?:[^|]*\|other\|)?PerlSetVar own other\|/, 'a subclass does steps its own way; packages are named after file and line';
    like $main, qr/\|own name\|file\z/, '$0 is the configuration file within code, and only there';
    my ($made_admin, $made) = $vars->('/show', Host => 'made.example');
    is "$made_admin $made->{in}", 'made@example.org made', 'a virtual host is a section like another, with sections in it';
    my ($host_admin) = $vars->('/show', Host => 'host.example');
    is $host_admin, 'host.example@x', 'in a virtual host variables are of the virtual host';
});

# What is wrong ends the start, with the section's line.
sub line_of { my ($conf, $re, $first) = @_; my $n = $first; for (split /\n/, $conf) { return $n if /$re/; $n++ } return -1 }
for my $case (
    ["<Perl>\n\n  \$Bogus = 'x';\n</Perl>", qr/Invalid command 'Bogus'.*line 1 of those given: Bogus x/, 'a name that is no directive'],
    ["<Perl>\n our \$helper = 1;\n</Perl>", qr/Invalid command 'helper'/, 'a helper that is not lexical'],
    ["<Perl>\n \$Location{'/x'}{Bogus} = 1;\n</Perl>", qr/Invalid command 'Bogus'.*line 2 of those given: Bogus 1/, 'one in a section'],
    ["<Perl>\n \$Location{'/x'}{Require} = sub { 1 };\n</Perl>", qr/Unknown type 'CODE' for directive Require/, 'a value that is none'],
    ["<Perl>\n \$PerlConfig = '<Location /x>';\n</Perl>", qr/<Location> was not closed/, 'a section that does not end'],
    ["<Perl>\n \$ServerRoot = '/nowhere/at/all';\n</Perl>", qr/ServerRoot must be a valid directory/, 'what the directive refuses'],
    ["<Perl>\n \$PerlInterpMax = 'abc';\n</Perl>", qr/PerlInterpMax: "abc" is not a number/, 'what one of ours refuses'],
    ["<Perl handler=T::Plain::refuses>\n</Perl>", qr/T::Plain::refuses, the handler of the section .* it returned 7, not Apache2::Const::OK/, 'a handler that does not return OK'],
    ["<Perl handler=T::Plain::dies>\n</Perl>", qr/the section .* not today/, 'one that dies'],
    ["<Perl handler=No::Such>\n</Perl>", qr/the section .* No::Such/, 'one that is not there'],
) {
    my ($conf, $re, $name) = @$case;
    my ($rc, $out, $first) = TestHttpd->config_test(config => "PerlModule T::Plain\n\n$conf\n", modules => \%modules);
    isnt $rc, 0, "$name ends the start";
    like $out, $re, '  and is told';
    my $line = $first + 2;
    like $out, qr/Syntax error on line $line of \S+httpd\.conf:.*^<Perl>: .*\(\S+httpd\.conf:$line\)/ms, '  with file and line of the section';
}
for my $case (["<Perl handler>\n</Perl>", qr/Perl: "handler" is not name=value/], ["<Perl handler=T::Plain\n</Perl>", qr/missing closing '>'/]) {
    my ($rc, $out) = TestHttpd->config_test(config => $case->[0]);
    isnt $rc, 0, 'a line that opens a section and says nonsense ends the start';
    like $out, $case->[1], '  and is told';
}

# Saved sections can be dumped.
{
    my ($rc, $out) = TestHttpd->config_test(config => <<'C');
<Perl>
    $Apache2::PerlSections::Save = 1;
    $ServerAdmin = "me'\@example.org";
    push @Alias, ['/a', '/b'];
    $Location{"/it's"} = { Require => 'all denied' };
    $PerlConfig = "PerlSetVar a 1\nPerlSetVar b 2";
</Perl>
<Perl>
    $ServerName = 'second';
</Perl>
<Perl>
    use strict;
    my $text = Apache2::PerlSections->dump;
    Apache2::PerlSections->store('@root@/stored.pl');
    open my $in, '<', '@root@/stored.pl' or die $!;
    my $stored = join '', <$in>;
    my @saved = Apache2::PerlSections->saved;
    print STDERR "SAVED ", scalar @saved, $text eq $stored ? ' the same' : ' another', "\n";
    package Again;
    no strict;
    eval "package Again; $text" or die $@;
    print STDERR "AGAIN $ServerAdmin @{ $Alias[0] } $Location{q(/it's)}{Require} $ServerName @PerlConfig\n";
</Perl>
C
    is $rc, 0, 'sections are saved' or diag $out;
    like $out, qr/SAVED 2 the same$/m, 'and stored as they are dumped';
    like $out, qr/AGAIN me'\@example\.org \/a \/b all denied second PerlSetVar a 1 PerlSetVar b 2$/m, 'the text leaves the same variables';
}

done_testing;
