# The ways a handler can be named, and what it is called with.
use lib 't/lib';
use TestHttpd;

my %modules = (
    'My/Package.pm' => <<'P',
package My::Package;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Const -compile => 'OK';
sub say { my ($r, @text) = @_; $r->content_type('text/plain'); $r->print(join ' ', map { ref || $_ } @text); Apache2::Const::OK }
sub handler    { say($_[0], 'handler', scalar @_, wantarray ? 'list' : 'scalar') }
sub named      { say($_[0], 'named', @_) }
sub class      { say($_[1], 'class', @_) }
sub attributed : method { say($_[-1], 'attributed', @_) }
sub new        { bless { n => 7 }, shift }
sub object     { my ($self, $r) = @_; say($r, 'object', ref $self, $self->{n}) }
our $it = __PACKAGE__->new;
1;
P
    'My/Sub.pm'   => "package My::Sub; our \@ISA = 'My::Package'; require My::Package; 1;\n",
    'My/Method.pm' => "package My::Method; require My::Package; sub handler : method { my (\$class, \$r) = \@_; My::Package::say(\$r, 'method', \$class) } 1;\n",
    'My/Early.pm' => "package My::Early; use T::Trace; T::Trace::note('loaded early'); require My::Package; sub handler { My::Package::say(\$_[0], 'early') } 1;\n",
    'My/Lazy.pm'  => "package My::Lazy; use T::Trace; T::Trace::note('loaded lazily'); require My::Package; sub handler { My::Package::say(\$_[0], 'lazy') } 1;\n",
    'My/Broken.pm' => "package My::Broken; sub handler { ;\n",
    'My/NoSub.pm' => "package My::NoSub; 1;\n",
    trace_module,
);
my @CASES = (
    ['package',  'My::Package',              'handler 1 scalar', 'a package: its sub handler, with the request, in scalar context'],
    ['named',    'My::Package::named',       'named Apache2::RequestRec', 'a full name of a sub'],
    ['class',    'My::Package->class',       'class My::Package Apache2::RequestRec', 'Class->method'],
    ['inherit',  'My::Sub->class',           'class My::Sub Apache2::RequestRec', 'an inherited method'],
    ['object',   '$My::Package::it->object', 'object My::Package 7', '$object->method'],
    ['method',   'My::Method',               'method My::Method', 'a package whose handler has the attribute method'],
    ['attr',     'My::Package->attributed',  'attributed My::Package Apache2::RequestRec', 'an attributed method by class'],
    ['attrname', 'My::Package::attributed',  'attributed Apache2::RequestRec', 'the same by its full name is a plain sub'],
    ['anon',     '"sub { My::Package::say($_[0], q(anonymous), scalar @_) }"', 'anonymous 1', 'a sub written in the configuration'],
    ['early',    '+My::Early',               'early', 'with a + it is loaded at start'],
    ['lazy',     'My::Lazy',                 'lazy', 'without it at its first use'],
);

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $conf = "PerlModule My::Package\n";
    $conf .= "<Location /$_->[0]>\nSetHandler modperl\nPerlResponseHandler $_->[1]\n</Location>\n"
        for @CASES, ['broken', 'My::Broken'], ['missing', 'My::Missing'], ['nosub', 'My::NoSub'], ['nomethod', 'My::Package->none'];
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => $conf);
    is scalar(grep { $_ eq 'loaded early' } $s->trace), 2, '+ loads in both passes';
    for my $round (1, 2) {
        is $s->get("/$_->[0]")->{content}, $_->[2], "$_->[1]: $_->[3]" for @CASES;
    }
    ok scalar(grep { $_ eq 'loaded lazily' } $s->trace), 'the lazy one is loaded now';

    for my $case (['broken', qr/My\/Broken\.pm|Missing right curly/], ['missing', qr/My\/Missing\.pm|My::Missing/], ['nosub', qr/My::NoSub/], ['nomethod', qr/My::Package->none/]) {
        my ($path, $message) = @$case;
        next if !ours && $path =~ /^no/;    # ends the process with mod_perl
        is $s->get("/$path")->{status}, 500, "$path: 500";
        $s->log_like($message, '  and why');
    }
    $s->expect_log(qr/My::(?:Broken|Missing|NoSub)|My::Package->none/);
    is $s->get('/package')->{status}, 200, 'the server serves on';
});

# PerlOptions +Autoload: all of them at start, and a failure ends it.
my $s = TestHttpd->start(modules => \%modules, config => "PerlOptions +Autoload\n<Location /l>\nSetHandler modperl\nPerlResponseHandler My::Lazy\n</Location>\n");
ok scalar(grep { $_ eq 'loaded lazily' } $s->trace), 'AutoLoad loads at start';
$s->stop;
my ($status, $log) = TestHttpd->start_fails(modules => \%modules, config => "PerlOptions +Autoload\n<Location /l>\nPerlResponseHandler My::Missing\n</Location>\n");
ok $status, 'AutoLoad of a missing module ends the start';
like $log, qr/My(?:::|\/)Missing/, '  and says which';

done_testing;
