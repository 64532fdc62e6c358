# An argument that script code frees or changes while it is being written: what was given arrives whole. The code that does so
# runs inside the call, through server-side includes in what is printed. Under `make asan` a byte read too late ends the process.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'needs mod_include' unless TestHttpd::have_httpd_module('include');

my @HOWS = qw(undef assign shrink local gone same array hash);
my %modules = ('My/Freed.pm' => <<'P');
package My::Freed;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::SubRequest ();
use Apache2::Filter ();
use Apache2::Response ();
use Apache2::Const -compile => qw(OK);
our ($buffer, @junk, $how, @list, %hash, $object, $count);
sub text { ('x' x 5000) . '<!--#include virtual="/free" -->' . ('y' x 60_000) . 'end' }
sub handler {
    my $r = shift;
    (my $call, $how) = split /,/, $r->args;
    $r->content_type('text/html');
    $count = 0;
    @junk = ();
    $buffer = text();
    @list = ($buffer, 'after');
    %hash = (b => $buffer);
    $object = bless \(my $x = text()), 'My::Freed::Object';
    if    ($call eq 'print')  { $r->print($buffer) }
    elsif ($call eq 'puts')   { $r->puts($buffer) }
    elsif ($call eq 'write')  { $r->write($buffer) }
    elsif ($call eq 'part')   { $r->write($buffer, length($buffer) - 10, 10) }
    elsif ($call eq 'printf') { $r->printf('%s', $buffer) }
    elsif ($call eq 'list')   { $r->print(@list) }
    elsif ($call eq 'hash')   { $r->print($hash{b}, 'after') }
    elsif ($call eq 'temp')   { $r->print(text() . '') }
    elsif ($call eq 'object') { $r->print($object, 'after') }
    elsif ($call eq 'args')   { inner($r, $buffer) }
    elsif ($call eq 'script') { print $buffer }
    elsif ($call eq 'flush')  { my $copy = $buffer; $r->print(substr $copy, 0, 5100); $r->rflush; $r->print(substr $copy, 5100) }
    elsif ($call eq 'send')   { my $name = $INC{'My/Freed.pm'} =~ s/lib.My.Freed\.pm/htdocs\/page.txt/r; $buffer = $name; $r->sendfile($buffer) }
    elsif ($call eq 'run')    { $buffer = '/inc.shtml'; $r->lookup_uri($buffer)->run }
    return Apache2::Const::OK;
}
sub inner { my $r = shift; $r->print($_[0], $_[0]) }
# Frees what the call above was given, and has the memory used for something else.
sub free {
    my $r = shift;
    $r->content_type('text/plain');
    $count++;
    if    ($how eq 'undef')  { undef $buffer; undef $object }
    elsif ($how eq 'assign') { $buffer = 'z'; $buffer = 'z' x 300_000 }
    elsif ($how eq 'shrink') { substr $buffer, 0, 40_000, ''; chop $buffer }
    elsif ($how eq 'local')  { local $buffer = 'z' }
    elsif ($how eq 'gone')   { no strict 'refs'; undef *{'My::Freed::buffer'} }
    elsif ($how eq 'same')   { $buffer =~ s/y/z/g; $buffer =~ tr/x/z/ }
    elsif ($how eq 'array')  { @list = (); $#list = -1; $buffer = '' }
    elsif ($how eq 'hash')   { %hash = (); delete $hash{b} }
    push @junk, map { 'z' x (65_000 + $_) } 1 .. 8;
    $r->print('freed');
    return Apache2::Const::OK;
}
package My::Freed::Object;
use overload '""' => sub { ${ $_[0] } };
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, load => ['include'], modules => \%modules,
        files => { 'htdocs/page.txt' => 'p' . ('x' x 100) . '<!--#include virtual="/free" -->' . ('y' x 50_000) . 'end', 'htdocs/inc.shtml' => '<!--#include virtual="/free" -->end' },
        config => <<'C');
PerlModule My::Freed
<Location /w>
    SetHandler modperl
    PerlResponseHandler My::Freed
    SetOutputFilter INCLUDES
    Options +Includes
</Location>
<Location /s>
    SetHandler perl-script
    PerlResponseHandler My::Freed
    SetOutputFilter INCLUDES
    Options +Includes
</Location>
<Location /free>
    SetHandler modperl
    PerlResponseHandler My::Freed::free
</Location>
<Location /inc.shtml>
    SetOutputFilter INCLUDES
    Options +Includes
</Location>
C
    my $whole = ('x' x 5000) . 'freed' . ('y' x 60_000) . 'end';
    my %want = (
        list => "${whole}after", hash => "${whole}after", object => "${whole}after", args => $whole . $whole, part => substr($whole, 10),
        send => 'p' . ('x' x 100) . 'freed' . ('y' x 50_000) . 'end', run => 'freedend',
    );
    for my $call (qw(print puts write part printf list hash temp object script flush send run args)) {
        my @wrong;
        for my $how (@HOWS) {
            # A script that changes its own variable between two arguments changes what comes after it, with mod_perl as well.
            next if $call eq 'args' && $how ne 'local' && $how ne 'hash';
            my $got = $s->get(($call eq 'script' ? '/s' : '/w') . "?$call,$how");
            my $want = $want{$call} || $whole;
            push @wrong, "$how: $got->{status} " . length($got->{content}) . ' ' . substr($got->{content}, -20) unless $got->{content} eq $want;
        }
        is_deeply \@wrong, [], "$call: whole, whatever is done to its argument";
    }
});

done_testing;
