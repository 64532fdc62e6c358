//! Handlers by the names that directives have: resolved once per state, called any number of times.

use crate::{
    chunk::text_key,
    ffi::{self, Job, NO_JOB},
    lua::{Entered, InUse},
    resolved::Resolved,
    room::Room,
    run::{called, calling, no_function},
    script::{CodeCache, Content, Paths, Script, Source},
};
use interp::{Entry, Kept, Load, Outcome, Place, Raised, Val};
use std::{any::Any, ffi::c_int, ptr, rc::Rc, sync::Arc};

/// How a handler is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form<'a> {
    /// `function(r) ... end`
    Text(&'a [u8]),
    /// `dir/file.lua:func`
    InFile(&'a [u8], &'a [u8]),
    /// `module`, `module.func`
    Module(&'a [u8]),
    /// `module:func`
    InModule(&'a [u8], &'a [u8]),
}

fn form(name: &[u8]) -> Form<'_> {
    let name = name.trim_ascii();
    if name.strip_prefix(b"function").is_some_and(|rest| matches!(rest.first(), Some(b'(' | b' ' | b'\t' | b'\n'))) {
        return Form::Text(name);
    }
    if let Some(at) = name.iter().rposition(|b| *b == b':') {
        let file = &name[..at];
        if file.contains(&b'/') || file.ends_with(b".lua") {
            return Form::InFile(file, &name[at + 1..]);
        }
        return Form::InModule(file, &name[at + 1..]);
    }
    Form::Module(name)
}

// shim.h: ML_LOADED ...
const LOADED: c_int = 0;
const LOAD: c_int = 1;
const REQUIRE: c_int = 2;

impl Room {
    /// A reference to the function that stands in the configuration. The chunk that makes it is loaded by [`Room::load_text`].
    fn text_function(&self, chunk: c_int, world: usize) -> Result<c_int, Raised> {
        let world = self.world_raw(world);
        let finished = self.perform(Job { what: ffi::CHUNK | ffi::KEEP_RESULT, chunk, world, ..NO_JOB })?;
        if finished.is_missing {
            return Err(Raised::Unresolved(b"the text is no function".to_vec()));
        }
        Ok(finished.reference)
    }

    fn load_text(&self, text: &[u8]) -> Result<c_int, Raised> {
        let code = [b"return ", text].concat();
        let source = Source::Text { key: &text_key(&code), chunk_name: b"=(configuration)", line: 1, text: &code };
        self.chunk(source, CodeCache::Stat).map(|chunk| chunk.reference)
    }

    /// A reference to what `module` or `module.func` names.
    fn module_function(&self, name: &[u8], load: bool, world: usize) -> Result<c_int, Raised> {
        self.ask_module(name, if load { LOAD } else { LOADED }, world)
    }

    fn ask_module(&self, name: &[u8], how: c_int, world: usize) -> Result<c_int, Raised> {
        let mut out = ffi::Out::EMPTY;
        let text = [name, b"\0"].concat();
        let world = self.world_raw(world);
        let before = self.news.running.replace(Some(self.me));
        // SAFETY: this state is entered; the name is borrowed for the call and ends with a NUL.
        unsafe { ffi::ml_resolve(self.raw(), text.as_ptr(), name.len(), how, world, &raw mut out) };
        self.news.running.set(before);
        let finished = self.finish(&out)?;
        if finished.is_missing {
            return Err(Raised::Unresolved(finished.text.unwrap_or_default()));
        }
        Ok(finished.reference)
    }

    /// Requires a module.
    pub(crate) fn module(&self, name: &[u8], root: Option<&Arc<[u8]>>, paths: &Paths) -> Result<(), Raised> {
        self.ask_module(name, REQUIRE, self.world_of(root, paths)?).map(drop)
    }

