//! A line of the configuration, as a directive is told of it.

use crate::{CommandRec, ConfVector, Node, Server, ffi, pconf::is_pconf, server::pool};
use apr::{Pool, bytes_at, with_cstr};
use config::{Args, LinePlace};
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
        if let Some(name) = self.class() {
            LinePlace::Class(name)
        } else if self.is_in_htaccess() {
            LinePlace::Htaccess
        } else if self.path().is_some() {
            LinePlace::Section(self.section().and_then(|s| std::str::from_utf8(s).ok()).unwrap_or_default())
        } else if self.server().is_virtual() {
            LinePlace::VirtualHost
        } else {
            LinePlace::Server
        }
    }

    /// The name of the interpreter class in whose section it stands.
    fn class(&self) -> Option<&str> {
        let section = self.node()?.parent()?;
        config::directive(section.name()).filter(|row| row.args == Args::Section)?;
        config::class_opened(section.arguments())
    }

    /// What `AllowOverride Options=...` allows here, as `OPT_*` bits.
    pub fn override_options(&self) -> c_int {
        self.raw().override_opts as c_int
    }

    /// Whether the section around it restricts a method: of `<Limit>` those named, elsewhere none.
    pub fn is_limited(&self, method: &[u8]) -> bool {
        // SAFETY: the record lives; a C string for the call.
        with_cstr(method, |method| unsafe { ffi::ap_method_is_limited(self.as_ptr(), method.as_ptr()) != 0 })
    }

    /// Why it may not stand here, if these `NOT_IN_*` and `GLOBAL_ONLY` bits say so.
    pub fn misplaced(&self, forbidden: u32) -> Option<&[u8]> {
        // SAFETY: the record lives; the answer is null or a C string in its pool.
        unsafe { bytes_at(ffi::ap_check_cmd_context(self.as_ptr(), forbidden)) }
    }

    /// The directive's row in the table of its module.
    pub fn command(&self) -> Option<&CommandRec> {
        // SAFETY: null or the record that httpd found, in the table of its module.
        unsafe { CommandRec::at(self.raw().cmd.cast_mut()) }
    }

    /// Its node, if it was read before it is run. One that is not of the configuration's files lives only as long as the call.
    pub fn node(&self) -> Option<&Node> {
        // SAFETY: null or the node that httpd is at.
        unsafe { Node::at(self.raw().directive) }
    }

    /// `AllowOverride`, as `OR_*` bits.
    pub fn override_bits(&self) -> c_int {
        self.raw().override_
    }
}

apr::lends! { Command:
    /// The section's argument (not only paths), or the directory of a `.htaccess`; `None` outside of both.
    path: text = path;
    /// What modules keep for the section.
    context: ConfVector = context;
}
