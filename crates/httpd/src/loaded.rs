//! The modules of httpd, as others see them.

use crate::ffi;
use apr::{bytes_at, with_cstr};
use std::ptr::NonNull;

/// A `module` of httpd, loaded or built in. It stays until the configuration is read again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Loaded(NonNull<ffi::module>);

/// A `command_rec`: a directive of a module, followed by its others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct CommandRec(NonNull<ffi::command_rec>);

impl Loaded {
    /// The first of all.
    pub fn first() -> Option<Loaded> {
        // SAFETY: httpd sets its variable while it has one thread.
        NonNull::new(unsafe { ffi::ap_top_module }).map(Loaded)
    }

    /// All of them, in httpd's order.
    pub fn all() -> impl Iterator<Item = Loaded> {
        // SAFETY: httpd's list ends with a null; it is written while httpd has one thread.
        (0..).map_while(|i| unsafe {
            let list = ffi::ap_loaded_modules;
            if list.is_null() { None } else { NonNull::new(*list.add(i)).map(Loaded) }
        })
    }

    /// Whether a module has a directive or section of this name (`Location` for `<Location>`).
    pub fn know_directive(name: &[u8]) -> bool {
        let is_it = |command: CommandRec| {
            let known = command.name().unwrap_or_default();
            known.strip_prefix(b"<").unwrap_or(known).eq_ignore_ascii_case(name)
        };
        let modules = std::iter::successors(Loaded::first(), Loaded::next);
        modules
            .filter_map(|module| module.commands())
            .any(|first| std::iter::successors(Some(first), CommandRec::next).any(is_it))
    }

    /// The one whose source has this name: `mod_mime.c`.
    pub fn named(name: &[u8]) -> Option<Loaded> {
        // SAFETY: a C string for the call.
        with_cstr(name, |name| NonNull::new(unsafe { ffi::ap_find_linked_module(name.as_ptr()) })).map(Loaded)
    }

    fn raw(&self) -> &ffi::module {
        // SAFETY: lives; nobody changes it after start-up.
        unsafe { self.0.as_ref() }
    }

    /// Name of its source: `mod_mime.c`.
    pub fn name(&self) -> Option<&[u8]> {
        // SAFETY: null or a C string of the module's.
        unsafe { bytes_at(self.raw().name) }
    }

    /// Its number.
    pub fn index(&self) -> i32 {
        self.raw().module_index
    }

    /// The next one.
    pub fn next(&self) -> Option<Loaded> {
        NonNull::new(self.raw().next).map(Loaded)
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
    pub fn commands(&self) -> Option<CommandRec> {
        CommandRec::at(self.raw().cmds)
    }
}

impl CommandRec {
    /// A table of directives ends with one without a name.
    fn at(command: *const ffi::command_rec) -> Option<CommandRec> {
        let command = NonNull::new(command.cast_mut())?;
        // SAFETY: an element of a module's table, or the one that ends it.
        (unsafe { !command.as_ref().name.is_null() }).then_some(CommandRec(command))
    }

    fn raw(&self) -> &ffi::command_rec {
        // SAFETY: lives as long as the module; nobody changes it.
        unsafe { self.0.as_ref() }
    }

    /// Its name.
    pub fn name(&self) -> Option<&[u8]> {
        // SAFETY: a C string of the module's.
        unsafe { bytes_at(self.raw().name) }
    }

    /// The text that httpd adds to the message about a wrong use.
    pub fn usage(&self) -> Option<&[u8]> {
        // SAFETY: null or a C string of the module's.
        unsafe { bytes_at(self.raw().errmsg) }
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
    pub fn next(&self) -> Option<CommandRec> {
        // SAFETY: this one does not end the table, so another follows.
        CommandRec::at(unsafe { self.0.as_ptr().add(1) })
    }
}
