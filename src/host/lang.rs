//! A language as the host knows it: a row of its facts, its ways, and what is compiled for its module.
//!
//! Dispatch, leases, start-up and the API's runtime are written once, for any [`LanguageRow`]. There is one row per language; a stock
//! and a request's state know the language to which they belong. What the host keeps with servers, requests and connections is found
//! by the language in the file of each: [`super::server`], [`super::request`], [`super::connection`].

use std::cell::OnceCell;
use std::ffi::c_int;
use std::ops::Deref;
use std::sync::Arc;

use apr::Pool;
use config::{DirConf, Phase, ServerConf};
use httpd::provider::Group;
use httpd::server::MainState;
use httpd::{Directory, ModuleRecord, Records, Request, Server};

use super::facts::Facts;
use super::lease::Tree;
use super::uses::{InUse, Uses};
use super::ways::Ways;

/// One language, by a reference to its row.
pub type Lang = &'static LanguageRow;

/// One language: its data and its functions. To code that is compiled for one language the row is a constant, so that looking
/// something up in it costs nothing.
pub struct LanguageRow {
    /// What is true of the language.
    pub facts: &'static Facts,
    /// Which phases are in use.
    pub in_use: &'static InUse,
    module: &'static ModuleRecord,
    dirs: Records<Directory, DirConf>,
    ways: &'static dyn Ways,
    compiled: Compiled,
}

/// What is compiled for the module of each language, for code that serves any language.
pub struct Compiled {
    /// [`LanguageRow::make_state`].
    pub make_state: fn(&Request, OnceCell<Arc<Tree>>),
    /// [`LanguageRow::register_provider`].
    pub register_provider: fn(&Pool, Group, &[u8], &[u8], c_int) -> Result<(), apr::Status>,
    /// [`LanguageRow::edit`].
    pub edit: fn(&Server, &mut dyn FnMut(&mut ServerConf, Option<&mut DirConf>)) -> bool,
    /// [`LanguageRow::log`].
    pub log: fn(&Request),
    /// [`LanguageRow::register_filters`].
    pub register_filters: fn(),
    /// Registers httpd's callbacks of a phase.
    pub add_callbacks: fn(Phase),
    /// [`LanguageRow::request_dies`].
    pub request_dies: fn(Lang, &Request),
    /// [`LanguageRow::request_is_dead`].
    pub request_is_dead: fn(Lang, &Request),
}

impl Deref for LanguageRow {
    type Target = dyn Ways;

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        self.ways
    }
}

impl LanguageRow {
    /// The row of a language.
    ///
    /// # Safety
    /// What `module` keeps is what SAFETY.md says of "parts of a request's state".
    pub const unsafe fn new(
        facts: &'static Facts,
        in_use: &'static InUse,
        module: &'static ModuleRecord,
        ways: &'static dyn Ways,
        compiled: Compiled,
    ) -> LanguageRow {
        // SAFETY: the caller's promise.
        let dirs = unsafe { Records::new(module) };
        LanguageRow { facts, in_use, module, dirs, ways, compiled }
    }

    /// Has httpd call for a phase of which handlers are named. Those that mod_perl does not have get their callbacks only so: they
    /// cost no request anything before. Returns false where it is too late for that.
    pub fn call_for(&self, phase: Phase) -> bool {
        if !phase.row().is_ours || self.in_use.is_called(phase) {
            return true;
        }
        if httpd::server::main_state() == MainState::RunMpm {
            return false;
        }
        self.in_use.mark_called(phase);
        (self.compiled.add_callbacks)(phase);
        true
    }

    /// The phases that are in use.
    #[inline(always)]
    pub fn uses(&self) -> Uses {
        self.in_use.uses()
    }
    /// The word with which its directives begin: `Perl`.
    pub fn name(&self) -> &'static str {
        self.facts.tongue.name()
    }
    /// The name of a phase in the configuration: the directive that adds handlers to the phase.
    pub fn phase_name(&self, phase: Phase) -> &'static str {
        phase.directive_of(self.facts.tongue)
    }
    /// The name in the configuration of a provider that is asked in a phase.
    pub fn provider_name(&self, phase: Phase) -> &'static str {
        self.facts.provider.unwrap_or_else(|| self.phase_name(phase))
    }

    /// The module: for the error log, and for what it keeps.
    #[inline(always)]
    pub fn module(&self) -> &'static ModuleRecord {
        self.module
    }
    /// The configuration of a request's directory.
    #[inline(always)]
    pub fn dir<'r>(&self, r: &'r Request) -> Option<&'r DirConf> {
        self.dirs.of_request(r)
    }
    /// The configuration of a server outside all sections.
    pub fn dir_defaults<'s>(&self, s: &'s Server) -> Option<&'s DirConf> {
        self.dirs.defaults(s)
    }
    /// Gives a request its state, once. `shared` is the tree to which it belongs, if that has other members.
    #[inline(always)]
    pub fn make_state(&self, r: &Request, shared: OnceCell<Arc<Tree>>) {
        (self.compiled.make_state)(r, shared);
    }
    /// Called when a request's pool is about to die: its cleanups come next.
    pub fn request_dies(&'static self, r: &Request) {
        (self.compiled.request_dies)(self, r);
    }
    /// Called when a request's pool dies and its other cleanups have run.
    pub fn request_is_dead(&'static self, r: &Request) {
        (self.compiled.request_is_dead)(self, r);
    }
    /// Changes a server's configuration while the server starts; returns false later.
    pub fn edit(&self, s: &Server, f: &mut dyn FnMut(&mut ServerConf, Option<&mut DirConf>)) -> bool {
        (self.compiled.edit)(s, f)
    }
    /// Registers the filters of ours that see the ends of requests, and that give what was read ahead.
    pub fn register_filters(&self) {
        (self.compiled.register_filters)();
    }
    /// The log phase of a request, as httpd would call for it.
    pub fn log(&self, r: &Request) {
        (self.compiled.log)(r);
    }
    /// Makes a provider of this language's known to httpd.
    ///
    /// # Errors
    /// httpd's status.
    pub fn register_provider(
        &self,
        pconf: &Pool,
        group: Group,
        name: &[u8],
        version: &[u8],
        kind: c_int,
    ) -> Result<(), apr::Status> {
        (self.compiled.register_provider)(pconf, group, name, version, kind)
    }
}
