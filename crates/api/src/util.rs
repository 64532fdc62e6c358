//! `Apache2::Util`: what fits nowhere else.

use apr::Pool;
use interp::*;

/// Functions of the package.
pub static UTIL: Class = Class::new(
    "Apache2::Util",
    &[
        function("ht_time(pool, [seconds], [format], [gmt])", ht_time)
            .doc("A time (default: now) in a format of strftime's (default: that of HTTP headers)."),
        function("escape_path(path, pool, [partial])", |path: &[u8], pool: &Pool, partial: Option<bool>| {
            httpd::util::escape_path(pool, path, partial.unwrap_or(true))
        })
        .doc("A path as part of a URL."),
    ],
)
.doc("Helpers.");

fn ht_time(pool: &Pool, seconds: Option<i64>, format: Option<&[u8]>, gmt: Option<bool>) -> Option<Vec<u8>> {
    let now = || std::time::UNIX_EPOCH.elapsed().map_or(0, |t| t.as_secs() as i64);
    let format = format.unwrap_or(b"%a, %d %b %Y %H:%M:%S %Z");
    httpd::util::time(pool, seconds.unwrap_or_else(now) * apr::SECOND, format, gmt.unwrap_or(true))
}
