//! The call that runs on this thread.

use api::Calls;
use config::Phase;
use httpd::{Connection, Request};
use interp::{Result, Ticketed};

use super::{HostRuntime, NO_STATE, lang, state};
use crate::host::about::About;
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

    fn speaks(&self, c: &Connection) -> bool {
        Frame::find(|frame| match frame.about {
            About::Connection(of) if of == c && frame.phase == Some(Phase::ProcessConnection) => Some(()),
            _ => None,
        })
        .is_some()
    }

    fn set_request(&self, r: &Request) -> Result<()> {
        // SAFETY: the ticket is the request's own; what keeps this belongs to the same connection.
        let chosen = Some(unsafe { Ticketed::new(r, state(r)?.ticket()) });
        let for_request = running::with_request(|this| {
            let of = state(this)?;
            if this != r {
                of.extras().chosen.set(chosen);
                return Ok(());
            }
            of.is_global.set(true);
            if of.has_extras() {
                of.extras().chosen.set(None);
            }
            Ok(())
        });
        let for_connection = || {
            running::with_connection(|c| {
                ConnectionState::of(lang()?, c).ok_or(NO_STATE)?.chosen.set(chosen);
                Ok(())
            })
        };
        for_request.or_else(for_connection).unwrap_or(Ok(()))
    }
}
