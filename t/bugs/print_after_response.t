# What a log or cleanup handler printed was kept in the buffer of a response that was out already, or sent behind it, where
# a client takes it for the beginning of the next one.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    plan skip_all => 'mod_perl sends them' unless ours;
    my $s = TestHttpd->start(mpm => $mpm, modules => { trace_module, 'My/Late.pm' => <<'P' }, config => <<'C');
package My::Late;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Const -compile => qw(OK NOT_FOUND);
my %ways = (
    print  => sub { $_[0]->print('late print') },
    printf => sub { $_[0]->printf('%s', 'late printf') },
    write  => sub { $_[0]->write('late write') },
    puts   => sub { $_[0]->puts('late puts') },
    big    => sub { $_[0]->print('late big' x 10_000) },
    flush  => sub { $_[0]->print('x'); $_[0]->rflush },
);
sub handler {
    my $r = shift;
    $r->content_type('text/plain');
    return Apache2::Const::NOT_FOUND if ($r->args || '') eq 'none';
    $r->print('body');
    return Apache2::Const::OK;
}
sub tries {
    my ($r, $where) = @_;
    for my $name (sort keys %ways) {
        my $lived = eval { $ways{$name}->($r); 1 };
        T::Trace::note($where, $name, $lived ? 'lived' : 'died');
    }
    return Apache2::Const::OK;
}
sub log     { tries($_[0], 'log') }
sub cleanup { tries($_[0], 'cleanup'); T::Trace::note('end') }
1;
P
PerlModule My::Late
<Location /late>
    SetHandler modperl
    PerlResponseHandler My::Late
    PerlLogHandler      My::Late::log
    PerlCleanupHandler  My::Late::cleanup
</Location>
<Location /late/script>
    SetHandler perl-script
</Location>
C
    # One connection: bytes too many would be the beginning of the next answer.
    my $client = $s->client;
    for my $path (qw(/late /late /late/script /late?none /late)) {
        $s->trace;
        my $answer = $client->get($path);
        is $answer->{status}, $path =~ /none/ ? 404 : 200, "$path: answered";
        is $answer->{content}, 'body', '  with its own body' unless $path =~ /none/;
        my @lines = $s->wait_for_trace(qr/^end/m);
        is_deeply [grep { /lived/ } @lines], [], '  printing afterwards is an error';
        is scalar(grep { /died/ } @lines), 12, '  each time';
    }
    my $raw = $s->raw("GET /late HTTP/1.1\r\nHost: x\r\n\r\nGET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    is scalar(() = $raw =~ /HTTP\/1\.1 200/g), 2, 'two answers on a connection';
    unlike $raw, qr/late \w/, '  and nothing else';
});

done_testing;
