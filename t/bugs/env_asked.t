# `$r->subprocess_env` in void context, as Plack::Handler::Apache2 has it: in a perl-script response it filled %ENV a second time and
# lost what was kept for the next. It must go on to mean what it does in mod_perl, in every phase.
use lib 't/lib';
use TestHttpd;

my %modules = (trace_module, 'My/Ask.pm' => <<'P');
package My::Ask;
use strict;
use warnings;
use T::Trace ();
use APR::Table ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
sub line { join ' ', map { "$_=" . (defined $ENV{$_} ? $ENV{$_} : '-') } qw(REQUEST_METHOD QUERY_STRING HTTP_X_ONE IN_TABLE MINE) }
sub note { T::Trace::note(shift, line()) }
sub response {
    my $r = shift;
    $r->content_type('text/plain');
    note('before');
    $r->subprocess_env(IN_TABLE => 1);
    $ENV{MINE} = 'mine';
    delete $ENV{HTTP_X_ONE} if $r->args =~ /delete/;
    note('set');
    $r->subprocess_env if $r->args =~ /ask/;
    note('asked');
    $r->subprocess_env(IN_TABLE => 2);
    $r->subprocess_env if $r->args =~ /ask/;
    note('again');
    return 0;
}
sub cleanup { my $r = shift; note('log'); if ($r->args =~ /late/) { $r->subprocess_env; note('late') } 0 }
sub now { note('now'); 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlInterpStart 1
PerlInterpMax 1
PerlModule My::Ask
@one_child@
PerlLogHandler My::Ask::cleanup
<Location /script>
    SetHandler perl-script
    PerlResponseHandler My::Ask::response
</Location>
<Location /plain>
    SetHandler modperl
    PerlResponseHandler My::Ask::response
</Location>
<Location /now>
    SetHandler modperl
    PerlLogHandler My::Ask::now
    PerlResponseHandler My::Ask::now
</Location>
C
    $s->expect_log(qr/AH00161/);
    my $ask = sub {
        my ($uri) = @_;
        $s->trace;
        $s->get($uri, 'X-One' => 1);
        my %line = map { /^(\w+) (.*)/ ? ($1 => $2) : () } $s->wait_for_trace($uri =~ /late/ ? qr/^late/m : qr/^log/m);
        return \%line;
    };
    my ($all, $none) = map { my $form = $_; sub { my ($q, $table, $mine) = @_; sprintf $form, $q, $table, $mine } }
        'REQUEST_METHOD=GET QUERY_STRING=%s HTTP_X_ONE=1 IN_TABLE=%s MINE=%s', 'REQUEST_METHOD=- QUERY_STRING=- HTTP_X_ONE=-%.0s IN_TABLE=%s MINE=%s';
    for (1, 2) {
        my $got = $ask->('/script?ask');
        is $got->{before}, $all->('ask', '-', '-'), 'perl-script has the variables';
        is $got->{asked}, $all->('ask', 1, 'mine'), '  asking puts in what was added to the table, and leaves what the script set';
        is $got->{again}, $all->('ask', 2, 'mine'), '  each time';
        is $got->{log}, $none->('', '-', '-'), '  the log handler sees none: it is another call';
        $got = $ask->('/script?delete,ask');
        is $got->{asked}, $all->('delete,ask', 1, 'mine') =~ s/ONE=1/ONE=-/r, '  what the script deleted is not put in again';
        $got = $ask->('/script?no');
        is $got->{log}, $none->('', '-', '-'), 'a log handler sees none where nobody asked';
        $got = $ask->('/script?late');
        is $got->{again}, $all->('late', '-', 'mine'), '  nor does the response see what is added to the table';
        is $got->{late}, $all->('late', 2, 'mine'), '  and all if it asks itself';
        $got = $ask->('/script?ask,late');
        is $got->{late}, $all->('ask,late', 2, 'mine'), '  also where the response did, too';
        $s->trace;
        $s->get('/now');
        is_deeply [grep { /=[^-]/ } $s->trace], [], 'the next request sees none of it';
    }
    my $got = $ask->('/plain?ask');
    is $got->{before}, $none->('', '-', '-'), 'modperl has none';
    is $got->{asked}, $all->('ask', 1, 'mine'), '  until it asks';
    is $got->{log}, $all->('ask', 2, 'mine'), '  the log handler sees them';
    $got = $ask->('/plain?late');
    is $got->{log}, $none->('', '-', 'mine'), '  none where nobody asked';
    is $got->{late}, $all->('late', 2, 'mine'), '  all if it asks itself';
});

done_testing;
