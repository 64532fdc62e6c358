# A protocol handler behind connection filters in Perl: what it writes on brigades goes through its connection's output filters, what it
# reads through the input filters; over TLS, too.
use lib 't/lib';
use TestHttpd;

my $tls = have_httpd_module('ssl') && eval { require IO::Socket::SSL; require IO::Socket::SSL::Utils; 1 };
my %files;
if ($tls) {
    my ($cert, $key) = IO::Socket::SSL::Utils::CERT_create(CA => 0, subject => { commonName => 'localhost' }, purpose => 'server');
    $files{'tls.pem'} = IO::Socket::SSL::Utils::PEM_cert2string($cert) . IO::Socket::SSL::Utils::PEM_key2string($key);
}
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $vhost = sub { my ($name, $more) = @_; <<"C" };
Listen 127.0.0.1:\@port:$name\@ raw
<VirtualHost 127.0.0.1:\@port:$name\@>
    PerlInputFilterHandler  My::PF::in
    PerlOutputFilterHandler My::PF::out
    PerlProcessConnectionHandler My::PF
    $more
</VirtualHost>
C
    my $s = TestHttpd->start(mpm => $mpm, load => [$tls ? qw(socache_shmcb ssl) : ()], files => \%files, modules => { 'My/PF.pm' => <<'P' },
package My::PF;
use strict;
use warnings;
use base 'Apache2::Filter';
use Apache2::Connection ();
use APR::Brigade ();
use APR::Bucket ();
use APR::Const -compile => qw(SUCCESS);
use Apache2::Const -compile => qw(OK MODE_GETLINE);
# In: letters are turned round by 13. Out: capital letters.
sub in : FilterConnectionHandler {
    my ($f, $bb, $mode, $block, $readbytes) = @_;
    my $rv = $f->next->get_brigade($bb, $mode, $block, $readbytes);
    return $rv unless $rv == APR::Const::SUCCESS;
    for (my $b = $bb->first; $b; $b = $bb->next($b)) {
        next unless $b->read(my $data);
        $data =~ tr/A-Za-z/N-ZA-Mn-za-m/;
        my $new = APR::Bucket->new($bb->bucket_alloc, $data);
        $b->insert_after($new);
        $b->delete;
        $b = $new;
    }
    return Apache2::Const::OK;
}
sub out : FilterConnectionHandler {
    my ($f, $bb) = @_;
    for (my $b = $bb->first; $b; $b = $bb->next($b)) {
        next unless $b->read(my $data);
        my $new = APR::Bucket->new($bb->bucket_alloc, uc $data);
        $b->insert_after($new);
        $b->delete;
        $b = $new;
    }
    return $f->next->pass_brigade($bb);
}
sub handler {
    my $c = shift;
    my ($in, $out) = map { APR::Brigade->new($c->pool, $c->bucket_alloc) } 1 .. 2;
    my $say = sub { $out->insert_tail(APR::Bucket->new($c->bucket_alloc, $_[0])); $c->output_filters->fflush($out); $out->cleanup };
    $say->("hello\n");
    while ($c->input_filters->get_brigade($in, Apache2::Const::MODE_GETLINE) == APR::Const::SUCCESS && $in->flatten(my $line)) {
        $in->cleanup;
        last if $line =~ /^quit/;
        $say->("you said $line");
    }
    return Apache2::Const::OK;
}
1;
P
        config => "PerlModule My::PF\n" . $vhost->('plain', '') . ($tls ? $vhost->('tls', "SSLEngine on\n    SSLCertificateFile \@root\@/tls.pem") : ''));
    for my $way ('plain', $tls ? 'tls' : ()) {
        my $port = $s->port($way);
        for (1 .. 3) {
            my $c = $way eq 'tls' ? IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $port, SSL_verify_mode => 0, Timeout => 20) : $s->socket($port);
            local $SIG{ALRM} = sub { die "no answer\n" };
            alarm 20;
            is scalar readline $c, "HELLO\n", "$way: the first word goes through the output filter";
            print {$c} "uryyb\n";
            is scalar readline $c, "YOU SAID HELLO\n", "$way: a line through both";
            print {$c} "dhvg\n";
            is scalar readline $c, undef, "$way: and the connection ends";
            alarm 0;
        }
    }
});

done_testing;
