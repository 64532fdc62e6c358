# Apache2::Status: pages about the interpreter. Under event with CGI.pm, under prefork without.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $hides = ours && $mpm eq 'prefork' ? 1 : 0;
    my $s = TestHttpd->start(
        mpm     => $mpm,
        modules => { 'My/Shown.pm' => <<'P' },
package My::Shown;
use strict;
use warnings;
use Apache2::Module ();
our $scalar = 'a<b';
our @array  = (1, [2]);
our %hash   = ('k&' => 'v');
our @ISA    = 'My::Base';
our $VERSION = '1.25';
use constant FIXED => 7;
sub shown ($;@) { my ($lexical, @list) = @_; return $lexical ? 1 : 0 }
sub My::Base::base { 1 }
if (Apache2::Module::loaded('Apache2::Status')) {
    Apache2::Status->menu_item(mine => 'My Own & Only', sub { my ($r, $q) = @_; return [ref $r, ' ', scalar($q->param('x')), ' ', $q->script_name, "\n"] });
    Apache2::Status->menu_item(named => 'By Name');
}
sub Apache2::Status::status_named { return ['by its name'] }
1;
P
        files => {
            'htdocs/cgi/shown.pl' => qq(sub of_script { 1 } print "ran\\n";),
            'startup.pl' => $hides ? q(unshift @INC, sub { die "hidden\n" if $_[1] eq 'CGI.pm'; return }; 1;) : '1;',
        },
        config => <<'C');
@one_child@
PerlInterpStart 1
PerlInterpMax 1
PerlRequire @root@/startup.pl
PerlModule Apache2::Status ModPerl::Registry My::Shown
<Location /cgi>
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    Options +ExecCGI
</Location>
<Location /status>
    SetHandler perl-script
    PerlResponseHandler Apache2::Status
    PerlSetVar StatusOptionsAll On
    PerlSetVar StatusDeparseOptions "-p -sC"
</Location>
<Location /plain/>
    SetHandler modperl
    PerlResponseHandler Apache2::Status
</Location>
<LocationMatch ^/ters[e]>
    SetHandler modperl
    PerlResponseHandler Apache2::Status
    PerlSetVar StatusTerse On
