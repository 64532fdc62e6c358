# At level debug a line says in which file and line of Perl it was written; at other levels it does not.
use lib 't/lib';
use TestHttpd;

my %modules = ('T/Debug.pm' => <<'P');
package T::Debug;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::ServerRec ();
use Apache2::Log ();
use Apache2::Const -compile => qw(OK :log);
sub handler {
    my $r = shift;
    my $s = $r->server;
# line 101 "/some/where/Own.pm"
    $r->log->debug('of $r');
    $s->log->debug('of $s');
    Apache2::Log->debug('of none');
    $r->log->debug(sub { 'of code' });
    eval q{
# line 7 "made up"
$r->log->debug('of a string')};
    $r->log_rerror(Apache2::Log::LOG_MARK, Apache2::Const::LOG_DEBUG, 0, 'marked $r');
    $s->log_serror(Apache2::Log::LOG_MARK, Apache2::Const::LOG_DEBUG, 0, 'marked $s');
    $r->log_rerror(Apache2::Log::LOG_MARK, Apache2::Const::LOG_INFO, 0, 'marked info');
    $r->log_rerror('given.c', 12, Apache2::Const::LOG_DEBUG, 0, 'given');
    $r->log->info('info of $r');
    $r->log->warn('warn of $r');
    $r->warn('plain warn');
    $r->print('ok');
    return Apache2::Const::OK;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule T::Debug
LogLevel debug
ErrorLogFormat "<%m:%l> <%F> %M"
SetHandler modperl
PerlResponseHandler T::Debug
C
    $s->expect_log(qr/^</);
    is $s->get('/')->{content}, 'ok', 'written';
    for (
        [ 'of $r',       'Own.pm(101)', 'debug' ],
        [ 'of $s',       'Own.pm(102)', 'debug' ],
        [ 'of none',     'Own.pm(103)', 'debug' ],
        [ 'of code',     'Own.pm(104)', 'debug' ],
        [ 'of a string', 'made up(7)',  'debug' ],
        [ 'marked $r',   'Own.pm(108)', 'debug' ],
        [ 'marked $s',   'Own.pm(109)', 'debug' ],
        [ 'marked info', 'Own.pm(110)', 'info' ],
        [ 'given',       'given.c(12)', 'debug' ],
        [ 'info of $r',  undef,         'info' ],
        [ 'warn of $r',  undef,         'warn' ],
        # mod_perl names a file of its own source here, and no module.
        (ours() ? [ 'plain warn', undef, 'warn' ] : ()),
    ) {
        my ($text, $place, $level) = @$_;
        my $want = defined $place ? qr/<perl:$level> <\Q$place\E> \Q$text\E/ : qr/<perl:$level> (?!.*Own\.pm).*\Q$text\E/;
        $s->log_like($want, "$text: " . ($place // 'no place'));
    }
});

done_testing;
