//! Configuration lines that come out of a script: read and walked as httpd does with those of a file.

use crate::{Command, Request, Server, ffi, opaque::core};
use apr::{Pool, bytes_at};
use std::{
    ffi::{CStr, c_int, c_void},
    ptr,
};

/// What a directive may be, and where the lines are said to stand.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// `OR_*` and `RSRC_CONF`; `None`: those of `.htaccess` for a request, of a server for a server.
    pub overrides: Option<c_int>,
    /// `OPT_*` that `Options` may set; `None`: all.
    pub options: Option<c_int>,
    /// The section's path; `None`: `/` for a request.
    pub path: Option<&'a [u8]>,
}

/// Text that httpd reads line by line.
struct Text {
    bytes: Vec<u8>,
    at: usize,
}

/// # Safety
/// httpd passes a buffer of `size` bytes, and the [`Text`] of `read`.
unsafe extern "C" fn line(buffer: *mut c_void, size: apr::ffi::apr_size_t, text: *mut c_void) -> c_int {
    // SAFETY: the caller's promise; nobody else uses the text meanwhile.
    let text = unsafe { &mut *text.cast::<Text>() };
    let rest = text.bytes.get(text.at..).unwrap_or_default();
    if rest.is_empty() || size < 2 {
        return apr::ffi::APR_EOF as c_int;
    }
    let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |n| n + 1).min(size - 1);
    // SAFETY: room for `end` bytes and a NUL.
    unsafe {
        buffer.cast::<u8>().copy_from_nonoverlapping(rest.as_ptr(), end);
        buffer.cast::<u8>().add(end).write(0);
    }
    text.at += end;
    0
}

/// # Safety
/// httpd passes a place for one character, and the [`Text`] of `read`.
unsafe extern "C" fn character(to: *mut std::ffi::c_char, text: *mut c_void) -> c_int {
    // SAFETY: the caller's promise; nobody else uses the text meanwhile.
    let (to, text) = unsafe { (&mut *to, &mut *text.cast::<Text>()) };
    let Some(&byte) = text.bytes.get(text.at) else { return apr::ffi::APR_EOF as c_int };
    text.at += 1;
    *to = byte as std::ffi::c_char;
    0
}

/// How much of a line that httpd refuses is shown.
const SHOWN: usize = 100;

/// httpd's message about one of these lines, with the line.
fn refusal(message: &[u8], lines: &[&[u8]], number: Option<usize>) -> String {
    let message = String::from_utf8_lossy(message);
    // An element may be several lines.
    let mut all = lines.iter().flat_map(|line| line.split(|b| *b == b'\n'));
    let Some((number, line)) = number.and_then(|n| Some((n, all.nth(n.checked_sub(1)?)?))) else {
        return message.into();
    };
    let line = String::from_utf8_lossy(line.trim_ascii());
    let shown: String = line.chars().take(SHOWN).collect();
    let more = if shown.len() < line.len() { "..." } else { "" };
    format!("{message} (line {number} of those given: {shown}{more})")
}

fn read(
    lines: &[&[u8]],
    name: &CStr,
    mut parms: ffi::cmd_parms,
    context: *mut ffi::ap_conf_vector_t,
) -> Result<(), String> {
    let mut bytes = Vec::new();
    for line in lines {
        bytes.extend(line.iter().copied().take_while(|b| *b != 0));
        bytes.push(b'\n');
    }
    let mut text = Text { bytes, at: 0 };
    let mut tree = ptr::null_mut();
    // SAFETY: all zero is a value of these plain records; pools, server and vector live, say the two callers; `text` lives
    // until the file is read, which is before this returns.
    let message = unsafe {
        parms.config_file = ffi::ap_pcfg_open_custom(
            parms.pool,
            name.as_ptr(),
            (&raw mut text).cast(),
            Some(character),
            Some(line),
            None,
        );
        let mut message = ffi::ap_build_config(&mut parms, parms.pool, parms.temp_pool, &mut tree);
        if message.is_null() {
            // Noted for each line that was run when it was read, also without an error.
            parms.err_directive = ptr::null();
            message = ffi::ap_walk_config(tree, &mut parms, context);
        }
        bytes_at(message)
    };
    let Some(message) = message else { return Ok(()) };
    // SAFETY: httpd notes the node of the line that it refuses, which lies in one of the two pools; else the line it was reading.
    let number = unsafe {
        match (parms.err_directive.as_ref(), parms.config_file.as_ref()) {
            // A file that one of the lines includes has lines of its own.
            (Some(node), _) => node.line_num.try_into().ok().filter(|_| node.filename == name.as_ptr()),
            (None, Some(file)) => Some(file.line_number as usize),
            (None, None) => None,
        }
    };
    Err(refusal(message, lines, number))
}

/// What httpd calls lines that a script has made.
const NAME: &CStr = c"mod_interp";

