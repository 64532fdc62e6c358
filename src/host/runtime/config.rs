//! What the configuration says, and what scripts add to it.

use ::config::Vars;
use api::Config;
use apr::{Pool, Table};
use httpd::{Connection, Request, Rules, Server};
use interp::{Fail, Result};

use super::{HostRuntime, NO_STATE, lang, state, state_of};
use crate::host::lang::Lang;
use crate::host::request::RequestState;
use crate::host::server::ServerRecord;
use crate::host::{child, directive, running, site};

impl Config for HostRuntime {
    fn vars_of_request(&self, r: &Request, make: bool) -> Result<Option<Table>> {
        let kept = &state(r)?.extras().dir_config;
        if kept.get().is_none() {
            let vars = lang()?.dir(r).map(|d| d.vars.vars());
            if let Some(vars) = vars.filter(|v| make || !v.is_empty()) {
                kept.set(Some(table(r.pool(), vars)));
            } else if make {
                kept.set(Some(Table::new(r.pool(), 2)));
            }
        }
        Ok(kept.get())
    }

    fn vars_of_server(&self, s: &Server) -> Result<Option<Table>> {
        server_vars(lang()?, s)
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
        if let (Some(asked), Some(now)) = (ServerRecord::find(lang()?, s).and_then(|record| *record.vars()), written())
        {
            for (name, _) in now.iter().filter(|(name, _)| !now.get_all(name).eq(before.get_all(name))) {
                asked.unset(name);
                now.get_all(name).for_each(|value| asked.add(name, value));
            }
        }
        Ok(())
    }

    fn is_changed(&self, r: &Request) {
        if let Some(state) = state_of(r) {
            state.extras().dir_config.set(None);
        }
    }
}

fn unknown(option: &[u8]) -> Fail {
    format!("\"{}\" is no such option", String::from_utf8_lossy(option)).into()
}

fn table(pool: Pool, vars: &Vars) -> Table {
    let table = Table::new(pool, vars.len().max(2));
    for (name, value) in vars.iter() {
        table.add(name, value);
    }
    table
}

/// A server's variables. There is one table, in which the values that code sets stay, until several threads read it at once: from then
/// on a request has a copy of its own, and what it sets ends with it.
fn server_vars(lang: Lang, s: &Server) -> Result<Option<Table>> {
    let Some(record) = ServerRecord::find(lang, s) else { return Ok(None) };
    let written = record.conf.vars.vars();
    if !child::serves_beside(lang) {
        return Ok(Some(*record.vars().get_or_insert_with(|| table(s.pconf(), written))));
    }
    let copy = |pool: Pool| record.vars().map_or_else(|| table(pool, written), |all| all.copy(pool));
    let of_request = running::with_request(|r| {
        let kept = &RequestState::of(lang, r).ok_or(NO_STATE)?.extras().server_vars;
        let known = kept.get().filter(|(of, _)| of.as_ptr() == s.as_ptr());
        let mine = known.map_or_else(|| copy(r.pool()), |(_, mine)| mine);
        kept.set(Some((s.keep(), mine)));
        Ok(Some(mine))
    });
    of_request
        .unwrap_or_else(|| Ok(Some(copy(running::with_connection(Connection::pool).unwrap_or_else(|| s.pconf())))))
}
