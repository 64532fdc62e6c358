# Buffers of a fixed size that nobody compared with what was put into them: 1024 bytes for a user and password in base64
# (the child died), 256 for a module's name; a line for add_config that was longer than httpd's was cut.
use lib 't/lib';
use TestHttpd;
use MIME::Base64 'encode_base64';

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'My/Fixed.pm' => <<'P' }, config => <<'C');
package My::Fixed;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Module ();
use APR::Table ();
use Apache2::Const -compile => 'OK';
my %do = (
    credentials => sub { my ($r, $n) = @_; $r->set_basic_credentials('u' x $n, 'p' x $n); $r->headers_in->get('Authorization') },
    loaded => sub { my ($r, $n) = @_; join ',', map { Apache2::Module::loaded($_) ? 'yes' : 'no' } 'mod_perl.c', 'x' x $n . '.c', 'x' x $n . '.so', 'x' x $n },
    lines => sub { my ($r, $n) = @_; $r->add_config(['PerlSetVar Long ' . 'v' x $n], ~0); $r->dir_config('Long') },
);
sub handler {
    my $r = shift;
    my ($what, $n) = split /,/, $r->args;
    $r->content_type('text/plain');
    $r->print(eval { $do{$what}->($r, $n) } // $@);
    return Apache2::Const::OK;
}
1;
P
PerlModule My::Fixed
<Location />
    SetHandler modperl
    PerlResponseHandler My::Fixed
</Location>
C
    for my $n (10, 300, 600, 5_000, 100_000) {
        is $s->get("/?credentials,$n")->{content}, 'Basic ' . encode_base64('u' x $n . ':' . 'p' x $n, ''), "user and password of $n bytes";
        is $s->get("/?loaded,$n")->{content}, 'yes,no,no,no', "a module's name of $n bytes";
        next if $n == 100_000;
        is $s->get("/?lines,$n")->{content}, 'v' x $n, "a line of configuration with $n bytes";
    }
    like $s->get('/?lines,9000')->{content}, qr/Line too long/, 'a longer one is refused, as in .htaccess, and not cut';
});

done_testing;
