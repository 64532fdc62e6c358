# PerlOptions +ParseHeaders: what a script prints first is taken for CGI headers.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, files => { 'htdocs/plain.txt' => 'plain text' }, modules => { 'T/PH.pm' => <<'P' }, config => <<'C');
package T::PH;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
my %say = (
    good     => "Status: 404 Gone for now\nContent-Type: text/odd\nX-One: 1\n\nbody\n\nmore",
    crlf     => "Content-Type: text/odd\r\n\r\nbody",
    binary   => "Content-Type: text/odd\n\n\0\0binary\n\n\0",
    bare     => "Content-Type: text/odd\n\n",
    inside   => "Location: /plain.txt\n\nnot seen",
    outside  => "Location: http://elsewhere.example/x\n\nnot seen",
    own302   => "Status: 302 Found\nLocation: http://elsewhere.example/y\n\nown body",
    missing  => "no headers here",
    large    => "Content-Type: text/odd\n\n" . 'x' x 100_000,
);
sub handler {
    my $r = shift;
    my ($what) = $r->args;
    if    ($what eq 'own')    { $r->content_type('text/own'); $r->print("Not: a header\n\nall body") }
    elsif ($what eq 'pieces') { $r->print($_) for 'Content-', "Type: text/odd\n", "\nin ", 'pieces' }
    elsif ($what eq 'print')  { print $say{good} }
    else                      { $r->print($say{$what}) }
    return 0;
}
1;
P
PerlModule T::PH
PerlResponseHandler T::PH
<Location /modperl>
    SetHandler modperl
    PerlOptions +ParseHeaders
</Location>
<Location /script>
    SetHandler perl-script
    PerlSendHeader On
</Location>
<Location /off>
    SetHandler perl-script
</Location>
C
    for my $where (qw(/modperl /script)) {
        my $get = sub { $s->get("$where?$_[0]") };
        my $got = $get->('good');
        is "$got->{status} $got->{reason}", '404 Gone for now', "$where: Status";
        is $got->{headers}{'x-one'}, 1, '  another header';
        is $got->{headers}{'content-type'}, 'text/odd', '  the type';
        is $got->{content}, "body\n\nmore", '  and the body behind the first blank line';
        is $get->('crlf')->{content}, 'body', '  lines may end with CRLF';
        is $get->('binary')->{content}, "\0\0binary\n\n\0", '  the body is bytes';
        is $get->('pieces')->{content}, 'in pieces', '  printed in pieces';
        is $get->('bare')->{content}, '', '  no body';
        is length $get->('large')->{content}, 100_000, '  a body larger than the buffer';
        $got = $get->('inside');
        is "$got->{status} $got->{content}", '200 plain text', '  Location of ours is served at once';
        $got = $get->('outside');
        is $got->{status}, 302, '  another Location is a redirect';
        is $got->{headers}{location}, 'http://elsewhere.example/x', '  to there';
        unlike $got->{content}, qr/not seen/, '  without the body';
        $got = $get->('own302');
        is "$got->{status} $got->{content}", '302 own body', '  a Status of its own keeps the body';
        $got = $get->('own');
        is "$got->{headers}{'content-type'} $got->{content}", "text/own Not: a header\n\nall body", '  a type that is set makes all of it body';
        $s->mark_log;
        is $get->('missing')->{status}, 500, '  without headers it is an error';
        $s->log_like(qr/malformed header from script|Premature end of script headers|bad header=/, '  which is logged');
    }
    is $s->get('/script?print')->{content}, "body\n\nmore", 'print to STDOUT';
    is $s->get('/off?good')->{content} =~ /^Status: 404/ ? 1 : 0, 1, 'without the option all of it is body';
});

done_testing;
