# A directive in Perl in a .htaccess file, while all interpreters are busy: the request waits as long as any, and then the log says why it failed.
# With an interpreter that comes free in time it is answered.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'with mod_perl a request waits without an end' unless ours;

my %modules = ('My/Word.pm' => <<'P');
package My::Word;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO  ();
use Apache2::RequestUtil ();
use Apache2::Module ();
Apache2::Module::add(__PACKAGE__, [{ name => 'MyWord', args_how => 'TAKE1' }]);
sub MyWord { my ($self, $parms, $word) = @_; $self->{word} = $word; return }
sub busy {
    my $r = shift;
    $r->print("busy\n");
    $r->rflush;
    select undef, undef, undef, 0.05 until -e '@var@/free';
    return 0;
}
sub handler { my $r = shift; $r->print(Apache2::Module::get_config(__PACKAGE__, $r->server, $r->per_dir_config)->{word}); return 0 }
1;
P

for_each_mpm('event', sub {
    my $s = TestHttpd->start(mpm => 'event', modules => \%modules, files => { 'htdocs/word/.htaccess' => "MyWord here\n", 'htdocs/word/page' => 'x' },
        config => <<'C');
PerlLoadModule My::Word
PerlInterpStart 1
PerlInterpMax 1
PerlInterpMaxWait 1
<Directory @root@/htdocs/word>
    AllowOverride All
    SetHandler modperl
    PerlResponseHandler My::Word
</Directory>
<Location /busy>
    SetHandler modperl
    PerlResponseHandler My::Word::busy
</Location>
C
    is $s->get('/word/page')->{content}, 'here', 'the line of .htaccess counts';
    $s->expect_log(qr/MyWord|PerlInterpMax/);
    my $busy = $s->socket;
    print $busy "GET /busy HTTP/1.0\r\n\r\n";
    sysread $busy, my $begun, 4096;
    my $got = $s->get('/word/page');
    is $got->{status}, 500, 'no interpreter came free: 500, as for any line of .htaccess that cannot be carried out';
    $s->log_like(qr{htdocs/word/\.htaccess: MyWord: PerlInterpMaxWait: no interpreter of the main server came free in 1s; "PerlInterpMax 2" \(now 1\) would have avoided it},
        '  and the log names the file, the directive, and what would have avoided it');
    my $waits = $s->background(sub { spew("$s->{root}/var/got", $s->get('/word/page')->{content}); rename "$s->{root}/var/got", "$s->{root}/var/answer" });
    spew("$s->{root}/var/free", '');
    ok wait_until(sub { -e "$s->{root}/var/answer" }, 10), 'one came free in time';
    is slurp("$s->{root}/var/answer"), 'here', '  and the request is answered';
});

done_testing;
