//! What the host asks of any engine's interpreter.

use crate::{ffi, lua::Lua};
use interp::{Entry, Home, Interp};
use std::{any::Any, ffi::c_int, ptr::NonNull, sync::Arc};

impl Interp for Lua {
    fn home(&self) -> &Arc<Home> {
        self.entered.home()
    }
    fn duplicate(&self) -> Result<Box<dyn Interp>, String> {
        Lua::duplicate(self).map(|l| Box::new(l) as Box<dyn Interp>).map_err(|e| e.to_string())
    }
    fn with(&self, f: &mut dyn FnMut(&dyn Entry)) {
        f(&*self.enter());
    }
    fn trim(&self, limit: usize, report_only: bool) -> usize {
        let before = self.memory_used();
        if report_only || before <= limit {
            return 0;
        }
        let guard = self.enter();
        // SAFETY: the state is entered.
        unsafe { ffi::ml_collect(guard.raw()) };
        before.saturating_sub(self.memory_used())
    }
    fn users(&self) -> NonNull<c_int> {
        // SAFETY: the address of a field is never null.
        unsafe { NonNull::new_unchecked(self.entered.users.get()) }
    }
    fn caller(&self) -> Option<(Vec<u8>, u32)> {
        self.entered.caller()
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
