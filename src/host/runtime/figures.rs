//! How the interpreters are doing.

use std::sync::Arc;

use api::Figures;
use httpd::log::Level;
use interp::Result;

use super::HostRuntime;
use crate::host::about::About;
use crate::host::lease::Frame;
use crate::host::process;
use crate::host::server::{ServerRecord, class_of};

impl Figures for HostRuntime {
    fn interpreter(&self) -> u64 {
        Frame::find(|frame| Some(frame.hold.number())).unwrap_or(0)
    }

    fn uses(&self) -> u64 {
        Frame::find(|frame| Some(frame.hold.uses())).unwrap_or(0)
    }

    fn end_process(&self) -> Result<bool> {
        if !process::is_child() {
            return Err("only a process that serves requests can be ended".into());
        }
        if !httpd::accept_no_more() {
            return Err("with ListenCoresBucketsRatio a process cannot be ended".into());
        }
        Ok(process::end_well())
    }

    fn class(&self) -> Option<Vec<u8>> {
        Frame::find(|frame| Some(frame.stock.class.as_ref()?.as_bytes().to_vec()))
    }

    fn setting(&self, name: &[u8]) -> Option<&'static str> {
        Frame::find(|frame| {
            let About::Request(r) = frame.about else { return None };
            let lang = frame.stock.lang;
            let server = ServerRecord::of_request(lang, r)?.home(lang, r);
            server.conf.settings.word(lang.facts.tongue, name)
        })
    }

    fn reload(&self) -> bool {
        traced("this interpreter is to be replaced");
        Frame::find(|frame| Some(frame.hold.renew())).unwrap_or(false)
    }

    fn reload_all(&self) {
        traced("all interpreters of the class are to be replaced");
        if let Some(stock) = Frame::find(|frame| Some(frame.stock.clone())) {
            stock.reload();
        }
    }

    fn figures(&self) -> Vec<(String, String)> {
        let Some(stock) = Frame::find(|frame| Some(frame.stock.clone())) else { return Vec::new() };
        stock.board().map(|board| figures::named(&board.sum())).unwrap_or_default()
    }

    fn pool(&self) -> Vec<(String, u64)> {
        let Some((stock, hold)) = Frame::find(|f| Some((f.stock.clone(), f.hold.clone()))) else { return Vec::new() };
        let Some(tipool) = stock.tipool() else { return Vec::new() };
        let (now, limits) = (tipool.stats(), tipool.limits());
        let figures = [
            ("interpreters", now.size),
            ("idle", now.idle),
            ("lent", now.lent),
            ("lent at most", now.max_lent),
            ("waiting", now.waiting),
            ("waiting at most", now.max_waiting),
            ("leases", now.checkouts),
            ("leases that waited", now.waits),
            ("waits in vain", now.timeouts),
            ("made", now.created),
            ("destroyed", now.destroyed),
            ("uses of this one", hold.uses()),
            ("holders of this one", Arc::strong_count(&hold) as u64 - 1),
            ("bytes trimmed", tipool.manage().trimmed()),
        ];
        let numbers = [
            ("Start", limits.start as u64),
            ("Max", limits.max as u64),
            ("MinSpare", limits.min_spare as u64),
            ("MaxSpare", limits.max_spare as u64),
            ("MaxRequests", limits.max_uses),
        ];
        let numbers = numbers.map(|(name, n)| (format!("{}Interp{name}", stock.lang.name()), n));
        figures.into_iter().map(|(name, n)| (name.to_owned(), n)).chain(numbers).collect()
    }
}

/// Tells the log what a script has asked for, at a level of `LogLevel perl:trace2`.
fn traced(what: &str) {
    Frame::find(|frame| {
        let class = class_of(frame.stock);
        let text = format!("class {class}, interpreter {}: {what}", frame.hold.number());
        frame.about.log(frame.stock.lang, Level::Trace2, text.as_bytes());
        Some(())
    });
}
