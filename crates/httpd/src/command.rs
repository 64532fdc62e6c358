//! A line of the configuration, as a directive is told of it.

use crate::{CommandRec, ConfVector, Node, Server, ffi, lines::read, pconf::is_pconf, server::pool};
use apr::{Pool, bytes_at, with_cstr};
use config::LinePlace;
use std::ffi::c_int;

apr::opaque! {
    /// A `cmd_parms`: what a directive is told, where it stands, and which pools it may use. Lives for one call.
    pub struct Command(ffi::cmd_parms);
}

impl Command {
    pub(crate) fn raw(&self) -> &ffi::cmd_parms {
        // SAFETY: lives as long as it is borrowed; httpd does not change it meanwhile.
        unsafe { &*self.as_ptr() }
    }

    /// The server it stands in.
    pub fn server(&self) -> &Server {
        // SAFETY: httpd always names the server, which lives longer.
        match unsafe { Server::at(self.raw().server) } {
            Some(server) => server,
            None => std::process::abort(),
        }
    }

    /// Lives as long as what the directive configures: the configuration's pool, or the request's in `.htaccess`.
    pub fn pool(&self) -> &Pool {
        pool(self, self.raw().pool)
    }

    /// Lives until the configuration is read (in `.htaccess`: the request's).
    pub fn temp_pool(&self) -> &Pool {
        pool(self, self.raw().temp_pool)
    }

    /// The directive's name in its table's spelling.
    pub fn name(&self) -> &[u8] {
        // SAFETY: httpd calls with the record it found; names are static C strings.
        unsafe { self.raw().cmd.as_ref().and_then(|cmd| bytes_at(cmd.name)) }.unwrap_or_default()
    }

    /// Configuration file; what httpd calls a piece of configuration that is no file otherwise.
    pub fn file(&self) -> Option<&[u8]> {
        // SAFETY: each pointer is null or lives for the call.
        unsafe {
            let directive = self.raw().directive.as_ref().and_then(|d| bytes_at(d.filename));
            directive.or_else(|| self.raw().config_file.as_ref().and_then(|f| bytes_at(f.name)))
        }
    }

    /// Line in it; 0 if unknown.
    pub fn line(&self) -> u32 {
        // SAFETY: each pointer is null or lives for the call.
        let line = unsafe {
            match self.raw().directive.as_ref() {
                Some(directive) => i64::from(directive.line_num),
                None => self.raw().config_file.as_ref().map_or(0, |f| i64::from(f.line_number)),
            }
        };
        u32::try_from(line).unwrap_or(0)
    }

    /// The section it stands in, as written (`<Location`); `None` outside, or if the file is still being read.
    pub fn section(&self) -> Option<&[u8]> {
        // SAFETY: each pointer is null or lives for the call.
        unsafe {
            let parent = self.raw().directive.as_ref()?.parent.as_ref()?;
            bytes_at(parent.directive)
        }
    }

    /// Whether it stands in a `.htaccess`, or is handed over as if it did: httpd itself tells them by their pools.
    pub fn is_in_htaccess(&self) -> bool {
        self.raw().pool == self.raw().temp_pool
    }

    /// Whether requests are being served: other threads read the server's record.
    pub fn is_serving(&self) -> bool {
        !is_pconf(self.pool())
    }

    /// Where it stands, in the words of the directive table.
    pub fn place(&self) -> LinePlace<'_> {
        if self.is_in_htaccess() {
            LinePlace::Htaccess
        } else if self.path().is_some() {
            LinePlace::Section(self.section().and_then(|s| std::str::from_utf8(s).ok()).unwrap_or_default())
        } else if self.server().is_virtual() {
            LinePlace::VirtualHost
        } else {
            LinePlace::Server
        }
    }

    /// What is wrong with the place of a directive that may not stand in these (`NOT_IN_*`, `GLOBAL_ONLY`).
    pub fn misplaced(&self, forbidden: u32) -> Option<&[u8]> {
        // SAFETY: lives; httpd only looks at it. The text lies in its pools.
        unsafe { bytes_at(ffi::ap_check_cmd_context(self.as_ptr(), forbidden)) }
    }

    /// Whether it counts for this method: not where a `<Limit>` around it names others.
    pub fn counts_for(&self, method: &[u8]) -> bool {
        // SAFETY: lives; a C string for the call.
        with_cstr(method, |method| unsafe { ffi::ap_method_is_limited(self.as_ptr(), method.as_ptr()) != 0 })
    }

    /// Reads lines as if they stood in its place.
    ///
    /// # Errors
    /// httpd's message for the line it refuses; where the section is only being read, and nothing is configured yet.
    pub fn add_config(&self, lines: &[&[u8]]) -> Result<(), String> {
        let raw = self.raw();
        if raw.context.is_null() {
            return Err("lines can be added only where a directive is carried out, not where it is read".into());
        }
        // SAFETY: all zero is a value of this plain record.
        let mut parms: ffi::cmd_parms = unsafe { std::mem::zeroed() };
        (parms.server, parms.path, parms.limited) = (raw.server, raw.path, raw.limited);
        (parms.override_, parms.override_opts) = (raw.override_, raw.override_opts);
        (parms.pool, parms.temp_pool) = (raw.pool, raw.temp_pool);
        // SAFETY: pools, server, path and vector live as long as this.
        unsafe { read(lines, parms, raw.context) }
    }

    /// The directive.
    pub fn directive(&self) -> Option<&CommandRec> {
        // SAFETY: null or of a module's table, which lives longer; references to it write nothing.
        unsafe { CommandRec::at(self.raw().cmd.cast_mut()) }
    }

    /// `AllowOverride Options=`, as `OPT_*` bits.
    pub fn override_options(&self) -> i64 {
        i64::from(self.raw().override_opts)
    }

    /// `AllowOverride`, as `OR_*` bits.
    pub fn override_bits(&self) -> c_int {
        self.raw().override_
    }
}

apr::lends! { Command:
    /// The section's argument (not only paths), or the directory of a `.htaccess`; `None` outside of both.
    path: text = path;
    /// Its place in the configuration's tree; `None` while a file is read.
    node: Node = directive;
    /// What modules keep for the section.
    context: ConfVector = context;
}