    /// The function that a name stands for in the use that runs, as a reference: for `find` of the shim.
    pub(crate) fn find(&self, name: &[u8]) -> Result<c_int, Raised> {
        let base = self.base.get();
        match form(name) {
            Form::InFile(file, function) => {
                let chunk = self.chunk(Source::File(file, Content::Script), CodeCache::Stat)?.reference;
                let done = self.perform(Job { what: ffi::CHUNK, chunk, ..NO_JOB });
                self.unref(chunk);
                done?;
                let job = calling(ffi::CALL | ffi::FIND, function, &[]);
                let finished = self.perform(job)?;
                if finished.is_missing { Err(no_function(function, file)) } else { Ok(finished.reference) }
            }
            Form::Module(name) => self.module_function(name, true, base),
            Form::InModule(module, function) => self.module_function(&[module, b".", function].concat(), true, base),
            Form::Text(text) => {
                let chunk = self.load_text(text)?;
                let function = self.text_function(chunk, base);
                self.unref(chunk);
                function
            }
        }
    }
}

impl Entered {
    fn resolved(&self, id: u32) -> Option<Rc<Resolved>> {
        self.handlers.borrow().get(id as usize).cloned().flatten()
    }

    pub(crate) fn known_room_of_modules(&self, root: Option<&Arc<[u8]>>, paths: &Paths) -> Option<Rc<Room>> {
        let all = self.of_modules.borrow();
        all.iter().find(|(of, id, _)| *id == paths.id && of.as_ref() == root).map(|(.., room)| room.clone())
    }

    /// The room of the modules that directives name where this `LuaRoot` and these paths hold. It stays.
    fn room_of_modules(&self, root: Option<&Arc<[u8]>>, paths: &Paths) -> Result<Rc<Room>, Raised> {
        if let Some(room) = self.known_room_of_modules(root, paths) {
            return Ok(room);
        }
        let room = self.free_room()?;
        room.stay();
        self.of_modules.borrow_mut().push((root.cloned(), paths.id, room.clone()));
        Ok(room)
    }

    fn find_out(&self, name: &[u8], load: Load, root: Option<&Arc<[u8]>>, of: &Paths) -> Result<Resolved, Raised> {
        let found = |room: Rc<Room>, function: c_int, world: usize| {
            let function = room.keep(function);
            Resolved::Function { function, room, world, root: root.cloned(), paths: of.id }
        };
        let module = |name: &[u8]| {
            let used = InUse::new(self, self.room_of_modules(root, of)?);
            let world = used.room.world_of(root, of)?;
            let function = used.room.module_function(name, load == Load::IfMissing, world)?;
            Ok::<_, Raised>(found(used.room.clone(), function, world))
        };
        Ok(match form(name) {
            Form::Module(name) => module(name)?,
            Form::InModule(name, function) => module(&[name, b".", function].concat())?,
            Form::InFile(file, function) => {
                self.find_kept(&self.handler_file(file), function)?;
                Resolved::InFile { file: file.into(), function: function.into() }
            }
            Form::Text(text) => {
                let room = self.free_room()?;
                let (world, chunk) = (room.world_of(root, of)?, room.load_text(text)?);
                let used = self.begin(room, ptr::null());
                let function = used.room.text_function(chunk, world)?;
                used.room.stay();
                found(used.room.clone(), function, world)
            }
        })
    }

    fn handler_file<'a>(&'a self, file: &'a [u8]) -> Script<'a> {
        Script {
            name: file,
            text: None,
            first_line: 1,
            content: Content::Script,
            cache: CodeCache::Stat,
            paths: &self.settings.paths,
        }
    }

    /// As [`Entry::resolve`], where this `LuaRoot` and these paths hold.
    ///
    /// # Errors
    /// As there.
    pub fn resolve_at(
        &self,
        id: u32,
        name: &[u8],
        load: Load,
        root: Option<&Arc<[u8]>>,
        paths: &Paths,
    ) -> Result<(), Raised> {
        let found = Rc::new(self.find_out(name, load, root, paths)?);
        let mut handlers = self.handlers.borrow_mut();
        let at = id as usize;
        if handlers.len() <= at {
            handlers.resize_with(at + 1, || None);
        }
        let before = handlers[at].replace(found);
        drop(handlers);
        if let Some(Resolved::Function { room, .. }) = before.as_deref()
            && !self.of_modules.borrow().iter().any(|(.., of)| Rc::ptr_eq(of, room))
        {
            self.leave_for_good(room);
        }
        Ok(())
    }

