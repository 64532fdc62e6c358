//! The call that runs on this thread.

use api::Calls;
use httpd::Request;
use interp::Result;

use super::{HostRuntime, NO_STATE, lang, state};
use crate::host::connection::ConnectionState;
use crate::host::lease::Frame;
use crate::host::running;

impl Calls for HostRuntime {
    fn depth(&self) -> usize {
        let mut depth = 0;
        let _: Option<()> = Frame::find(|_| {
            depth += 1;
            None
        });
        depth
    }

    fn phase(&self) -> Option<&'static str> {
        Frame::find(|frame| frame.phase.map(|phase| frame.stock.lang.phase_name(phase)))
    }

    fn set_request(&self, r: &Request) -> Result<()> {
        let chosen = (*r, state(r)?.ticket());
        match (running::request(), running::connection()) {
            (Some(this), _) if this == *r => {
                let this = state(&this)?;
                this.is_global.set(true);
                if this.has_extras() {
                    this.extras().chosen.set(None);
                }
            }
            (Some(this), _) => state(&this)?.extras().chosen.set(Some(chosen)),
            (None, Some(c)) => ConnectionState::of(lang()?, &c).ok_or(NO_STATE)?.chosen.set(Some(chosen)),
            (None, None) => {}
        }
        Ok(())
    }
}
