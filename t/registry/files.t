# ModPerl::Registry and files: which are scripts, which are not, and what it does when one changes.
use lib 't/lib';
use TestHttpd;
use Time::HiRes ();

my $PLAIN = q{print "Content-Type: text/plain\n\n"; };

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(
        mpm   => $mpm,
        files => {
            'htdocs/perl/plain.pl'          => $PLAIN . q{print 'plain'},
            'htdocs/perl/a b.pl'            => $PLAIN . q{print join ' ', __LINE__, __FILE__ =~ m{([^/]+)\z}},
            "htdocs/perl/new\nline.pl"      => $PLAIN . q{print 'newline'},
            "htdocs/perl/\xc3\xa4.pl"       => $PLAIN . q{print 'umlaut ', __FILE__ =~ m{([^/]+)\z}},
            "htdocs/perl/it's \\ \"q\".pl"  => $PLAIN . q{print 'quoted ', $0 =~ m{([^/]+)\z}},
            'htdocs/perl/1.pl'              => $PLAIN . q{print 'digit'},
            'htdocs/perl/a_2epl'            => $PLAIN . q{print 'other'},
            'htdocs/perl/a.pl'              => $PLAIN . q{print 'first'},
            'htdocs/perl/a/b.pl'            => $PLAIN . q{our $n++; print "in a folder $n"},
            'htdocs/perl/a_b.pl'            => $PLAIN . q{our $n++; print "beside $n"},
            'htdocs/perl/' . 'long/' x 60 . 'x.pl' => $PLAIN . q{print 'long ', length __FILE__},
            'htdocs/perl/folder/index.html' => $PLAIN . q{print 'index'},
            'htdocs/perl/empty/x'           => '',
            'htdocs/perl/closed.pl'         => $PLAIN . q{print 'closed'},
            'htdocs/perl/gone.pl'           => $PLAIN . q{print 'there'},
            'htdocs/perl/changing.pl'       => $PLAIN . q{our $n++; print "1 $n"},
            'htdocs/perl/broken.pl'         => $PLAIN . q{our $n++; print "fine $n"},
            'htdocs/perl/names.pl'          => $PLAIN . q{print scalar grep { /missing/ } keys %ModPerl::RegistryCooker::FILE_OF, keys %ModPerl::RegistryCache},
            'htdocs/perl/host.pl'           => $PLAIN . q{our $n++; print "$ENV{SERVER_NAME} $n"},
            'htdocs/forbidden/x.pl'         => $PLAIN . q{print 'never'},
        },
        config => <<'C',
PerlModule ModPerl::Registry
PerlInterpStart 1
PerlInterpMax 1
@one_child@
Alias /shared @root@/htdocs/perl
<Location /perl>
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    PerlOptions +ParseHeaders
    Options +ExecCGI
</Location>
<LocationMatch "^/(forbidden|shared)">
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    PerlOptions +ParseHeaders
</LocationMatch>
<VirtualHost *:@port@>
    ServerName first.example
</VirtualHost>
<VirtualHost *:@port@>
    ServerName second.example
</VirtualHost>
C
    );
    my $root = "$s->{root}/htdocs/perl";
    my $get  = sub { $s->get("/perl/$_[0]") };
    my $body = sub { $get->(@_)->{content} };

    is $body->('a%20b.pl'), '1 a b.pl', 'a name with a space, which messages show whole' if ours;
    is $body->('new%0aline.pl'), 'newline', 'a name with a newline' if ours;
    is $body->('%c3%a4.pl'), "umlaut \xc3\xa4.pl", 'a name in UTF-8';
    is $body->('it%27s%20%5c%20%22q%22.pl'), 'quoted it\'s \\ "q".pl', 'a name with quotes and a backslash' if ours;
    is $body->('1.pl'), 'digit', 'a name that begins with a digit';
    is $body->('a_2epl') . $body->('a.pl') . $body->('a_2epl'), 'otherfirstother', 'names that differ in odd characters only' if ours;
    is join(',', map { $body->($_) } qw(a/b.pl a_b.pl a/b.pl a_b.pl)), 'in a folder 1,beside 1,in a folder 2,beside 2', '  or in folders only' if ours;
    like $body->('long/' x 60 . 'x.pl'), qr/^long \d+$/, 'a path that is longer than a name of perl\'s may be' if ours;
    is $body->('folder/../plain.pl'), 'plain', 'an address with ..';
    is $body->('folder/%2e%2e/plain.pl'), 'plain', '  or %2e%2e';

    is $get->('missing.pl')->{status}, 404, 'a script that is not there';
    is $get->('missing%0aline.pl')->{status}, 404, '  with a newline in its name';
    is $body->('names.pl'), 0, '  is not remembered' if ours;
    is $body->('folder/'), 'index', 'a folder is served by its index';
    is $get->('empty/')->{status}, 404, '  and is not ours without one';
    is $get->('folder')->{status}, 301, '  nor one without its slash';

    chmod 0, "$root/closed.pl";
    is $get->('closed.pl')->{status}, 403, 'a file that may not be read';
    $s->log_like(qr/Permission denied/, '  as the log says');
    chmod 0644, "$root/closed.pl";
    is $body->('closed.pl'), 'closed', '  until it may';

    is $s->get('/forbidden/x.pl')->{status}, 403, 'without Options ExecCGI nothing is run';
    $s->log_like(qr{Options ExecCGI is off in this directory.*/forbidden/x\.pl}, '  as the log says');
    is $body->('plain.pl'), 'plain', 'a script runs where they allow it';
    is $s->get('/shared/plain.pl')->{status}, 403, '  and not where they do not, though it is compiled' if ours;    # mod_perl asks before it compiles only
    $s->expect_log(qr/Options ExecCGI is off/);

    if (ours) {     # mod_perl compares a time that a missing file does not have
        is $body->('gone.pl'), 'there', 'a script';
        unlink "$root/gone.pl";
        is $get->('gone.pl')->{status}, 404, '  is gone with its file';
        spew("$root/gone.pl", $PLAIN . q{print 'again'});
        is $body->('gone.pl'), 'again', '  and comes back with it';
    }

    is $body->('changing.pl'), '1 1', 'a script that is edited';
    spew("$root/changing.pl", $PLAIN . q{our $n++; print "two $n"});
    utime 1, 1, "$root/changing.pl";
    is $body->('changing.pl'), 'two 2', '  is compiled anew, and its package stays';
    for my $version (3 .. 6) {
        my $text = $PLAIN . qq{our \$n++; print "v$version \$n"};
        last unless ours;   # mod_perl looks at seconds
        spew("$root/changing.pl", $text);
        is $body->('changing.pl'), "v$version $version", '  also within a second, in the same size';
    }
    if (ours) {
        spew("$root/other.pl", $PLAIN . q{our $n++; print "v7 $n"});
        my @times = (stat "$root/changing.pl")[8, 9];
        utime @times, "$root/other.pl";
        rename "$root/other.pl", "$root/changing.pl";
        is $body->('changing.pl'), 'v7 7', '  or replaced by a file of the same time and size';
    }

    is $body->('broken.pl'), 'fine 1', 'a script';
    spew("$root/broken.pl", $PLAIN . q{print "no end});
    utime 2, 2, "$root/broken.pl";
    is $get->('broken.pl')->{status}, 500, '  that is broken by an edit' for 1, 2;
    $s->log_like(qr{Can't find string terminator '"' anywhere before EOF at \S+/broken\.pl line 1\.}, '  answers 500, and the log says where');
    spew("$root/broken.pl", $PLAIN . q{our $n++; print "mended $n"});
    utime 3, 3, "$root/broken.pl";
    is $body->('broken.pl'), 'mended 2', '  is mended by the next one';

    is $s->get('/perl/host.pl', Host => 'first.example')->{content}, 'first.example 1', 'a script of several virtual hosts';
    is $s->get('/perl/host.pl', Host => 'second.example')->{content}, 'second.example 2', '  is one script';
});

done_testing;
