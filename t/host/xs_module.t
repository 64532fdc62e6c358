# A distribution with XS for mod_perl 2 is built against this module's headers and typemap by ModPerl::MM, and runs; one that does not fit
# is refused when it is loaded.
use lib 't/lib';
use TestHttpd;
use Config;
use MIME::Base64 ();
use File::Temp ();

my $top = TestHttpd::top();
plan skip_all => 'make or a compiler is not here' if grep { system "command -v $_ >/dev/null 2>&1" } 'make', (split ' ', $Config{cc})[0];

# A shell command in the scratch folder, with our Perl library in front, as who installs a module has it; what it printed.
my $dir = File::Temp::tempdir('mod_interp_xs.XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
my $lib = ours ? "$top/lib" : $ENV{PERL5LIB};
sub sh { my ($command) = @_; my $text = `(cd '$dir' && PERL5LIB='$lib' PERL_MM_OPT= MAKEFLAGS= && export PERL5LIB PERL_MM_OPT MAKEFLAGS && $command) 2>&1`; return $? ? "failed: $text" : $text }

TestHttpd::copy_tree("$top/t/c/My-XS", $dir);
like sh("$^X Makefile.PL"), qr/Writing Makefile for My::XS/, 'perl Makefile.PL';
my $made = sh('make');
unlike $made, qr/^failed|warning/m, 'make, without a warning' or diag $made;
ok -e "$dir/blib/arch/auto/My/XS/XS.so", 'it is there';

# What does not fit: for another perl, with a missing function, of another version.
my $build = sub { my ($macro, $so) = @_; return sh("mkdir -p \$(dirname $so) && $Config{cc} -shared -fPIC $Config{ccflags} -I$Config{archlibexp}/CORE -D$macro -o $so $top/t/c/other_perl.c") };
is $build->('OTHER_PERL', 'blib/arch/auto/My/Other/Other.so'), '', 'a module for another perl';
is $build->('MISSING', 'blib/arch/auto/My/Missing/Missing.so'), '', 'a module with a call of what is not there';

# mod_perl's records are not shown: their use does not compile, with the reason.
if (ours) {
    my $inc = sh("$^X -MApache2::Build -e 'print Apache2::Build->inc, q( ), Apache2::Build->new->ccopts'");
    spew("$dir/records.c", qq(#include "mod_perl.h"\nvoid *records(request_rec *r);\nvoid *records(request_rec *r) { MP_dRCFG; return rcfg; }\n));
    like sh("$Config{cc} -fsyntax-only $inc records.c"), qr/mod_interp does not show mod_perl's records of configuration/, q{code that reads mod_perl's records does not compile};
}

my %modules = (trace_module, 'My/Word.pm' => <<'W', 'My/App.pm' => <<'P');
package My::Word;
use strict;
use warnings;
use Apache2::Module ();
Apache2::Module::add(__PACKAGE__, [{ name => 'MyWord', args_how => 'TAKE1' }]);
sub MyWord { my ($self, $parms, $word) = @_; $self->{word} = $word; return }
1;
W
package My::App;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Connection ();
use Apache2::ServerRec ();
use Apache2::RequestUtil ();
use APR::Table ();
use APR::Pool ();
use Apache2::Const -compile => qw(OK FORBIDDEN HTTP_UNAUTHORIZED TAKE1 OR_ALL);
use My::XS ();
use T::Trace ();
use Apache2::Module ();
use Apache2::CmdParms ();
Apache2::Module::add(__PACKAGE__, [{ name => 'MyUsers', args_how => Apache2::Const::TAKE1, req_override => Apache2::Const::OR_ALL }]);
sub MyUsers { my ($self, $parms, $users) = @_; $self->{users} = $users }
sub password { my ($r, $password) = @_; $r->notes->set(called => 'password'); $password eq 'right' ? Apache2::Const::OK : Apache2::Const::HTTP_UNAUTHORIZED }
*private = \&users;
sub users { my $r = shift; $r->print(join ' ', My::XS::users($r), $r->user // 'nobody', $r->notes->get('called') // 'not called'); return Apache2::Const::OK }
@My::XS::Request::ISA = 'Apache2::RequestRec';
our (%kept, $started);
sub called { my ($r, $text) = @_; $r->notes->set(called => $text); Apache2::Const::FORBIDDEN }
sub page {
    my $r = shift;
    my $h = My::XS::handle($r);
    my $counter = My::XS::counter();
    my $refused = sub { my ($code) = @_; eval { $code->(); 1 } ? 'taken' : $@ =~ s/ at .*//sr };
    $r->notes->set(key => 'value');
    my @got = (
        My::XS::uri($r), My::XS::client(My::XS::connection($r)), ref My::XS::connection($r), My::XS::connection($r)->keepalives >= 0 ? 'a connection' : '',
        My::XS::get(My::XS::notes($r), 'key'), ref My::XS::notes($r), My::XS::notes($r)->{key}, My::XS::get($r->notes, 'key'),
        My::XS::copy(My::XS::pool($r), 'copied'), My::XS::copy($r->pool, 'copied'), My::XS::converted($r), My::XS::converted(bless { _r => $r }, 'My::Wrapped'),
        My::XS::port(My::XS::server($r)) eq $r->server->port ? 'port' : 'no port', My::XS::by_hand($r, 'by hand'),
        My::XS::config('My::Word', $r)->{word}, My::XS::config('My::None', $r) // 'none',
        My::XS::call($r, 'My::App::called'), $r->notes->get('called'),
        $h->uri, $h->method, My::XS::uri($h), My::XS::by_hand($h, 'with magic'), ref $h,
        $counter->up + $counter->up,
        $refused->(sub { My::XS::uri($r->connection) }), $refused->(sub { My::XS::client($r) }), $refused->(sub { My::XS::get({}, 'key') }),
        eval { My::XS::fails(70014); 1 } || join ' ', ref $@, @{$@}{qw(rc func)},
    );
    $r->content_type('text/plain');
    $r->print(join "\n", @got);
    return Apache2::Const::OK;
}
# Objects of an earlier request, of each way.
sub keeps {
    my $r = shift;
    %kept = (r => $r, pool => My::XS::pool($r), notes => My::XS::notes($r), h => My::XS::handle($r), by_rows => $r->pool);
    My::XS::at_end($r);
    $r->print('kept');
    return Apache2::Const::OK;
}
sub asks {
    my $r = shift;
    my @gone;
    for (['My::XS::uri', $kept{r}], ['My::XS::converted', $kept{r}], ['My::XS::copy', $kept{pool}, 'x'], ['My::XS::copy', $kept{by_rows}, 'x'], ['My::XS::get', $kept{notes}, 'x'],
        ['My::XS::uri', $kept{h}], ['My::XS::by_hand', $kept{h}, 1]) {
        my ($sub, @args) = @$_;
        no strict 'refs';
        push @gone, !defined $args[0] ? 'none' : eval { &$sub(@args); 1 } ? "$sub took it" : $@ =~ /gone|destroyed/ ? 'gone' : $@;
    }
    push @gone, !$kept{h} ? 'none' : eval { $kept{h}->uri; 1 } ? 'row took it' : $@ =~ /gone/ ? 'gone' : $@;
    $r->print(join '|', @gone);
    return Apache2::Const::OK;
}
sub selects { my $r = shift; $r->print(My::XS::selected($r) > 0 ? 'selected' : 'none'); return Apache2::Const::OK }
sub loads   { my $r = shift; $r->print(My::XS::loads()); return Apache2::Const::OK }
sub wrong {
    my $r = shift;
    my ($name, $version) = split /,/, $r->args;
    require XSLoader;
    $r->print(eval { XSLoader::load($name, $version || 1); 1 } ? 'loaded' : $@);
    return Apache2::Const::OK;
}
1;
P
my $CONF = <<"C" . join '', map { "<Location /$_>\nSetHandler modperl\nPerlResponseHandler My::App::$_\n</Location>\n" } qw(page keeps asks selects loads wrong users private);
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxSpare 1
<IfDefine !MOD_PERL>
PerlInterpMaxWait 2
</IfDefine>
\@one_child\@
PerlSwitches -I$dir/blib/lib -I$dir/blib/arch
PerlLoadModule My::App
<Perl>
My::XS::provide();
</Perl>
<Location /users>
    MyUsers joe
</Location>
<Location /private>
    MyUsers joe,ann
    AuthType Basic
    AuthName private
    AuthBasicProvider my
    Require valid-user
</Location>
PerlLoadModule My::Word
<Location /page>
    MyWord "in a section"
</Location>
C

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, config => $CONF, modules => \%modules, ours ? () : (args => ['-DMOD_PERL'], env => { PERL5LIB => $ENV{PERL5LIB} }));
    is_deeply [split /\n/, $s->get('/page')->{content}], [
        '/page', '127.0.0.1', 'Apache2::Connection', 'a connection', 'value', 'APR::Table', 'value', 'value', 'copied', 'copied', '/page', '/page', 'port',
        '/page by hand', 'in a section', 'none', 403, 'from C', '/page', 'GET', '/page', '/page with magic', 'My::XS::Request', 3,
        ours ? ('My::XS::uri: r is not of type Apache2::RequestRec', 'c is not of type Apache2::Connection', 'expected an object of class APR::Table') : (ignore()) x 3,
        'APR::Error 70014 My::XS::fails',
    ], 'objects go to C and come back' or diag $s->get('/page')->{content};
    is $s->get('/keeps')->{content}, 'kept', 'a handler keeps objects';
    ok scalar(grep { $_ eq '/keeps' } $s->wait_for_trace(qr/^\S/m)), q{  a cleanup of the request's pool enters its interpreter};
    is $s->get('/asks')->{content}, join('|', ('gone') x 8), '  of which C gets none in the next request' if ours;
    my %answers = map { $s->get('/selects')->{content} => 1 } 1 .. 5;
    is_deeply [keys %answers], ['selected'], 'an interpreter that C code selects and never gives back is there for the next request' if ours;
    is $s->get('/users')->{content}, 'joe nobody not called', q{C code is given what a module written in Perl keeps for a section};
    # On threads such code has to select an interpreter, here and with mod_perl.
    if ($mpm eq 'prefork') {
        $s->expect_log(qr/AH01617: user ann: |AH01618: user eve not found/);
        my $as = sub { my ($who) = @_; my $got = $s->get('/private', Authorization => 'Basic ' . MIME::Base64::encode_base64($who, '')); return "$got->{status} $got->{content}" =~ s/^(401).*/$1/sr };
        is $as->('ann:right'), '200 joe,ann ann password', '  and on prefork also where it runs outside of a handler, as a provider of passwords: perl is there';
        is $as->('ann:wrong'), 401, '  which refuses';
        is $as->('eve:right'), 401, '  and knows whom it does not know';
    }
    is $s->get('/loads')->{content}, 1, 'each reading of the configuration loads the shared object anew';
    $s->graceful;
    is $s->get('/loads')->{content}, 1, '  and each restart';

    like $s->get('/wrong?My::XS,9')->{content}, qr/^My::XS object version 1\.02 does not match bootstrap parameter 9/, 'another version is refused';
    if (ours) {
        like $s->get('/wrong?My::Other')->{content}, qr/^Other\.c: the module was compiled for another perl than this server's, v5\.\d+\.\d+ with/, 'a module for another perl, too';
        like $s->get('/wrong?My::Missing')->{content}, qr/undefined symbol: modperl_wbucket_flush/, 'and one that calls a function that is not there';
        is $s->get('/loads')->{content}, 1, '  the server lives on';
    }
    $s->stop;

    # In start-up code each is an error of the start.
    for (['My::XS', 9, qr/My::XS object version 1\.02 does not match/], ['My::Other', 1, qr/compiled for another perl/], ['My::Missing', 1, qr/undefined symbol: modperl_wbucket_flush/]) {
        my ($name, $version, $text) = @$_;
        my ($status, $log) = TestHttpd->start_fails(mpm => $mpm, config => "PerlSwitches -I$dir/blib/lib -I$dir/blib/arch\n<Perl>\nrequire XSLoader; XSLoader::load('$name', $version);\n</Perl>\n");
        ok $status && $log =~ $text, "$name $version: the start fails and says why" or diag $log;
    }
});

sub ignore { qr/./ }
done_testing;
