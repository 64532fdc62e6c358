//! What a module is made of: a [`Host`], to which httpd's calls come.

use crate::{
    Command, Connection, ModuleRecord, Own, Pools, Request, Server, Slots,
    adopt::suspended::Taker,
    auth::{AUTH_GENERAL_ERROR, AUTHZ_GENERAL_ERROR},
    end::End,
    made::{Line, MadeLine},
    own_filter::{Ask, OwnFilter},
    status::{DECLINED, OK},
};
use apr::{Brigade, Pool};
use config::{Directive, Language, Phase, PhaseRow};
use std::ffi::c_int;

/// What a module is made of. httpd's calls arrive here, each behind a callback that stops panics: one is logged, and
/// counts as 500 in a request, as a failed start while the server starts.
///
/// Everything runs in the process and on the thread on which httpd calls it. Methods with a default need [`Host::OWN`] to
/// name them before they are called.
pub trait Host: Sized + 'static {
    /// The record of a server.
    type Server: Send + Sync + 'static;
    /// The record of a directory (section, `.htaccess` file).
    type Dir: Send + Sync + 'static;
    /// The state of a request.
    type Request: Send + 'static;
    /// The state of a connection.
    type Connection: Send + 'static;

    /// Whose directives, of `config`'s tables, are its own, and whose orders of the phase table it follows.
    const LANGUAGE: Language;

    /// Hooks wanted besides those of the phases.
    const OWN: &'static [Own] = &[];

    /// The module's record, which must be made with this host.
    fn module() -> &'static ModuleRecord;

    /// A server's record before any directive.
    fn new_server(pool: &Pool, server: &Server) -> Self::Server;
    /// Makes the record of a virtual host with directives of its own; `base` is the main server's.
    fn merge_server(base: &Self::Server, add: &Self::Server) -> Self::Server;
    /// A directory's record before any directive; `path` is the section's argument, `None` outside sections.
    fn new_dir(pool: &Pool, path: Option<&[u8]>) -> Self::Dir;
    /// Merges the record of a section, `add`, with that of the section around it, `base`. The result is kept, so it must not depend on
    /// when it is computed.
    fn merge_dir(base: &Self::Dir, add: &Self::Dir) -> Self::Dir;

    /// Called when a directive was read. An error ends the start (or the request, in `.htaccess`); httpd adds file and line.
    ///
    /// # Errors
    /// What the administrator is to read; begins with the directive's name.
    fn directive(row: &'static Directive, cmd: &Command, slots: &Slots<Self>, args: &[&[u8]]) -> Result<(), String>;

    /// Called when a line of a directive was read that a script has made ([`crate::made::make`]). An error ends the start, as above.
    ///
    /// # Errors
    /// What the administrator is to read.
    fn made_line(_line: &MadeLine<'_>, cmd: &Command, _args: &[&[u8]]) -> Result<Line, String> {
        Err(format!("{}: no script makes directives here", String::from_utf8_lossy(cmd.name())))
    }

    /// The module was loaded, or loaded again at a restart: once per pass, before any of its directives.
    fn loaded(pconf: &Pool);

    /// Whether the host wants this callback of a row from the start; where not, none is registered until
    /// [`crate::add_phase`] asks for it, and the phase costs nothing.
    fn wants(row: &PhaseRow, index: usize) -> bool {
        let _ = (row, index);
        true
    }
    /// Whether nothing is to be done for this request in this phase. Asked before everything else, in the callback itself:
    /// a look at the merged configuration and no more.
    #[inline(always)]
    fn is_idle(phase: Phase, order: usize, r: &Request) -> bool {
        let _ = (phase, order, r);
        false
    }
    /// Runs a phase of a request. `order` counts the row's orders. Filter rows arrive when filters are inserted.
    fn request(phase: Phase, order: usize, r: &Request) -> c_int;
    /// Whether the quick handler would answer a subrequest that is looked up, and perhaps never run: `OK` or `DECLINED`. By
    /// default it would not.
    fn look_up(_phase: Phase, _order: usize, _r: &Request) -> c_int {
        DECLINED
    }
    /// Runs a phase of a connection.
    fn connection(phase: Phase, order: usize, c: &Connection) -> c_int;
    /// Runs a phase of the start. Anything but `OK` ends the start.
    fn start(phase: Phase, order: usize, pools: Pools<'_>, s: &Server) -> c_int;
    /// Runs a phase of a child process; its pool dies when the process ends in order.
    fn child(phase: Phase, order: usize, pool: &Pool, s: &Server);

    /// Data passes a filter of a kind that [`crate::kind::register`] made known: a status.
    fn output_filter(_f: OwnFilter<'_>, _bb: Brigade) -> c_int {
        apr::Status::EGENERAL.code()
    }
    /// Data is wanted of such a filter.
    fn input_filter(_f: OwnFilter<'_>, _bb: Brigade, _ask: Ask) -> c_int {
        apr::Status::EGENERAL.code()
    }

    /// Whether a password is right, for the provider `name` that [`crate::provider::register`] made known: an
    /// `authn_status`. The same holds of the three below.
    fn check_password(_r: &Request, _name: &[u8], _user: &[u8], _password: &[u8]) -> c_int {
        AUTH_GENERAL_ERROR
    }
    /// The hash of `user:realm:password` of a user; an `authn_status`, and the hash.
    fn realm_hash(_r: &Request, _name: &[u8], _user: &[u8], _realm: &[u8]) -> (c_int, Option<Vec<u8>>) {
        (AUTH_GENERAL_ERROR, None)
    }
    /// Whether a request may pass, by what its `Require` line says behind the name: an `authz_status`.
    fn check_authorization(_r: &Request, _name: &[u8], _line: &[u8]) -> c_int {
        AUTHZ_GENERAL_ERROR
    }
    /// Whether that is a line it understands. Also called while requests are served, for `.htaccess`.
    ///
    /// # Errors
    /// What the administrator is to read.
    fn check_require_line(_cmd: &Command, _name: &[u8], _line: &[u8]) -> Result<(), String> {
        Ok(())
    }

    /// [`Own::PreConfig`]: before the directives of a pass are run.
    fn pre_config(_pools: Pools<'_>) -> c_int {
        OK
    }
    /// [`Own::CheckConfig`]: after the directives of a pass; anything but `OK` ends the start, also of `-t`.
    fn check_config(_pools: Pools<'_>, _s: &Server) -> c_int {
        OK
    }
    /// [`Own::BeforeStart`]: before the open_logs phase of scripts.
    fn before_start(_pools: Pools<'_>, _s: &Server) -> c_int {
        OK
    }
    /// [`Own::AfterStart`]: after the post_config phase of all modules.
    fn after_start(_pools: Pools<'_>, _s: &Server) -> c_int {
        OK
    }
    /// [`Own::BeforeChild`]: before the child_init phase of scripts.
    fn before_child(_pool: &Pool, _s: &Server) {}
    /// [`Own::BeforeError`]: an error page is about to be sent.
    fn before_error(_r: &Request) {}
    /// [`Own::ChildEnded`]: the server's first process has learnt that a child has ended; no other process has had its number since.
    fn child_ended(_pid: u32) {}
    /// [`Own::ServerStatus`]: adds to the page of mod_status; `is_short`: lines `Name: number`, for programs, else HTML.
    fn server_status(_r: &Request, _is_short: bool) {}
    /// Whether the response of a request is to be made on another thread than the MPM's, and what takes it there: asked before all
    /// handlers of the response, if [`crate::adopt::register`] was called.
    fn taker(_r: &Request) -> Option<Taker> {
        None
    }
    /// The answer to a request that asked for it ([`Request::watch_end`]) is complete and on its way.
    fn request_ends(_end: End) {}
}
