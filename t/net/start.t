# PerlNetServer: what cannot be served is told at the start, by its name.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'PerlNetServer is ours' unless ours;
plan skip_all => 'needs Net::Server (Debian: libnet-server-perl)' unless eval { require Net::Server; 1 };

my %modules = (
    'My/Echo.pm'   => "package My::Echo;\nuse base 'Net::Server::PreForkSimple';\n1;\n",
    'My/Plex.pm'   => "package My::Plex;\n\$INC{'Net/Server/Multiplex.pm'} = 1;\n\@Net::Server::Multiplex::ISA = 'Net::Server';\nuse base 'Net::Server';\n\@My::Plex::ISA = 'Net::Server::Multiplex';\n1;\n",
    'My/Broken.pm' => "package My::Broken;\nuse base 'Net::Server::PreForkSimple';\nsub post_configure_hook { die \"no data base\\n\" }\n1;\n",
    'My/Fatal.pm'  => "package My::Fatal;\nuse base 'Net::Server::PreForkSimple';\nsub pre_loop_hook { \$_[0]->fatal('a fatal thing') }\n1;\n",
);
my %files = (
    'nothing.pl' => "1;\n",
    'ends.pl'    => "print STDERR \"usage: ends.pl\\n\"; exit 2;\n",
    'syntax.pl'  => "package X; use base 'Net::Server'; X->run(;\n",
    'conf'       => "port 2525\nallow 10\\..*\nlog_level 1\n",
    'main.pl'    => "package main;\nuse Net::Server::Fork;\n\@X::ISA = 'Net::Server::Fork';\nexit main() unless caller;\nsub main { X->run(port => 4949) }\n",
);
sub refused {
    my ($line) = @_;
    return TestHttpd->start_fails(mpm => "prefork", modules => \%modules, files => \%files, config => <<"C") =~ s{.*?(?=PerlNetServer)}{}rs;
<VirtualHost *:\@port:other\@>
    $line
</VirtualHost>
C
}
for my $case (
    ['My::Plex', 'it is a Net::Server::Multiplex, which takes connections itself and serves all in one process: that cannot be had here', 'Multiplex is refused by its name'],
    ['My::Echo proto=udp', 'it wants datagrams (udp): httpd has connections alone', 'so are datagrams'],
    ['My::Echo port=53/udp', 'it wants datagrams (53/udp): httpd has connections alone', 'however they are written'],
    ['My::Broken', 'no data base', 'what a hook of the start dies of ends the start'],
    ['My::Fatal', 'it has called server_close, as for an error, before it began to serve', 'an error that is fatal there ends the start'],
    ['nothing.pl', 'the program does not begin to serve when it is loaded: call=sub names the sub that calls Net::Server\'s run', 'a program that does not begin to serve'],
    ['ends.pl', 'it ended with exit(2), before it began to serve', 'a program that ends'],
    ['main.pl', 'the program does not begin to serve when it is loaded: call=sub names the sub that calls Net::Server\'s run', 'a program that is one only where nobody has called it'],
    ['none.pl', 'no such file: ROOT/none.pl', 'a file that is missing, by its whole name'],
) {
    my ($line, $why, $name) = @$case;
    my ($program) = split ' ', $line;
    like refused("PerlNetServer $line") =~ s/\Q\/tmp\E\S*?mod_interp_t\.\w+/ROOT/gr, qr/^PerlNetServer: "\Q$program\E" \(ROOT\/httpd\.conf:\d+\): \Q$why\E$/m, $name;
}
like refused('PerlNetServer syntax.pl'), qr/^PerlNetServer: "syntax\.pl" .*syntax error at \S+\/syntax\.pl line 1/, 'a program that does not compile';
like refused('PerlNetServer No::Such'), qr/^PerlNetServer: "No::Such" .*Can't locate No\/Such\.pm/, 'a class that is not there';
like refused("PerlNetServer My::Echo\n    PerlNetServer My::Echo"), qr/^PerlNetServer: "My::Echo" is the second program here: the connections of one server are those of one \(\S+httpd\.conf:\d+\)/, 'a server has one program';

my $s = TestHttpd->start(mpm => 'prefork', modules => \%modules, files => \%files, config => <<'C');
Listen 127.0.0.1:@port:deferred@
<VirtualHost 127.0.0.1:@port:deferred@>
    PerlNetServer My::Echo "conf_file=@root@/conf"
</VirtualHost>
Listen 127.0.0.1:@port:main@ raw
<VirtualHost 127.0.0.1:@port:main@>
    PerlNetServer main.pl call=main
</VirtualHost>
C
my $port = $s->port('deferred');
$s->log_like(qr/PerlNetServer My::Echo, \S+: Listen 127\.0\.0\.1:$port \(\S+\) says the protocol http, .* write "Listen 127\.0\.0\.1:$port raw"/, 'a port on which the client has to speak first is told, with the line to write');
my $denied = $s->socket($port);
print {$denied} "hello\r\n";
is join('', <$denied>), '', 'a conf_file is read: who is not allowed is not served';
like readline $s->socket($s->port('main')), qr/^Welcome to "X"/, 'call= names the sub that begins to serve';
$s->stop;

done_testing;
