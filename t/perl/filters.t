# PerlInputFilterHandler, PerlOutputFilterHandler, PerlSetInputFilter, PerlSetOutputFilter: filters of requests that read and print, or
# work on brigades, alone and in line with httpd's own.
use lib 't/lib';
use TestFilters;
use TestHttpd;

my $CODE = <<'P' . filter_subs() . "1;\n";
package My::F;
use strict;
use warnings;
use base 'Apache2::Filter';
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::RequestUtil ();
use Apache2::Connection ();
use Apache2::FilterRec ();
use Apache2::SubRequest ();
use APR::Brigade ();
use APR::Bucket ();
use APR::BucketType ();
use APR::Table ();
use APR::Pool ();
use APR::Const -compile => qw(SUCCESS);
use Apache2::Const -compile => qw(OK DECLINED M_POST);

sub upper { my $f = shift; while ($f->read(my $b, 1024)) { $f->print(uc $b) } Apache2::Const::OK }
sub pass  { my $f = shift; while ($f->read(my $b)) { $f->print($b) } 0 }
sub ends  { my $f = shift; while ($f->read(my $b)) { $f->print($b) } $f->print('.') if $f->seen_eos; 0 }
sub count { my $f = shift; my $n = $f->ctx // 0; while (my $l = $f->read(my $b)) { $n += $l } $f->ctx($n); $f->print("$n bytes") if $f->seen_eos; 0 }
sub hole  { my $f = shift; 1 while $f->read(my $b); 0 }
sub some  { my $f = shift; $f->read(my $b, 4); $f->print($b); 0 }
sub only_prints { my $f = shift; $f->print('instead') if !$f->ctx; $f->ctx(1); 0 }
sub peeks { my $f = shift; $f->read(my $b, 4); $f->r->headers_out->set('X-Begins', $b) if length $b; -1 }
sub peeks_on { my $f = shift; 1 while $f->read(my $b); -1 }
sub declines { -1 }
sub removes { my $f = shift; while ($f->read(my $b)) { $f->print("<$b>") } $f->remove; 0 }
sub prints_and_declines { my $f = shift; $f->print('first '); $f->remove; -1 }
sub no_end { my $f = shift; while ($f->read(my $b)) { $f->print($b) } $f->seen_eos(0); 0 }
sub says_end { my $f = shift; if (!$f->ctx) { $f->ctx(1); $f->print('all'); $f->seen_eos(1) } 0 }
sub names { my $f = shift; while ($f->read(my $b)) { } if ($f->seen_eos) { my @n; for (my $x = $f; $x; $x = $x->next) { push @n, $x->frec->name } $f->print("@n") } 0 }
sub Apache2::Filter::UNTIE { }
sub handle { my $f = shift; tie *H, $f; while ($f->read(my $b)) { print H lc $b } untie *H; 0 }
sub tied_reads { my $f = shift; tie *H, $f; while (my $n = read H, my $b, 3) { printf H '%s:%d ', $b, $n } untie *H; 0 }
sub tied_at { my $f = shift; my $b = 'abcd'; tie *H, $f; read H, $b, 2, -1; read H, $b, 2, 7; untie *H; 1 while $f->read(my $rest); $f->printf('<%s>', $b =~ tr/\0/0/r) if length $b > 4; 0 }
sub wide { my $f = shift; $f->read(my $b); $f->print("\x{100}"); 0 }
our $text;
sub set { my $n = shift; $text = ''; $text .= 'a' for 1 .. $n }
sub long  { my $f = shift; 1 while $f->read(my $b); if ($f->seen_eos) { set(40000); $f->print($text) } 0 }
sub short { my $f = shift; 1 while $f->read(my $b); if ($f->seen_eos) { for (1 .. 10) { set(8192); $f->print($text) } } 0 }
sub both  { my $f = shift; 1 while $f->read(my $b); if ($f->seen_eos) { set(40000); my $n = $f->print('<', $text, '>', $text, $f->ctx // ''); $f->print($n) } 0 }
sub changes { my $f = shift; substr($text, 0, length $text) = 'b' x length $text; undef $text if $f->ctx; $f->ctx(1); while ($f->read(my $b)) { $f->print($b) } 0 }
sub exits { my $f = shift; while ($f->read(my $b)) { $f->print($b) } exit }
sub handler : method { my ($class, $f) = @_; while ($f->read(my $b)) { $f->print("$class:$b") } 0 }
sub named : method { my ($self, $f) = @_; while ($f->read(my $b)) { $f->print((ref $self ? "object $self->{n}:" : "$self:") . $b) } 0 }
our $object = bless { n => 7 };

sub bb_new {
    my ($f, $bb) = @_;
    my $c = $f->c;
    my $new = APR::Brigade->new($c->pool, $c->bucket_alloc);
    while (my $b = $bb->first) {
        $b->remove;
        if ($b->is_eos) { $new->insert_tail($b); last }
        my $n = $b->read(my $data);
        $new->insert_tail(APR::Bucket->new($c->bucket_alloc, "<$data>")) if $n;
        $b->destroy;
    }
    my $rv = $f->next->pass_brigade($new);
    return $rv unless $rv == APR::Const::SUCCESS;
    return Apache2::Const::OK;
}
sub bb_pass { my ($f, $bb) = @_; $f->next->pass_brigade($bb) }
sub bb_flush { my ($f, $bb) = @_; $f->next->fflush($bb); 0 }
sub bb_keeps { my ($f, $bb) = @_; our @kept; push @kept, $bb, $bb->first; my $rv = $f->next->pass_brigade($bb); my $old = shift @kept; $rv }
sub bb_in {
    my ($f, $bb, $mode, $block, $readbytes) = @_;
    my $new = APR::Brigade->new($f->c->pool, $f->c->bucket_alloc);
    my $rv = $f->next->get_brigade($new, $mode, $block, $readbytes);
    return $rv unless $rv == APR::Const::SUCCESS;
    while (my $b = $new->first) {
        if ($b->is_eos) { $b->remove; $bb->insert_tail($b); last }
        my $n = $b->read(my $data);
        $b->delete;
        $bb->insert_tail(APR::Bucket->new($f->c->bucket_alloc, "$data$data")) if $n;
    }
    return 0;
}
sub bb_get { my ($f, $bb, @ask) = @_; $f->next->get_brigade($bb, @ask) }
sub included { my $f = shift; while ($f->read(my $b)) { $f->print($b) } if ($f->seen_eos) { $f->r->headers_out->unset('Content-Length'); $f->r->lookup_uri('/text.txt', $f->next)->run } 0 }

# Init.
sub starts : FilterInitHandler { my $f = shift; $f->ctx({ n => 10 }); 0 }
sub started : FilterRequestHandler FilterHasInitHandler(\&starts) { my $f = shift; while ($f->read(my $b)) { $f->print($f->ctx->{n}++ . ":$b") } 0 }

# Handlers of requests.
sub once { my $r = shift; $r->read(my $b, 100_000); $r->content_type('text/plain'); $r->print($b); 0 }
sub pieces { my $r = shift; $r->content_type('text/plain'); for (1 .. 3) { $r->print("piece $_\n"); $r->rflush } 0 }
sub plain { my $r = shift; $r->content_type('text/plain'); $r->print('plain text'); 0 }
sub adds { my $r = shift; $r->add_output_filter(\&twice); $r->add_output_filter(sub { my $f = shift; while ($f->read(my $b)) { $f->print("($b)") } 0 }); $r->add_output_filter('My::F::upper'); plain($r) }
sub adds_early { my $r = shift; $r->add_input_filter(\&upper); $r->add_output_filter(\&ends); 0 }
sub adds_init { my $r = shift; $r->add_output_filter(\&started); plain($r) }
sub wrong_kind { my $r = shift; my @e = map { my $e = eval { $_->(); 'added' } || $@; $e =~ s/ at .*//sr } sub { $r->add_output_filter(\&on_connections) }, sub { $r->connection->add_input_filter(\&upper) }, sub { $r->add_output_filter('No::Such') }; $r->content_type('text/plain'); $r->print(join '|', @e); 0 }
sub on_connections : FilterConnectionHandler { -1 }
sub errsv { my $r = shift; $r->content_type('text/plain'); eval { die "mine\n" }; $r->print('x' x 9000); $r->print($@); 0 }
sub dies_inside { my $f = shift; while ($f->read(my $b)) { eval { die "other\n" }; $f->print($b) } 0 }
sub last_words { package My::F::Last; sub DESTROY { $_[0]{r}->print('too late') } sub new { bless { r => $_[1] } } }
sub with_object { my $f = shift; $f->ctx(My::F::Last->new($f->r)) if !$f->ctx; while ($f->read(my $b)) { $f->print($b) } 0 }
P

my $BIG = join '', map { "line $_\n" } 1 .. 60_000;
my (@rows, $conf);
sub row {
    my ($name, $lines, $path, $want, %opt) = @_;
    my $at = 'f' . @rows;
    $conf .= qq(Alias /$at "\@root\@/htdocs"\n<Location /$at>\n$lines\n</Location>\n);
    push @rows, { name => $name, path => "/$at/$path", want => $want, %opt };
}
sub out { my ($name, $handlers, $want, %opt) = @_; row($name, join("\n", map { /^[A-Z]/ && !/::/ ? "PerlSetOutputFilter $_" : "PerlOutputFilterHandler $_" } split / /, $handlers), $opt{file} // 'text.txt', $want, %opt) }
sub in { my ($name, $handlers, $body, $want, %opt) = @_; row($name, join("\n", 'SetHandler modperl', 'PerlResponseHandler My::F::' . ($opt{handler} // 'body'), map { /^[A-Z]/ && !/::/ ? "PerlSetInputFilter $_" : "PerlInputFilterHandler $_" } split / /, $handlers), 'x', $want, body => $body, %opt) }
sub answer { my ($name, $handler, $lines, $want, %opt) = @_; row($name, "SetHandler modperl\nPerlResponseHandler My::F::$handler\n$lines", 'x', $want, %opt) }

out('a filter reads and prints', 'My::F::upper', "SOME TEXT\n");
out('without a length it reads 8192 bytes', 'My::F::pass', $BIG, file => 'big.txt');
out('several are stacked in the order of their lines', 'My::F::twice My::F::around', "[somsome te textext\n\n]");
out('the other way round', 'My::F::around My::F::twice', "[so[some me textext\n]t\n]");
out('seen_eos is true in the call in which the end comes', 'My::F::ends', "some text\n.");
out('ctx is kept with the filter from call to call', 'My::F::count', length($BIG) . ' bytes', file => 'big.txt');
out('the end is passed on when nothing was printed', 'My::F::hole', '');
out('what it leaves unread is dropped', 'My::F::some', 'some');
out('it need not read at all', 'My::F::only_prints', 'instead');
out('DECLINED after a look at the beginning leaves the data as it is', 'My::F::peeks', "some text\n", header => ['x-begins', 'some']);
out('DECLINED leaves a large file as it is', 'My::F::declines', $BIG, file => 'big.txt');
out('a filter that removes itself is called no more', 'My::F::removes', "<some text\n>");
out('what was printed before DECLINED goes first', 'My::F::prints_and_declines', "first some text\n");
out('seen_eos(1) ends the data', 'My::F::says_end', 'all', file => 'big.txt');
out('the names of the chain are mod_perl\'s', 'My::F::names My::F::pass', qr/^modperl_request_output modperl_request_output .*content_length.* core$/);
out('a handle can be tied to a filter', 'My::F::handle', "some text\n");
if (ours) {     # mod_perl has neither READ nor PRINTF there
    out('and read from, with printf', 'My::F::tied_reads', "som:3 e t:3 ext:3 \n:1 ");
    out('at an offset', 'My::F::tied_at', '<abcso00me>');
}
out('exit in a filter counts as OK', 'My::F::exits', "some text\n");
out('a method', 'My::F', "My::F:some text\n");
out('a method by name', 'My::F->named', "My::F:some text\n");
out('a method of an object', '$My::F::object->named', "object 7:some text\n");
out('a leading + and a leading -', '+My::F::upper -My::F::around', "[SOME TEXT\n]");
row('a sub without a name', 'PerlOutputFilterHandler "sub { my $f = shift; while ($f->read(my $b)) { $f->print(qq({$b})) } 0 }"', 'text.txt', "{some text\n}");
out('a brigade is changed in place', 'My::F::bb_upper', "SOME TEXT\n");
out('a large one', 'My::F::bb_upper', uc $BIG, file => 'big.txt');
out('a brigade is made anew', 'My::F::bb_new', "<some text\n>");
out('a brigade is passed as it is', 'My::F::bb_pass', $BIG, file => 'big.txt');
out('and flushed', 'My::F::bb_flush', "some text\n");
out('what a script keeps of a brigade is void', 'My::F::bb_keeps', "some text\n");
out('both flavours in line', 'My::F::bb_upper My::F::around My::F::bb_new', qr/^<\[>?<?SOME TEXT\n.*\]>$/);
out('an init handler runs when the filter is put in place', 'My::F::started', "10:some text\n");
out('a subrequest runs inside a filter', 'My::F::included', "some text\nsome text\n");
out('an object in ctx prints from DESTROY', 'My::F::with_object', qr/^some text\n/, log => qr/before the response phase|DESTROY/, may => 1);
out('httpd\'s filter behind', 'My::F::upper INCLUDES', "NAME: YES\n", file => 'upper.txt');
out('httpd\'s filter in front', 'INCLUDES My::F::upper', "NAME: YES\n", file => 'page.txt');
out('between two', 'My::F::around INCLUDES My::F::upper', "[NAME: YES\n]", file => 'page.txt');
out('SUBSTITUTE', 'My::F::upper SUBSTITUTE My::F::around', "[SOME WORD\n]", also => 'Substitute s/TEXT/WORD/');
out('a long text that a filter behind changes while it is printed', 'My::F::long My::F::changes', 'a' x 40000);
out('short ones', 'My::F::short My::F::changes', 'a' x 81920);
out('both at once', 'My::F::both My::F::changes', '<' . 'a' x 40000 . '>' . 'a' x 40000 . '80002');
answer('what a handler prints is filtered', 'pieces', 'PerlOutputFilterHandler My::F::upper', "PIECE 1\nPIECE 2\nPIECE 3\n");
answer('filters that a handler adds', 'adds', '', qr/^\(?PLAIN? TEXT|PLAPLA/i);
answer('filters that an early handler adds', 'body', 'PerlHeaderParserHandler My::F::adds_early', 'A BODY.', body => 'a body');
answer('one with an init handler', 'adds_init', '', '10:plain text');
answer('one of another kind, or of none, is refused', 'wrong_kind', '', qr/My::F::on_connections lacks the attribute FilterRequestHandler\|.*My::F::upper lacks the attribute FilterConnectionHandler\|.*failed to load No::Such package/);
answer('$@ of the code around a filter stays', 'errsv', 'PerlOutputFilterHandler My::F::dies_inside', 'x' x 9000 . "mine\n");
in('an input filter reads and prints', 'My::F::upper', 'a body', 'A BODY');
in('a large body', 'My::F::upper', $BIG, uc $BIG);
in('a body that grows', 'My::F::twice', 'abcd', 'abcabcdd');
in('one that grows much', 'My::F::bb_in', 'x' x 100_000, 'x' x 200_000);
in('one of which nothing is left until its end', 'My::F::count', 'x' x 100_000, '100000 bytes');
in('in several steps', 'My::F::twice My::F::upper', 'ab', 'ABAB');
in('DECLINED', 'My::F::declines', 'a body', 'a body');
in('a brigade that is filled', 'My::F::bb_get', 'a body', 'a body');
in('an input filter that ends the body early', 'My::F::says_end', 'x' x 20_000, 'all', handler => 'once');
in('no body', 'My::F::upper', '', 'none');
$conf .= <<'C';
<Location /merge>
    PerlOutputFilterHandler My::F::around
    PerlOptions +MergeHandlers
</Location>
<Location /merge/inner>
    PerlOutputFilterHandler My::F::upper
</Location>
Alias /merge/inner "@root@/htdocs"
<Directory "@root@/htdocs">
    AllowOverride All
    Options +Includes
</Directory>
<Directory "@root@/htdocs/ht">
    AllowOverride All
</Directory>
PerlOptions +Htaccess
<VirtualHost *:@port@>
    ServerName main
</VirtualHost>
<VirtualHost *:@port@>
    ServerName other
    PerlOutputFilterHandler My::F::around
</VirtualHost>
<VirtualHost *:@port@>
    ServerName off
    PerlOptions -Enable
</VirtualHost>
C
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my @h2 = have_httpd_module('http2') && $mpm ne 'prefork' ? ('http2') : ();
    my $s = TestHttpd->start(
        mpm => $mpm, load => ['include', 'substitute', 'filter', 'deflate', @h2], modules => { 'My/F.pm' => $CODE },
        config => "PerlModule My::F\nSubstitute s/TEXT/WORD/\n" . (@h2 ? "Protocols h2c http/1.1\n" : '') . "PerlInterpStart 2\nPerlInterpMax 4\n$conf",
        files => {
            'htdocs/text.txt' => "some text\n", 'htdocs/big.txt' => $BIG, 'htdocs/empty.txt' => '',
            'htdocs/page.txt' => qq(name: <!--#set var="a" value="yes" --><!--#echo var="a" -->\n),
            'htdocs/upper.txt' => qq(name: <!--#SET VAR="a" VALUE="yes" --><!--#ECHO VAR="a" -->\n),
            'htdocs/ht/text.txt' => "some text\n", 'htdocs/ht/.htaccess' => "PerlOutputFilterHandler My::F::upper\nPerlSetOutputFilter SUBSTITUTE\n",
        },
    );
    my $ask = sub {
        my ($row, $client) = @_;
        return defined $row->{body} ? $client->post($row->{path}, $row->{body}) : $client->get($row->{path});
    };
    for my $row (@rows) {
        my $res = $ask->($row, $s);
        is $res->{status}, $row->{status} // 200, "$row->{name}: the status";
        ref $row->{want} ? like($res->{content}, $row->{want}, $row->{name}) : is($res->{content}, $row->{want}, $row->{name});
        is $res->{headers}{ $row->{header}[0] }, $row->{header}[1], "$row->{name}: $row->{header}[0]" if $row->{header};
    }
    my $client = $s->client;
    is_deeply [ map { $ask->($_, $client)->{content} } grep { !ref $_->{want} } @rows ], [ map { $_->{want} } grep { !ref $_->{want} } @rows ],
        'the same on one connection';
    is $s->get('/merge/inner/text.txt')->{content}, "[SOME TEXT\n]", 'MergeHandlers joins filters, outer ones first';
    is $s->get('/ht/text.txt')->{content}, "SOME WORD\n", '.htaccess, with +Htaccess';
    is $s->get('/text.txt', Host => 'other')->{content}, "[some text\n]", 'a virtual host has filters of its own';
    is $s->get($rows[0]{path}, Host => 'off')->{content}, "some text\n", 'none where Perl is switched off';
  SKIP: {
        skip 'needs HTTP/2', 1 unless @h2 && $s->have_h2;
        my @plain = grep { !ref $_->{want} && !defined $_->{body} } @rows;
        is_deeply [ map { $s->h2($_->{path})->{content} } @plain ], [ map { $_->{want} } @plain ], 'the same by HTTP/2';
    }
    is $s->get('/f0/text.txt', Range => 'bytes=0-3')->{content}, 'SOME', 'a range is one of what was filtered';
    my $head = $s->head('/f0/text.txt');
    is $head->{status}, 200, 'HEAD';
    my $tag = $s->get('/f0/text.txt')->{headers}{etag};
    is $s->get('/f0/text.txt', 'If-None-Match' => $tag)->{status}, 304, 'a page that has not changed is not sent again';
    is $s->get('/f0/none.txt')->{status}, 404, 'an error\'s page is none of them';
    $s->expect_log(qr/DESTROY|print can't be called|\(in cleanup\)/);
});

done_testing;
