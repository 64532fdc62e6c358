# What a request left in %ENV's workings for a later one: a value kept by reference wrote to the later one's subprocess_env, `each`
# went on where it had stopped, a weak reference ended perl, PerlSetEnv of a virtual host or a directory was seen elsewhere.
use lib 't/lib';
use TestHttpd;

my %modules = ('My/Left.pm' => <<'P');
package My::Left;
use strict;
use warnings;
use Scalar::Util ();
use APR::Table ();
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
our (@kept, $weak);
our $destroyed = 0;
sub My::Left::Object::DESTROY { $destroyed++ }
my %do = (
    keep    => sub { @kept = map { \$ENV{$_} } qw(REQUEST_METHOD HTTP_X_ONE); 'kept' },
    write   => sub { my $r = shift; $$_ = 'left' for @kept; join ' ', $ENV{REQUEST_METHOD}, $r->subprocess_env('REQUEST_METHOD'), $ENV{HTTP_X_ONE}, $r->subprocess_env('HTTP_X_ONE') },
    taken   => sub { @kept = (\delete $ENV{HTTP_X_ONE}); "${ $kept[0] }" },
    look    => sub { join ' ', map { $$_ } @kept },
    each    => sub { my @first = each %ENV; scalar @first },
    count   => sub { my $n = 0; $n++ while each %ENV; $n == keys %ENV ? 'all' : "$n of " . keys %ENV },
    gone    => sub { each %ENV; delete $ENV{ (each %ENV)[0] }; 'gone' },
    weak    => sub { Scalar::Util::weaken($weak = \%ENV); ref $weak },
    strong  => sub { my $is = $weak == \%ENV && $weak->{REQUEST_METHOD}; undef $weak; $is },
    object  => sub { $ENV{OBJECT} = bless [], 'My::Left::Object'; $destroyed },
    number  => sub { $destroyed },
    local   => sub { my $r = shift; { local %ENV = (%ENV, X_LOCAL => 1, HTTP_X_ONE => 2) } join ' ', map { defined $_ ? $_ : '-' } map { $r->subprocess_env($_) } qw(X_LOCAL HTTP_X_ONE) },
    vars    => sub { join ' ', map { defined $_ ? $_ : '-' } @ENV{qw(ON_SERVER ON_HOST IN_DIR PASSED)} },
    change  => sub { $ENV{$_} = 'changed' for qw(ON_SERVER ON_HOST IN_DIR); 'changed' },
    dual    => sub { $ENV{HTTP_X_ONE} = Scalar::Util::dualvar(5, 'one'); 'dual' },
    sum     => sub { no warnings 'numeric'; $ENV{HTTP_X_ONE} + 1 },
    pos     => sub { $ENV{HTTP_X_ONE} =~ /./g; pos $ENV{HTTP_X_ONE} },
    utf8    => sub { utf8::upgrade($ENV{HTTP_X_ONE}); $ENV{HTTP_X_ONE} .= chr 263; $ENV{"\x{263a}"} = 1; 'wide' },
    length  => sub { length($ENV{HTTP_X_ONE}) . (pos($ENV{HTTP_X_ONE}) || '') . (utf8::is_utf8($ENV{HTTP_X_ONE}) ? 'utf8' : '') . (grep { utf8::is_utf8($_) } keys %ENV) },
    readonly => sub { Internals::SvREADONLY($ENV{HTTP_X_ONE}, 1); 'readonly' },
    lock    => sub { require Hash::Util; Hash::Util::lock_hashref(\%ENV); 'locked' },
    tie     => sub { require Tie::Hash; tie %ENV, 'Tie::StdHash'; 'tied' },
    bless   => sub { bless \%ENV, 'My::Left'; 'blessed' },
    plain   => sub { ref(\%ENV) . (tied %ENV ? 'tied' : '') },
);
sub handler { my $r = shift; $r->content_type('text/plain'); $r->print($do{ $r->args }->($r)); 0 }
sub fixup { my $r = shift; $do{change}->() if ($r->headers_in->{'X-Change'} || ''); 0 }
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, env => { PASSED => 'passed' }, config => <<'C');
PerlInterpStart 1
PerlInterpMax 1
PerlModule My::Left
PerlSetEnv ON_SERVER server
@one_child@
PerlFixupHandler My::Left::fixup
<Location />
    SetHandler perl-script
    PerlResponseHandler My::Left