</LocationMatch>
C
    is $s->get('/cgi/shown.pl')->{content}, "ran\n", 'a registry script runs';
    my $page = sub { my $answer = $s->get($_[0]); return $answer->{status} == 200 ? $answer->{content} : $answer->{status} };
    my $version = sprintf 'v%vd', $^V;

    # ---- the menu
    my $menu = $page->('/status');
    like $menu, qr{Embedded Perl version <b>\Q$version\E</b> for <b>Apache/.*</b> process <b>\d+</b>.*running since}s, 'the head says what runs';
    like $menu, qr{<a href="/status\?$_->[0]">\Q$_->[1]\E</a>}, "the menu has $_->[1]"
        for ['env', 'Environment'], ['inc', 'Loaded Modules'], ['inh_tree', 'Inheritance Tree'], ['isa_tree', 'ISA Tree'], ['myconfig', 'Perl Configuration'],
        ['rgysubs', 'Compiled Registry Scripts'], ['script', "PerlRequire'd Files"], ['sig', 'Signal Handlers'], ['symdump', 'Symbol Table Dump'], ['mine', ours ? 'My Own &amp; Only' : 'My Own & Only'];
    like $menu, qr/\?named">By Name/, 'an item without a sub';

    # ---- pages
    my %page = map { $_ => $page->("/status?$_") } qw(script myconfig rgysubs section_config env isa_tree symdump inc inh_tree sig mine&x=3 named);
    like $page{script}, qr/startup\.pl/, 'files that were required';
    like $page{myconfig}, qr/Summary of my perl5/, 'how perl was configured';
    like $page{rgysubs}, qr{<h4>ModPerl::Registry:</h4>.*\?ModPerl::ROOT::ModPerl::Registry::\w*shown_2epl"}s, 'registry scripts by their handler';
    like $page{section_config}, qr{1;\n__END__}, 'what Perl sections have left';
    like $page{env}, qr/Under the "perl-script" handler.*GATEWAY_INTERFACE = CGI/s, 'the environment';
    like $page->('/plain/?env'), qr/Under the "modperl" handler.*MOD_PERL = /s, 'and that under modperl';
    like $page{isa_tree}, qr/^My::Shown\n\tMy::Base$/m, 'classes and their parents';
    like $page{inh_tree}, qr/^My::Base\n\tMy::Shown$/m, 'classes and their children';
    like $page{inc}, qr{<td><a href="/status\?My::Shown">My::Shown</a></td><td>1\.25</td><td>[^<]+</td><td>[^<]*/My/Shown\.pm</td>}, 'modules with version, time and file';
    like $page{sig}, qr/^PIPE = /m, 'signal handlers';
    like $page{symdump}, qr{<a href="/status\?My">My</a>}, 'packages';
    is $page{'mine&x=3'} =~ /^(Apache2::RequestRec.*)$/m ? $1 : '', 'Apache2::RequestRec 3 /status', 'a page of another module, with the request and a query';
    like $page{named}, qr/by its name/, 'one by the name of its sub';

    # ---- a package and what is in it
    my $package = $page->('/status?My::Shown');
    like $package, qr{/status/My::Shown::$_->[0]/$_->[1]\?$_->[2]">}, "the package has $_->[0]"
        for [qw(scalar SCALAR data_dump)], [qw(array ARRAY data_dump)], [qw(hash HASH data_dump)], [qw(shown FUNCTION cv_dump)], [qw(FIXED FUNCTION cv_dump)];
    like $page->('/status/My::Shown::hash/HASH?data_dump'), qr/%My::Shown::hash = \(\s+'k&amp;' =&gt; 'v'\s+\);/, 'the data of a hash';
    like $page->('/status/My::Shown::array/ARRAY?data_dump'), qr/\@My::Shown::array = \(\s+1,\s+\[\s+2\s+\]\s+\);/, 'of an array';
    like $page->('/status/My::Shown::scalar/SCALAR?data_dump'), qr/'a&lt;b'/, 'of a scalar, without markup of its own';
    my $sub = $page->('/status/My::Shown::shown/FUNCTION?cv_dump');
    like $sub, qr{File: <a .*My/Shown\.pm.*Package: <a.*My::Shown.*Line: \d+\nPrototype: \$;\@\nXSUB: no}s, 'where a sub is from';
    like $sub, qr{/$_->[0]"|/$_->[0]\?$_->[1]">}, "a link to $_->[1]" for ['status/My::Shown::shown', 'noh_b_deparse'], ['status/exec/My::Shown::shown', 'noh_b_terse'];
    like $page->('/status/My::Shown::shown?noh_b_deparse'), qr/sub My::Shown::shown.*\{.*\(my\(\$lexical, \@list\) = \@_\);/s, 'a sub deparsed, with the options of the configuration';
    like $page->('/status/exec/My::Shown::shown?noh_b_terse'), qr/cond_expr/, 'its tree in the order of execution';
    like $page->("/status/$_/My::Shown::shown?noh_b_terse"), qr/leavesub/, "its tree, $_" for qw(slow basic);
    like $page->('/status/exec/Apache2::Const::OK?noh_b_terse'), qr/Apache2::Const::OK/, 'of a constant';
    like $page->('/status/My::Shown::shown?noh_xref'), qr/\S/, 'cross references';
    like $page->('/terse/basic/My::Shown::shown?noh_b_terse'), qr/leavesub/, 'one option alone';
    if (ours) {
        like $page->('/status/My::Shown::shown?noh_b_lexinfo'), qr/\$lexical\n.*\@list\n/s, 'its lexical variables';
        is $page->('/terse/My::Shown::shown?noh_b_deparse'), 404, 'what is off is not shown';
        unlike $page->('/plain/My::Shown::scalar/SCALAR?data_dump'), qr/a&lt;b/, 'nor data';
        is $page->("/status$_"), 404, "$_: there is no such thing" for '?No::Such', '/My::Shown::none/ARRAY?data_dump', '?noh_none', '/No::Such::sub?noh_b_deparse';
        unlike $page->('/status?symdump'), qr/"\/status\?No"/, 'and asking has made none';
        my $pool = $page->('/status?pool');
        like $pool, $mpm eq 'prefork' ? qr/One interpreter/ : qr/PerlInterpMax = 1\n/, 'the pool of interpreters';
    }
});

done_testing;
