# PerlInterpTrim: what idle interpreters hold in large buffers is given back; data that lives is kept.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'a directive of ours' unless ours;

my %modules = ('My/Trim.pm' => <<'P');
package My::Trim;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
my %cache = (key => 'c' x 3_000_000);
sub handler {
    my $r = shift;
    my $how = $r->args || '';
    $r->content_type('text/plain');
    if ($how eq 'big') { my $text = 'x' x 50_000_000; $text .= 'y'; $r->print(length $text) }
    else               { $r->print(length $cache{key}, ' ', substr($cache{key}, -1)) }
    return Apache2::Const::OK;
}
1;
P
my $BASE = <<'C';
PerlModule My::Trim
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMinSpare 1
PerlInterpMaxSpare 1
<Location /t>
    SetHandler modperl
    PerlResponseHandler My::Trim
</Location>
C

for my $case (['PerlInterpTrim 1M', 1], ['PerlInterpTrim report 1M', 0], ['', 0]) {
    my ($line, $shrinks) = @$case;
    my $s = TestHttpd->start(mpm => 'event', modules => \%modules, config => "$line\nLogLevel perl:info\n$BASE");
    my ($child) = $s->child_pids;
    is $s->get('/t')->{content}, '3000000 c', 'a cache of the module';
    my $before = $s->private_memory($child);
    is $s->get('/t?big')->{content}, 50_000_001, 'a handler builds a large string';
    my $small = wait_until(sub { $s->private_memory($child) < $before + 2_000_000 }, $shrinks ? 20 : 3);
    # AddressSanitizer keeps freed memory for a while.
    if ($shrinks) { ok $small || $ENV{T_PRELOAD}, "$line: the memory is back" }
    else          { ok !$small, ($line || 'without the directive') . ': the memory stays' }
    $s->log_like(qr/PerlInterpTrim|large buffers|trim/i, '  and the log tells how much') if $line =~ /report/;
    is $s->get('/t')->{content}, '3000000 c', '  and the cache is whole';
    is $s->get('/t?big')->{content}, 50_000_001, '  and the handler runs again';
    $s->stop;
}

done_testing;
