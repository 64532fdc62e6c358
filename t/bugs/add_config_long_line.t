# add_config: mod_perl cuts each line at the size of httpd's buffer, 200 characters, without a word.
use lib 't/lib';
use TestHttpd;

my %modules = ('T/Long.pm' => <<'P');
package T::Long;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::ServerUtil ();
use Apache2::Const -compile => qw(OK DECLINED);
our $long = 'y' x 5000;
Apache2::ServerUtil->server->add_config(["PerlSetVar server $long", 'PerlSetVar short 1']);
sub map2storage { $_[0]->add_config(["PerlSetVar request $long"], -1); Apache2::Const::DECLINED }
sub handler {
    my $r = shift;
    $r->print(join ' ', map { length($r->dir_config($_) // '') } qw(server request section short));
    Apache2::Const::OK;
}
1;
P
my $s = TestHttpd->start(mpm => 'prefork', modules => \%modules, config => <<'C');
PerlModule T::Long
<Perl>
    $PerlSetVar = 'section ' . 'z' x 5000;
</Perl>
PerlMapToStorageHandler T::Long::map2storage
<Location /x>
    SetHandler modperl
    PerlResponseHandler T::Long
</Location>
C
is $s->get('/x')->{content}, '5000 5000 5000 1', 'lines of 5,000 characters are read whole: for the server, for a request, of a section\'s variables';
done_testing;
