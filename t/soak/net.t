# PerlNetServer and LuaConnectionHandler: many connections one after another and at once, clients that vanish in the middle of an answer, a restart in the middle of a
# transfer, plain and by TLS. Nothing is lost and nothing grows. The numbers are small here, and those of $MANY, $ONCE and $RESETS under `make soak`.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();
use TestNet;
use Time::HiRes ();

plan skip_all => 'PerlNetServer is ours' unless ours;
plan skip_all => 'needs Net::Server (Debian: libnet-server-perl)' unless eval { require Net::Server; 1 };

my $MANY   = soak(300, 10_000);
my $ONCE   = soak(60, 500);
my $RESETS = soak(30, 300);
my $MB     = soak(1, 10);

my %modules = (trace_module, 'My/Soak.pm' => <<'P');
package My::Soak;
use strict;
use warnings;
use base 'Net::Server::PreForkSimple';
use T::Trace ();
sub version { 'first' }
sub process_request {
    my $self = shift;
    while (my $line = <STDIN>) {
        my ($word, $n) = split ' ', $line;
        if ($word eq 'quit')      { return }
        elsif ($word eq 'flood')  { while (print 'x' x 65536) { } T::Trace::note($!{EPIPE} || $!{ECONNRESET} ? 'EPIPE' : "$!"); return }
        # A megabyte a second.
        elsif ($word eq 'stream') { for (1 .. $n * 16) { print chr(65 + $_ % 26) x 65536; select undef, undef, undef, 1 / 16 } }
        elsif ($word eq 'who')    { print version(), "\r\n" }
        else                      { print "You said '$word'\r\n" }
    }
}
1;
P
my $SCRIPT = <<'L';
local version = 'first'
local function note(text) local out = io.open("@var@/trace", "a") out:write(text, "\n") out:close() end
function handle(c)
  while true do
    local line = c:read()
    if not line then return end
    local word, n = line:match("^(%S*) ?(%S*)")
    if word == "quit" then return
    elseif word == "flood" then
      local sent, why
      repeat sent, why = c:write(("x"):rep(65536)) until not sent
      return note(why == "closed" and "EPIPE" or why)
    elseif word == "stream" then      -- a megabyte a second
      local quits
      c:timeout(1 / 16)
      for i = 1, n * 16 do c:write(string.char(65 + i % 26):rep(65536)) quits = c:read() or quits end
      c:timeout(30)
      if quits then return end
    elseif word == "who" then c:write(version, "\r\n")
    else c:write("You said '", word, "'\r\n")
    end
  end
end
L
my $lua  = TestHttpd::Lua::has_lua();
my @ways = ('plain', tls() ? 'tls' : (), $lua ? ('lua', tls() ? 'tls_lua' : ()) : ());

# What the server's children have in all.
sub sizes {
    my ($s) = @_;
    my %sum;
    for my $pid ($s->child_pids) {
        $sum{memory}      += $s->private_memory($pid);
        $sum{descriptors} += $s->descriptors($pid);
        $sum{threads}     += $s->threads($pid);
    }
    return \%sum;
}

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $class = $lua ? 'TestHttpd::Lua' : 'TestHttpd';
    my $s = $class->start(mpm => $mpm, perl => 1, load => [tls_load()], modules => \%modules, scripts => { 'soak.lua' => $SCRIPT }, files => { tls_files() }, config => <<'C' . join '', map { <<"C2" } @ways);
PerlInterpStart 4
PerlInterpMax 4
PerlInterpMaxSpare 4
PerlInterpMaxWait 60s
PerlInterpMaxRequests 1000000000
<IfModule mpm_prefork_module>
    StartServers 4
    MinSpareServers 4
    MaxSpareServers 4
    MaxRequestWorkers 4
</IfModule>
<IfModule !mpm_prefork_module>
    StartServers 1
    ServerLimit 2
    ThreadsPerChild 20
    MinSpareThreads 1
    MaxSpareThreads 40
    MaxRequestWorkers 20
