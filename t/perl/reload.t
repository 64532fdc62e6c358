# Apache2::Reload: modules are loaded again when their files have changed. A site may use the one that Debian packages, which runs as it is;
# what that does not do is skipped for it.
use lib 't/lib';
use TestHttpd;

# Writes a module of the test, later than the one before. A file's time has a fraction that not everybody looks at.
my $written = time;
sub edit {
    my ($file, $text, $time) = @_;
    spew("$file.new", $text);
    $time //= ++$written;
    utime $time, $time, "$file.new";
    rename "$file.new", $file or die "$file: $!";
}

sub page { my ($package, $says, $more) = @_; return "package $package;\nuse strict;\nuse warnings;\nuse Apache2::RequestIO ();\n"
    . ($more // '') . "sub handler { \$_[0]->print($says); return 0 }\n1;\n" }

sub test_reload {
    my ($mpm, $other) = @_;
    my $s = TestHttpd->start(
        mpm     => $mpm,
        modules => {
            'My/Page.pm'        => page('My::Page', '"one\n"'),
            'My/Registered.pm'  => page('My::Registered', '"one\n"', "use Apache2::Reload;\n"),
            'My/Quiet.pm'       => page('My::Quiet', '"one\n"'),
            'My/Const.pm'       => page('My::Const', 'A . "\n"', "use constant A => 1;\n*My::Taken::A = \\&A;\n"),
            'Two/User.pm'       => page('Two::User', '"one " . base() . "\n"', "use Two::Base qw(base);\n"),
            'Two/Base.pm'       => "package Two::Base;\nuse Exporter 'import';\nour \@EXPORT_OK = 'base';\nsub base { 'one' }\n1;\n",
            'My/Tell.pm'        => <<'P',
package My::Tell;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::Reload ();
our $count = 0;
sub handler {
    my $r = shift;
    my $how = $r->args // '';
    Apache2::Reload->unregister_module('My::Registered') if $how eq 'unregister';
    Apache2::Reload->register_module('My::Registered') if $how eq 'register';
    Apache2::Reload->register_module('My::Quiet', $INC{'My/Quiet.pm'}) if $how eq 'quiet';
    $r->print(++$count, ' ', Apache2::Reload->VERSION ? 'version' : 'none', ' ', join(' ', grep { m{^(?:My|Two)/} } sort keys %INC), "\n");
    return 0;
}
1;
P
        },
        files => {
            'one/Linked.pm' => "package Linked;\nsub handler { \$_[0]->print(qq(first release\\n)); 0 }\n1;\n",
            'two/Linked.pm' => "package Linked;\nsub handler { \$_[0]->print(qq(second release\\n)); 0 }\n1;\n",
            'touch'         => '',
            'startup.pl'    => qq(BEGIN { symlink '\@root@/one', '\@root@/current' } use lib '\@root@/current';) . ($other ? "use lib split /:/, '$other';\n" : '') . "1;\n",
            'htdocs/cgi/script.pl' => qq(require Two::Base; Two::Base->import('base'); print base(), "\\n";\n),
            'outside/Out.pm' => "package Out;\nsub handler { \$_[0]->print(qq(one\\n)); 0 }\n1;\n",
        },
        config => <<'C');
@one_child@
PerlInterpStart 1
PerlInterpMax 1
PerlRequire @root@/startup.pl
PerlSwitches -I@root@/outside
PerlModule Apache2::Reload ModPerl::Registry My::Page My::Registered My::Quiet My::Const My::Tell Two::User Linked Out
Listen 127.0.0.1:@port:connection@
<VirtualHost *:@port:connection@>
    PerlPreConnectionHandler Apache2::Reload
    SetHandler modperl
    PerlResponseHandler My::Page
</VirtualHost>
<Location />
    SetHandler modperl
</Location>
<Location /cgi>
    SetHandler perl-script
    PerlResponseHandler ModPerl::Registry
    PerlInitHandler Apache2::Reload
    Options +ExecCGI
</Location>
<LocationMatch ^/(?<PLACE>all|const_quiet)/>
    PerlInitHandler Apache2::Reload
    PerlSetVar ReloadDebug On
</LocationMatch>
<LocationMatch ^/const_quiet/>
    PerlSetVar ReloadConstantRedefineWarnings Off
</LocationMatch>
<Location /some>
    PerlInitHandler Apache2::Reload
    PerlSetVar ReloadAll Off
</Location>
<Location /some/two>
    PerlSetVar ReloadModules "Nothing Two::*"
</Location>
<Location /some/page>
    PerlSetVar ReloadModules "My::Page Out"
</Location>
<Location /in>
    PerlInitHandler Apache2::Reload
    PerlSetVar ReloadDirectories "/nowhere @root@/outside"
</Location>
<Location /touch>
    PerlInitHandler Apache2::Reload
    PerlSetVar ReloadTouchFile @root@/touch
</Location>
<Location /byname>
    PerlInitHandler Apache2::Reload
    PerlSetVar ReloadByModuleName On
</Location>
<LocationMatch /page$>
    PerlResponseHandler My::Page
</LocationMatch>
<LocationMatch /registered$>
    PerlResponseHandler My::Registered
</LocationMatch>
<LocationMatch /quiet$>
    PerlResponseHandler My::Quiet
</LocationMatch>
<LocationMatch ^/const.*/c$>
    PerlResponseHandler My::Const
</LocationMatch>
<LocationMatch /c$>
    PerlResponseHandler My::Const
</LocationMatch>
<LocationMatch /two$>
    PerlResponseHandler Two::User
</LocationMatch>
<LocationMatch /linked$>
    PerlResponseHandler Linked
</LocationMatch>
<LocationMatch /out$>
    PerlResponseHandler Out
</LocationMatch>
<LocationMatch /tell$>
    PerlResponseHandler My::Tell
</LocationMatch>
C
    my ($root, $lib) = ($s->root, $s->root . '/lib');
    my $says = sub { my ($path, @how) = @_; my $answer = $s->get($path, @how); chomp(my $text = $answer->{content}); return $answer->{status} == 200 ? $text : $answer->{status} };
    $written = time + 2;

    is $says->('/all/page'), 'one', 'the module as it was at the start';
    edit("$lib/My/Page.pm", page('My::Page', '"two\n"'));
    is $says->('/page'), 'one', 'without the handler nothing is loaded again';
    $s->mark_log;
    is $says->('/all/page'), 'two', 'an edited module is loaded again, before its own handler runs';
    ok $s->wait_for_log(qr{Apache2::Reload: process \d+ reloading .*My.Page}), 'ReloadDebug tells so in the log';
    is $says->('/page'), 'two', 'and stays loaded';
    my $is_whole = ours && !$other;    # what mod_perl's does not do, or not well
    like $says->('/tell'), qr{^\d+ version .*\bMy/Page\.pm}, '%INC has it again' if $is_whole;
    is $says->('/all/c'), 1, 'a page with a constant';

    # ---- which modules
    edit("$lib/My/$_.pm", page("My::$_", '"two\n"', $_ eq 'Registered' ? "use Apache2::Reload;\n" : '')) for qw(Registered Quiet);
    is $says->('/some/registered'), 'two', 'ReloadAll Off: a module that says use Apache2::Reload is loaded again';
    is $says->('/some/quiet'), 'one', 'and others are not' if $is_whole;
    edit("$lib/Two/Base.pm", "package Two::Base;\nuse Exporter 'import';\nour \@EXPORT_OK = 'base';\nsub base { 'two' }\n1;\n");
    is $says->('/cgi/script.pl'), 'two', 'a script that imports anew has the new sub';
    edit("$lib/Two/$_->[0].pm", $_->[1]) for ['User', page('Two::User', '"two " . base() . "\n"', "use Two::Base qw(base);\n")],
        ['Base', "package Two::Base;\nuse Exporter 'import';\nour \@EXPORT_OK = 'base';\nsub base { 'three' }\n1;\n"];
    is $says->('/some/page'), 'two', 'ReloadModules names others';
    is $says->('/some/two'), 'two three', 'ReloadModules with a wildcard: a module and the one that it uses, both edited';
    edit("$root/outside/Out.pm", "package Out;\nsub handler { \$_[0]->print(qq(two\\n)); 0 }\n1;\n");
    edit("$lib/My/Page.pm", page('My::Page', '"three\n"'));
    is $says->('/in/out'), 'two', 'ReloadDirectories: a module there is loaded again';
    is $says->('/in/page'), 'two', 'and one elsewhere is not';
    is $says->('/byname/page'), 'three', 'ReloadByModuleName';
    $says->('/tell?unregister');
    edit("$lib/My/Registered.pm", page('My::Registered', '"three\n"', "use Apache2::Reload;\n"));
    is $says->('/some/registered'), 'two', 'a module that was unregistered is not loaded again' if $is_whole;
    $says->('/tell?register');
    is $says->('/some/registered'), 'three', 'until it is registered';
    $says->('/tell?quiet');
    edit("$lib/My/Quiet.pm", page('My::Quiet', '"three\n"'));
    is $says->('/some/quiet'), 'three', 'registered by another module, with its file';

    # ---- a touch file
    $says->('/touch/page');
    edit("$lib/My/Page.pm", page('My::Page', '"four\n"'));
    is $says->('/touch/page'), 'three', 'a touch file that is as it was: nothing is loaded';
    $written++;
    utime $written, $written, "$root/touch";
    is $says->('/touch/page'), 'four', 'a touch file that was touched';

    # ---- connections
    edit("$lib/My/Page.pm", page('My::Page', '"five\n"'));
    my $socket = $s->socket($s->port('connection'));
    print {$socket} "GET /page HTTP/1.0\r\n\r\n";
    like TestHttpd::Client::read_all($socket), qr/^five\n\z/m, 'as a PerlPreConnectionHandler';
    close $socket;

    # ---- constants
    edit("$lib/My/Const.pm", page('My::Const', 'A . "\n"', "use constant A => 2;\n{ no strict 'refs'; eval q(package My::Taken; sub A () { 2 }) }\n"));
    is $says->('/const_quiet/c'), 2, 'a constant has its new value';
    unlike slurp("$root/error_log"), qr/Constant subroutine A redefined/, 'ReloadConstantRedefineWarnings Off: no warning' if $is_whole;
    edit("$lib/My/Const.pm", page('My::Const', 'A . "\n"', "use constant A => 3;\n{ no strict 'refs'; eval q(package My::Taken; sub A () { 3 }) }\n"));
    is $says->('/all/c'), 3, 'once more';
    ok $s->wait_for_log(qr/Constant subroutine A redefined/), 'by default perl warns';

    # ---- symbolic links
    is $says->('/all/linked'), 'first release', 'a module behind a symbolic link';
    my $old = time - 86_400;
    utime $old, $old, "$root/two/Linked.pm";
    symlink "$root/two", "$root/next" or die $!;
    rename "$root/next", "$root/current" or die $!;
    is $says->('/all/linked'), 'second release', 'the link was set to another folder, whose file is older' if $is_whole;

    # ---- a broken edit
    $s->expect_log(qr/My\/Page\.pm|Two\/Base\.pm|reloading|My::Page/);
    edit("$lib/My/Page.pm", "package My::Page;\nsub handler { this is no perl (\n1;\n");
    $s->mark_log;
    is $says->('/all/page'), 500, 'a broken edit: the request fails';
    ok $s->wait_for_log(qr{syntax error at .*My/Page\.pm line 2}), 'and the log has the line';
    return $s->stop unless $is_whole;
    is $says->('/all/out'), 500, 'so does each other one, since the module may be needed there';
    edit("$lib/My/Page.pm", page('My::Page', '"mended\n"'));
    is $says->('/all/page'), 'mended', 'until it is mended';
    edit("$lib/Two/Base.pm", "package Two::Base;\n0;\n");
    is $says->('/all/two'), 500, 'a module that returns false';
    unlink "$lib/Two/Base.pm";
    is $says->('/all/page'), 'mended', 'a broken module that is gone keeps nobody';
    edit("$lib/Two/Base.pm", "package Two::Base;\nuse Exporter 'import';\nour \@EXPORT_OK = 'base';\nsub base { 'four' }\n1;\n");
    edit("$lib/Two/User.pm", page('Two::User', '"four " . base() . "\n"', "use Two::Base qw(base);\n"));
    is $says->('/all/two'), 'four four', 'until it is there again';
}

for_each_mpm(qw(event prefork), sub { test_reload($_[0], $ENV{T_RELOAD}) });

SKIP: {
    my $package = ours && scratch_package('libapache2-reload-perl') or skip 'no package libapache2-reload-perl, installed or to be had', 1;
    subtest "Debian's, on event" => sub { test_reload('event', "$package/usr/share/perl5") };
}

done_testing;
