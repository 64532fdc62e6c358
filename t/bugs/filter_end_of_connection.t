# A filter of a connection's input reads until the client has gone: that is the end of the data and no error, for the filter as for the protocol's
# handler that reads through it. Each connection left an error in the log, and the handler was told that the filter had failed.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl logs an error for each connection' unless ours;

my %modules = ('My/Ends.pm' => <<'P', trace_module);
package My::Ends;
use strict;
use warnings;
use base 'Apache2::Filter';
use Apache2::Connection ();
use Apache2::Const -compile => 'MODE_GETLINE';
use APR::Brigade ();
use APR::Bucket ();
use APR::Error ();
use T::Trace ();
sub reads : FilterConnectionHandler { my $f = shift; while ($f->read(my $b)) { $f->print($b) } 0 }
sub asks : FilterConnectionHandler { my ($f, $bb, $mode, $block, $n) = @_; $f->next->get_brigade($bb, $mode, $block, $n); 0 }
sub returns : FilterConnectionHandler { my ($f, $bb, $mode, $block, $n) = @_; return $f->next->get_brigade($bb, $mode, $block, $n) }
sub complains : FilterConnectionHandler { my $f = shift; my $n = eval { $f->read(my $b) or return 0; $f->print($b); 1 }; die "the client has left\n" if $@; 0 }
sub protocol {
    my $c = shift;
    my $bb = APR::Brigade->new($c->pool, $c->bucket_alloc);
    my $status;
    while (($status = $c->input_filters->get_brigade($bb, Apache2::Const::MODE_GETLINE)) == 0) {
        $bb->flatten(my $line);
        $bb->cleanup;
        next unless length $line;
        $bb->insert_tail(APR::Bucket->new($c->bucket_alloc, uc $line));
        $c->output_filters->fflush($bb);
        $bb->cleanup;
    }
    T::Trace::note('ended', $status);
    return 0;
}
1;
P
my @FILTERS = qw(reads asks returns complains);
my $conf = "PerlModule My::Ends\nPerlInputFilterHandler My::Ends::reads\n" . join '', map { <<C } @FILTERS;
Listen 127.0.0.1:\@port:$_\@
<VirtualHost *:\@port:$_\@>
    PerlInputFilterHandler My::Ends::$_
    PerlProcessConnectionHandler My::Ends::protocol
</VirtualHost>
C
$conf =~ s/    PerlInputFilterHandler My::Ends::reads\n//;      # that one is inherited

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf);
    for my $filter (@FILTERS) {
        my $dies = $filter eq 'complains';
        $s->trace;
        my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $s->port($filter), Timeout => 20) or die "no connection: $@";
        print {$client} "a line\n";
        is scalar <$client>, "A LINE\n", "$filter: data passes";
        close $client;
        is join(' ', $s->wait_for_trace(qr/^ended/m)), 'ended ' . ($dies ? 120_001 : 70_014), $dies ? '  a filter that dies of something else has failed' : '  and ends with the connection';
    }
    $s->log_like(qr/the client has left\\n \(PerlInputFilterHandler My::Ends::complains, /, 'which is in the log');
    $s->log_unlike(qr/End of file found/, 'an end is not');
});

done_testing;
