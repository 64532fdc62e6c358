//! Jobs that code adds, and how their runs ended.

use std::sync::Arc;

use api::Jobs;
use config::Where;
use httpd::Server;
use interp::Result;

use super::{HostRuntime, lang};
use crate::host::about::About;
use crate::host::jobs;
use crate::host::jobs::registered::Registered;
use crate::host::lease::Frame;

impl Jobs for HostRuntime {
    fn add(&self, line: &[u8]) -> Result<()> {
        let lang = lang()?;
        let (file, at) = Frame::find(|frame| Some(frame.hold.interp().caller())).flatten().unwrap_or_default();
        let at = Where::new(&*String::from_utf8_lossy(&file), at);
        let job = config::job_of_line(lang.facts.tongue, line, &at).map_err(|error| error.to_string())?;
        let stock = Frame::find(|frame| Some(frame.stock.clone())).ok_or("no interpreter runs on this thread")?;
        let add = |s: &Server| jobs::add(s, &stock, job);
        let added = Frame::find(|frame| match frame.about {
            About::Server(s) => Some(s.keep()),
            _ => None,
        });
        match added {
            // SAFETY: the call that runs is about it.
            Some(s) => add(unsafe { s.get() })?,
            None => return Err("jobs are made while the server starts".into()),
        }
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>> {
        Ok(jobs::of(lang()?).iter().map(|of| of.job.name.to_string()).collect())
    }

    fn figures(&self, name: &[u8]) -> Result<Vec<(&'static str, String)>> {
        let Some(of) = find(name)? else { return Ok(Vec::new()) };
        let (begun, failed, going) = of.runs.counts();
        let mut figures =
            vec![("runs", begun.to_string()), ("failed", failed.to_string()), ("going", going.to_string())];
        if let Some(last) = of.runs.last().first() {
            figures.push(("last_began", seconds(last.began)));
            figures.push(("last_took", format!("{:.6}", last.took.as_secs_f64())));
            figures.push(("last_status", last.how()));
        }
        Ok(figures)
    }

    fn last(&self, name: &[u8]) -> Result<Vec<String>> {
        let Some(of) = find(name)? else { return Ok(Vec::new()) };
        let shown = of
            .runs
            .last()
            .into_iter()
            .map(|run| format!("{} {:.6} {}", seconds(run.began), run.took.as_secs_f64(), run.how()));
        Ok(shown.collect())
    }
}

fn find(name: &[u8]) -> Result<Option<Arc<Registered>>> {
    Ok(jobs::of(lang()?).into_iter().find(|of| of.job.name.as_bytes() == name))
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
