# PerlNetServer: who is let in.
use lib 't/lib';
use TestHttpd;
use TestNet;

plan skip_all => 'PerlNetServer is ours' unless ours;
plan skip_all => 'needs Net::Server (Debian: libnet-server-perl)' unless eval { require Net::Server; 1 };
my $cidr = eval { require Net::CIDR; 1 };

my %modules = (trace_module, 'My/Worker.pm' => <<'P');
package My::Worker;
use strict;
use warnings;
use base 'Net::Server::PreForkSimple';
use T::Trace ();
sub request_denied_hook { T::Trace::note('denied'); print "denied\r\n" }
sub allow_deny_hook     { $_[0]{server}{peerport} % 2 < 2 }
sub process_request {
    my $self = shift;
    T::Trace::note('served');
    print 'host ', $self->{server}{peerhost} // '', ' ', (0 + $self), ' ', $self->{server}{requests}, "\r\n";
    <STDIN>;
}
sub post_process_request_hook { T::Trace::note("post $_[1]") }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $threads = $mpm ne 'prefork';
    my $host = sub { my ($name, $words) = @_; "Listen 127.0.0.1:\@port:$name\@ raw\n<VirtualHost 127.0.0.1:\@port:$name\@>\nPerlUseClass $name\nPerlNetServer My::Worker $words\n</VirtualHost>\n<PerlInterpClass $name>\nPerlClassStartup 1\nPerlInterpStart 2\nPerlInterpMax 2\nPerlInterpMaxSpare 2\n</PerlInterpClass>\n" };
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C' . join '', map { $host->(@$_) }
<IfModule mpm_prefork_module>
    StartServers 2
    MinSpareServers 2
    MaxSpareServers 2
    MaxRequestWorkers 2
</IfModule>
<IfModule mpm_event_module>
    StartServers 1
    ServerLimit 4
    MaxRequestWorkers 25
    ThreadsPerChild 25
</IfModule>
C
        ['elsewhere', '"allow=10\..*"'], ['denied', '"allow=127\..*" "deny=127\.0\.0\.1"'], ['let', '"allow=127\..*"'], ['double', 'reverse_lookups=double "allow=localhost.*"'], ['named', 'reverse_lookups=1 deny=localhost.* "allow=127\..*"'],
        $cidr ? (['cidr', 'cidr_allow=127.0.0.0/8'], ['cidr_deny', 'cidr_allow=127.0.0.0/8 cidr_deny=127.0.0.1/32']) : ());
    $s->trace;
    for my $name (qw(elsewhere denied named), $cidr ? 'cidr_deny' : ()) {
        is $s->net($name)->answer, 'denied', "$name: not let in";
        is join(' ', grep { /^(?:denied|served|post)/ } $s->wait_for_trace(qr/^post/m)), 'denied post 0', "$name: the hook for that is called once, the program not";
    }
    for my $name (qw(let double), $cidr ? 'cidr' : ()) {
        my $c = $s->net($name);
        like $c->answer, $name eq 'double' ? qr/^host localhost/ : qr/^host  \d/, "$name: let in";
        $c->done_sending;
    }
    $s->wait_for_trace(qr/^post 1/m);
});

done_testing;
