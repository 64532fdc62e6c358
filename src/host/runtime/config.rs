//! What the configuration says, and what scripts add to it.

use std::ptr::NonNull;

use ::config::{DirConf, Vars};
use api::Config;
use apr::{Pool, Table};
use httpd::made::MadeCommand;
use httpd::{Command, Request, Rules, Server};
use interp::{Fail, Owned, Owner, Result, runtime, trace};

use super::{HostRuntime, NO_STATE, lang, state, state_of};
use crate::host::lang::Lang;
use crate::host::request::RequestState;
use crate::host::server::ServerRecord;
use crate::host::{child, directive, running, site};

impl Config for HostRuntime {
    fn vars_of_request<'r>(&self, r: &'r Request, make: bool) -> Result<Option<&'r Table>> {
        let extras = state(r)?.extras();
        let (kept, from) = (&extras.dir_config, &extras.dir_config_of);
        let dir = lang()?.dir(r);
        // Before httpd has found the request's sections, these are the server's variables.
        let is_of_these = from.get().map(std::ptr::from_ref) == dir.map(std::ptr::from_ref);
        if kept.get().is_none() || !is_of_these {
            let vars = dir.map(|d| d.vars.vars());
            let set = kept.get().filter(|_| !is_of_these).map(|asked| set_by_scripts(asked, from.get()));
            let set = set.filter(|set| !set.is_empty());
            let made = match vars.filter(|vars| make || set.is_some() || !vars.is_empty()) {
                Some(vars) => Some(table(r.pool(), vars)),
                None => (make || set.is_some()).then(|| Table::new(r.pool(), 2)),
            };
            if let (Some(made), Some(set)) = (made, set) {
                set.iter().for_each(|(name, _)| made.unset(name));
                set.iter().for_each(|(name, value)| made.add(name, value));
            }
            kept.forget();
            // SAFETY: in the request's pool, as its state.
            made.into_iter().for_each(|made| unsafe { kept.set(made) });
            // SAFETY: httpd made it in the request's pool or in that of the configuration, which lives longer.
            dir.into_iter().for_each(|dir| unsafe { from.set(dir) });
        }
        Ok(kept.get())
    }

    fn vars_of_server(&self, s: &Server, f: &mut dyn FnMut(&Table)) -> Result<()> {
        with_server_vars(lang()?, s, f)
    }

    fn is_on_for_request(&self, r: &Request, option: &[u8]) -> Result<bool> {
        let row = ::config::options::dir_option(::config::Language::Perl, option).ok_or_else(|| unknown(option))?;
        Ok(lang()?.dir(r).is_some_and(|d| d.options.has(row)))
    }

    fn is_on_for_server(&self, s: &Server, option: &[u8]) -> Result<bool> {
        let row = ::config::options::server_option(::config::Language::Perl, option).ok_or_else(|| unknown(option))?;
        Ok(ServerRecord::find(lang()?, s).is_some_and(|record| record.conf.options.has(row)))
    }

    fn location(&self, r: &Request) -> Option<Vec<u8>> {
        lang().ok()?.dir(r)?.location.as_deref().map(<[u8]>::to_vec)
    }

    fn add_to_request(
        &self,
        r: &Request,
        lines: &[&[u8]],
        overrides: Option<i32>,
        path: Option<&[u8]>,
        options: Option<i32>,
    ) -> Result<()> {
        directive::as_code(|| r.add_config(lines, Rules { overrides, options, path }))?;
        self.is_changed(r);
        Ok(())
    }

    fn add_to_server(&self, s: &Server, lines: &[&[u8]]) -> Result<()> {
        if site::with(lang()?, |site| site.is_complete) {
            return Err("Can't run '$s->add_config' after server startup".into());
        }
        let written = || ServerRecord::find(lang().ok()?, s).map(|record| record.conf.vars.vars().clone());
        let before = written().unwrap_or_default();
        directive::as_code(|| s.add_config(lines))?;
        let Some(record) = ServerRecord::find(lang()?, s) else { return Ok(()) };
        if let (Some(asked), Some(now)) = (record.vars().get(), written()) {
            for (name, _) in now.iter().filter(|(name, _)| !now.get_all(name).eq(before.get_all(name))) {
                asked.unset(name);
                now.get_all(name).for_each(|value| asked.add(name, value));
            }
        }
        Ok(())
    }

    fn add_to_line(&self, line: &Command, lines: &[&[u8]]) -> Result<()> {
        lines.iter().for_each(|line| trace!(Sections, "makes the line {}", String::from_utf8_lossy(line)));
        Ok(directive::as_code(|| line.add_config(lines))?)
    }

    fn make_module(&self, name: &[u8], merges: bool, commands: &[MadeCommand<'_>]) -> Result<i32> {
        let lang = lang()?;
        if httpd::made::index_of(name).is_none() && site::with(lang, |site| site.is_complete) {
            return Err("a module cannot be made any more, once the server has started".into());
        }
        Ok(lang.make_module(name, merges, commands)?)
    }

    fn request_pool(&self) -> Result<Option<Owned<Pool>>> {
        let runtime = runtime()?;
        Ok(running::with_request(|r| Owned::by(r.pool(), runtime.ticket(Owner::of(r.pool())))))
    }

    fn is_changed(&self, r: &Request) {
        if let Some(state) = state_of(r) {
            state.extras().dir_config.forget();
        }
    }
}