    /// As [`Entry::call_handler`], where this `LuaRoot` and these paths hold: a line may be in use in several places.
    ///
    /// # Errors
    /// As there.
    pub fn call_at(
        &self,
        id: u32,
        name: &[u8],
        root: Option<&Arc<[u8]>>,
        paths: &Paths,
        args: &[Val],
    ) -> Result<Outcome, Raised> {
        let is_here = |handler: &Rc<Resolved>| match &**handler {
            Resolved::Function { root: of, paths: own, .. } => *own == paths.id && of.as_ref() == root,
            Resolved::InFile { .. } => true,
        };
        if let Some(handler) = self.resolved(id).filter(is_here) {
            return self.call_resolved(&handler, args);
        }
        self.resolve_at(id, name, Load::IfMissing, root, paths)?;
        match self.resolved(id) {
            Some(handler) => self.call_resolved(&handler, args),
            None => Err(Raised::Unresolved(name.to_vec())),
        }
    }

    fn call_resolved(&self, handler: &Resolved, args: &[Val]) -> Result<Outcome, Raised> {
        match handler {
            Resolved::Function { function, room, world, .. } => {
                let used = InUse::new(self, room.clone());
                used.room.call_value(function, used.room.world_raw(*world), args, b"handler", b"the configuration")
            }
            Resolved::InFile { file, function } => self.run_kept(&self.handler_file(file), function, args),
        }
    }
}

impl Room {
    fn call_value(
        &self,
        function: &Kept,
        world: *const ffi::World,
        args: &[Val],
        what: &[u8],
        of: &[u8],
    ) -> Result<Outcome, Raised> {
        let chunk = function.as_raw() as isize as c_int;
        let job = Job { what: ffi::FUNCTION, chunk, args: args.as_ptr(), nargs: args.len(), world, ..NO_JOB };
        called(self.perform(job)?, what, of)
    }
}

impl Entry for Entered {
    fn resolve(&self, id: u32, name: &[u8], load: Load) -> Result<(), Raised> {
        self.resolve_at(id, name, load, self.settings.root.as_ref(), &self.settings.paths)
    }

    fn call_handler(&self, id: u32, name: &[u8], load: Load, args: &[Val]) -> Result<Outcome, Raised> {
        if let Some(handler) = self.resolved(id) {
            return self.call_resolved(&handler, args);
        }
        self.resolve(id, name, load)?;
        match self.resolved(id) {
            Some(handler) => self.call_resolved(&handler, args),
            None => Err(Raised::Unresolved(name.to_vec())),
        }
    }

    fn call_kept(&self, code: &Kept, args: &[Val]) -> Result<Outcome, Raised> {
        let used = self.room_of(code.home())?;
        used.room.call_value(code, ptr::null(), args, b"(kept)", b"this interpreter")
    }

    fn require_file(&self, file: &[u8], _at: Option<Place<'_>>) -> Result<(), Raised> {
        self.start_file(file)
    }
    fn require_module(&self, name: &[u8], _at: Option<Place<'_>>) -> Result<(), Raised> {
        self.start_module(name, self.settings.root.as_ref(), &self.settings.paths)
    }
    fn run(&self, code: &[u8], at: Option<Place<'_>>) -> Result<Outcome, Raised> {
        self.start_text(code, at)
    }
    fn drain(&self) {
        Entered::drain(self);
    }
    fn own_process(&self) {
        // SAFETY: says how C's own stream is written.
        unsafe { crate::ffi::ml_lines_go_out() };
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Paths, Start, testing::*};

    #[test]
    fn a_name_is_read_as_text_a_files_function_or_a_modules() {
        assert_eq!(form(b"function(r) return 1 end"), Form::Text(b"function(r) return 1 end"));
        assert_eq!(form(b"functions.go"), Form::Module(b"functions.go"));
        assert_eq!(form(b"/a/b.lua:go"), Form::InFile(b"/a/b.lua", b"go"));
        assert_eq!(form(b"b.lua:go"), Form::InFile(b"b.lua", b"go"));
        assert_eq!(form(b"my.module.go"), Form::Module(b"my.module.go"));
    }

