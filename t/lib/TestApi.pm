package TestApi;

# Tests of API rows, one row a line. `api_rows(rows => <<'R', ...)` runs each line in a request of its own, over HTTP/1.1 and
# HTTP/2, under both MPMs:
#
#     Apache2::RequestRec::uri   | $r->uri                  | /case
#     Apache2::RequestRec::args  | $r->args('a=1'); $r->args | /^a=/
#     Apache2::RequestIO::read   | $r->read(my $b, 9); $b    | body   | body
#
# Name of the row; code over $r, $c (connection), $s (server), $p (the request's pool), $t (a table), whose value the answer
# shows (a list joined by commas; undef as "undef"); the answer, or a pattern for it; the body to send, if it is a POST (%n: a line's end). Code that
# begins with `start:` runs while the server starts, over $s and $p (of the configuration). `die` shows as "died: text". Rows of APR::* whose
# code asks nothing of a server run in a plain perl as well, unless it begins with `server:`.
# Under prefork perl runs in taint mode (-T): every row answers as without it, and what it answers is tainted where it comes from outside
# (%TAINTED, and `tainted` of the test), and nowhere else.
#
# A bar in code or pattern is written \x7c. What is the same for all rows, wrong arguments and dead objects, is in
# t/api/arguments.t and t/api/stale.t.

use strict;
use warnings;
use Exporter 'import';
use TestHttpd;
use TestPlain;

our @EXPORT = qw(api_rows rows_of_file api_page lua_page);

# Rows whose lines have answers from outside: bytes of a body, of a bucket, of a file or a program, variables of the environment.
my %TAINTED = map { $_ => 1 } (
    (map { "APR::Brigade::$_" } qw(concat flatten insert_head insert_tail split)),
    (map { "APR::Bucket::$_" } qw(delete eos_create insert_after insert_before new read remove setaside)), 'APR::BucketAlloc::new',
    'Apache2::Filter::get_brigade',
    (map { "Apache2::RequestRec::$_" } qw(EOF GETC READ READLINE add_input_filter get_client_block read read_line setup_client_block
        slurp_filename spawned subprocess_env)),
);

# The modules that bring the rows, and one that is Perl alone.
sub modules { my %known = map { $_ => 1 } 'APR::UUID', map { $_->{load} } api_page(); return sort keys %known }

sub uses { join '', map { "use $_ ();\n" } grep { ours() || !/^ModInterp/ } modules() }

