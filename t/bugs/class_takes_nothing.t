# A class with a parent of its own takes nothing from the server's: signals stay with those that may set them, in requests and in jobs. The page of an error is
# shown by whatever rule scripts are kept, and has nothing of another request.
use lib 't/lib';
use TestHttpd;

for_each_mpm(qw(event prefork), sub { my ($mpm) = @_;
my $s = TestHttpd->start(mpm => $mpm, modules => {'My/J.pm' => q{package My::J; sub term { my $d = 0; local $SIG{TERM} = sub { $d = 1 }; kill TERM => $$; print "finished d=$d\n"; } sub in_class { my $d = 0; local $SIG{USR1} = sub { $d = 1 }; kill USR1 => $$; print "class d=$d\n"; } 1;}},
 files => { map({ ("htdocs/$_/a.pl" => q{sub login { die "bad login" } login("joe","SECRET");}, "htdocs/$_/b.pl" => q{my $x = ;}, "htdocs/$_/end.pl" => q{print "Content-type: text/plain\n\nbody "; END { print "from END" }}, "htdocs/$_/w.pl" => q{use My::W; print "Content-type: text/plain\n\n", My::W::v()}) } qw(f d w)), 'htdocs/d/v.phtml' => "<p>1\n<p>2\n<%= nosuch(1) %>", 'lib/My/W.pm' => 'package My::W; sub v { 1 } 1;',
  'htdocs/sig.pl' => q{print "Content-type: text/plain\n\n"; my $u = 0; local $SIG{USR2} = sub { $u++ }; kill USR2 => $$; print "u=$u"} },
 config => <<'C');
PerlModule My::J
PerlJob term interval=500ms handler=My::J->term
<Directory @root@/htdocs>
SetHandler perl-class
Options +ExecCGI
</Directory>
<FilesMatch "\.phtml">
SetHandler perl-embed
</FilesMatch>
<PerlInterpClass f>
PerlClassLocation @root@/htdocs/f
PerlClassInterpreters 0
PerlClassErrorPage dev
PerlOptions +Parent
PerlModule My::J
PerlJob inclass interval=500ms handler=My::J->in_class
</PerlInterpClass>
<PerlInterpClass d>
PerlClassLocation @root@/htdocs/d
PerlClassInterpreters 1
PerlClassErrorPage dev
</PerlInterpClass>
<PerlInterpClass w>
PerlClassLocation @root@/htdocs/w
PerlClassErrorPage dev
PerlClassReloadOn watch
</PerlInterpClass>
C
    my $get = sub { $s->get($_[0])->{content} };
    like $get->('/d/a.pl'), qr/SECRET/, 'the page of an error has the calls';
    unlike $get->('/d/b.pl'), qr/SECRET/, 'that of a script which does not compile has none of another request';
    is $get->('/f/end.pl'), 'body from END', 'PerlClassInterpreters 0 holds where errors are shown';
    is $get->('/w/w.pl'), 1, 'PerlClassReloadOn watch';
    TestHttpd::spew($s->root . '/lib/My/W.pm', 'package My::W; sub v { 22 } 1;');
    is $get->('/w/w.pl'), 22, '  and so does that';
    like $get->('/w/a.pl'), qr/bad login/, '  and they are shown';
    like $get->('/d/v.phtml'), qr/line 3/, 'what fails in a value of a page fails in its line';
    is $get->('/sig.pl'), 'u=1', 'a script has its signals' if $mpm eq 'prefork';
    $s->expect_log(qr/bad login|syntax|nosuch|Global symbol|aborted/);
    $s->log_like(qr/finished d=1/, 'a job has its signals');
    $s->log_like(qr/class d=1/, 'and so has one of a class');
});

done_testing;
