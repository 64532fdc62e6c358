# PerlInterp* lines in a virtual host that shares the main server's interpreters do nothing: a line at the start says so.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl says nothing' unless ours;

my $s = TestHttpd->start(mpm => 'event', config => <<'C');
<VirtualHost *:*>
    ServerName shares
    PerlInterpMax 9
</VirtualHost>
<VirtualHost *:*>
    ServerName owns
    PerlOptions +Clone
    PerlInterpMax 9
</VirtualHost>
<VirtualHost *:*>
    ServerName waits
    PerlInterpMaxWait 3
</VirtualHost>
C
my $line = $s->conf_line(3);
$s->log_like(qr/\[perl:warn\] .*PerlInterp\*: these numbers have no effect in a <VirtualHost> that shares the main server's interpreters: PerlOptions \+Clone gives it its own \(\S+httpd\.conf:$line\)/,
    'with the line and what to write');
is scalar(() = $s->log =~ /have no effect in a <VirtualHost>/g), 2, 'in each reading of the configuration once, for this host only';
done_testing;
