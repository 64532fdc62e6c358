# Run by perl.rs: returns what failed and how many checks there were.
use strict;
use warnings;
use APR::Table ();
use APR::Pool ();
use APR::Status ();
use APR::Base64 ();
use APR::URI ();
use APR::Finfo ();
use APR::Util ();
use APR::Const -compile => qw(SUCCESS :table :finfo :filetype ENOENT);
ModInterp::bind('APR::Test');
my $out = '';
my ($n, $bad) = (0, 0);
sub is {
    my ($got, $want, $name) = @_;
    $n++;
    return if defined $got ? defined $want && $got eq $want : !defined $want;
    $bad++;
    $out .= "not ok $name: got " . ($got // 'undef') . ', wanted ' . ($want // 'undef') . "\n";
}
sub dies(&$$) {
    my ($code, $message, $name) = @_;
    $n++;
    my $lived = eval { $code->(); 1 };
    return if !$lived && $@ =~ $message;
    $bad++;
    $out .= "not ok $name: " . ($lived ? 'lived' : $@) . "\n";
}
my $pool = APR::Pool->new;
my $t = APR::Table::make($pool, 4);
$t->set(Host => 'a');
$t->add(host => 'b');
$t->{X} = 1;
is scalar($t->get('HOST')), 'a', 'scalar get';
is join('|', $t->get('host')), 'a|b', 'list get';
is scalar(my @l = $t->get('none')), 0, 'empty list';
is scalar($t->get('none')), undef, 'undef';
is $t->{x}, 1, 'fetch';
is exists $t->{x} ? 1 : 0, 1, 'exists';
delete $t->{X};
is $t->{X}, undef, 'deleted';
is join(',', map { "$_=" . ($t->{$_}) } keys %$t), 'Host=a,host=a', 'keys';
my @e;
while (my ($k, $v) = each %$t) { push @e, "$k=$v" }
is "@e", 'Host=a host=b', 'each shows the second value';
my @d;
is $t->do(sub { push @d, "@_"; 1 }), 1, 'do';
is "@d", 'Host a host b', 'do visits all';
@d = ();
$t->add(Y => 2);
$t->do(sub { push @d, "@_"; 1 }, 'Y');
is "@d", 'Y 2', 'do visits the keys named';
sub main::named { push @d, $_[0]; 0 }
@d = ();
$t->do('main::named');
is "@d", 'Host', 'do by name, stops at false';
dies { $t->do(sub { die "inside\n" }) } qr/^inside$/, 'die in do passes on';
$t->merge(Y => 3);
is $t->{Y}, '2, 3', 'merge';
$t->compress(APR::Const::OVERLAP_TABLES_MERGE);
is $t->get('host'), 'a, b', 'compress';
my $c = $t->copy($pool);
$c->clear;
is $t->{Y}, '2, 3', 'copy is a copy';
is scalar(keys %$c), 0, 'clear';
my $o = $t->overlay($c, $pool);
is $o->{Y}, '2, 3', 'overlay';
dies { $t->set('a') } qr/^APR::Table::set: usage: \$table->set\(\$key, \$value\) at .* line \d+/, 'usage';
dies { APR::Table::make('x', 1) } qr/argument 1: pool is not of type APR::Pool/, 'wrong class';
dies { APR::Table::make($pool, {}) } qr/argument 2 \(size\) must be an integer/, 'wrong type';
dies { APR::Test::stale()->get('x') } qr/^APR::Table::get: request is gone/, 'stale';
{
    my $kept;
    {
        my $p = APR::Pool->new;
        $kept = APR::Table::make($p, 1);
        $kept->{a} = 5;
    }
    is $kept->{a}, 5, 'a table keeps the pool it was made from';
}
{
    my $p = APR::Pool->new;
    my $t = APR::Table::make($p, 1);
    $p->clear;
    dies { $t->get('a') } qr/request is gone/, 'a table of a cleared pool is gone';
    $t = APR::Table::make($p, 1);
    $t->{b} = 2;
    is $t->{b}, 2, 'the cleared pool lives on';
    $p->destroy;
    dies { $t->get('b') } qr/gone/, 'a table of a destroyed pool is gone';
    dies { $p->clear } qr/gone/, 'and so is the pool';
}
is(APR::Status::is_ENOENT(APR::Const::ENOENT), 1, 'is_ENOENT');
is !!APR::Status::is_EOF(0), !!0, 'is_EOF';
is(APR::Base64::decode(APR::Base64::encode("a\0b")), "a\0b", 'base64');
my $uri = APR::URI->parse($pool, 'http://me:pw@example.com:8080/a/b?q=1#f');
is join('|', $uri->scheme, $uri->user, $uri->hostname, $uri->port, $uri->path, $uri->query, $uri->fragment),
    'http|me|example.com|8080|/a/b|q=1|f', 'a URI in parts';
is $uri->port(81), 8080, 'a setter gives the old value';
$uri->query(undef);
is $uri->query, undef, 'undef removes a part';
is $uri->unparse, 'http://me@example.com:81/a/b#f', 'unparse leaves the password out';
is $uri->rpath, '/a/b', 'rpath';
my $file = APR::Finfo::stat('/etc/passwd', APR::Const::FINFO_NORM, $pool);
is $file->size, -s '/etc/passwd', 'size of a file';
is $file->mtime, (stat '/etc/passwd')[9], 'time of a file';
is $file->filetype, APR::Const::FILETYPE_REG, 'kind of a file';
eval { APR::Finfo::stat('/none', APR::Const::FINFO_NORM, $pool) };
is ref $@, 'APR::Error', 'a failure is an APR::Error';
is $@ == APR::Const::ENOENT ? 1 : 0, 1, 'its number is the status';
is APR::Util::password_validate('secret', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=') ? 1 : 0, 1, 'a password fits its hash';
my $h = APR::Test::hash();
is $h->{a}, 1, 'hash';
is "@{$h->{b}}", '1 2', 'array in hash';
is APR::Test::strings(['a', 'b']), 'a,b', 'strings';
is APR::Test::strings('z'), 'z', 'one string';
sub My::h { 8 }
my $l = APR::Test::handlers([sub { 7 }, 'My::h', 'My::missing']);
is $l->[0]->(), 7, 'code is kept';
is $l->[1]->(), 8, 'a name is given back as the code it names';
is $l->[2], undef, 'or as nothing';
is scalar(@{APR::Test::handlers(undef)}), 0, 'undef: none';
is APR::Test::maybe(), 'None left out', 'left out';
is APR::Test::maybe(undef, undef), 'None undef', 'undef';
is APR::Test::maybe(3, 'x'), 'Some(3) text', 'given';
is APR::Test::autoflush() ? 1 : 0, 0, 'no autoflush';
{ local $| = 1; is APR::Test::autoflush() ? 1 : 0, 1, 'autoflush'; }
$main::pool = APR::Pool->new;
$main::table = APR::Table::make($main::pool, 2);
$main::table->{Foo} = 'bar';
"$out$n checks, $bad failed";
