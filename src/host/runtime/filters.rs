//! Filters that scripts are, and filters that they add.

use api::Filters;
use apr::{Reenter, Status};
use config::{Handler, Where};
use httpd::kind::Way;
use httpd::{Connection, Filter, Request};
use interp::{Fail, HandlerRef, Out, Pieces, Result};

use super::notes::settled;
use super::{HostRuntime, hold, lang, state};
use crate::host::call::enter_any;
use crate::host::filter::{handler, insert};
use crate::host::step::Step;

const NOT_CALLED: &str = "works only in a filter, on the filter whose handler is called";

/// Bytes that are read where the script does not say how many.
const USUAL: usize = 8192;

impl Filters for HostRuntime {
    fn read(&self, cx: Reenter, filter: &Filter, buffer: &mut Out, wanted: Option<i64>) -> Result<usize> {
        let wanted = match wanted.map(usize::try_from) {
            None => USUAL,
            Some(Ok(wanted)) => wanted,
            Some(Err(_)) => return Err("the length can't be negative".into()),
        };
        let mut end = 0;
        let read = handler::with_stream(filter, |at, stream| {
            stream.read(at, wanted, cx, |bytes| {
                buffer.put(end, bytes)?;
                end += bytes.len();
                Ok(())
            })
        });
        if end == 0 {
            buffer.put(0, b"")?;
        }
        read.ok_or_else(|| Fail::from(NOT_CALLED))?
    }

    fn print(&self, filter: &Filter, data: Pieces) -> Result<usize> {
        handler::with_stream(filter, |at, stream| stream.print(at, |take| data.take(take)))
            .ok_or_else(|| Fail::from(NOT_CALLED))?
    }

    fn seen_eos(&self, filter: &Filter, set: Option<bool>) -> Result<bool> {
        handler::with_stream(filter, |_, stream| stream.seen_end(set)).ok_or_else(|| NOT_CALLED.into())
    }

    fn told(&self, status: Status) {
        handler::told(status);
    }

    fn remove(&self, filter: &Filter) {
        handler::remove(filter);
    }

    fn add(&self, way: Way, r: Option<&Request>, c: &Connection, handler: HandlerRef) -> Result<()> {
        let (lang, hold) = (lang()?, hold()?);
        enter_any(&hold, |entry| {
            let named = lang.name_of_code(entry, &handler);
            let name = match named.is_empty() {
                true => "the filter's sub".to_owned(),
                false => String::from_utf8_lossy(&named).into_owned(),
            };
            let step = match Handler::new(&named, Where::default()) {
                Some(handler) => Step::Named(handler),
                None => Step::Code(handler.clone()),
            };
            if matches!(step, Step::Code(_)) {
                // It lives in this interpreter.
                match r {
                    Some(r) => state(r)?.pin(r, &hold),
                    None => settled(c).map(drop)?,
                }
            }
            insert::add(lang, entry, way, r, c, step, &name)
        })
    }
}
