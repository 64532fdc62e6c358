//! A module of httpd's for one language: [`Module`] is the same for each, [`Language`] is what differs.

use std::ffi::c_int;
use std::marker::PhantomData;
use std::sync::Arc;

use apr::{Brigade, Pool, Status};
use config::{ContentRow, DirConf, Directive, Language as Tongue, Phase, PhaseRow};
use httpd::kind::{Ask, OwnFilter};
use httpd::status::{DECLINED, OK};
use httpd::{Command, Connection, End, Host, ModuleRecord, Pools, Request, Server, Slots};

use interp::Entry;

use super::about::OfRequest;
use super::call::Call;
use super::connection::ConnectionState;
use super::content::Work;
use super::lang::{Facts, Lang, Ways};
use super::request::RequestState;
use super::{ServerRecord, configured, dispatch, end, hint, provider, runtime, startup};

/// A language, as its module is compiled for it. Code that serves any language asks a [`Lang`].
pub trait Language: Sized + 'static {
    /// What is true of it.
    const FACTS: &'static Facts;
    /// What it does in a way of its own.
    const WAYS: &'static dyn Ways;
    /// Its own part of a request's state.
    type Request: Default + Send + 'static;

    /// The record that httpd loads.
    fn module() -> &'static ModuleRecord;
    /// Its row.
    fn lang() -> Lang;

    /// A reading of the configuration begins.
    fn loaded();
    /// After pre_config of all modules. Anything but `OK` ends the start.
    fn pre_config(_pools: Pools) -> c_int {
        OK
    }
    /// A line of its directives was read: the directive, its words, and the record of the server.
    fn line_was_read(_directive: &str, _words: &[&[u8]], _server: Option<&ServerRecord>) {}

    /// As [`Host::wants`].
    fn wants(row: &PhaseRow, index: usize) -> bool;
    /// As [`Host::is_idle`], of a phase that is in use.
    fn is_idle(phase: Phase, order: usize, r: &Request) -> bool;
    /// As [`Host::request`].
    fn request(phase: Phase, order: usize, r: &Request) -> c_int;

    /// As [`Host::look_up`].
    fn look_up(_phase: Phase, _r: &Request) -> c_int {
        DECLINED
    }

    /// What is done in the interpreter before and after `work` answers the request there; returns the phase's status. `row` is the
    /// content handler that the request asks for.
    fn answer(row: Option<&ContentRow>, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry, work: impl Work) -> c_int;
    /// Answers by the request's own file ([`config::Form::File`]).
    fn run_file(_row: &ContentRow, _r: &Request) -> c_int {
        DECLINED
    }
    /// Called when all handlers of a response have declined; returns the status.
    fn declined(_r: &Request) -> c_int {
        DECLINED
    }

    /// As [`Host::output_filter`].
    fn output_filter(_f: OwnFilter, _bb: Brigade) -> c_int {
        Status::EGENERAL.code()
    }
    /// As [`Host::input_filter`].
    fn input_filter(_f: OwnFilter, _bb: Brigade, _ask: Ask) -> c_int {
        Status::EGENERAL.code()
    }
}

/// The module of a language.
pub struct Module<L>(PhantomData<L>);

/// The state of a request in the module of a language. The common part lies first, where code that serves any language finds it.
#[repr(C)]
pub struct RequestOf<L: Language> {
    /// The part that all languages have.
    pub shared: RequestState,
    /// The language's own part.
    pub own: L::Request,
}

impl<L: Language> Host for Module<L> {
    type Server = ServerRecord;
    type Dir = DirConf;
    type Request = RequestOf<L>;
    type Connection = ConnectionState;

    const LANGUAGE: Tongue = L::FACTS.tongue;
    const OWN: &'static [httpd::Own] = super::OWN_HOOKS;

