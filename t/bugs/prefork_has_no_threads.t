# Prefork ends a child inside its SIGTERM handler. Where the process has ever had a second thread, the C library's allocator takes a lock,
# and a child that the signal met inside malloc hung until httpd killed it. So nothing of ours makes a thread there.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'mod_perl makes none' unless ours;
plan skip_all => 'a sanitizer has threads of its own' if $ENV{T_PRELOAD};

my $s = TestHttpd->start(mpm => 'prefork', c_module => 't/c/mod_interp_test.c', modules => { 'My/Deep.pm' => <<'P' }, config => <<'C');
package My::Deep;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
our $deep;
$deep = [$deep] for 1 .. 100_000;
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print('perl'); 0 }
1;
P
PerlModule My::Deep
<Location /perl>
    SetHandler modperl
    PerlResponseHandler My::Deep
</Location>
<Location /threads>
    SetHandler c-threads
</Location>
<VirtualHost 127.0.0.9:1>
    ServerName own
    PerlOptions +Parent
</VirtualHost>
C
is $s->get('/threads')->{content}, 'never', 'none in either pass of the configuration';
is $s->get('/perl')->{content}, 'perl', 'Perl runs';
$s->graceful;
is $s->get('/threads')->{content}, 'never', 'nor in a restart, where the old interpreters with deep data are freed';

done_testing;
