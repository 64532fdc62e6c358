//! What the host asks of any engine's interpreter.

use crate::{lua::Lua, room::Has};
use interp::{Entry, Interp};
use std::{any::Any, ffi::c_int, ptr::NonNull};

impl Interp for Lua {
    fn duplicate(&self) -> Result<Box<dyn Interp>, String> {
        Lua::duplicate(self).map(|l| Box::new(l) as Box<dyn Interp>).map_err(|e| e.to_string())
    }
    fn with(&self, f: &mut dyn FnMut(&dyn Entry)) {
        f(&*self.enter());
    }
    /// Makes states ahead where uses have found none.
    fn prepare(&self) {
        let guard = self.enter();
        let wanted = guard.missed.replace(0).min(8);
        let free = guard.rooms.borrow().iter().filter(|room| room.has.get() == Has::Nobody).count();
        for _ in free..wanted {
            if guard.add_room().is_err() {
                break;
            }
        }
    }
    fn trim(&self, limit: usize, report_only: bool) -> usize {
        let before = self.memory_used();
        if report_only || before <= limit {
            return 0;
        }
        let guard = self.enter();
        let rooms: Vec<_> = guard.rooms.borrow().iter().filter(|room| room.has.get() != Has::Nobody).cloned().collect();
        rooms.iter().for_each(|room| room.collect());
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
