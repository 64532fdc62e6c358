//! A language, as its module is compiled for it.

use std::ffi::c_int;

use apr::{Brigade, Status};
use config::{ContentRow, Phase, PhaseRow};
use httpd::made::{Line, MadeLine};
use httpd::own_filter::{Ask, OwnFilter};
use httpd::status::{DECLINED, OK};
use httpd::{Command, ModuleRecord, Pools, Request};
use interp::Entry;

use super::about::OfRequest;
use super::call::Call;
use super::content::Work;
use super::facts::Facts;
use super::lang::Lang;
use super::server::ServerRecord;
use super::ways::Ways;

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
    fn pre_config(_pools: Pools<'_>) -> c_int {
        OK
    }
    /// A line of its directives was read: the directive, its words, and the record of the server.
    fn line_was_read(_directive: &str, _words: &[&[u8]], _server: Option<&ServerRecord>) {}

    /// As [`httpd::Host::made_line`].
    fn made_line(_line: &MadeLine<'_>, cmd: &Command, _args: &[&[u8]]) -> Result<Line, String> {
        Err(format!("{}: no directives can be made in this language", String::from_utf8_lossy(cmd.name())))
    }

    /// As [`httpd::Host::wants`].
    fn wants(row: &PhaseRow, index: usize) -> bool;
    /// As [`httpd::Host::is_idle`], of a phase that is in use.
    fn is_idle(phase: Phase, order: usize, r: &Request) -> bool;
    /// As [`httpd::Host::request`].
    fn request(phase: Phase, order: usize, r: &Request) -> c_int;

    /// As [`httpd::Host::look_up`].
    fn look_up(_phase: Phase, _r: &Request) -> c_int {
        DECLINED
    }

    /// What is done in the interpreter before and after `work` answers the request there; returns the phase's status. `row` is the
    /// content handler that the request asks for.
    fn answer(row: Option<&ContentRow>, call: &Call<'_, OfRequest<'_>>, entry: &dyn Entry, work: impl Work) -> c_int;
    /// Answers by the request's own file ([`config::Form::File`], [`config::Form::Page`]).
    fn run_file(_row: &'static ContentRow, _r: &Request) -> c_int {
        DECLINED
    }
    /// Called when all handlers of a response have declined; returns the status.
    fn declined(_r: &Request) -> c_int {
        DECLINED
    }

    /// As [`httpd::Host::output_filter`].
    fn output_filter(_f: OwnFilter, _bb: Brigade) -> c_int {
        Status::EGENERAL.code()
    }
    /// As [`httpd::Host::input_filter`].
    fn input_filter(_f: OwnFilter, _bb: Brigade, _ask: Ask) -> c_int {
        Status::EGENERAL.code()
    }
}
