//! The modules of httpd, as others see them.

use crate::{Server, ffi};
use apr::with_cstr;

apr::opaque! {
    /// A `module` of httpd, loaded or built in. It stays until the configuration is read again.
    pub struct Loaded(ffi::module);
}

apr::opaque! {
    /// A `command_rec`: a directive of a module, followed by its others.
    pub struct CommandRec(ffi::command_rec);
}

impl Loaded {
    /// The first of all; it lives as long as the server, any one of the present configuration. So do the others.
    pub fn first(_of: &Server) -> Option<&Loaded> {
        // SAFETY: httpd sets its variable while it has one thread, and anew when it reads its configuration again.
        unsafe { Loaded::at(ffi::ap_top_module) }
    }

    /// All of them, in httpd's order.
    pub fn all(_of: &Server) -> impl Iterator<Item = &Loaded> {
        // SAFETY: httpd's list ends with a null; it is written while httpd has one thread.
        (0..).map_while(|i| unsafe {
            let list = ffi::ap_loaded_modules;
            if list.is_null() { None } else { Loaded::at(*list.add(i)) }
        })
    }

    /// Whether a module has a directive or section of this name (`Location` for `<Location>`).
    pub fn know_directive(name: &[u8]) -> bool {
        let is_it = |command: &CommandRec| {
            let known = command.name().unwrap_or_default();
            known.strip_prefix(b"<").unwrap_or(known).eq_ignore_ascii_case(name)
        };
        // SAFETY: as in `first`; not used beyond this function.
        let first = unsafe { Loaded::at(ffi::ap_top_module) };
        std::iter::successors(first, |module| module.next())
            .filter_map(|module| module.commands())
            .any(|first| std::iter::successors(Some(first), |command| command.next()).any(is_it))
    }

    /// The one whose source has this name: `mod_mime.c`.
    pub fn named<'s>(_of: &'s Server, name: &[u8]) -> Option<&'s Loaded> {
        // SAFETY: a C string for the call; as in `first`.
        with_cstr(name, |name| unsafe { Loaded::at(ffi::ap_find_linked_module(name.as_ptr())) })
    }

    fn raw(&self) -> &ffi::module {
        // SAFETY: lives; nobody changes it after start-up.
        unsafe { &*self.as_ptr() }
    }

    /// Its number.
    pub fn index(&self) -> i32 {
        self.raw().module_index
    }

    /// Which httpd it was compiled for (`MODULE_MAGIC_NUMBER_MAJOR`).
    pub fn api_major(&self) -> i32 {
        self.raw().version
    }

    /// Which httpd it was compiled for (`MODULE_MAGIC_NUMBER_MINOR`).
    pub fn api_minor(&self) -> i32 {
        self.raw().minor_version
    }

    /// Whether it came by `LoadModule`.
    pub fn is_shared(&self) -> bool {
        !self.raw().dynamic_load_handle.is_null()
    }

    /// The first of its directives.
    pub fn commands(&self) -> Option<&CommandRec> {
        // SAFETY: null or the table of the module.
        unsafe { CommandRec::named(self.raw().cmds) }
    }
}

apr::lends! { Loaded:
    /// The next one.
    next: Loaded = next;
    /// Name of its source: `mod_mime.c`.
    name: text = name;
}

impl CommandRec {
    /// A table of directives ends with one without a name.
    ///
    /// # Safety
    /// Null, or an element of a module's table, or the one that ends it; the module lives for `'a`.
    unsafe fn named<'a>(command: *const ffi::command_rec) -> Option<&'a CommandRec> {
        // SAFETY: the caller's promise.
        unsafe { CommandRec::at(command.cast_mut()) }.filter(|command| !command.raw().name.is_null())
    }

    fn raw(&self) -> &ffi::command_rec {
        // SAFETY: lives as long as the module; nobody changes it.
        unsafe { &*self.as_ptr() }
    }

    /// How it takes its arguments: `TAKE1` and the like.
    pub fn arguments(&self) -> i64 {
        i64::from(self.raw().args_how)
    }

    /// Where it may stand: `OR_*`.
    pub fn places(&self) -> i64 {
        i64::from(self.raw().req_override)
    }

    /// The next of its module.
    pub fn next(&self) -> Option<&CommandRec> {
        // SAFETY: this one does not end the table, so another follows.
        unsafe { CommandRec::named(self.as_ptr().add(1)) }
    }
}

apr::lends! { CommandRec:
    /// Its name.
    name: text = name;
    /// The text that httpd adds to the message about a wrong use.
    usage: text = errmsg;
}