</IfModule>
MaxConnectionsPerChild 0
<IfModule lua_module>
    LuaInterpStart 4
    LuaInterpMax 4
    LuaInterpMaxSpare 4
    LuaInterpMaxWait 60s
</IfModule>
C
Listen 127.0.0.1:\@port:$_\@ raw
<VirtualHost 127.0.0.1:\@port:$_\@>
    @{[ /lua/ ? 'LuaConnectionHandler soak.lua' : 'PerlNetServer My::Soak' ]}
@{[ /^tls/ ? "SSLEngine On\nSSLCertificateFile \@root\@/tls.pem\n" : '' ]}
</VirtualHost>
C2
    for my $way (@ways) {
        my $series = sub {
            my ($n) = @_;
            my $wrong = 0;
            for my $i (1 .. $n) {
                my $c = $s->net($way);
                $wrong++ if $c->say_to("a$i") ne "You said 'a$i'";
                $c->say('quit');
                $wrong++ if $c->answer ne '';
            }
            return $wrong;
        };
        my $at_once = sub { my ($n) = @_; my $i = 0; return scalar grep { my $own = "b$i"; $i++; ($_ // 'nothing') ne "You said '$own'\r\n" } at_once($s, $way, $n, sub { "b$_[0]\r\nquit\r\n" }) };
        my $resets = sub {
            my ($n) = @_;
            $s->trace;
            for (1 .. $n) { my $c = $s->net($way); $c->say('flood'); $c->some; $c->reset }
            my %ends;
            wait_until(sub { $ends{$_}++ for $s->trace; my $all = 0; $all += $_ for values %ends; $all >= $n });
            return join ' ', map { "$_ $ends{$_}" } sort keys %ends;
        };
        # As many as it has room for have served before anything is measured.
        $series->($MANY / 5);
        $at_once->($ONCE);
        $resets->($RESETS / 5);
        my $before = sizes($s);
        my $began = Time::HiRes::time();
        my $lap = sub { my $took = Time::HiRes::time() - $began; $began = Time::HiRes::time(); return sprintf '%.1f s', $took };
        is $series->($MANY), 0, "$way: of $MANY connections one after another each is served";
        note "$way: ", $lap->();
        is $at_once->($ONCE), 0, "$way: of $ONCE at once each is served";
        note "$way: ", $lap->();
        is $resets->($RESETS), "EPIPE $RESETS", "$way: $RESETS clients that vanish in the middle of an answer are noticed";
        note "$way: ", $lap->();
        is $series->(20), 0, "$way: and nobody else's connection suffers";
        my $after;
        my $same = sub { $after = sizes($s); return $after->{descriptors} <= $before->{descriptors} && $after->{threads} <= $before->{threads} && $after->{memory} <= $before->{memory} + soak(4 << 20, 1 << 19) };
        ok wait_until($same, 20), "$way: memory, descriptors and threads are what they were";
        note "$way: ", join ', ', map { "$_ $before->{$_} -> $after->{$_}" } sort keys %$after;
    }

    for my $way (@ways) {
        my $file  = "$s->{root}/" . ($way =~ /lua/ ? 'lua/soak.lua' : 'lib/My/Soak.pm');
        my $c     = $s->net($way);
        my $began = Time::HiRes::time();
        $c->say("stream $MB");
        $c->some;
        my $text = slurp($file);
        spew($file, $text =~ s/'(?:first|second \w+)'/'second $way'/r);
        $s->graceful;
        my $new = $s->net($way);
        is $new->say_to('who'), "second $way", "$way: after a graceful restart a new connection has the new program";
        $new->say('quit');
        $c->say('quit');
        my ($all) = $c->rest;
        is length $all, $MB << 20, "$way: and a transfer that had begun is whole";
        is substr($all, -1), chr(65 + $MB * 16 % 26), "$way: to its end";
        cmp_ok Time::HiRes::time() - $began, '>=', $MB - 0.5, "$way: at a megabyte a second";
    }
});

done_testing;
