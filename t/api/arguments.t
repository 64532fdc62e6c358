# What a wrong argument meets is the same for all rows: a message with function and argument. Derived from docs/api.md, row by
# row: no object as invocant, too many and too few arguments, each argument of another type than its own.
use lib 't/lib';
use TestApi;
use TestHttpd;

# Rows that take what they get: see why.
my %odd = (
    'Apache2::RequestRec::warn'      => 'may be called as a plain function',
    'Apache2::RequestRec::log_error' => 'may be called as a plain function',
    'Apache2::ServerRec::warn'       => 'may be called as a plain function',
    'Apache2::ServerRec::log_error'  => 'may be called as a plain function',
);
# Constants, as with mod_perl: perl refuses arguments when it compiles the call.
my %constant = map { $_ => 1 } qw(Apache2::ServerUtil::server_root Apache2::ServerUtil::get_server_built Apache2::MPM::is_threaded Apache2::MPM::show);
my %value = (
    integer => '1', number => '1.5', string => q('x'), boolean => '1', buffer => '(my $b = q(y))', code => 'sub { 0 }',
    any => '1', 'one or an array' => 'sub { 0 }', 'string or array' => q('x'), strings => q('x'), class => q('T'), 'string, number or boolean' => '1', 'string or code' => q('x'),
);
# A wrong value, and what is said of it.
my %wrong = (
    integer => [ '{}', 'must be an integer' ], number => [ '{}', 'must be a number' ], buffer => [ q('constant'), 'cannot be modified' ],
    code => [ '{}', 'must be a code reference or the name of a sub' ],
    'one or an array' => [ '[{}]', 'must be a code reference, the name of a handler, an array of these, or undef' ],
    'string or array' => [ '{}', 'must be a string or an array of them' ], 'string, number or boolean' => [ '{}', 'must be a string, a number or a boolean' ],
);

my (@lines, %unknown);
sub line { my ($name, $what, $code, $like) = @_; push @lines, "$name: $what\t$code\t$like" }

for my $row (api_page()) {
    my ($name, $kind) = @$row{qw(name kind)};
    my ($class) = $name =~ /(.*)::/;
    my @parameters = @{ $row->{parameters} };
    my $many = @parameters && $parameters[-1][1] eq 'strings';
    my $is_method = $kind !~ /Function|ClassMethod/;
    # One of these lives only while a line of the configuration is read.
    next if $odd{$name} || $class eq 'Apache2::CmdParms' && @parameters;
    my @first = $is_method ? "\$of{'$class'}" : $kind eq 'ClassMethod' ? "'$class'" : ();
    line($name, 'no object', "$name(" . join(', ', "'no object'", given(@parameters)) . ')', "invocant must be an object of class $class") if $is_method;
    if (!$many && !$constant{$name}) {
        line($name, 'too many arguments', "$name(" . join(', ', @first, ('1') x 12) . ')', 'usage: ');
    }
    my @required = grep { !$_->[2] && $_->[1] ne 'strings' } @parameters;
    line($name, 'too few arguments', "$name(" . join(', ', @first, given(@required[ 1 .. $#required ])) . ')', 'usage: ') if @required;
    next if $class eq 'Apache2::CmdParms';    # none lives while a request is served: t/api/cmd_parms.t
    for my $i (0 .. $#parameters) {
        my ($label, $type) = @{ $parameters[$i] };
        my $bad = $wrong{$type} || ($type =~ /::/ ? [ q('no object'), "is not of type $type" ] : undef) or next;
        my @given = given(@parameters);
        pop @given if $many;
        $given[$i] = $bad->[0];
        line($name, "argument $label", "$name(" . join(', ', @first, @given) . ')', $bad->[1]);
    }
}
# Optional ones, too.
sub given { map { $value{ $_->[1] } // "\$of{'$_->[1]'}" } @_ }


my %modules = ('T/Args.pm' => <<'P' =~ s/\@uses\@/TestApi::uses()/er, 'T/lines' => join("\n", @lines));
package T::Args;
@uses@
our (%of, @case);
no warnings;
{
    open my $f, '<', __FILE__ =~ s/Args\.pm\z/lines/r or die $!;
    for (<$f>) {
        chomp;
        my ($title, $code, $like) = split /\t/;
        my $sub = eval "no strict; no warnings; sub { $code }" or die "$code: $@";
        push @case, [ $title, $sub, $like ];
    }
}
sub handler {
    my $r = shift;
    my $c = $r->connection;
    my $socket = $c->client_socket || bless \(my $none = 0), 'APR::Socket';
    my $parms = bless \(my $null = 0), 'Apache2::CmdParms';
    %of = map { (ref $_) => $_ } $r, $c, $parms, $r->server, $r->server->process, $r->pool, $r->headers_in, $r->lookup_uri('/'), $r->log,
        $r->server->log, $r->output_filters, $r->output_filters->frec, $c->client_addr, $r->finfo, $r->parsed_uri, $c->bucket_alloc,
        APR::Brigade->new($r->pool, $c->bucket_alloc), Apache2::Module::top_module(), Apache2::Module::find_linked_module('core.c')->cmds, Apache2::Directive::conftree(), APR::IpSubnet->new($r->pool, '127'),
        APR::ThreadMutex->new($r->pool), APR::ThreadRWLock->new($r->pool), $r->per_dir_config, $r->allowed_methods, $r->server->addrs, $r->dict('x'), $socket;
    $of{'APR::Bucket'} = APR::Bucket->new($c->bucket_alloc, 'x');
    $of{'APR::BucketType'} = $of{'APR::Bucket'}->type;
    $of{'APR::ArrayHeader'} = 0;
    my $said = '';
    for (@case) {
        my ($title, $sub, $like) = @$_;
        my ($name) = $title =~ /^([\w:]+): /;
        my $done = eval { $sub->(); 1 };
        $said .= $done ? "$title: nothing was raised\n" : $@ =~ /^\Q$name\E: .*\Q$like\E.* at \S+ line \d+\.\n\z/s || $@ =~ /^\Q$name\E: .*\Q$like\E/s ? '' : "$title: $@";
    }
    %of = ();
    $r->content_type('text/plain');
    $r->print($said . scalar(@case) . " cases\n");
    return 0;
}
1;
P
my $have_h2 = TestHttpd::have_httpd_module('http2');
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $h2 = $mpm ne 'prefork' && $have_h2;    # httpd does not support it there
    my $s = TestHttpd->start(mpm => $mpm, load => [ $h2 ? 'http2' : () ], modules => \%modules, config => ($h2 ? "Protocols h2c http/1.1\n" : '') . <<'C');
InterpDict x shm:64k
PerlModule T::Args
<Location /args>
    SetHandler modperl
    PerlResponseHandler T::Args
</Location>
C
    my $all = scalar(@lines) . " cases\n";
    is $s->get('/args')->{content}, $all, 'HTTP/1.1: each wrong argument is told';
    SKIP: {
        skip 'needs mod_http2 and a curl with HTTP/2', 1 unless $h2 && $s->have_h2;
        is $s->h2('/args')->{content}, $all, 'HTTP/2: each wrong argument is told';
    }
});

done_testing;
