//! Implements `Interp` and `Entry`, what the host asks of any engine, by this engine's own functions.

use crate::{Entered, Perl, ffi};
use interp::{Entry, Interp, Kept, Load, Outcome, Place, Raised, Val};
use std::{any::Any, ffi::c_int, ptr::NonNull};

impl Interp for Perl {
    fn duplicate(&self) -> Result<Box<dyn Interp>, String> {
        match Perl::duplicate(self) {
            Ok(perl) => Ok(Box::new(perl)),
            Err(error) => Err(error.to_string()),
        }
    }
    fn with(&self, f: &mut dyn FnMut(&dyn Entry)) {
        f(&*self.enter());
    }
    fn end(&self) -> Vec<Vec<u8>> {
        Perl::end(self)
    }
    fn forget_end(&self) {
        Perl::forget_end(self);
    }
    fn trim(&self, limit: usize, report_only: bool) -> usize {
        self.enter().trim(limit, report_only)
    }
    fn users(&self) -> NonNull<c_int> {
        // SAFETY: the record lives as long as the interpreter; the field has its address.
        unsafe { NonNull::new_unchecked(&raw mut (*self.record().as_ptr()).refcnt) }
    }
    fn caller(&self) -> Option<(Vec<u8>, u32)> {
        let mut line = 0;
        // SAFETY: the row that runs was called in this interpreter, by this thread; the name of the file lives as long as the code.
        unsafe {
            let file = ffi::mp_caller(self.record().as_ptr().cast(), &raw mut line);
            (!file.is_null()).then(|| (std::ffi::CStr::from_ptr(file).to_bytes().to_vec(), line))
        }
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Entry for Entered {
    fn resolve(&self, id: u32, name: &[u8], load: Load) -> Result<(), Raised> {
        Entered::resolve(self, id, name, load).map(drop)
    }
    fn call_handler(&self, id: u32, name: &[u8], load: Load, args: &[Val]) -> Result<Outcome, Raised> {
        Entered::call_handler(self, id, name, load, args)
    }
    fn call_kept(&self, code: &Kept, args: &[Val]) -> Result<Outcome, Raised> {
        Entered::call_kept(self, code, args)
    }
    fn require_file(&self, file: &[u8], at: Option<Place<'_>>) -> Result<(), Raised> {
        Entered::require_file(self, file, at)
    }
    fn require_module(&self, name: &[u8], at: Option<Place<'_>>) -> Result<(), Raised> {
        Entered::require_module(self, name, at)
    }
    fn run(&self, code: &[u8], at: Option<Place<'_>>) -> Result<Outcome, Raised> {
        Entered::run(self, code, at)
    }
    fn cleanup_died(&self, text: &[u8]) -> bool {
        // SAFETY: this interpreter is entered; the text is borrowed for the call.
        unsafe { ffi::mp_cleanup_died_of(self.raw(), text.as_ptr().cast(), text.len()) };
        true
    }
    fn drain(&self) {
        Entered::drain(self);
    }
    fn seal(&self) {
        Entered::seal(self);
    }
    fn begin_process(&self) {
        self.forget_srand();
    }
    fn own_process(&self) {
        // SAFETY: the interpreter is entered.
        unsafe { ffi::mp_own_process(self.raw()) };
    }
    fn end_process(&self) {
        let _ = Entered::run(self, b"ModInterp::flush()", None);
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
