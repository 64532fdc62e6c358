# What is done at a request's end is prepared only where something will be: also if the first line that asks for it, in the
# whole server, stands in a .htaccess file, and the request has run a handler of ours before that file is read.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my @ways = qw(served refused done pushed);
    for my $way (@ways) {
        my $s = TestHttpd->start(
            mpm => $mpm, modules => { trace_module, 'My/Late.pm' => <<'P' },
package My::Late;
use strict;
use warnings;
use T::Trace ();
use Apache2::RequestRec ();
use Apache2::RequestUtil ();
use Apache2::Const -compile => qw(OK DECLINED DONE);
sub trans {
    my $r = shift;
    $r->push_handlers(PerlCleanupHandler => \&cleanup) if $r->uri =~ /pushed/;
    return Apache2::Const::DECLINED;
}
sub done { return Apache2::Const::DONE }
sub cleanup { T::Trace::note('cleanup', $_[0]->uri); return Apache2::Const::OK }
1;
P
            files => {
                'htdocs/served/.htaccess'  => "PerlCleanupHandler My::Late::cleanup\n",
                'htdocs/served/a'          => 'served',
                'htdocs/refused/.htaccess' => "PerlCleanupHandler My::Late::cleanup\nRequire all denied\n",
                'htdocs/refused/a'         => '',
                'htdocs/done/.htaccess'    => "PerlCleanupHandler My::Late::cleanup\nPerlAccessHandler My::Late::done\n",
                'htdocs/done/a'            => '',
                'htdocs/pushed/a'          => 'pushed',
            },
            config => <<'C');
PerlModule My::Late
PerlTransHandler My::Late::trans
<Directory "@root@/htdocs">
    AllowOverride All
</Directory>
PerlOptions +Htaccess
C
        $s->expect_log(qr{AH01630}) if $way eq 'refused';
        $s->get("/$way/a");
        is_deeply [$s->wait_for_trace(qr/^cleanup/m)], ["cleanup /$way/a"], "a cleanup handler of a request that was $way";
        $s->stop;
    }
});

done_testing;
