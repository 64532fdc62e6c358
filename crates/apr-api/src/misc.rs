//! Packages of one or two functions: `APR::String`, `APR::OS`, `APR::Date`, `APR::Util`.

use apr::SECOND;
use interp::*;

/// Functions of the package.
pub static STRING: Class = Class::new(
    "APR::String",
    &[function("format_size(bytes)", |n: i64| apr::format_size(n))
        .anywhere()
        .doc("A size as people write it, in four characters: 42K.")],
)
.doc("Text.");

/// Functions of the package.
pub static OS: Class = Class::new(
    "APR::OS",
    &[function("current_thread_id()", || apr::thread_id() as i64).anywhere().doc("A number for the running thread.")],
)
.doc("The operating system.");

/// Functions of the package.
pub static DATE: Class = Class::new(
    "APR::Date",
    &[
        function("parse_http(text)", |text: &[u8]| apr::parse_http_date(text) / SECOND)
            .anywhere()
            .doc("Seconds since 1970 of a date as in HTTP headers; 0 if it is none."),
        function("parse_rfc(text)", |text: &[u8]| apr::parse_rfc_date(text) / SECOND)
            .anywhere()
            .doc("Seconds since 1970 of a date as in mail headers and the like; 0 if it is none."),
    ],
)
.doc("Dates.");

/// Functions of the package.
pub static UTIL: Class = Class::new(
    "APR::Util",
    &[
        function("password_validate(password, hash)", apr::is_password)
            .anywhere()
            .doc("Whether a password fits its hash (crypt, MD5, SHA-1, bcrypt)."),
        function("filepath_name_get(path)", |path: &[u8]| path.rsplit(|b| *b == b'/').next().map(<[u8]>::to_vec))
            .anywhere()
            .doc("The last part of a path."),
    ],
)
.parts(&[&ASKING])
.doc("Helpers.");

static ASKING: Part = Part::new(
    "APR::Util",
    &only(
        PERL,
        [function("password_get(prompt, pwbuf, bufsize)", password_get)
            .doc("Asks for a password at the terminal and reads it into a buffer of less than `bufsize` bytes; a status. Not in a server.")],
    ),
);

/// Nobody types a longer one.
const LONGEST: usize = 4096;

fn password_get(prompt: &[u8], mut pwbuf: Out, bufsize: i64) -> Result<i32> {
    if RUNTIME.get().is_none_or(|runtime| runtime.is_server()) {
        return Err("a server has no terminal at which it could ask".into());
    }
    let most = usize::try_from(bufsize).ok().filter(|n| *n > 0).ok_or("the buffer must have room for a byte")?;
    let (status, typed) = apr::ask_password(prompt, most.min(LONGEST));
    pwbuf.put(0, &typed)?;
    Ok(status.code())
}
