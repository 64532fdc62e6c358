# The signal of a graceful restart cut short what a script of prefork's just read: io.popen(...):read gave nil, "Interrupted system call".
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();

plan skip_all => 'mod_lua and mod_perl leave it to the script' unless ours && TestHttpd::Lua::has_lua();

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd::Lua->start(mpm => $mpm, perl => 1, scripts => { 'a.lua' => <<'L' }, modules => { trace_module, 'My/Read.pm' => <<'P' }, config => <<'C');
require "apache2"
local program = "echo begun >> @var@/trace; while [ ! -e @var@/go ]; do sleep 0.05; done; echo whole"
function handle(r) r:puts(tostring((io.popen(program):read("a")))) return apache2.OK end
L
package My::Read;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
sub handler {
    my $r = shift;
    open my $pipe, '-|', 'echo begun >> @var@/trace; while [ ! -e @var@/go ]; do sleep 0.05; done; echo whole' or die $!;
    my $got = sysread $pipe, my $text, 100;
    $r->print($got ? $text : "no: $!");
    return 0;
}
1;
P
LuaMapHandler ^/lua$ a.lua
<Location /perl>
    SetHandler modperl
    PerlResponseHandler My::Read
</Location>
C
    for my $path ('/lua', '/perl') {
        my @old = $s->child_pids;
        my $socket = $s->socket;
        print {$socket} "GET $path HTTP/1.0\r\n\r\n";
        ok scalar($s->wait_for_trace(qr/^begun/m)), "$path: a script reads from a program";
        $s->graceful;
        # Those that serve nobody are gone; so the signal has reached the one that does.
        ok wait_until(sub { my %now = map { $_ => 1 } $s->child_pids; $mpm ne 'prefork' || 1 == grep { $now{$_} } @old }, 8), '  while the others of its generation end';
        spew($s->root . '/var/go', '');
        like TestHttpd::Client::read_all($socket), qr/\r\n\r\nwhole\n\z/, '  and has it whole';
        unlink $s->root . '/var/go';
        ok wait_until(sub { my %now = map { $_ => 1 } $s->child_pids; !grep { $now{$_} } @old }, 8), '  and then ends, too';
    }
});

done_testing;
