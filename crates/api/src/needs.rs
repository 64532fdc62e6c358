//! What httpd needs of its records, where scripts can change them or have its code use them ([`interp::Need`]).

use super::host::host;
use httpd::{Connection, Filter, Request, Server, SubRequest};
use interp::Need;

/// Fields that httpd, its modules and the log follow without looking whether they are null.
pub(super) static TEXT: Need = Need::given("a string: httpd relies on it");
/// Bit numbers of a 64 bit word.
pub(super) static METHOD: Need = Need::within("a number from 0 to 63", 0, 63);
/// What can be written as a date in a header.
pub(super) static TIME: Need = Need::within("a time between the years 1 and 9999", -62_135_596_800, 253_402_300_799);
/// `ap_sub_req_lookup_file` begins with the folder of the request's own file.
pub(super) static FILENAME: Need =
    Need::this("a request whose filename is known", |r: &Request| r.filename().is_some());
/// Handlers that run handlers end with the stack, as httpd has no limit of its own there.
pub(super) static SHALLOW: Need = Need::this("fewer than 40 handlers running within one another", |_: &Request| {
    host().is_ok_and(|host| host.calls.depth() < 40)
});
/// Pools and texts of the subrequest go over to the request, and die with it.
pub(super) static OWN_SUBREQUEST: Need =
    Need::fits("a subrequest of this request, whose look-up did not fail", |r: &Request, sub: &SubRequest| {
        sub.request().is_some_and(|sub| sub.main() == Some(r) && is_looked_up(sub))
    });
/// One whose look-up failed at once has neither.
fn is_looked_up(r: &Request) -> bool {
    r.uri().is_some() && r.filename().is_some()
}
/// Hooks follow the URI.
pub(super) static URI: Need = Need::this("a request whose uri is known", |r: &Request| r.uri().is_some());
/// As above.
pub(super) static LOOKED_UP: Need =
    Need::this("a subrequest whose look-up did not fail", |sub: &SubRequest| sub.request().is_some_and(is_looked_up));
/// httpd passes data along a chain until it ends, which for output must be at the client's end.
pub(super) static BEHIND: Need =
    Need::fits("a filter that stands behind it", |f: &Filter, next: &Filter| next.is_in(f.next()));
/// A connection's own filters, which are the way to the client and from it, stay.
pub(super) static REMOVABLE: Need =
    Need::this("a filter that a request has added: httpd's own way to the client stays", Filter::is_removable);
/// A filter of a request finds its record there.
pub(super) static OF_SAME_CONNECTION: Need =
    Need::fits("a request of the filter's connection, and a filter that belongs to one", |f: &Filter, r: &Request| {
        f.request().is_some() && f.connection() == Some(r.connection())
    });
/// The bytes of any other connection are httpd's.
pub(super) static SPEAKS: Need = Need::this(
    "a handler that speaks the connection's protocol: PerlProcessConnectionHandler, LuaConnectionHandler",
    |c: &Connection| host().is_ok_and(|host| host.calls.speaks(c)),
);
/// A filter of a connection finds its record there.
pub(super) static OWN_CONNECTION: Need =
    Need::fits("the connection that the filter is for", |f: &Filter, c: &Connection| f.connection() == Some(c));

/// A chain may begin at any of its filters, and again where it began before, but not with one of another chain.
fn is_of(chain: Option<&Filter>, new: &Filter) -> bool {
    new.is_in(chain) || chain.is_some_and(|first| first.is_in(Some(new)))
}

macro_rules! chains {
    ($($name:ident: $owner:ty, $get:path;)*) => {
        $(pub(super) static $name: Need =
            Need::fits("a filter of this chain", |owner: &$owner, new: &Filter| is_of($get(owner), new));)*
    };
}

chains! {
    INPUT: Request, Request::input_filters;
    OUTPUT: Request, Request::output_filters;
    PROTO_INPUT: Request, Request::proto_input_filters;
    PROTO_OUTPUT: Request, Request::proto_output_filters;
    CONNECTION_INPUT: Connection, Connection::input_filters;
    CONNECTION_OUTPUT: Connection, Connection::output_filters;
}

/// What is kept in the configuration's pool is made before threads share that.
pub(super) static STARTING: Need = Need::this("a server that starts", |_: &Server| httpd::server::is_starting());
/// Limits that httpd adds to before it allocates.
pub(super) static LIMIT: Need = Need::within("a number from 0 to 1000000000", 0, 1_000_000_000);
/// Names of a server that links, headers and the environment are made of.
pub(super) static NAME: Need = Need::given("a string: httpd makes links and headers of it");
