# ModPerl::Util::unload_package empties a package's globs and leaves them where they are: code that was compiled before, in
# other packages, finds by them what is defined later. It deleted them, and such code went on with the old subs and variables.
use lib 't/lib';
use TestHttpd;

my %modules = ('T/Part.pm' => <<'P', 'T/Other.pm' => <<'P', 'T/Look.pm' => <<'P');
package T::Part;
use strict;
use warnings;
our $scalar = 'old';
our @array  = ('old') x 2;
our %hash   = (old => 1);
our @ISA    = 'T::Part::Base';
our $shared = \$scalar;
use constant ANSWER => 41;
use List::Util 'sum';               # compiled code of another package
sub f { 'old f' }
sub m { 'old m' }
sub gone { 'old gone' }
sub lent { 'old lent' }
sub proto ($$) { "old $_[1]" }
open our $file, '<', $0;
open FILE, '<', '/dev/null';
package T::Part::Base;
sub inherited { 'base' }
package T::Part::Below;
sub below { 'below' }
1;
P
package T::Other;
our $their = 'theirs';
our @list  = (1, 2, 3);
sub theirs { 'theirs' }
*T::Part::imported = \&theirs;
*T::Part::their    = \$their;
*T::Part::list     = \@list;
1;
P
package T::Look;
use strict;
use warnings;
no warnings 'once';
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use ModPerl::Util ();
use T::Part ();
use T::Other ();
our $code = \&T::Part::lent;
*lent = \&T::Part::lent;
sub say_of { my ($what) = @_; return eval { $what->() } // ($@ ? 'dies' : 'undef') }
my @look = (
    sub { T::Part::f() }, sub { &T::Part::f }, sub { T::Part->m }, sub { T::Part->can('gone') ? 'can' : 'cannot' }, sub { T::Part::gone() },
    sub { defined &T::Part::gone ? 'defined' : 'not defined' }, sub { $T::Part::scalar }, sub { "@T::Part::array" }, sub { join ',', %T::Part::hash },
    sub { T::Part->inherited }, sub { T::Part::Below::below() }, sub { eval 'T::Part::proto(1, 2)' // 'dies' }, sub { defined fileno T::Part::FILE ? 'open' : 'closed' },
    sub { T::Part::ANSWER() }, sub { $code->() }, sub { lent() }, sub { T::Other::theirs() . " $T::Other::their @T::Other::list" },
    sub { exists $INC{'T/Part.pm'} ? 'in' : 'out' }, sub { List::Util::sum(1, 2) },
);
sub all { return join('|', map { say_of($_) } @look) . "\n" }
sub handler {
    my $r = shift;
    $r->print(all());
    ModPerl::Util::unload_package('T::Part');
    $r->print(all());
    eval q{package T::Part; our $scalar = 'new'; our @array = 'new'; our %hash = (new => 2); our @ISA = 'T::Look::Base'; sub f { 'new f' } sub m { 'new m' } 1} or die $@;
    $r->print(all());
    $r->print(join('|', ModPerl::Util->can('unload_package_xs') ? 1 : 0, $ModPerl::Util::DEFAULT_UNLOAD_METHOD), "\n");
    return 0;
}
sub T::Look::Base::inherited { 'new base' }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule T::Look
PerlInterpStart 1
PerlInterpMax 1
<Location /look>
    SetHandler modperl
    PerlResponseHandler T::Look
</Location>
C
    my ($before, $between, $after, $names) = split /\n/, $s->get('/look')->{content};
    is $before, 'old f|old f|old m|can|old gone|defined|old|old old|old,1|base|below|old 2|open|41|old lent|old lent|theirs theirs 1 2 3|in|3', 'before';
    is $between, 'dies|dies|dies|cannot|dies|not defined|undef|||dies|below|dies|closed|41|old lent|old lent|theirs theirs 1 2 3|out|3',
        'the package is empty; what others hold of it, and what it had of others, is theirs' if ours;
    is $after, 'new f|new f|new m|cannot|dies|not defined|new|new|new,2|new base|below|dies|closed|41|old lent|old lent|theirs theirs 1 2 3|out|3',
        'code compiled before sees what is defined now' if ours;
    is $names, '1|unload_package_pp', 'both names, and the variable that chooses';
});

done_testing;
