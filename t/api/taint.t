# PerlSwitches -T: what comes from outside is tainted.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    switches => '-T',
    code     => 'use Scalar::Util (); sub tainted { Scalar::Util::tainted($_[0]) ? 1 : 0 }',
    rows     => <<'R',
Apache2::RequestRec::read           | $r->read(my $b, 9); tainted($b)                                           | 1 | body
Apache2::RequestRec::get_client_block | $r->setup_client_block; $r->should_client_block; $r->get_client_block(my $b, 9); tainted($b) | 1 | body
Apache2::RequestRec::subprocess_env | $r->subprocess_env; my $v = $r->subprocess_env('REQUEST_METHOD'); tainted($v) | 1
Apache2::RequestRec::slurp_filename | $r->filename($r->document_root . '/plain.txt'); tainted(${ $r->slurp_filename }), tainted(${ $r->slurp_filename(0) }) | 1,0
ModPerl::Util::untaint              | $r->read(my $b, 9); ModPerl::Util::untaint($b); tainted($b)               | 0 | body
Apache2::RequestRec::uri            | my $u = $r->uri; tainted($u)                                              | 0
R
);

done_testing;