</Location>
<Location /plain>
    SetHandler modperl
</Location>
<Location /plain/dir>
    PerlSetEnv IN_DIR dir
</Location>
<Location /plain/mine>
    PerlSetEnv ON_SERVER mine
</Location>
<VirtualHost *:@port@>
    ServerName one.test
</VirtualHost>
<VirtualHost *:@port@>
    ServerName two.test
    PerlSetEnv ON_HOST two
    PerlSetEnv ON_SERVER two
    PerlPassEnv PASSED
</VirtualHost>
C
    $s->expect_log(qr/AH00161/);
    my $is = sub { my ($do, $want, $name, @headers) = @_; is $s->get("/?$do", 'X-One' => 'one', @headers)->{content}, $want, $name };
    for (1, 2) {
        $is->('keep', 'kept', 'references to values, kept');
        $is->('write', 'GET GET one one', '  a later request changes nothing by them, neither in %ENV nor in subprocess_env');
        $is->('taken', 'one', 'a value that was taken out of %ENV');
        $is->('vars', 'server - - -', '  another request');
        $is->('look', 'one', '  has not changed it');
        $is->('each', 2, 'each, once');
        $is->('count', 'all', '  begins at the beginning in the next request');
        $is->('gone', 'gone', 'each, with what it is at deleted');
        $is->('count', 'all', '  begins at the beginning in the next request');
        $is->('weak', 'HASH', 'a weak reference to %ENV');
        $is->('strong', 'GET', '  is one in the next request, too');
        $is->('vars', 'server - - -', '  and goes without harm');
        my $n = $s->get('/?number')->{content};
        $is->('object', $n, 'an object in %ENV');
        $is->('number', $n + 1, '  is destroyed when its response ends');
        $is->('local', '- one', 'local %ENV leaves nothing in subprocess_env');
        $is->('dual', 'dual', 'a value with a number of its own');
        $is->('sum', 1, '  is a text in the next request');
        $is->('pos', 1, 'a match that goes on');
        $is->('length', '30', '  does not in the next request');
        $is->('utf8', 'wide', 'wide characters');
        $is->('length', '30', '  are none in the next request');
        for my $odd (['readonly', 'readonly'], ['lock', 'locked'], ['tie', 'tied'], ['bless', 'blessed']) {
            $is->(@$odd, "%ENV or a value $odd->[1]");
            $is->('plain', 'HASH', '  is an ordinary one in the next request');
            $is->('count', 'all', '  with all variables');
        }
    }
    my $vars = sub { my ($path, $host, @more) = @_; $s->get("$path?vars", Host => $host, @more)->{content} };
    for my $plain ('/plain', '') {
        for (1, 2) {
            is $vars->("$plain/", 'two.test'), 'two two - passed', 'a virtual host has what its lines say' . ($plain && ', modperl');
            is $vars->("$plain/", 'one.test'), 'server - - -', '  another has not';
        }
    }
    $s->get('/plain?lock', Host => 'one.test');             # there it stays, as with mod_perl
    for (1, 2) {
        is $vars->('/plain/dir', 'one.test'), 'server - dir -', 'a directory has what its lines say';
        is $vars->('/plain', 'one.test'), 'server - - -', '  another has not';
        is $vars->('/plain/mine', 'one.test'), 'mine - - -', '  also where the server says otherwise';
        is $vars->('/plain', 'two.test'), 'two two - passed', '  ';
        is $vars->('/plain/dir', 'two.test', 'X-Change' => 1), 'changed changed changed passed', 'what a fixup handler makes of them is for the response';
        is $vars->('/plain/dir', 'two.test'), 'two two dir passed', '  and for no other request';
        is $vars->('/plain', 'one.test'), 'server - - -', '  of any host';
    }
});

done_testing;
