# SUSPENDED (-3) is a C module's promise to answer later. Where a script returned it, the client waited for ever, and the connection was held.
use lib 't/lib';
use TestHttpd;
use TestHttpd::Lua ();

plan skip_all => 'mod_perl and mod_lua hold the connection' unless ours;

my $lua = TestHttpd::Lua::has_lua();
my %perl = (map({ ($_ => "<Location /$_>\nSetHandler modperl\nPerlResponseHandler My::Three::page\n</Location>\n") } qw(response threads)),
    map { (lc $_ => "<Location /\L$_\E>\nPerl${_}Handler My::Three\n</Location>\n") } qw(HeaderParser Access Type Fixup));
$perl{threads} =~ s/(?=SetHandler)/PerlUseClass threads\n/;
$perl{script} = "<Location /script>\nSetHandler perl-script\nPerlResponseHandler My::Three\n</Location>\n";
$perl{trans} = "<Location />\n</Location>\nPerlTransHandler \"sub { \$_[0]->uri eq '/trans' ? -3 : -1 }\"\n";
my %of_lua = (
    map => "LuaMapHandler ^/map\$ a.lua\n", page => "",
    hook => "<Location /hook>\nLuaHookFixups a.lua handle\n</Location>\n", ours => "<Location /ours>\nLuaFixupHandler \"function(r) return -3 end\"\n</Location>\n",
);
for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my %all = (%perl, $lua ? %of_lua : ());
    my $script = "function handle(r) return -3 end\n";
    my %start = (mpm => $mpm, config => join('', "PerlModule My::Three\n<PerlInterpClass threads>\nPerlClassThreads 2\nPerlInterpMax 2\n</PerlInterpClass>\n", map { $all{$_} } sort keys %all),
        modules => { 'My/Three.pm' => "package My::Three;\nuse Apache2::RequestRec ();\nsub handler { -3 }\nsub page { -3 }\n1;\n" },
        scripts => { 'a.lua' => $script }, files => { 'htdocs/a.lua' => $script });
    my $s = $lua ? TestHttpd::Lua->start(%start, perl => 1) : TestHttpd->start(%start);
    $s->expect_log(qr/AH01579: Invalid response status|AsyncRequestWorkerFactor/);
    for my $name (sort keys %all) {
        my $at = $name eq 'page' ? '/a.lua' : "/$name";
        $s->mark_log;
        my $got = $s->raw("GET $at HTTP/1.0\r\n\r\n", 5);
        like $got, qr/^HTTP\/1\.1 500 /, "$name: the client is told of an error at once";
        $s->log_like(qr/returned -3, which is no status/, '  and the log says why');
    }
});

done_testing;