    fn module() -> &'static ModuleRecord {
        L::module()
    }

    fn new_server(_pool: Pool, server: Server) -> ServerRecord {
        startup::new_server(&server);
        ServerRecord::of(L::FACTS.tongue)
    }

    fn merge_server(base: &ServerRecord, add: &ServerRecord) -> ServerRecord {
        ServerRecord::merge(base, add)
    }

    fn new_dir(_pool: Pool, path: Option<&[u8]>) -> DirConf {
        let mut dir = DirConf::default();
        dir.location = path.map(Arc::from);
        dir
    }

    fn merge_dir(base: &DirConf, add: &DirConf) -> DirConf {
        DirConf::merge(base, add)
    }

    fn directive(
        row: &'static Directive,
        cmd: &Command<'_>,
        slots: &Slots<'_, Self>,
        args: &[&[u8]],
    ) -> Result<(), String> {
        startup::directive(L::lang(), row, cmd, slots, args)?;
        L::line_was_read(row.name, args, slots.server());
        Ok(())
    }

    fn loaded(pconf: Pool) {
        runtime::register(L::module());
        startup::loaded(L::lang(), pconf);
        L::loaded();
    }

    fn wants(row: &PhaseRow, index: usize) -> bool {
        !row.is_ours && L::wants(row, index)
    }

    #[inline(always)]
    fn is_idle(phase: Phase, order: usize, r: &Request) -> bool {
        // A look at what code has pushed is a call, whose preparation costs even where it is not made: such a process looks later.
        let uses = L::lang().own().uses();
        !uses.has(phase) || (!uses.are_changed(phase) && L::is_idle(phase, order, r))
    }

    #[inline(always)]
    fn request(phase: Phase, order: usize, r: Request) -> c_int {
        L::request(phase, order, &r)
    }

    fn look_up(phase: Phase, _order: usize, r: Request) -> c_int {
        L::look_up(phase, &r)
    }

    fn connection(phase: Phase, _order: usize, c: Connection) -> c_int {
        let lang = L::lang();
        if c.base_server().config::<Self>().is_none_or(|s| configured::of_record(lang, phase, s).is_empty()) {
            return DECLINED;
        }
        dispatch::connection(lang, phase, &c)
    }

    fn start(phase: Phase, _order: usize, pools: Pools, s: Server) -> c_int {
        dispatch::server(L::lang(), phase, &s, &[pools.conf, pools.log, pools.temp])
    }

    fn child(phase: Phase, _order: usize, pool: Pool, s: Server) {
        startup::child(L::lang(), phase, pool, &s);
    }

    fn output_filter(f: OwnFilter, bb: Brigade) -> c_int {
        L::output_filter(f, bb)
    }

    fn input_filter(f: OwnFilter, bb: Brigade, ask: Ask) -> c_int {
        L::input_filter(f, bb, ask)
    }

    fn check_password(r: Request, name: &[u8], user: &[u8], password: &[u8]) -> c_int {
        provider::check_password(L::lang(), &r, name, user, password)
    }

    fn realm_hash(r: Request, name: &[u8], user: &[u8], realm: &[u8]) -> (c_int, Option<Vec<u8>>) {
        provider::realm_hash(L::lang(), &r, name, user, realm)
    }

    fn check_authorization(r: Request, name: &[u8], line: &[u8]) -> c_int {
        provider::check_authorization(L::lang(), &r, name, line)
    }

    fn check_require_line(cmd: &Command<'_>, name: &[u8], line: &[u8]) -> Result<(), String> {
        provider::check_require_line(L::lang(), cmd, name, line)
    }

    fn pre_config(pools: Pools) -> c_int {
        startup::pre_config();
        L::pre_config(pools)
    }

    fn check_config(_pools: Pools, s: Server) -> c_int {
        startup::check_config(L::lang(), &s)
    }

    fn before_start(_pools: Pools, s: Server) -> c_int {
        startup::before_start(L::lang(), &s)
    }

    fn after_start(pools: Pools, s: Server) -> c_int {
        startup::after_start(L::lang(), pools, &s)
    }

    fn before_child(pool: Pool, s: Server) {
        startup::before_child(L::lang(), pool, s);
    }

    fn before_error(r: Request) {
        let lang = L::lang();
        if let Some(state) = lang.state(&r) {
            state.end_walk(&r);
        }
        if lang.own().uses().has(Phase::Fixup) {
            end::look_after(lang, &r);
        }
        hint::unreached(lang, &r);
        r.count_alone();
    }

    fn request_ends(end: End) {
        end::in_time(&end);
    }
}
