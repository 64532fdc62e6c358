package Demo::Echo;
use strict;
use warnings;
use parent 'Net::Server::PreForkSimple';

sub process_request {
    print "Say something.\r\n";
    while (defined(my $line = <STDIN>)) {
        $line =~ s/\r?\n\z//;
        last if $line eq 'quit';
        print scalar reverse($line), "\r\n";
    }
    return;
}

1;