fn unknown(option: &[u8]) -> Fail {
    format!("\"{}\" is no such option", String::from_utf8_lossy(option)).into()
}

/// What scripts have set in the table of a request's variables that was made from these.
fn set_by_scripts(asked: &Table, from: Option<&DirConf>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let is_written = |name: &[u8], value: &[u8]| from.is_some_and(|d| d.vars.vars().get_all(name).any(|v| v == value));
    asked.iter().filter(|(name, value)| !is_written(name, value)).map(|(n, v)| (n.to_vec(), v.to_vec())).collect()
}

fn table<'p>(pool: &'p Pool, vars: &Vars) -> &'p Table {
    let table = Table::new(pool, vars.len().max(2));
    for (name, value) in vars.iter() {
        table.add(name, value);
    }
    table
}

/// A server's variables. There is one table, in which the values that code sets stay, until several threads read it at once: from then
/// on a request has a copy of its own, and what it sets ends with it.
fn with_server_vars(lang: Lang, s: &Server, f: &mut dyn FnMut(&Table)) -> Result<()> {
    let Some(record) = ServerRecord::find(lang, s) else { return Ok(()) };
    let written = record.conf.vars.vars();
    if !child::serves_beside(lang) {
        let vars = record.vars();
        if vars.get().is_none() {
            // SAFETY: in the configuration's pool, as the record.
            unsafe { vars.set(table(s.pconf(), written)) };
        }
        vars.get().into_iter().for_each(f);
        return Ok(());
    }
    let of_request = running::with_request(|r| {
        let kept = &RequestState::of(lang, r).ok_or(NO_STATE)?.extras().server_vars;
        // SAFETY: lies in the request's pool, as what keeps it.
        let known = kept.get().filter(|(of, _)| *of == s.keep()).map(|(_, mine)| unsafe { mine.as_ref() });
        let mine = known.unwrap_or_else(|| copy(record, r.pool()));
        kept.set(Some((s.keep(), NonNull::from(mine))));
        f(mine);
        Ok(())
    });
    if let Some(done) = of_request {
        return done;
    }
    if running::with_connection(|c| f(copy(record, c.pool()))).is_none() {
        f(copy(record, s.pconf()));
    }
    Ok(())
}

fn copy<'p>(record: &ServerRecord, pool: &'p Pool) -> &'p Table {
    match record.vars().get() {
        Some(all) => all.copy(pool),
        None => table(pool, record.conf.vars.vars()),
    }
}
