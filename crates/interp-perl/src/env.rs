//! `%ENV` of a request. Nothing here reaches the C environment.

use crate::{ffi, perl::Entered};

/// `%ENV` shows the request's variables until this is dropped; then it is as it was, whatever the script did to it.
#[must_use = "dropping it gives %ENV back"]
pub struct EnvGuard<'a> {
    perl: &'a Entered<'a>,
    nested: bool,
}

impl<'a> Entered<'a> {
    /// `perl-script`: for the response, `%ENV` holds what it held and `vars` (later ones win); what the script writes there
    /// stays in this `%ENV`. References to `%ENV` that older code holds see the same. Values are reused from one response
    /// to the next while nobody else holds them. `taint`: mark the values, under `-T`.
    pub fn request_env<'v>(
        &'a self,
        vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>,
        taint: bool,
    ) -> EnvGuard<'a> {
        let pairs = pairs(vars);
        // SAFETY: this interpreter is entered; the pairs are borrowed for the call.
        let nested = unsafe { ffi::mp_env_begin(self.raw(), pairs.as_ptr(), pairs.len(), taint as i32) } != 0;
        EnvGuard { perl: self, nested }
    }

    /// Puts variables into `%ENV` as it is now: `PerlSetEnv` before a handler, `+SetupEnv` under `modperl`.
    pub fn set_env<'v>(&self, vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>, taint: bool) {
        let pairs = pairs(vars);
        // SAFETY: this interpreter is entered; the pairs are borrowed for the call.
        unsafe { ffi::mp_env_set(self.raw(), pairs.as_ptr(), pairs.len(), taint as i32) };
    }

    /// Takes variables out of `%ENV`.
    pub fn unset_env<'v>(&self, keys: impl IntoIterator<Item = &'v [u8]>) {
        let pairs = pairs(keys.into_iter().map(|key| (key, &b""[..])));
        // SAFETY: this interpreter is entered; the pairs are borrowed for the call.
        unsafe { ffi::mp_env_delete(self.raw(), pairs.as_ptr(), pairs.len()) };
    }
}

impl Drop for EnvGuard<'_> {
    fn drop(&mut self) {
        if !self.nested {
            // SAFETY: the interpreter is still entered (the guard borrows it).
            unsafe { ffi::mp_env_end(self.perl.raw()) };
        }
    }
}

fn pairs<'v>(vars: impl IntoIterator<Item = (&'v [u8], &'v [u8])>) -> Vec<ffi::Pair> {
    vars.into_iter()
        .map(|(key, value)| ffi::Pair {
            key: key.as_ptr().cast(),
            value: value.as_ptr().cast(),
            key_len: key.len(),
            value_len: value.len(),
        })
        .collect()
}
