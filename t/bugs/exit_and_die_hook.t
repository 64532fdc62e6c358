# exit ends a handler and is no error: $SIG{__DIE__} is not called, wherever it was set, and the hook is there afterwards.
use lib 't/lib';
use TestHttpd;

my %modules = (trace_module, 'My/Exit.pm' => <<'P');
package My::Exit;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use ModPerl::Util ();
$SIG{__DIE__} = sub { T::Trace::note('hook', ref $_[0] || $_[0]); die "died: $_[0]" };
my %how = (
    exit   => sub { exit },
    util   => sub { ModPerl::Util::exit() },
    local  => sub { local $SIG{__DIE__} = sub { die "inner" }; exit },
    child  => sub {
        my $pid = fork;
        if (defined $pid && !$pid) { local $SIG{__DIE__} = sub { die "in the child" }; exit 3 }
        waitpid $pid, 0;
        $_[0]->print($? >> 8);
    },
    die    => sub { eval { die "real\n" }; $_[0]->print($@) },
);
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print('page '); $how{ $r->args }->($r); 0 }
1;
P
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule My::Exit
<Location />
    SetHandler modperl
    PerlResponseHandler My::Exit
</Location>
C
    is $s->get("/?$_")->{content}, 'page ', $_ for qw(exit util local);
    is_deeply [grep { /^hook/ } $s->trace], [], 'the hook was not called';
    is $s->get('/?child')->{content}, 'page 3', 'a child\'s status is what it says' if ours;
    is $s->get('/?die')->{content}, "page died: real\n", 'die calls the hook';
});

done_testing;
