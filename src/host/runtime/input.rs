//! Bodies of requests, as far as they were read for a script that asked for less.

use api::Input;
use httpd::Request;
use interp::Result;

use super::{HostRuntime, state, state_of};

impl Input for HostRuntime {
    fn take_ahead(&self, r: &Request, most: usize) -> Vec<u8> {
        state_of(r).map_or_else(Vec::new, |state| state.take_ahead(most))
    }

    fn put_back(&self, r: &Request, bytes: &[u8]) -> Result<()> {
        if !bytes.is_empty() {
            state(r)?.extras().ahead.borrow_mut().splice(..0, bytes.iter().copied());
        }
        Ok(())
    }
}
