# ModPerl::PerlRun: each run of a script finds its package as the first one did, however often it has run.
use lib 't/lib';
use TestHttpd;
use Time::HiRes ();

my $PLAIN = q{print "Content-Type: text/plain\n\n"; };
my %scripts = (
    variables => q{our ($n, @list, %map); $n++; push @list, $n; $map{$n}++; print "$n @list ", %map},
    closure   => q{my $n = ++$main::runs; sub shown { $n } print shown() == $n ? 'its own' : 'of an earlier run'},
    begin     => q{our $n; BEGIN { our $n += 1 + $main::begun++ } print $n},
    import    => q{use T::Import 'word'; print word(), ' ', $T::Import::times},
    once      => q{use feature 'state'; state $n = 0; $n++; my @odd = grep { ($_ == 2) .. ($_ == 9) } 1 .. 3; my $m if $main::never; $m++; print "$n @odd $m"},
    late      => q{print defined &later ? 'there' : 'none', defined $made ? 'there' : 'none'; eval 'sub later { 1 }'; *made = \'text'; *more = sub { 2 }},
    ends      => q{print 'run'; END { print ' e1' } END { print ' e2 ', our $v // 'undef' } our $v = 'kept until then'},
    data      => qq{print join '|', map { chomp; \$_ } <DATA>;\n__END__\na\nb\n},
    name      => q{print $0 =~ m{([^/]+)\z}, ' '; $0 = 'other'; print $0},
    name_gone => q{*0 = *T::Import::times; print 'gone'},
    exits     => q{print 'before'; exit; print 'behind'},
    dies      => q{our $n++; die "at $n\n" if $n},
    begin_dies => q{BEGIN { die "not the second time\n" if $main::tried++ == 2 } print 'runs'},
    begin_exits => q{BEGIN { exit if $main::out++ == 2 } print 'runs'},
    object    => q{our @ISA = 'T::Import'; sub own { 'own' } our $object = bless []; print 'run'},
    handle    => q{print scalar grep { (readlink // '') eq $0 } glob "/proc/$$/fd/*"; open FILE, '<', $0; open our $file, '<', $0},
    format    => qq{use warnings FATAL => 'all'; our \$v = 7; format OWN =\nv @<\n\$v\n.\nprint defined *OWN{FORMAT} ? 'format' : 'none'},
    warns     => qq{#!/usr/bin/perl -w\nsub a1 { 1 } use constant TWO => 2; $PLAIN print a1() + TWO},
    alias     => q{BEGIN { *their = *T::Import::list } our @their; print scalar @their},
    inner     => q{our $n++; my $r = shift; print "<$n "; $r->lookup_uri('/perlrun/inner.pl?x')->run unless $r->args; print "$n>"},
    library   => q{require(__FILE__ =~ s{[^/]+\z}{}r . 'lib.pl'); print main::lib()},
    outer     => q{require(__FILE__ =~ s{[^/]+\z}{}r . 'lib.pl'); print main::lib(), ' '; shift->lookup_uri('/perlrun/library.pl')->run},
    args      => q{my $r = shift; print ref $r, ' ', scalar @_, ' ', (caller 0)[3] =~ /::handler\z/ ? 'handler' : 'no'},
    forks     => q{$| = 1; my $pid = fork; if (!$pid) { print 'child '; exit 3 } waitpid $pid, 0; print $? >> 8},
    vars      => q{use strict; use vars '$word'; $word = 'declared'; print $word},
    known     => q{print scalar keys %{ ($ModPerl::RegistryCooker::KNOWN{'ModPerl::PerlRun'} || [])->[3] || {} }},
    status    => q{shift->status(404); print 'my own page'},
    edited    => q{our $n++; print "one $n"},
);
$scripts{$_} = $PLAIN . $scripts{$_} for grep { $_ ne 'warns' } keys %scripts;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(
        mpm     => $mpm,
        files   => { 'htdocs/perlrun/lib.pl' => '$main::lib++; sub main::lib { "lib $main::lib" } 1;', map { ("htdocs/perlrun/$_.pl" => $scripts{$_}) } keys %scripts },
        modules => { 'T/Import.pm' => 'package T::Import; our ($times, @list) = (0, 1, 2, 3); sub import { my $to = caller; $times++; no strict "refs"; *{"${to}::$_[1]"} = sub { "word $times" } } sub DESTROY { print " destroyed, ", $_[0]->own } 1;' },
        config  => <<'C',
PerlModule ModPerl::PerlRun
PerlModule Apache2::SubRequest
PerlInterpStart 1
PerlInterpMax 1
@one_child@
<Location /perlrun>
    SetHandler perl-script
    PerlResponseHandler ModPerl::PerlRun
    PerlOptions +ParseHeaders
    Options +ExecCGI
</Location>
C
    );
    my $folder = "$s->{root}/htdocs/perlrun";
    my $get    = sub { $s->get("/perlrun/$_[0].pl") };
    my $body   = sub { $get->(@_)->{content} };
    my $runs   = sub { my ($script, $answers, $name) = @_; is join('|', map { $body->($script) } 1 .. 4), $answers, $name };
    my $same   = sub { my ($script, $answer, $name) = @_; $runs->($script, join('|', ($answer) x 4), $name) };

    $same->(variables => '1 1 11',   'variables are fresh');
    $same->(closure   => 'its own',  'a sub sees the lexical variables of this run');
    $runs->(begin     => '1|2|3|4',  'BEGIN blocks run each time, and set what the run sees');
    $runs->(import    => 'word 1 1|word 2 2|word 3 3|word 4 4', 'modules are asked for their names each time');
    $same->(once      => '1 2 3 1',  'so are state variables, ranges and variables that are declared by chance');
    $same->(late      => 'nonenone', 'what a run defines is gone with it');
    $same->(ends      => 'run e1 e2 kept until then', 'END blocks run once a run, before the package is emptied');
    $same->(data      => 'a|b',      'DATA is there each time') if ours;
    $same->(name      => 'name.pl other', '$0 is the script\'s each time');
    $same->(name_gone => 'gone',     '  also if its glob becomes another one');
    $same->(exits     => 'before',   'exit');
    $same->(object    => 'run destroyed, own', 'objects of package variables are destroyed at the end, when its subs and classes are still there') if ours;    # mod_perl destroys them later
    $runs->(handle    => '0|0|0|0',  'files of package variables are closed');
    $same->(format    => 'format',   'formats are not there twice') if ours;    # mod_perl leaves them, and perl warns
    $same->(warns     => '3',        'nor subs and constants');
    $same->(alias     => 3,          'a variable of another package is not emptied') if ours;
    $same->(inner     => '<1 <2 2>>', 'a script within itself has the same package, which is empty behind it') if ours;
    $runs->(library   => 'lib 1|lib 2|lib 3|lib 4', 'a file of subs is required each time');
    $runs->(outer     => 'lib 5 lib 5|lib 6 lib 6|lib 7 lib 7|lib 8 lib 8', '  but not by a script within the script');
    $same->(args      => 'Apache2::RequestRec 0 handler', 'arguments and caller');
    $same->(forks     => 'child 3',  'fork') if ours;
    is join(' ', map { my $got = $get->('status'); ($got->{status}, $got->{content}) } 1 .. 3), join(' ', ('404 my own page') x 3), 'a status' if ours;

    $get->('dies') for 1 .. 3;
    $s->log_like(qr/at 1\n?/, 'an error is logged');
    $s->log_unlike(qr/\bat 2\b/, '  of a fresh run');
    is join(' ', map { $get->('begin_dies')->{status} } 1 .. 5), '200 200 500 200 200', 'a script that cannot be compiled once';
    $s->log_like(qr/not the second time/, '  and the log says why');
    is join(' ', map { $get->('begin_exits')->{status} } 1 .. 5), '200 200 500 200 200', '  or ends itself then';
    $s->log_like(qr/exit was called at .*begin_exits\.pl/, '  which is an error');
    cmp_ok $body->('known'), '>', 10, 'they are compiled again from texts that are kept' if ours;

    my $edit = sub {
        my ($script, $text) = @_;
        my @times = (stat "$folder/$script.pl")[8, 9];
        spew("$folder/$script.pl", $PLAIN . $text);
        utime @times, "$folder/$script.pl";
    };
    $same->(edited => 'one 1', 'a script');
    for my $word (qw(two six ten)) {
        $edit->(edited => qq{our \$n++; print "$word \$n"});
        is $body->('edited'), "$word 1", "  is seen to have changed, in the same size and with the time of before" for 1 .. 3;
        Time::HiRes::sleep(0.15);       # until another change would have another time, its text is not kept
        is $body->('edited'), "$word 1", '  and later, too' for 1 .. 3;
    }
    $same->(vars => 'declared', 'a variable that is declared by `use vars`');
    $edit->(vars => q{use strict; $word = 'declared'; print $word});
    if (ours) {
        is $get->('vars')->{status}, 500, '  is not declared once that line is gone' for 1, 2;
        $s->log_like(qr/Global symbol "\$word" requires explicit package name/, '  as the log says');
    }
    unlink "$folder/edited.pl";
    is $get->('edited')->{status}, 404, 'a script that is removed' for 1, 2;
    chmod 0, "$folder/name.pl";
    is $get->('name')->{status}, 403, 'a script that may not be read any more' for 1, 2;
    $s->expect_log(qr/name\.pl/);
});

done_testing;