    #[test]
    fn handlers_are_found_by_every_form_of_name_and_in_states_made_of_this_one() {
        let folder = Folder::new();
        folder.write("site/auth.lua", "local n = 0 return { handler = function() n = n + 1 return n end, sub = { deep = function() return 20 end } }");
        folder.write("plain.lua", "return function() return 30 end");
        folder.write("broken.lua", "error('at load')");
        let file = folder.write("f.lua", "n = 40 function go() n = n + 1 return n end");
        let file = format!("{}:go", String::from_utf8(file).unwrap());
        let pattern = folder.0.join("?.lua").to_str().unwrap().as_bytes().into();
        let paths = Paths { path: vec![pattern], cpath: Vec::new(), id: 1 };
        let lua = started(&Start { paths: Some(&paths), ..Start::default() });
        let e = lua.enter();
        e.run(
            b"started = (started or 0) + 1 function helper() return started end",
            Some(Place { file: "httpd.conf", line: 3 }),
        )
        .unwrap();
        e.require_module(b"site.auth", None).unwrap();
        let start = folder.write("start.lua", "again = (again or 0) + started");
        e.require_file(&start, None).unwrap();
        let all: &[(u32, &str)] = &[
            (1, "site.auth"),
            (2, "site.auth.sub.deep"),
            (3, "plain"),
            (4, &file),
            (5, "function(r) x = (x or 50) + 1 return x end"),
            (6, "function() return helper() * 10 + again end"),
        ];
        let call =
            |e: &Entered, id, name: &str| e.call_handler(id, name.as_bytes(), Load::IfMissing, &[]).map(|o| o.number);
        let numbers = |e: &Entered| all.iter().map(|(id, name)| call(e, *id, name).unwrap()).collect::<Vec<_>>();
        assert_eq!(numbers(&e), [1, 20, 30, 41, 51, 11]);
        assert_eq!(numbers(&e), [2, 20, 30, 42, 52, 11]);
        let why = |name: &str, load| match e.resolve(20, name.as_bytes(), load) {
            Err(Raised::Unresolved(text)) => String::from_utf8(text).unwrap(),
            other => panic!("{other:?}"),
        };
        assert!(why("no.such", Load::IfMissing).starts_with("module 'no.such' not found:"));
        assert_eq!(why("no.such", Load::Never), "module 'no.such' is not loaded");
        assert_eq!(why("site.auth.none", Load::IfMissing), "module 'site.auth' has no function 'none'");
        assert!(why(&format!("{}x", file), Load::IfMissing).starts_with("there is no function 'gox' in "));
        assert!(why("/no/such.lua:f", Load::IfMissing).starts_with("cannot open /no/such.lua"));
        assert!(died(e.resolve(21, b"broken", Load::IfMissing)).contains("at load"));
        assert!(died(e.resolve(21, b"function( end", Load::IfMissing)).contains("expected near 'end'"));
        drop(e);
        let clone = lua.duplicate().unwrap();
        let again = clone.duplicate().unwrap();
        for lua in [&clone, &again] {
            assert_eq!(numbers(&lua.enter()), [1, 20, 30, 41, 51, 11]);
        }
    }

    #[test]
    fn a_state_made_of_another_parses_nothing() {
        let folder = Folder::new();
        let file = folder.write("start.lua", "n = 1");
        let lua = lua();
        let e = lua.enter();
        e.require_file(&file, None).unwrap();
        e.run(b"m = 2", None).unwrap();
        let id = |e: &Entered| e.call_handler(1, b"function() return n + m end", Load::IfMissing, &[]).unwrap().number;
        assert_eq!(id(&e), 3);
        drop(e);
        let parsed = crate::cache::parsed_here();
        let clone = lua.duplicate().unwrap();
        assert_eq!((id(&clone.enter()), crate::cache::parsed_here()), (3, parsed));
        assert!(parsed > 0);
    }

    #[test]
    fn a_handler_named_to_a_row_is_found_when_it_is_called() {
        let lua = lua();
        let lua = lua.enter();
        lua.run(
            b"package.preload['my.log'] = function() return { handler = function(n) return (n or 0) + 1 end } end",
            None,
        )
        .unwrap();
        assert_eq!(handle(&lua, "return r:calls('my.log')"), "42");
        assert_eq!(handle(&lua, "return r:handler('my.log')(5)"), "6");
        assert_eq!(handle(&lua, "return r:handler('no.log') == nil"), "true");
    }
}
