//! Dictionaries that all processes share.

use api::{Dict, Dicts};
use interp::{Owned, Result};

use super::HostRuntime;
use crate::host::dicts;

impl Dicts for HostRuntime {
    fn find(&self, name: &[u8]) -> Result<Owned<Dict>> {
        dicts::find(name).ok_or_else(|| {
            let names = dicts::names();
            let there =
                if names.is_empty() { "there is none".into() } else { format!("there are {}", names.join(", ")) };
            format!("no line InterpDict makes a dictionary {:?}: {there}", String::from_utf8_lossy(name)).into()
        })
    }
}
