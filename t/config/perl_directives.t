# Directives in Perl: PerlLoadModule, Apache2::Module::add and get_config. Each form of arguments, contexts, objects of servers and sections
# and how they are merged, containers, .htaccess, add_config, errors; and each interpreter has its copy of what was made once.
use lib 't/lib';
use TestHttpd;

my %modules = (
    'T/Dir.pm' => <<'P',
package T::Dir;
use strict;
use warnings;
use base 'Apache2::Module';
use Apache2::CmdParms ();
use Apache2::Command ();
use Apache2::Directive ();
use Apache2::RequestIO ();
use Apache2::RequestRec ();
use Apache2::RequestUtil ();
use Apache2::ServerRec ();
use Apache2::Const -compile => qw(OK DECLINED DECLINE_CMD :cmd_how :override :context);

our $merges = 0;
my @forms = map { { name => "Form$_", func => __PACKAGE__ . '::form', args_how => $_, cmd_data => $_ } }
    qw(RAW_ARGS TAKE1 TAKE2 TAKE12 TAKE3 TAKE23 TAKE123 TAKE13 ITERATE ITERATE2 FLAG NO_ARGS);
Apache2::Module::add(__PACKAGE__, [
    @forms,
    { name => 'DirList', func => 'list', args_how => Apache2::Const::ITERATE },
    { name => 'DirServerOnly', func => 'list', req_override => 'RSRC_CONF' },
    { name => 'DirSectionOnly', func => 'list', req_override => Apache2::Const::ACCESS_CONF },
    { name => 'DirAuth', func => 'list', req_override => 'OR_AUTHCFG|ACCESS_CONF' },
    { name => 'DirDefault' },
    T::Dir::Command->new('DirObject', 'list'),
    { name => 'DirDies', errmsg => 'dies, always' },
    { name => 'DirAdds', args_how => 'RAW_ARGS' },
    { name => 'DirEarly', func => 'list', req_override => Apache2::Const::RSRC_CONF | Apache2::Const::EXEC_ON_READ },
    { name => '<DirBlock', func => 'block', args_how => 'RAW_ARGS' },
    # A directive of the core's: declined if it says so.
    { name => 'UseCanonicalName', func => 'declines', args_how => 'TAKE1', req_override => 'RSRC_CONF' },
]);

sub DIR_CREATE { my ($class, $parms) = @_; return bless { made_for => $parms->path // 'none', list => [] }, $class }
sub SERVER_CREATE { my ($class, $parms) = @_; return bless { made_by => $parms->cmd->name, list => [] }, $class }
sub _merge { my ($base, $add) = @_; $merges++; return bless { %$base, %$add, list => [@{ $base->{list} }, @{ $add->{list} }] }, ref $base }
sub DIR_MERGE    { return _merge(@_) }
sub SERVER_MERGE { return _merge(@_) }

sub form { my ($self, $parms, @words) = @_; push @{ $self->{forms} }, $parms->info . '(' . join('|', map { "<$_>" } @words) . ')'; return }
sub list {
    my ($self, $parms, $word) = @_;
    push @{ $self->{list} }, $word;
    push @{ $self->get_config($parms->server)->{list} }, $word unless $parms->path;
    return;
}
sub DirDefault { my ($self, $parms, @words) = @_; $self->{default} = "@words"; $self->{info} = $parms->info; return }
sub DirDies    { die "no such thing: $_[2]\n" }
sub DirAdds    { my ($self, $parms, $line) = @_; $parms->add_config([$line]); return }
sub declines   { my ($self, $parms, $word) = @_; $self->{declined} = $word; return Apache2::Const::DECLINE_CMD }
sub block {
    my ($self, $parms, $head) = @_;
    $head =~ s/>\z//;
    my $node = $parms->directive;
    my @lines;
    for (my $at = $node->first_child; $at; $at = $at->next) { push @lines, $at->directive . '=' . $at->args }
    $self->{block} = join ',', $head, @lines, $node->first_child->parent->line_num == $node->line_num ? 'parent' : 'lost';
    $self->{text} = $node->as_string;
    return;
}

sub show {
    my ($r) = @_;
    my $s = $r->server;
    my $dir = __PACKAGE__->get_config($s, $r->per_dir_config);
    my $of_server = Apache2::Module::get_config(__PACKAGE__, $s);
    my $text = sub { my $o = shift or return 'undef'; join ' ', ref $o, map { my $v = $o->{$_}; "$_=" . (ref $v ? "[@$v]" : $v // 'undef') =~ s/\n/;/gr } sort keys %$o };
    $r->print(join "\n", $text->($dir), $text->($of_server), $merges, Apache2::Module::get_config('No::Such', $s) // 'none', '');
    $dir->{touched}++ if $r->args && $r->args eq 'touch';
    return Apache2::Const::OK;
}
sub adds {
    my ($r) = @_;
    $r->add_config(['DirList of_request'], -1, '/added') if ($r->args // '') eq 'add';
    return Apache2::Const::DECLINED;
}

package T::Dir::Command;
sub new { my ($class, @of) = @_; return bless [@of], $class }
sub name { $_[0][0] }
sub func { $_[0][1] }
1;
P
    # No merges, no creation, added by PerlModule; its merge dies.
    'T/Plain.pm' => <<'P',
package T::Plain;
use strict;
use warnings;
use base 'Apache2::Module';
use Apache2::CmdParms ();
Apache2::Module::add(__PACKAGE__, [{ name => 'PlainValue' }, { name => 'PlainOther' }]);
sub PlainValue { my ($self, $parms, $word) = @_; $self->{value} = $word }
sub PlainOther { my ($self, $parms, $word) = @_; $self->{other} = $word }
sub show {
    my $r = shift;
    my $o = __PACKAGE__->get_config($r->server, $r->per_dir_config);
    my $s = __PACKAGE__->get_config($r->server);
    $r->print(join ' ', map { ref $_ ? map { "$_[0]" } () : () } ());
    $r->print(join '|', map { my $x = $_; ref $x ? join(',', ref $x, map { "$_=$x->{$_}" } sort keys %$x) : 'undef' } $o, $s);
    return 0;
}
1;
P
    'T/Broken.pm' => <<'P',
package T::Broken;
use strict;
use warnings;
use Apache2::Module ();
Apache2::Module::add(__PACKAGE__, [{ name => 'BrokenValue' }]);
sub BrokenValue { my ($self, $parms, $word) = @_; $self->{value} = $word }
sub DIR_MERGE { die "cannot merge $_[0]{value} and $_[1]{value}\n" }
sub show { my $r = shift; my $o = Apache2::Module::get_config(__PACKAGE__, $r->server, $r->per_dir_config); $r->print($o ? $o->{value} : 'undef'); 0 }
1;
P
    'post.pl' => 'package T::Post; our @seen = ref Apache2::Module::get_config("T::Dir", Apache2::ServerUtil->server); 1;',
);

my $config = <<'C';
PerlModule Apache2::ServerUtil
PerlLoadModule T::Dir
PerlModule T::Plain
PerlLoadModule T::Broken
PerlPostConfigRequire @lib@/post.pl
FormRAW_ARGS  some "quoted words"  here
FormTAKE1 one
FormTAKE2 one "two words"
FormTAKE12 one
FormTAKE12 one two
FormTAKE3 one two three
FormTAKE23 one two
FormTAKE23 one two three
FormTAKE123 one
FormTAKE123 one two three
FormTAKE13 one
FormTAKE13 one two three
FormITERATE a b c
FormITERATE2 key a b
FormFLAG on
FormFLAG Off
FormNO_ARGS
DirList main1 main2
DirServerOnly main3
DirEarly early
PlainValue main
BrokenValue main
UseCanonicalName On
<DirBlock a name>
    # a comment
    Any Thing it likes
    Another "one"
    <Inner x>
        Deep 1
    </Inner>
</DirBlock>
PerlFixupHandler T::Dir::adds
SetHandler modperl
PerlResponseHandler T::Dir::show
<Location /in>
    DirList in1
    DirSectionOnly in2
    DirDefault yes
    DirObject in3
    DirAdds DirList "in four"
</Location>
<Location /in/deep>
    DirList deep
</Location>
<Location /plain>
    PerlResponseHandler T::Plain::show
</Location>
<Location /plain/in>
    PlainOther in
</Location>
<Location /broken>
    PerlResponseHandler T::Broken::show
</Location>
<Location /broken/in>
    BrokenValue inner
</Location>
<Location /post>
    PerlResponseHandler "sub { $_[0]->print(qq(@T::Post::seen)); 0 }"
</Location>
<Directory @root@/htdocs/h>
    AllowOverride AuthConfig
</Directory>
<VirtualHost *:@port@>
    ServerName first.example
</VirtualHost>
<VirtualHost *:@port@>
    ServerName host.example
    DirList host1
    <Location /in>
        DirList host2
    </Location>
</VirtualHost>
C
my %files = (
    'htdocs/h/ok/.htaccess' => "DirList from_htaccess\nDirAuth auth\n", 'htdocs/h/ok/x' => 'x',
    'htdocs/h/no/.htaccess' => "DirServerOnly x\n",  'htdocs/h/no/x' => 'x',
    'htdocs/h/dies/.htaccess' => "DirDies here\n", 'htdocs/h/dies/x' => 'x',
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $config, files => \%files);
    my $of = sub { my ($path, $host) = @_; return split /\n/, $s->get($path, Host => $host // 'first.example')->{content} };

    my ($dir, $server, $merges, $none) = $of->('/');
    my @main = qw(main1 main2 main3 early);
    is +($dir =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early', 'lines outside of sections are those of the server\'s default; one that wants to be run early is run all the same';
    is +($server =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early', 'an object of the server is found while its lines are read, and later';
    like $server, qr/^T::Dir .*made_by=FormRAW_ARGS/, 'SERVER_CREATE is told of the line';
    like $dir, qr/^T::Dir .*made_for=none/, 'so is DIR_CREATE';
    is +($dir =~ /forms=\[(.*?)\] /)[0], 'RAW_ARGS(<some "quoted words"  here>) TAKE1(<one>) TAKE2(<one>|<two words>) TAKE12(<one>) TAKE12(<one>|<two>)'
        . ' TAKE3(<one>|<two>|<three>) TAKE23(<one>|<two>) TAKE23(<one>|<two>|<three>) TAKE123(<one>) TAKE123(<one>|<two>|<three>)'
        . ' TAKE13(<one>) TAKE13(<one>|<two>|<three>) ITERATE(<a>) ITERATE(<b>) ITERATE(<c>) ITERATE2(<key>|<a>) ITERATE2(<key>|<b>) FLAG(<1>) FLAG(<0>) NO_ARGS()',
        'each form of arguments';
    like $dir, qr/block=a name,Any=Thing it likes,Another="one",<Inner=x>,parent /, 'a container sees the lines within';
    like $dir, qr/text=Any Thing it likes;Another "one";<Inner x>;/, 'as text too';
    like $dir, qr/declined=On/, 'a directive that the core has as well is asked first, and may decline';
    is $none, 'none', 'a package without directives has no object';

    ($dir) = $of->('/in');
    is +($dir =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early in1 in2 in3 in four', 'a section is merged with what is around it; sections have their own contexts; a line may add lines';
    like $dir, qr/default=yes .*info=undef .*made_for=\/in/, 'defaults: the sub of the name, one argument, no data';
    ($dir) = $of->('/in/deep');
    is +($dir =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early in1 in2 in3 in four deep', 'three deep';
    ($dir, $server) = $of->('/in', 'host.example');
    is +($dir =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early host1 in1 in2 in3 in four host2', 'in a virtual host, as httpd merges: what stands outside of sections, then the sections';
    is +($server =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early host1', 'its object is merged with the main server\'s';
    is $s->get('/plain')->{content}, 'T::Plain,value=main|T::Plain', 'without DIR_CREATE an object is an empty hash of the package';
    is $s->get('/plain/in')->{content}, 'T::Plain,other=in|T::Plain', 'without DIR_MERGE the inner one takes the place of the outer one';
    is $s->get('/broken')->{content}, 'main', 'where nothing is merged nothing dies';
    is $s->get('/broken/in')->{content}, 'undef', 'a DIR_MERGE that dies leaves nothing';
    $s->log_like(qr/\[perl:error\].*T::Broken->DIR_MERGE: cannot merge main and inner/, 'and the log has why');
    is $s->get('/post')->{content}, 'T::Dir', 'PerlPostConfigRequire finds the objects';

    # .htaccess, add_config.
    $s->expect_log(qr{/\.htaccess: });
    for (1 .. 2) {
        ($dir) = $of->('/h/ok/x');
        is +($dir =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early from_htaccess auth', 'a line in .htaccess that AllowOverride allows is merged, for this request';
    }
    is +(($of->('/'))[0] =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early', 'and for no other';
    for my $case (['no', qr/DirServerOnly not allowed here/, 'what belongs to the server is refused there'], ['dies', qr/DirDies: no such thing: here/, 'one that dies is an error']) {
        my ($at, $re, $name) = @$case;
        is $s->get("/h/$at/x")->{status}, 500, $name;
        $s->log_like($re, '  and told');
    }
    ($dir) = $of->('/in?add');
    is +($dir =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early in1 in2 in3 in four of_request', 'lines that a script adds to a request are merged';
    like $dir, qr{made_for=/added}, 'with the path that it says';
    is +(($of->('/in'))[0] =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early in1 in2 in3 in four', 'and end with it';

    # Merged once in each interpreter.
    my @n = map { ($of->('/in/deep'))[2] } 1 .. 30;
    cmp_ok $n[-1], '<=', 30, "DIR_MERGE is not called for each request ($n[-1] times so far in that interpreter)";

    $s->log_unlike(qr/panicked|Segmentation/, 'nothing broke');
    $s->graceful;
    is +(($of->('/in/deep'))[0] =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early in1 in2 in3 in four deep', 'after a restart all is there again, once';
    $s->restart;
    is +(($of->('/'))[0] =~ /\blist=\[(.*?)\]/)[0], 'main1 main2 main3 early', 'after another, too';
});

# What is wrong.
for my $case (
    ['DirDies here', qr/no such thing: here/, 'a directive that dies'],
    ["<Location /x>\nDirServerOnly x\n</Location>", qr/DirServerOnly not allowed in <Location> context/, 'one of the server in a section'],
    ['DirSectionOnly x', qr/DirSectionOnly not allowed here/, 'one of sections outside of all'],
    ['FormTAKE2 one', qr/FormTAKE2 takes two arguments/, 'too few words'],
    ['DirDies a b', qr/DirDies takes one argument, dies, always/, 'too many: with the directive\'s own text'],
    ['DirAdds Bogus line', qr/Invalid command 'Bogus'/, 'a line that adds what is no directive'],
) {
    my ($line, $re, $name) = @$case;
    my ($rc, $out, $first) = TestHttpd->config_test(config => "PerlLoadModule T::Dir\n\n$line\n", modules => \%modules);
    isnt $rc, 0, "$name ends the start";
    like $out, $re, '  and is told';
    my $at = $first + 2 + ($line =~ /\n/ ? 1 : 0);
    like $out, qr/Syntax error on line $at of \S+httpd\.conf/, '  with its file and line';
}
for my $case (
    ['PerlLoadModule No::Such::One', qr/No::Such::One.*Can't locate/s, 'a module that is not there'],
    ['PerlLoadModule T::Bad1', qr/Apache2::Module::add\(T::Bad1\) failed : directive 1 of T::Bad1 has no name at \S+Bad1\.pm line 3/, 'a directive without a name'],
    ['PerlLoadModule T::Bad2', qr/args_how of X: Apache2::Const has no TAKE9/, 'a form of arguments that is none'],
    ['PerlLoadModule T::Bad3', qr/args_how=77: a directive takes its arguments in no such way/, 'a number that is none'],
    ['PerlLoadModule T::Bad4', qr/Usage: Apache2::Module::add\(__PACKAGE__, \[\]\)/, 'no list'],
    ['PerlLoadModule T::Bad5', qr/directive 2 of T::Bad5 is neither a hash nor an object/, 'an element that is none'],
    ["<Location /x>\nPerlLoadModule T::Plain\n</Location>", qr/PerlLoadModule: not allowed in a <Location> section/, 'PerlLoadModule in a section'],
) {
    my ($line, $re, $name) = @$case;
    my $bad = sub { "package T::Bad$_[0];\nuse Apache2::Module ();\nApache2::Module::add(__PACKAGE__, $_[1]);\n1;\n" };
    my ($rc, $out) = TestHttpd->config_test(config => "$line\n", modules => { %modules, 'T/Bad1.pm' => $bad->(1, '[{ func => "x" }]'), 'T/Bad2.pm' => $bad->(2, '[{ name => "X", args_how => "TAKE9" }]'),
        'T/Bad3.pm' => $bad->(3, '[{ name => "X", args_how => 77 }]'), 'T/Bad4.pm' => $bad->(4, '{}'), 'T/Bad5.pm' => $bad->(5, '[{ name => "X" }, 1]') });
    isnt $rc, 0, "$name ends the start";
    like $out, $re, '  and is told';
}
{
    my $many = join '', map { "PerlLoadModule T::Many$_\n" } 1 .. 40;
    my ($rc, $out) = TestHttpd->config_test(config => "$many<Perl>\nrequire T::Many41;\nrequire T::Many42;\n</Perl>\nMany40 x\nMany42 x\n",
        modules => { map { ("T/Many$_.pm" => "package T::Many$_; use Apache2::Module (); Apache2::Module::add(__PACKAGE__, [{ name => 'Many$_' }]); sub Many$_ { 1 } 1;\n") } 1 .. 42 });
    is $rc, 0, 'forty modules, and some that code makes, have room' or diag $out;
    my $code = join '', map { "package T::Own$_; Apache2::Module::add(__PACKAGE__, [{ name => 'Own$_' }]);\n" } 1 .. 20;
    ($rc, $out) = TestHttpd->config_test(config => "<Perl>\nuse Apache2::Module ();\n$code</Perl>\n");
    isnt $rc, 0, 'more than there is room for';
    like $out, qr/httpd has no room for another module: load this one by a line PerlLoadModule of its own/, '  is refused, with what to do';
}

done_testing;
