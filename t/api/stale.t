# Objects whose owner is gone raise; they never crash. Every row of docs/api.md is called on an object that was kept in a global
# past the end of its request or connection.
use lib 't/lib';
use TestApi;
use TestHttpd;

# Owned by something that outlives requests.
my %lives = map { $_ => 1 } qw(Apache2::ServerRec Apache2::Process Apache2::Log::Server Apache2::FilterRec Apache2::Module Apache2::Command);
my %value = (
    integer => '1', number => '1.5', string => q('x'), boolean => '1', buffer => '(my $b = q(y))', code => 'sub { 0 }',
    any => '1', 'one or an array' => 'sub { 0 }', 'string or array' => q('x'), strings => q('x'), class => q('T'), 'string or code' => q('x'),
);
my @loose = qw(Apache2::RequestRec::warn Apache2::RequestRec::log_error);
my @lines;
for my $row (api_page()) {
    my ($name, $kind) = @$row{qw(name kind)};
    my ($class) = $name =~ /(.*)::/;
    next if $kind =~ /Function|ClassMethod/ || $lives{$class} || grep { $_ eq $name } @loose;
    my @given = map { $value{ $_->[1] } // "\$now{'$_->[1]'}" } grep { !$_->[2] && $_->[1] ne 'strings' } @{ $row->{parameters} };
    push @lines, "$class\t$name\t$name(" . join(', ', '$then', @given) . ')';
}

my %modules = (trace_module(), 'T/Stale.pm' => <<'P' =~ s/\@uses\@/TestApi::uses()/er, 'T/lines' => join("\n", @lines));
package T::Stale;
@uses@
use T::Trace ();
our (%then, %now, @case);
no warnings;
{
    open my $f, '<', __FILE__ =~ s/Stale\.pm\z/lines/r or die $!;
    for (<$f>) {
        chomp;
        my ($class, $name, $code) = split /\t/;
        my $sub = eval "no strict; no warnings; sub { my \$then = \$then{'$class'}; $code }" or die "$code: $@";
        push @case, [ $class, $name, $sub ];
    }
}
sub objects {
    my ($r) = @_;
    my $c = $r->connection;
    return map { (ref $_) => $_ } $r, $c, $r->pool, $r->headers_in, $r->lookup_uri('/'), $r->log, $r->output_filters, $c->client_addr,
        $r->finfo, $r->parsed_uri, $c->bucket_alloc, APR::Brigade->new($r->pool, $c->bucket_alloc), APR::Bucket->new($c->bucket_alloc, 'x'), APR::IpSubnet->new($r->pool, '127'),
        APR::ThreadMutex->new($r->pool), APR::ThreadRWLock->new($r->pool), $r->per_dir_config,
        $r->allowed_methods, $c->client_socket || ();
}
sub keep { %then = objects($_[0]); $_[0]->print("$$"); 0 }
sub look {
    my $r = shift;
    return $r->print('another') && 0 unless %then;
    return $r->print('wait') && 0 if eval { $then{'Apache2::Connection'}->id; 1 };
    %now = objects($r);
    my ($said, $count) = ('', 0);
    for (@case) {
        my ($class, $name, $sub) = @$_;
        $then{$class} or next;
        $count++;
        my $done = eval { $sub->(); 1 };
        if ($name =~ /::DESTROY\z|^APR::Pool::destroy\z/) { $said .= "$name: $@" unless $done }
        else { $said .= $done ? "$name: nothing was raised\n" : $@ =~ /^\Q$name\E: (?:invalid pool object: )?request is gone at / ? '' : "$name: $@" }
    }
    eval { $r->headers_out($then{'APR::Table'}) };
    $said .= "as an argument: $@" unless $@ =~ /^Apache2::RequestRec::headers_out: argument 1: request is gone at /;
    %now = ();
    %then = ();
    $r->print("$said$count rows");
    return 0;
}
our $global;
sub cleanup {
    $global = my $r = shift;
    $r->pool->cleanup_register(sub { T::Trace::note('in the cleanup', $global->uri, $global->headers_in->get('X-Test')); undef $global });
    $r->push_handlers(PerlCleanupHandler => sub { T::Trace::note('in the cleanup handler', $global->uri); 0 });
    $r->print('kept');
    return 0;
}
our $pool  = APR::Pool->new;
our $table = APR::Table::make($pool, 1);
our $deep  = $pool->new;
our $s     = Apache2::ServerUtil->server;
$table->set(a => 'from the parent');
sub clones { my $r = shift; select undef, undef, undef, 0.02; $r->print($table->get('a'), ' ', $s->server_admin, ' ', $pool ? $pool->is_ancestor($deep) : 1); undef $pool if $r->args; 0 }
1;
P
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $h2 = $mpm ne 'prefork' && TestHttpd::have_httpd_module('http2');
    my $s = TestHttpd->start(mpm => $mpm, load => [ $h2 ? 'http2' : () ], modules => \%modules, config => ($h2 ? "Protocols h2c http/1.1\n" : '') . <<'C' . ($mpm eq 'prefork' ? "MaxRequestWorkers 1\n" : "PerlInterpStart 1\nPerlInterpMax 1\n"));
PerlModule T::Stale
ServerAdmin admin@example.com
<Location />
    SetHandler modperl
</Location>
<Location /keep>
    PerlResponseHandler T::Stale::keep
</Location>
<Location /look>
    PerlResponseHandler T::Stale::look
</Location>
<Location /cleanup>
    PerlResponseHandler T::Stale::cleanup
</Location>
C
    my $ask = sub {
        my ($protocol, $get) = @_;
        $get->('/keep');
        my $got = '';
        wait_until(sub { ($got = $get->('/look')->{content}) !~ /^wait/ }, 30);
        like $got, qr/\A\d+ rows\z/, "$protocol: each row raises on an object of an earlier request";
    };
    $ask->('HTTP/1.1', sub { $s->get($_[0]) });
    SKIP: {
        skip 'needs mod_http2 and a curl with HTTP/2', 1 unless $h2 && $mpm ne 'prefork' && $s->have_h2;
        $ask->('HTTP/2', sub { $s->h2($_[0]) });
    }
    $s->expect_log(qr/AH00161/);      # as many as may be
    is $s->get('/cleanup', 'X-Test' => 'yes')->{content}, 'kept', 'a request kept in a global';
    my @lines = $s->wait_for_trace(qr/in the cleanup \//);
    is_deeply \@lines, ['in the cleanup handler /cleanup', 'in the cleanup /cleanup yes'], '  is alive in a cleanup handler and in a cleanup';
});

{
    my $s = TestHttpd->start(mpm => 'event', modules => \%modules, config => <<'C');
PerlModule T::Stale
ServerAdmin admin@example.com
PerlInterpStart 50
PerlInterpMax 50
PerlInterpMaxSpare 50
<Location /clones>
    SetHandler modperl
    PerlResponseHandler T::Stale::clones
</Location>
C
    my @got = $s->parallel(30, sub { my $i = shift; join '|', map { $s->get('/clones' . ($i % 3 ? '' : '?gone'))->{content} } 1 .. 5 });
    my %seen = map { $_ => 1 } map { split /\|/, ref $_ ? join '|', @$_ : $_ } @got;
    is_deeply [ keys %seen ], ['from the parent admin@example.com 1'], 'a pool, a table and a server that start-up code made, in fifty clones that let go of the pool';
}

done_testing;
