//! A module of httpd's for one language: [`Module`] is the same for each, [`Language`] is what differs.

use std::ffi::c_int;
use std::marker::PhantomData;
use std::sync::Arc;

use apr::{Brigade, Pool};
use config::{DirConf, Directive, Language as Tongue, Phase, PhaseRow};
use httpd::adopt::Taker;
use httpd::made::{Line, MadeLine};
use httpd::own_filter::{Ask, OwnFilter};
use httpd::status::DECLINED;
use httpd::{Command, Connection, End, Host, ModuleRecord, Own, Pools, Request, Server, Slots};

use super::connection::ConnectionState;
use super::lang::{Compiled, LanguageRow};
use super::language::Language;
use super::request::RequestState;
use super::server::ServerRecord;
use super::uses::InUse;
use super::{
    child, configured, directive, dispatch, end, executors, filter, hint, net_server, providers, runtime, startup,
};

/// The hooks that every language's module has besides those of the phases.
const OWN_HOOKS: &[Own] = &[
    Own::PreConfig,
    Own::CheckConfig,
    Own::BeforeStart,
    Own::AfterStart,
    Own::BeforeChild,
    Own::BeforeError,
    Own::ChildEnded,
    Own::ServerStatus,
];

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

/// The row of a language.
///
/// # Safety
/// `module` was made with `Module<L>` (SAFETY.md, "parts of a request's state").
pub const unsafe fn row<L: Language>(module: &'static ModuleRecord, in_use: &'static InUse) -> LanguageRow {
    let compiled = Compiled {
        make_state: |r, shared| {
            r.set_state::<Module<L>>(|| RequestOf {
                shared: RequestState::new(L::lang(), shared),
                own: L::Request::default(),
            });
        },
        register_provider: httpd::provider::register::<Module<L>>,
        edit: |s, f| s.edit::<Module<L>, _>(|record, dir| f(&mut record.conf, dir)).is_some(),
        register_filters: || {
            httpd::register_end::<Module<L>>();
            httpd::register_read_ahead::<Module<L>>();
        },
        add_callbacks: |phase| {
            let indices = 0..phase.row().order_count(L::FACTS.tongue);
            for index in indices.filter(|index| L::wants(phase.row(), *index)) {
                httpd::add_phase::<Module<L>>(phase, index);
            }
        },
        log: |r| {
            for order in 0..Phase::Log.row().order_count(L::FACTS.tongue) {
                if !Module::<L>::is_idle(Phase::Log, order, r) {
                    Module::<L>::request(Phase::Log, order, r);
                }
            }
        },
        register_taker: httpd::adopt::register::<Module<L>>,
        request_dies: end::at_death,
        request_is_dead: end::after_death,
    };
    // SAFETY: the caller's promise; `RequestOf` is laid out as C does, with the common part first.
    unsafe { LanguageRow::new(L::FACTS, in_use, module, L::WAYS, compiled) }
}

impl<L: Language> Host for Module<L> {
    type Server = ServerRecord;
    type Dir = DirConf;
    type Request = RequestOf<L>;
    type Connection = ConnectionState;

    const LANGUAGE: Tongue = L::FACTS.tongue;
    const OWN: &'static [httpd::Own] = OWN_HOOKS;

