# SetHandler perl-script: %ENV, STDIN and STDOUT are those of the request.
use lib 't/lib';
use TestHttpd;

my $HANDLER = <<'P';
package My::Script;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
sub handler {
    my $r = shift;
    my $how = $ENV{QUERY_STRING};
    $r->content_type('text/plain');
    if    ($how =~ /^env=(.*)/)  { print join '|', map { defined $ENV{$_} ? $ENV{$_} : 'undef' } split /,/, $1 }
    elsif ($how eq 'print')      { print 'a', 'b'; printf '%03d', 7; print STDOUT "c\n"; { local $\ = '!'; local $, = '-'; print 1, 2 } }
    elsif ($how eq 'read')       { my $n = read STDIN, my $body, $ENV{CONTENT_LENGTH}; print "$n:$body" }
    elsif ($how eq 'lines')      { my @lines = <STDIN>; print scalar(@lines), ':', join '', map { chomp; "[$_]" } @lines }
    elsif ($how eq 'eof')        { print eof(STDIN) ? 'eof' : 'more' }
    elsif ($how eq 'mix')        { print 'one '; $r->print('two '); print 'three' }
    elsif ($how eq 'big')        { print 'x' x 1000 for 1 .. 300 }
    elsif ($how eq 'bytes')      { binmode STDOUT; print join '', map { chr } 0 .. 255 }
    elsif ($how eq 'select')     { open my $fh, '>', \my $buffer; my $old = select $fh; print 'hidden'; select $old; print "shown $buffer" }
    elsif ($how eq 'local')      { { local $ENV{QUERY_STRING} = 'changed'; print $ENV{QUERY_STRING}, ' ' } print $ENV{QUERY_STRING} }
    elsif ($how eq 'localall')   { { local %ENV = (A => 1); print join ',', sort keys %ENV } print exists $ENV{QUERY_STRING} ? ' back' : ' lost' }
    elsif ($how eq 'set')        { $ENV{LEFT_OVER} = 'x'; $ENV{QUERY_STRING} = 'other'; print 'set' }
    elsif ($how eq 'delete')     { delete $ENV{QUERY_STRING}; print exists $ENV{QUERY_STRING} ? 'there' : 'gone' }
    elsif ($how eq 'exists')     { print join ' ', map { exists $ENV{$_} ? 1 : 0 } qw(REQUEST_METHOD NOT_THERE HTTP_HOST) }
    elsif ($how eq 'copy')       { my %copy = %ENV; print join ' ', scalar(grep { /^HTTP_/ } keys %copy) > 0, $copy{REQUEST_METHOD} }
    elsif ($how eq 'globals')    { $| = 1; push @INC, '/nowhere'; print 'changed' }
    elsif ($how eq 'check')      { print $| ? 'flush' : 'buffered', (grep { $_ eq '/nowhere' } @INC) ? ' inc' : ' clean' }
    elsif ($how eq 'args')       { print ref $r }
    elsif ($how =~ /^table/)     { print table($r) }
    elsif ($how eq 'end')        { print ends() }
    elsif ($how eq 'stdout')     { print fileno(STDOUT) == 1 ? 'real' : 'ours' }
    return Apache2::Const::OK;
}
# What a script does to %ENV, seen in the table that subrequests and programs get.
sub table {
    my ($r) = @_;
    my $table = $r->subprocess_env;
    my $see   = sub { join ',', map { my $v = $table->get($_); defined $v ? $v : '-' } qw(NEW QUERY_STRING) };
    my @seen;
    $ENV{NEW} = 2;         push @seen, $see->();
    $ENV{NEW}++;           push @seen, $see->();
    delete $ENV{NEW};      push @seen, $see->();
    { local $ENV{QUERY_STRING} = 'l'; push @seen, $see->() }
    push @seen, $see->();
    { local %ENV = (NEW => 'all'); push @seen, $see->() }
    push @seen, $table->get('QUERY_STRING');
    $ENV{$_} = 'x' for qw(REQUEST_METHOD HTTP_HOST);
    push @seen, $table->get('REQUEST_METHOD') . $table->get('HTTP_HOST');
    %ENV = ();
    push @seen, $see->();
    return join ' ', @seen;
}
sub ends {
    require ModPerl::Global;
    my @said;
    ModPerl::Global::special_list_register(END => 'My::Ends');
    ModPerl::Global::special_list_clear(END => 'My::Ends');
    our $say = sub { push @said, @_ };
    eval q{package My::Ends; END { $My::Script::say->('a') } END { $My::Script::say->('b') } 1} or die;
    ModPerl::Global::special_list_call(END => 'My::Ends') for 1, 2;
    ModPerl::Global::special_list_clear(END => 'My::Ends');
    ModPerl::Global::special_list_call(END => 'My::Ends');
    push @said, ModPerl::Global::special_list_call(NONE => 'My::Ends') ? 'yes' : 'no';
    return join '', @said;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Script.pm' => $HANDLER }, config => <<'C');
PerlModule My::Script
PerlInterpStart 1
PerlInterpMax 1
<Location /script>
    SetHandler perl-script
    PerlSetEnv  FROM_CONF conf
    PerlResponseHandler My::Script
</Location>
C
    my $get = sub { $s->get("/script$_[0]")->{content} };
    for my $round (1, 2) {
        is $get->('?env=REQUEST_METHOD,QUERY_STRING'), 'GET|env=REQUEST_METHOD,QUERY_STRING', 'method and query';
        is $get->('/extra?env=REQUEST_URI,SERVER_PORT'), '/script/extra?env=REQUEST_URI,SERVER_PORT|' . $s->port, 'address and port';
        is $get->('?env=GATEWAY_INTERFACE,SERVER_PROTOCOL,FROM_CONF,MOD_PERL_API_VERSION'), 'CGI/1.1|HTTP/1.1|conf|2', 'server and PerlSetEnv';
        is $s->get('/script?env=HTTP_X_ONE,HTTP_X_TWO', 'X-One' => 'eins')->{content}, 'eins|undef', 'headers of this request only';
        is $get->('?print'), "ab007c\n1-2!", 'print and printf';
        is $s->post('/script?read', 'the body')->{content}, '8:the body', 'read from STDIN';
        is $s->post('/script?lines', "a\nb\nc")->{content}, '3:[a][b][c]', 'lines from STDIN';
        is $get->('?eof'), 'eof', 'no body is the end of the file';
        is $get->('?mix'), 'one two three', 'print and $r->print in order';
        is length $get->('?big'), 300_000, 'a large answer';
        is $get->('?bytes'), join('', map { chr } 0 .. 255), 'all bytes';
        is $get->('?select'), 'shown hidden', 'select';
        is $get->('?local'), 'changed local', 'local $ENV{X}';
        # mod_perl forgets the variables of the process after it.
        is $get->('?localall'), 'A back', 'local %ENV' if ours;
        is $get->('?delete'), 'gone', 'delete';
        is $get->('?exists'), '1 0 1', 'exists';
        is $get->('?copy'), '1 GET', 'a copy of %ENV';
        is $get->('?args'), 'Apache2::RequestRec', 'the request is the argument';
        is $get->('?set'), 'set', 'what a script sets';
        is $get->('?env=LEFT_OVER,QUERY_STRING'), 'undef|env=LEFT_OVER,QUERY_STRING', '  is gone in the next request';
        is $get->('?table'), '2,table 3,table -,table -,l -,table all,- table xx -,-', '%ENV is subprocess_env while the script writes';
        is $get->('?end'), 'ababno', 'END blocks of a registered package are its own';
        is $get->('?globals'), 'changed', '$| and @INC';
        is $get->('?check'), 'buffered clean', '  are put back';
    }
});

done_testing;
