# Two virtual hosts with a namespace each (PerlOptions +Parent) on one kept connection: each request runs in its own host's. With mod_perl a
# connection on which a script has kept something (pnotes) stays with that interpreter, whichever host the next request is for.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Host.pm' => <<'P');
package My::Host;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
use Apache2::ConnectionUtil ();
use Apache2::Const -compile => 'OK';
our $whose = 'nobody';
sub handler {
    my ($r) = @_;
    $r->connection->pnotes(seen => 1);
    $r->content_type('text/plain');
    $r->print("whose $My::Host::whose, ", $r->connection->keepalives, "\n");
    return Apache2::Const::OK;
}
1;
P
my %files = map { ("lib/$_.pl" => "require My::Host; \$My::Host::whose = '$_'; 1;\n") } qw(a b);

for_each_mpm(qw(event worker prefork), sub {
    my ($mpm) = @_;
    my $hosts = join '', map { <<"C" } qw(a b);
<VirtualHost 127.0.0.1:\@port\@>
    ServerName $_.example
    PerlOptions +Parent
    PerlSwitches -I\@lib\@
    PerlRequire "\@lib\@/$_.pl"
    <Location />
        SetHandler modperl
        PerlResponseHandler My::Host
    </Location>
</VirtualHost>
C
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, files => \%files, config => $hosts);
    my @hosts = qw(a b a b);
    my $answers = $s->raw(join '', map { "GET / HTTP/1.1\r\nHost: $hosts[$_].example\r\n" . ($_ == $#hosts ? "Connection: close\r\n" : '') . "\r\n" } 0 .. $#hosts);
    is join(' ', $answers =~ /^whose ([ab]|nobody), ./mg), 'a b a b', 'each request on the connection runs in the namespace of its host' or diag $answers;
    is join(' ', $answers =~ /^whose .*, (\d)/mg), '0 1 2 3', 'and it is one connection';
});

done_testing;
