# APR::* in a perl that is not the server's: how the library is found and what it brings along, every row's errors, and the ends: of
# pools, threads, forked processes and the program. What each row does there is tested with the rows themselves (TestApi).
use lib 't/lib';
use TestApi;
use TestHttpd;
use TestPlain;
use Config;
use File::Path qw(make_path);
use IPC::Open2 qw(open2);

plan skip_all => 'is about this module' unless ours;
ok has_plain(), 'the library is built beside the module' or BAIL_OUT("there is no @{[ plain_so() ]}: cargo build makes both");

# Runs a script: what it printed, and `rc N` behind it if it did not end with 0.
sub script {
    my ($code, @words) = @_;
    my ($text, $status) = plain_perl('-w', '-e', "use strict; \$| = 1;\n$code", @words);
    return $text . ($status ? "rc $status" : '');
}

subtest 'the library' => sub {
    my $so = plain_so();
    is join(' ', map { (split)[2] } split /\n/, qx{nm -D --defined-only $so}), 'boot_APR', 'it shows one name';
    my %needs = map { $_ => 1 } map { (split)[-1] =~ s/\@.*//r } split /\n/, qx{nm -D --undefined-only $so};
    is join(' ', sort grep { /^(?:ap|unixd|mpm|core|modperl)_|^Lua|^lua_/ } keys %needs), '', 'and asks for nothing of httpd';
    is join(' ', sort grep { /^(?:perl_(?:alloc|clone|construct|parse|run|destruct)|PL_ppaddr|boot_DynaLoader|pthread_sigmask)$/ } keys %needs), '',
        'nor for what the module does with interpreters of its own';
    my $linked = join ' ', sort map { /NEEDED.*\[(.*)\]/ ? $1 =~ s/\.so.*//r : () } split /\n/, qx{readelf -d $so};
    like $linked, qr/\blibapr-1 libaprutil-1\b/, 'it brings APR';
    unlike $linked, qr/libperl/, 'and leaves perl to perl';
    is plain_folder(), "$Config{version}/$Config{archname}", 'it says which perl it is for';
};

subtest 'how it is found' => sub {
    my $uuid = qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    my $lib  = plain_lib();
    like plain_perl('-MAPR', '-MAPR::UUID', '-le', 'print APR::UUID->new->format'), $uuid, 'by -I';
    like qx{PERL5LIB=$lib $^X -MAPR -MAPR::UUID -le 'print APR::UUID->new->format'}, $uuid, 'by PERL5LIB';
    like qx{cd / && $^X -e 'use lib "$lib"; use APR::Pool; use APR::UUID; print ref APR::Pool->new, "\n"'}, qr/^APR::Pool$/, 'by use lib';
    like qx{cd $lib && $^X -I. -MAPR::Pool -le 'print ref APR::Pool->new'}, qr/^APR::Pool$/, 'by a relative folder';
    like qx{$^X -T -I$lib -MAPR::Pool -le 'print ref APR::Pool->new'}, qr/^APR::Pool$/, 'under -T';
    is script('require APR; require APR::Pool; print $INC{"DynaLoader.pm"} ? 1 : 0, APR::XSLoader::BOOTSTRAP()'), 10, 'only the server says that it is one';

    my $other = File::Temp::tempdir('mod_interp_other.XXXXXX', TMPDIR => 1, CLEANUP => 1);
    TestHttpd::copy_tree(TestHttpd::top() . '/lib', $other);
    my $folder = plain_folder();
    is qx{$^X -I$other -MAPR::Pool -e1 2>&1} =~ s/\n.*//sr,
        "APR: there is no library for this perl, $folder: $other/$folder/auto/APR/APR.so. It comes with `make install` of mod_interp that was built with PERL=$^X",
        'a folder without it is told';
    make_path("$other/5.8.8/other-arch/auto/APR", "$other/$folder/auto/APR");
    spew("$other/5.8.8/other-arch/auto/APR/APR.so", '');
    like qx{$^X -I$other -MAPR -e1 2>&1}, qr{/APR\.so; there is one for 5\.8\.8/other-arch\. It comes}, 'and for which perl there is one';
    spew("$other/$folder/auto/APR/APR.so", 'no library');
    like qx{$^X -I$other -MAPR -e1 2>&1}, qr{^APR: \Q$other/$folder\E/auto/APR/APR\.so: }, 'a file that is none is told';
    # As of a perl of another version: the number that it is compared by is changed in a copy.
    my $text = slurp(plain_so());
    my $older = 'v4' . substr "v$Config{version}", 2;
    ok $text =~ s/\0v\Q$Config{version}\E\0/\0$older\0/, 'the version is found in it';
    spew("$other/$folder/auto/APR/APR.so", $text);
    like qx{$^X -I$other -MAPR -e1 2>&1}, qr/^Perl API version \Q$older\E of APR does not match v\Q$Config{version}\E/, 'one that was compiled for another perl is refused';
};

# ---- each row of docs/api.md: no object, too many arguments, an object whose pool is gone

my @rows = grep { $_->{name} =~ /^APR::/ && $_->{load} =~ /^APR::/ } api_page();
my %value = (
    integer => '1', number => '1.5', string => q('x'), boolean => '1', buffer => '(my $b = q(y))', code => 'sub { 0 }', any => '1', class => q('T'),
);
my (@lines, @stale);
for my $row (@rows) {
    my ($name, $kind) = @$row{qw(name kind)};
    my ($class) = $name =~ /(.*)::/;
    my $is_method = $kind !~ /Function|ClassMethod/;
    my @given = map { $value{ $_->[1] } // "\$of{'$_->[1]'}" } grep { !$_->[2] && $_->[1] ne 'strings' } @{ $row->{parameters} };
    my $many = grep { $_->[1] eq 'strings' } @{ $row->{parameters} };
    push @lines, "$name\tis there\tdefined &$name or die 'none'; die '$name: '\t";
    push @lines, "$name\tno object\t$name(" . join(', ', "'no object'", @given) . ")\tinvocant must be an object of class $class" if $is_method;
    push @lines, "$name\ttoo many arguments\t$name(" . join(', ', $is_method ? "\$of{'$class'}" : $kind eq 'ClassMethod' ? "'$class'" : (), ('1') x 12) . ")\tusage: "
        unless $many || $class =~ /Sock|Array/;
    push @stale, "$class\t$name\t$name(" . join(', ', '$then', @given) . ')' if $is_method && $class !~ /Sock|Array/;
}
my $dir = File::Temp::tempdir('mod_interp_plain.XXXXXX', TMPDIR => 1, CLEANUP => 1);
spew("$dir/lines", join "\n", @lines);
spew("$dir/stale", join "\n", @stale);
my $uses = join '', map { "use $_ ();\n" } grep { /^APR/ } TestApi::modules();
my $all  = <<'P' =~ s/\@uses\@/$uses/r;
@uses@
no warnings;
our %of;
sub objects {
    my $p = APR::Pool->new;
    my $ba = APR::BucketAlloc->new($p);
    my $b = APR::Bucket->new($ba, 'x');
    return map { (ref $_) => $_ } $p, $ba, $b, $b->type, APR::Brigade->new($p, $ba), APR::Table::make($p, 1), APR::URI->parse($p, 'http://h/'),
        APR::Finfo::stat('/', 1, $p), APR::IpSubnet->new($p, '127'), APR::ThreadMutex->new($p), APR::ThreadRWLock->new($p);
}
sub lines { open my $in, '<', "$ARGV[0]/$_[0]" or die $!; my @l = <$in>; chomp @l; return map { [ split /\t/ ] } @l }
P

is script($all . <<'P', $dir), @lines . ' cases', 'each row is there, and each wrong argument is told';
%of = objects();
my $n = 0;
for (lines('lines')) {
    my ($name, $what, $code, $like) = @$_;
    $n++;
    my $done = eval "$code; 1";
    print "$name: $what: ", $done ? "nothing was raised\n" : $@ unless !$done && $@ =~ /^\Q$name\E: .*\Q$like/s;
}
print "$n cases";
P

is script($all . <<'P', $dir), @stale . ' cases', 'each row raises on an object whose pool is gone';
my %then = objects();
%of = objects();
$then{'APR::Pool'}->destroy;
my $n = 0;
for (lines('stale')) {
    my ($class, $name, $code) = @$_;
    my $then = $then{$class};
    $n++;
    next if $class eq 'APR::BucketType';        # of the library itself
    my $done = eval "$code; 1";
    next if $done ? $name =~ /::DESTROY\z|^APR::Pool::destroy\z/ : $@ =~ /^\Q$name\E: (?:invalid pool object: )?request is gone at /;
    print "$name: ", $done ? "nothing was raised\n" : $@;
}
print "$n cases";
P

# ---- ends

subtest 'the end of the program' => sub {
    my $use = 'use APR::Pool (); use APR::Table ();';
    is script("$use our \$p = APR::Pool->new; \$p->cleanup_register(sub { print \"cleanup \@_ \${^GLOBAL_PHASE} \" }, 7); print 'end '"),
        'end cleanup 7 END ', 'cleanups run before anything is taken away';
    is script("$use our \$p = APR::Pool->new; our \$q = \$p->new; \$_->cleanup_register(sub { print \@_ }, \$_ == \$p ? 1 : 2) for \$p, \$q; END { print 'mine ' }"),
        'mine 21', 'after the END blocks of the script, those of a pool below another first';
    is script("our \$t; END { print eval { \$t->get('a'); 1 } ? 'there' : \$\@ =~ /gone/ ? 'gone' : \$\@ } $use \$t = APR::Table::make(APR::Pool->new, 1)"),
        'gone', 'an END block of before the library comes later, and finds the objects gone';
    is script("$use our \$x = bless {}, 'X'; sub X::DESTROY { my \$t = APR::Table::make(APR::Pool->new, 1); \$t->set(a => 'new'); print \$t->get('a') }"),
        'new', 'and may make others';
    is script("$use our \$p = APR::Pool->new; our \@self; \@self = (\\\@self, \$p, APR::Table::make(\$p, 1)); print 'ok'"), 'ok', 'a circle is no harm';
    is script("$use my \$p = APR::Pool->new; \$p->cleanup_register(sub { print 'cleanup '; exit 3 }); exit 0"), 'cleanup rc 768', 'an exit in a cleanup is one';
    is script("$use APR::Table::make(APR::Pool->new, 1)->do(sub { 1 }); my \$t = APR::Table::make(my \$p = APR::Pool->new, 1); \$t->set(a => 1); \$t->do(sub { exit 5 }); print 'no'"),
        'rc 1280', 'so is one in a callback';
    like script("$use my \$p = APR::Pool->new; \$p->cleanup_register(sub { die \"late\\n\" }); undef \$p; \$p = APR::Pool->new; \$p->cleanup_register('none'); \$@ = 'mine'; undef \$p; print \$@"),
        qr/\AAPR::Pool: cleanup died: late\nAPR::Pool: cleanup died: Undefined subroutine &main::none called at .*\nmine\z/, 'a cleanup that dies warns, and leaves $@ alone';
    like script("$use die APR::Table::make(my \$p = APR::Pool->new, 1)->get()"), qr/\AAPR::Table::get: usage: \$table->get\(\$key\) at -e line 2\.\nrc 65280\z/, 'an error that nobody catches ends the program';
    like script('use APR::Pool (); use APR::Finfo (); APR::Finfo::stat("/none", 1, my $p = APR::Pool->new)'), qr{\AAPR::Finfo::stat: \(2\) No such file or directory at -e line 2}, 'an APR::Error has its text';
    is script('use APR::Error (); use APR::Pool (); use APR::Finfo (); eval { APR::Finfo::stat("/none", 1, my $p = APR::Pool->new) }; my $e = $@; print ref $e, " ", $e == 2 ? 1 : 0, " $e->{func} ", $e ? "true" : "false"'),
        'APR::Error 1 APR::Finfo::stat true', 'and its operators';
};

subtest 'a password' => sub {
    plan skip_all => 'script(1) is not here' unless qx{script --version 2>/dev/null};
    my $lib  = plain_lib();
    my $code = 'use APR::Util (); $| = 1; my $b = "before"; my $s = APR::Util::password_get("Say: ", $b, 7); print "\n$s [$b]\n"';
    spew("$dir/ask.pl", $code);
    # What is typed before the question is not taken for an answer.
    my $type = sub {
        my $pid  = open2(my $out, my $in, 'script', '-qec', "$^X -I$lib $dir/ask.pl", '/dev/null');
        my $said = '';
        1 while $said !~ /Say: / && sysread $out, $said, 100, length $said;
        print $in "$_[0]\n";
        $in->flush;
        1 while $said !~ /\]/ && sysread $out, $said, 100, length $said;
        close $in;
        waitpid $pid, 0;
        return $said;
    };
    like $type->('secret'), qr/Say: \s+0 \[secret\]/, 'is asked at the terminal';
    like $type->('much too long'), qr/\[much t\]/, 'and cut off at the size that was given';
    like script('use APR::Util (); APR::Util::password_get("", my $b, 0)'), qr/must have room/, 'which is more than none';
};

subtest 'a process that the script forks' => sub {
    my $use = 'use APR::Pool (); use APR::Table ();';
    is script("$use my \$p = APR::Pool->new; my \$t = APR::Table::make(\$p, 1); \$p->cleanup_register(sub { print \$_[0] }, 'x'); if (my \$pid = fork) { waitpid \$pid, 0; print 'parent ' } else { \$t->set(a => 'child '); print \$t->get('a') }"),
        'child xparent x', 'goes on, and cleanups run in both';
    is script("$use my \$p = APR::Pool->new; my \$q = \$p->new; my \$t = APR::Table::make(\$q, 1); if (my \$pid = fork) { waitpid \$pid, 0; print 'parent' } else { \$q->destroy; print eval { \$_->(); 1 } ? 'alive ' : 'gone ' for sub { \$t->get('a') }, sub { \$q->tag('x') } }"),
        'gone gone parent', 'what is destroyed there is gone there';
    is script("$use my \$p = APR::Pool->new; if (my \$pid = fork) { waitpid \$pid, 0; print \$? >> 8 } else { \$p->cleanup_for_exec; exec '/bin/sh', '-c', 'exit 9' }"), '9', 'may become another program';
    is script("$use our \$p = APR::Pool->new; \$p->cleanup_register(sub { print 'cleanup' }); \$p->cleanup_for_exec; print 'ok '"), 'ok cleanup', 'cleanup_for_exec forgets nothing';
};

subtest 'threads' => sub {
    plan skip_all => 'this perl has none' unless $Config{useithreads};
    my $use = 'use threads; use APR::Pool (); use APR::Table (); use APR::Brigade (); use APR::Bucket (); use APR::BucketAlloc (); use APR::OS ();';
    is script("$use print threads->create(sub { my \$t = APR::Table::make(APR::Pool->new, 1); \$t->set(a => 'in a thread'); \$t->get('a') })->join"), 'in a thread', 'a thread makes its own objects';
    is script("$use my \$p = APR::Pool->new; my \$t = APR::Table::make(\$p, 1); my \$s = bless APR::Pool->new, 'Sub'; \@Sub::ISA = 'APR::Pool'; \$t->set(a => 'mine'); print threads->create(sub { join '', map { eval { \$_->(); 1 } ? 'shared ' : 'not shared ' } sub { \$t->get('a') }, sub { \$p->tag('x') }, sub { \$s->tag('x') } })->join, \$t->get('a'), ' ', ref \$s"),
        'not shared not shared not shared mine Sub', 'and has none of its maker\'s';
    is script("$use my \$p = APR::Pool->new; \$p->cleanup_register(sub { print \@_ }, 'once'); threads->create(sub { my \$q = APR::Pool->new; \$q->cleanup_register(sub { print 'thread ' }); 1 })->join for 1, 2; print 'joined '"),
        'thread thread joined once', 'cleanups run where they were registered';
    is script("$use my \@t = map { threads->create(sub { for (1 .. 300) { my \$p = APR::Pool->new; my \$ba = APR::BucketAlloc->new(\$p); my \$bb = APR::Brigade->new(\$p, \$ba); \$bb->insert_tail(APR::Bucket->new(\$ba, 'x' x \$_)); \$bb->flatten(my \$b) == \$_ or die; APR::Table::make(\$p, 3)->set(a => 1) } 1 }) } 1 .. 4; print map { \$_->join } \@t"),
        '1111', 'four at once';
    is script("$use print threads->create(sub { threads->create(sub { APR::Table::make(my \$p = APR::Pool->new, 1)->set(a => 1); 'inner' })->join })->join"), 'inner', 'a thread of a thread';
    is script('use threads; print threads->create(sub { require APR::Pool; ref APR::Pool->new })->join, " "; require APR::Pool; print ref APR::Pool->new'), 'APR::Pool APR::Pool', 'one that loads the library first';
    like script("$use package Early; sub CLONE { print eval { APR::Pool->new; 1 } ? 'made ' : \$\@ =~ /being cloned/ ? 'too early ' : \$\@ } package main; threads->create(sub { 1 })->join; print 'alive'"),
        qr/\A(?:made|too early) alive\z/, 'a CLONE method may come before ours';
    is script("$use my \$p = APR::Pool->new; my \$t = APR::Table::make(\$p, 1); threads->create(sub { sleep 5 })->detach; print 'left'"), 'left', 'a thread that still runs at the end';
};

subtest 'installed' => sub {
    plan skip_all => 'make is not here' unless qx{make --version 2>/dev/null};
    my $root = File::Temp::tempdir('mod_interp_prefix.XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $make = sub { qx{env -u MAKEFLAGS -u MAKELEVEL APR_SO=@{[ plain_so() ]} SO=@{[ TestHttpd::module_so() ]} DESTDIR= PREFIX=$root sh apache-conf/install $_[0] 2>&1} };
    like $make->('install'), qr{^installed \Q$root\E/lib/perl5/APR\.pm for perl \Q@{[ plain_folder() ]}\E; now: use lib }, 'PREFIX= installs APR::* alone';
    is join(' ', sort map { s{.*/}{}r } glob "$root/lib/perl5/*"), "$Config{version} APR APR.pm ModPerl mod_perl2.pm", 'and nothing of httpd\'s';
    is qx{PERL5LIB=$root/lib/perl5 $^X -MAPR -MAPR::Pool -MAPR::Error -MAPR::Const=:error -e 'print ref APR::Pool->new, EACCES' 2>&1}, 'APR::Pool13', 'it works from there';
    for my $class (grep { /^APR/ } TestApi::modules()) {
        is qx{PERL5LIB=$root/lib/perl5 $^X -M$class -e1 2>&1}, '', "$class loads by itself";
    }
    like $make->('uninstall'), qr{^removed }, 'uninstall';
    is join(' ', glob "$root/*"), '', 'leaves nothing';
};

done_testing;
