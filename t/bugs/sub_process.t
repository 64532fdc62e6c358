# Apache2::SubProcess, APR::PerlIO and Apache2::Directive loaded empty: the methods were not there.
use lib 't/lib';
use TestHttpd;

my %modules = ('T/Sub.pm' => <<'P');
package T::Sub;
use strict;
use warnings;
use APR::PerlIO ();
use APR::Table ();
use Apache2::Directive ();
use Apache2::RequestIO ();
use Apache2::RequestRec ();
use Apache2::RequestUtil ();
use Apache2::SubProcess ();
my %do = (
    scalar => sub { my $out = $_[0]->spawn_proc_prog('/bin/echo', ['a', 'b c']); join '', <$out> },
    bare   => sub { my $out = $_[0]->spawn_proc_prog('/bin/pwd'); scalar <$out> },
    list   => sub {
        my ($in, $out, $err) = $_[0]->spawn_proc_prog('/bin/sh', ['-c', 'read line; echo "got $line"; echo "bad $line" >&2; cat']);
        print $in "one\n";                      # not closed, not flushed by hand
        my $got = <$out>;
        $got .= <$err>;
        print $in "two\n";
        close $in;
        join '', $got, <$out>;
    },
    void   => sub {
        my $file = '@var@/void';
        unlink $file;
        $_[0]->spawn_proc_prog('/bin/sh', ['-c', "echo done > $file.new; mv $file.new $file"]);
        for (1 .. 500) { last if -e $file; select undef, undef, undef, .01 }
        open my $fh, '<', $file or return "no file\n";
        scalar <$fh>;
    },
    env    => sub {
        my $r = shift;
        $r->subprocess_env->set(ONE => 'eins');
        $r->subprocess_env->add(TWO => 'zwei=2');
        my $out = $r->spawn_proc_prog('/usr/bin/env');
        join '', sort grep { /^(?:ONE|TWO|HOME|PERL5LIB)=/ } <$out>;
    },
    missing => sub { my $out = $_[0]->spawn_proc_prog('/no/such/program'); (defined $out ? 'defined' : 'undef') . "\n" },
    usage   => sub { my $n = 0; for my $args ([], ['/bin/echo', 'text'], ['/bin/echo', [], 1]) { eval { $_[0]->spawn_proc_prog(@$args); 1 } or $n++ } "$n\n" },
    signal  => sub { my $out = $_[0]->spawn_proc_prog('/bin/sh', ['-c', 'kill -TERM $$; echo alive']); (scalar <$out>) // "ended by TERM\n" },
    leaves  => sub { my ($in, $out) = $_[0]->spawn_proc_prog('/bin/sh', ['-c', 'echo $$; cat']); scalar <$out> },
    layer   => sub {
        my $r = shift;
        my $file = '@var@/layer';
        open my $to, '>:APR', $file, $r->pool or return "cannot: $!\n";
        print $to "one\ntwo\n";
        close $to or return "close: $!\n";
        open my $from, '<:APR', $file, $r->pool or return "cannot: $!\n";
        my $first = <$from>;
        seek $from, -4, 2;
        my $last = <$from>;
        seek $from, 0, 0;
        open my $again, '<&:APR', $from or return "dup: $!\n";
        my @layers = PerlIO::get_layers($from);
        my $failed = open(my $none, '<:APR', '/no/such/file', $r->pool) ? 'opened' : "$!";
        join('', $first, $last, <$again>) . "$layers[-1] $failed " . APR::PerlIO::PERLIO_LAYERS_ARE_ENABLED . "\n";
    },
    tree   => sub {
        my $t = Apache2::Directive::conftree();
        my ($n, $d) = (0, $t);
        while ($d) { $n++; $d = $d->first_child || $d->next || ($d->parent && $d->parent->next) }
        my $hash = $t->as_hash;
        my ($location) = $t->lookup('Location', '/sub');
        my @all = $t->lookup('PerlSetVar');
        my $node = $t;
        $node = $node->next while lc $node->directive ne '<location';
        my $in = $node->first_child;
        join "\n", $n > 10 ? 'many' : $n, ref $hash, join(',', sort keys %{ $hash->{Location} }), join(',', @all), scalar $t->lookup('PerlSetVar'),
            $location->{SetHandler}, join(',', map { ref ? "[@$_]" : $_ } $location->{PerlAddVar}), Apache2::Directive->lookup('servername') // 'none',
            $node->directive, $node->args, $in->directive, $in->args, $in->parent->line_num == $node->line_num ? 'parent' : 'other',
            $in->line_num == $node->line_num + 1 ? 'line' : 'other', $in->filename =~ m{/httpd\.conf$} ? 'file' : $in->filename,
            split(/\n/, $node->as_string), defined $t->lookup('NoSuch') ? 'found' : 'nothing', '';
    },
);
sub handler {
    my $r = shift;
    $r->print($do{ $r->args }->($r));
    return 0;
}
1;
P

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => \%modules, config => <<'C');
PerlModule T::Sub
PerlSetVar A 1
PerlSetVar B "2 3"
<Location /sub>
    SetHandler modperl
    PerlResponseHandler T::Sub
    PerlAddVar C 1
    PerlAddVar C 2
</Location>
<Location /other>
    SetHandler modperl
</Location>
C
    my $get = sub { $s->get("/sub?$_[0]")->{content} };
    is $get->('scalar'), "a b c\n", 'a scalar is the output; arguments arrive one by one';
    like $get->('bare'), qr{^/}, 'arguments may be left out';
    is $get->('list'), "got one\nbad one\ntwo\n", 'a list is input, output, errors; what is printed to the input arrives at once';
    is $get->('void'), "done\n", 'without a result the program runs all the same';
    is $get->('env'), "ONE=eins\nTWO=zwei=2\n", 'its environment is subprocess_env and nothing else';
    is $get->('missing'), "undef\n", 'a program that is not there gives undef';
    $s->expect_log(qr{"/no/such/program" cannot be run: No such file}) if ours;
    $s->log_like(qr{"/no/such/program" cannot be run: No such file}, '  and a line in the log') if ours;
    is $get->('usage'), "3\n", 'wrong arguments die';
    is $get->('signal'), "ended by TERM\n", 'no signal is blocked in the program';
    my $pid = $get->('leaves');
    chomp $pid;
    ok wait_until(sub { !kill 0, $pid }, 10), 'a program ends with its request';
    is $get->('layer'), "one\ntwo\none\ntwo\nAPR No such file or directory 1\n", 'the layer :APR takes a file and a pool' if ours;
    my @tree = split /\n/, $get->('tree');
    is shift @tree, 'many', 'the tree is walked';
    is_deeply \@tree, [
        'HASH', '/other,/sub', 'A 1,B "2 3"', 'A 1', 'modperl', '[C 1 C 2]', ($tree[6]), '<Location', '/sub>', 'SetHandler', 'modperl', 'parent', 'line', 'file',
        'SetHandler modperl', 'PerlResponseHandler T::Sub', 'PerlAddVar C 1', 'PerlAddVar C 2', 'nothing',
    ], 'as_hash, lookup, as_string, and what a node says of itself';
});

done_testing;