fn parms(server: &Server, pool: &Pool, rules: Rules<'_>, default: u32) -> ffi::cmd_parms {
    const OPTIONS: u32 = ffi::OPT_UNSET | ffi::OPT_ALL | ffi::OPT_INC_WITH_EXEC | ffi::OPT_SYM_OWNER | ffi::OPT_MULTI;
    // SAFETY: all zero is a value of this plain record.
    let mut parms: ffi::cmd_parms = unsafe { std::mem::zeroed() };
    parms.limited = -1;
    parms.server = server.as_ptr();
    parms.override_ = rules.overrides.unwrap_or(default as c_int);
    parms.override_opts = rules.options.unwrap_or(OPTIONS as c_int) as ffi::allow_options_t as _;
    parms.pool = pool.as_ptr();
    parms.temp_pool = pool.as_ptr();
    parms
}

impl Request {
    /// Adds lines to the configuration of its directory, as if they stood in `.htaccess`, for this request only.
    ///
    /// # Errors
    /// httpd's message for the line it refuses.
    pub fn add_config(&self, lines: &[&[u8]], rules: Rules<'_>) -> Result<(), String> {
        const HTACCESS: u32 = ffi::OR_LIMIT | ffi::OR_OPTIONS | ffi::OR_FILEINFO | ffi::OR_AUTHCFG | ffi::OR_INDEXES;
        let pool = self.pool();
        let before = self.configured_handler();
        let mut parms = parms(self.server(), pool, rules, HTACCESS);
        parms.path = pool.cstr(rules.path.unwrap_or(b"/")).as_ptr();
        // SAFETY: vector and configuration lie in the request's pool.
        unsafe {
            let new = ffi::ap_create_per_dir_config(pool.as_ptr());
            read(lines, NAME, parms, new)?;
            let r = self.as_ptr();
            (*r).per_dir_config = ffi::ap_merge_per_dir_configs(pool.as_ptr(), (*r).per_dir_config, new);
        }
        self.note_configured_handler(before);
        Ok(())
    }

    /// Puts the section `<Location ...>` of this very text in the place of what applies to the request; false if its server
    /// has no such section.
    pub fn merge_location(&self, location: &[u8]) -> bool {
        let server = self.server();
        // SAFETY: server and vectors live; the core keeps these records in vectors of these kinds.
        unsafe {
            let s = server.as_ptr();
            let Some(conf) = core::<ffi::core_server_config>((*s).module_config) else { return false };
            let Some(sections) = conf.as_ref().sec_url.as_ref() else { return false };
            let first = sections.elts.cast::<*mut ffi::ap_conf_vector_t>();
            for i in 0..usize::try_from(sections.nelts).unwrap_or(0) {
                let section = first.add(i).read();
                let Some(dir) = core::<ffi::core_dir_config>(section) else { continue };
                if bytes_at(dir.as_ref().d) == Some(location) {
                    let pool = self.pool().as_ptr();
                    (*self.as_ptr()).per_dir_config =
                        ffi::ap_merge_per_dir_configs(pool, (*s).lookup_defaults, section);
                    return true;
                }
            }
        }
        false
    }
}

impl Command {
    /// Adds lines in the place of this one, with what is allowed here.
    ///
    /// # Errors
    /// httpd's message for the line it refuses.
    pub fn add_config(&self, lines: &[&[u8]]) -> Result<(), String> {
        let raw = self.raw();
        // SAFETY: all zero is a value of this plain record.
        let mut parms: ffi::cmd_parms = unsafe { std::mem::zeroed() };
        parms.limited = -1;
        (parms.server, parms.pool, parms.temp_pool) = (raw.server, raw.pool, raw.temp_pool);
        (parms.override_, parms.override_opts) = (raw.override_, raw.override_opts);
        parms.path = raw.path;
        let file = self.file().unwrap_or(NAME.to_bytes());
        let name = self.pool().strdup(&[file, b":", self.line().to_string().as_bytes()].concat());
        read(lines, name, parms, raw.context)
    }
}

impl Server {
    /// Adds lines outside every section to its configuration. While the server starts.
    ///
    /// # Errors
    /// httpd's message for the line it refuses.
    pub fn add_config(&self, lines: &[&[u8]]) -> Result<(), String> {
        let rules = Rules { overrides: None, options: None, path: None };
        let default = (ffi::RSRC_CONF | ffi::OR_ALL) & !(ffi::OR_AUTHCFG | ffi::OR_LIMIT);
        // SAFETY: lives.
        let defaults = unsafe { (*self.as_ptr()).lookup_defaults };
        let mut parms = parms(self, self.pconf(), rules, default);
        // Two pools: lines with one pool for both pass for those of `.htaccess`.
        let temp = self.pconf().create().map_err(|s| s.to_string())?;
        parms.temp_pool = temp.as_ptr();
        read(lines, NAME, parms, defaults)
    }
}