    fn module() -> &'static ModuleRecord {
        L::module()
    }

    fn new_server(_pool: &Pool, server: &Server) -> ServerRecord {
        startup::new_server(server);
        ServerRecord::new(L::FACTS.tongue)
    }

    fn merge_server(base: &ServerRecord, add: &ServerRecord) -> ServerRecord {
        ServerRecord::merge(base, add)
    }

    fn new_dir(_pool: &Pool, path: Option<&[u8]>) -> DirConf {
        let mut dir = DirConf::default();
        dir.location = path.map(Arc::from);
        dir
    }

    fn merge_dir(base: &DirConf, add: &DirConf) -> DirConf {
        DirConf::merge(base, add)
    }

    fn directive(
        row: &'static Directive,
        cmd: &Command,
        slots: &Slots<'_, Self>,
        args: &[&[u8]],
    ) -> Result<(), String> {
        directive::directive(L::lang(), row, cmd, slots, args).map_err(|error| error.to_string())?;
        L::line_was_read(row.name, args, slots.server());
        Ok(())
    }

    fn made_line(line: &MadeLine<'_>, cmd: &Command, args: &[&[u8]]) -> Result<Line, String> {
        L::made_line(line, cmd, args)
    }

    fn loaded(pconf: &Pool) {
        runtime::register(L::module());
        startup::loaded(L::lang(), pconf);
        if let Some(filters) = L::FACTS.filters {
            filter::said::forget();
            filters.register::<Module<L>>();
        }
        L::loaded();
    }

    fn wants(row: &PhaseRow, index: usize) -> bool {
        !row.is_ours && L::wants(row, index)
    }

    #[inline(always)]
    fn is_idle(phase: Phase, order: usize, r: &Request) -> bool {
        // A look at what code has pushed is a call, whose preparation costs even where it is not made: such a process looks later.
        let uses = L::lang().uses();
        !uses.has(phase) || (!uses.are_changed(phase) && L::is_idle(phase, order, r))
    }

    #[inline(always)]
    fn request(phase: Phase, order: usize, r: &Request) -> c_int {
        L::request(phase, order, r)
    }

    fn look_up(phase: Phase, _order: usize, r: &Request) -> c_int {
        L::look_up(phase, r)
    }

    #[inline(always)]
    fn connection(phase: Phase, _order: usize, c: &Connection) -> c_int {
        let lang = L::lang();
        if phase == Phase::PreConnection && lang.facts.filters.is_some() {
            filter::insert::for_connection(lang, c);
        }
        let is_idle = |s: &ServerRecord| {
            configured::of_record(lang, phase, s).is_empty() && net_server::speaker(phase, s).is_none()
        };
        if c.base_server().config::<Self>().is_none_or(is_idle) {
            return DECLINED;
        }
        dispatch::connection(lang, phase, c)
    }

    fn start(phase: Phase, _order: usize, pools: Pools<'_>, s: &Server) -> c_int {
        dispatch::server(L::lang(), phase, s, &[pools.conf, pools.log, pools.temp])
    }

    fn child(phase: Phase, _order: usize, pool: &Pool, s: &Server) {
        child::child(L::lang(), phase, pool, s);
    }

    fn output_filter(f: OwnFilter<'_>, bb: Brigade) -> c_int {
        L::output_filter(f, bb)
    }

    fn input_filter(f: OwnFilter<'_>, bb: Brigade, ask: Ask) -> c_int {
        L::input_filter(f, bb, ask)
    }

    fn check_password(r: &Request, name: &[u8], user: &[u8], password: &[u8]) -> c_int {
        providers::check_password(L::lang(), r, name, user, password)
    }

    fn realm_hash(r: &Request, name: &[u8], user: &[u8], realm: &[u8]) -> (c_int, Option<Vec<u8>>) {
        providers::realm_hash(L::lang(), r, name, user, realm)
    }

    fn check_authorization(r: &Request, name: &[u8], line: &[u8]) -> c_int {
        providers::check_authorization(L::lang(), r, name, line)
    }

    fn check_require_line(cmd: &Command, name: &[u8], line: &[u8]) -> Result<(), String> {
        providers::check_require_line(L::lang(), cmd, name, line)
    }

    fn pre_config(pools: Pools<'_>) -> c_int {
        startup::pre_config();
        L::pre_config(pools)
    }

    fn check_config(_pools: Pools<'_>, s: &Server) -> c_int {
        startup::check_config(L::lang(), s)
    }

    fn before_start(_pools: Pools<'_>, s: &Server) -> c_int {
        startup::before_start(L::lang(), s)
    }

    fn after_start(pools: Pools<'_>, s: &Server) -> c_int {
        startup::after_start(L::lang(), pools, s)
    }

    fn before_child(pool: &Pool, s: &Server) {
        child::before_child(L::lang(), pool, s);
    }

    fn before_error(r: &Request) {
        let lang = L::lang();
        if let Some(state) = RequestState::find(lang, r) {
            state.end_walk(r);
        }
        if lang.uses().has(Phase::Fixup) {
            end::look_after(lang, r);
        }
        hint::unreached(lang, r);
        r.count_alone();
    }

    fn server_status(r: &Request, is_short: bool) {
        super::server_status::tell(L::lang(), r, is_short);
    }

    fn child_ended(pid: u32) {
        super::counting::child_ended(L::lang(), pid);
    }

    fn taker(r: &Request) -> Option<Taker> {
        executors::taker::<L>(r)
    }

    fn request_ends(end: End<'_>) {
        end::in_time(&end);
    }
}