sub rows {
    my @rows;
    for (split /\n/, shift) {
        next if /^\s*(?:#|\z)/;
        my ($name, $code, $want, $body) = map { s/^\s+|\s+\z//gr } split /\|/;
        defined $want or die "no such line: $_";
        s/\\x7c/|/g for $code, $want;
        $body =~ s/%n/\n/g if defined $body;
        push @rows, { name => $name, code => $code, want => $want, body => $body, start => scalar($code =~ s{^start:\s*}{}), server => scalar($code =~ s{^server:\s*}{}) };
    }
    return @rows;
}

# Names of the rows that a test file has lines for.
sub rows_of_file {
    my $text = TestHttpd::slurp(shift);
    return $text =~ /^([A-Z]\w*(?:::\w+)+)\s+\|/mg;
}

# Lines of docs/api.md: the class, the names in Perl and Lua, kind, parameters ([name, kind, optional]), loaded by.
sub lines {
    my ($class, @lines);
    for (split /\n/, TestHttpd::slurp('docs/api.md')) {
        $class = $1 if /^## (\S+)$/;
        my ($perl, $lua, $kind, $parameters, undef, undef, $load) = /^\| (\S*) \| (.*?) \| ([A-Z]\w+) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|/ or next;
        my @parameters = map { my ($n, $k) = /\[?(\S+): (.*?)\]?\z/; [ $n, $k, scalar(/^\[/) ] } split /, (?=\[?\w+: )/, $parameters;
        push @lines, { class => $class, perl => $perl =~ tr/`//dr, lua => $lua =~ /^`[.:]?(\w+)/ ? $1 : '', kind => $kind, parameters => \@parameters, load => $load };
    }
    return @lines;
}

# Those that Perl has: name, kind, parameters, load.
sub api_page { map { +{ %$_, name => $_->{perl} } } grep { length $_->{perl} } lines() }

# Those that Lua has: class, name, kind, parameters; own where Perl has it not, or otherwise.
sub lua_page { map { +{ %$_, name => $_->{lua}, own => !length $_->{perl} } } grep { length $_->{lua} } lines() }

sub module {
    my ($rows, $more) = @_;
    my $subs = join ",\n", map { "sub { my (\$r, \$c, \$s, \$p, \$t) = \@_; $_->{code} }" } @$rows;
    my $uses = uses();
    my $start = join ',', map { $rows->[$_]{start} ? $_ : () } 0 .. $#$rows;
    return <<"P";
package T::Case;
$uses
use Apache2::Const -compile => ':common', ':http', ':methods', ':conn_keepalive', ':remotehost', ':override', ':options', ':satisfy', ':proxy', ':log', ':mpmq', ':input_mode', ':types';
use APR::Const -compile => ':common', ':table', ':error', ':socket', ':poll', ':read_type', ':filetype', ':finfo', ':status';
use Scalar::Util ();
our (\%at_start, \%keep);
no warnings;
$more
my \@case = (
$subs
);
sub show {
    my \$n = shift;
    my \@got = eval { \$case[\$n]->(\@_) };
    return 'died: ' . (\$\@ =~ s/\\n\\z//r) if \$\@;
    note_tainted(\$n) if grep { Scalar::Util::tainted(\$_) } \@got;
    return join ',', map { defined \$_ ? \$_ : 'undef' } \@got;
}
sub note_tainted {
    open my \$out, '>>', "\@var\@/tainted.\$\$" or die \$!;
    print {\$out} "\$_[0]\\n";
}
sub start {
    my (\$p, undef, undef, \$s) = \@_;
    \$at_start{\$_} = show(\$_, undef, undef, \$s, \$p) for ($start);
    return 0;
}
sub handler {
    my \$r = shift;
    my (\$n) = \$r->args =~ /^(\\d+)/;
    my \$text = \$at_start{\$n} // show(\$n, \$r, \$r->connection, \$r->server, \$r->pool, APR::Table::make(\$r->pool, 2));
    return \$text =~ /^status (-?\\d+)\\z/ ? \$1 : do { \$r->print(\$text); 0 };
}
1;
P
}

# taint => 1: taint mode under every MPM, in rows that ask for it. rows => '...', conf => '...' (within the Location), outside => '...', code => '...' (subs that lines use), files, load.
sub api_rows {
    my (%o) = @_;
    my @rows = rows($o{rows});
    for_each_mpm(qw(event prefork), sub {
        my ($mpm) = @_;
        # httpd does not support HTTP/2 under prefork: a child that is stopped with such a connection open may crash in there.
        my $h2 = $mpm ne 'prefork' && TestHttpd::have_httpd_module('http2');
        my $protocols = $h2 ? "Protocols h2c http/1.1\n" : '';
        my $s = TestHttpd->start(
            mpm     => $mpm,
            load    => [ @{ $o{load} || [] }, $h2 ? 'http2' : () ],
            files   => { 'htdocs/plain.txt' => 'plain text', 'htdocs/dir/a.txt' => 'a', %{ $o{files} || {} } },
            modules => { 'T/Case.pm' => module(\@rows, $o{code} || ''), %{ $o{modules} || {} } },
            switches => $o{taint} || $mpm eq 'prefork' ? join(' ', '-T', map { "-I$_" } ours() ? () : split /:/, $ENV{PERL5LIB} // '') : undef,
            config  => <<"C",
${protocols}ServerAdmin admin\@example.com
ServerSignature On
PerlModule T::Case
PerlPostConfigHandler T::Case::start
PerlSetVar Where server
@{[ $o{outside} || '' ]}
<Location /case>
    SetHandler modperl
    PerlResponseHandler T::Case
    PerlSetVar Color red
    PerlAddVar Color green
    @{[ $o{conf} || '' ]}
</Location>
C
        );
        $s->expect_log($o{log}) if $o{log};
        my $run = sub {
            my ($protocol, $ask) = @_;
            for my $n (0 .. $#rows) {
                my $row = $rows[$n];
                my $got = $ask->($n, $row->{body})->{content};
                my $want = $row->{want};
                my $what = "$protocol: $row->{name}: $row->{code}";
                if ($want =~ m{^/(.*)/\z}s) { like $got, qr/$1/, $what } else { is $got, $want, $what }
            }
        };
        $run->('HTTP/1.1', sub { my ($n, $body) = @_; defined $body ? $s->post("/case?$n", $body, 'X-Test' => 'yes') : $s->get("/case?$n", 'X-Test' => 'yes') });
        SKIP: {
            skip 'needs mod_http2 and a curl with HTTP/2', 1 unless $h2 && $s->have_h2;
            $run->('HTTP/2', sub { my ($n, $body) = @_; $s->h2("/case?$n", '-H', 'X-Test: yes', defined $body ? ('--data-binary', $body) : ()) });
        }
        if ($mpm eq 'prefork' && !$o{taint}) {
            my %is = map { $rows[$_]{name} => 1 } map { split /\n/, TestHttpd::slurp($_) } glob "$s->{root}/var/tainted.*";
            my %tainted = (%TAINTED, map { $_ => 1 } @{ $o{tainted} || [] });
            my %should = map { $_->{name} => 1 } grep { $tainted{ $_->{name} } } @rows;
            is join("\n", sort keys %is), join("\n", sort keys %should), 'taint mode: the rows whose answers are tainted';
        }
        $o{after}->($s, $mpm) if $o{after};
    });
    plain_rows(\@rows, $o{code} || '') if has_plain();
}

# What rows of APR::* may ask a plain perl's stand-in for.
my %stands_in = map { $_ => 1 } qw(pool connection bucket_alloc document_root);

sub is_plain {
    my ($row) = @_;
    return $row->{name} =~ /^APR::/ && !$row->{start} && !$row->{server} && $row->{code} !~ /\$s\b/ && !grep { !$stands_in{$_} } $row->{code} =~ /\$[rc]->(\w+)/g;
}

sub plain_rows {
    my ($rows, $code) = @_;
    my @numbers = grep { is_plain($rows->[$_]) } 0 .. $#$rows;
    return unless @numbers;
    my $dir = File::Temp::tempdir('mod_interp_rows.XXXXXX', TMPDIR => 1, CLEANUP => 1);
    mkdir "$dir/T";
    TestHttpd::spew("$dir/T/Case.pm", module($rows, $code));
    TestHttpd::spew("$dir/plain.txt", 'plain text');
    chmod 0644, "$dir/plain.txt";
    my ($text, $status) = plain_perl("-I$dir", '-MT::Case', '-e', <<'P', $dir, @numbers);
package T::Request;
my ($dir, @numbers) = @ARGV;
my $c = bless {pool => APR::Pool->new}, 'T::Request';
sub pool { $_[0]{pool} }
sub connection { $c }
sub bucket_alloc { $_[0]{alloc} ||= APR::BucketAlloc->new($_[0]{pool}) }
sub document_root { $dir }
$| = 1;
for my $n (@numbers) {
    my $r = bless {pool => $c->pool->new}, 'T::Request';
    print "$n ", T::Case::show($n, $r, $c, undef, $r->pool, APR::Table::make($r->pool, 2)), "\0";
}
P
    my %got = map { /(?:^|.*\n)?(\d+) (.*)\z/s ? ($1 => $2) : () } split /\0/, $text;
    Test::More::subtest('plain perl' => sub {
        is $status, 0, 'it ends well' or diag $text;
        for my $n (@numbers) {
            my ($row, $got) = ($rows->[$n], $got{$n});
            my $what = "plain perl: $row->{name}: $row->{code}";
            if ($row->{want} =~ m{^/(.*)/\z}s) { like $got, qr/$1/, $what } else { is $got, $row->{want}, $what }
        }
    });
}

1;
