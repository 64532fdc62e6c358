# Apache2::URI.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    rows => <<'R',
Apache2::URI::unescaped  | Apache2::URI::unescaped('a%20b')                                | a b
Apache2::RequestRec::parsed_uri        | my $u = $r->parsed_uri; ref $u, $u->path, $u->query =~ /^\d+$/ | APR::URI,/case,1
Apache2::RequestRec::parse_uri         | $r->parse_uri('/other/path?q=1'); $r->uri, $r->args  | /other/path,q=1
Apache2::RequestRec::construct_server  | $r->construct_server('h', 99), $r->construct_server('h', 80, $p) | h:99,h
Apache2::RequestRec::construct_url     | $r->construct_url, $r->construct_url('/z', $p)       | /^http:\/\/127\.0\.0\.1:\d+\/case,http:\/\/127\.0\.0\.1:\d+\/z\z/
Apache2::URI::unescape_url             | my $u = 'a%20b%2f'; Apache2::URI::unescape_url($u); $u | /^a b/
R
);

done_testing;
