//! A slot of the pool: its rooms, each a Lua state; how it is owned, entered, made again and ended.

use crate::{
    ffi,
    resolved::{KeptScript, Resolved},
    room::{Has, News, Room, Settings},
    start_up::StartUp,
};
use interp::{Home, Inside, Raised};
use std::{
    cell::{Cell, RefCell, UnsafeCell},
    collections::HashMap,
    ffi::c_int,
    fmt,
    marker::PhantomData,
    ops::Deref,
    rc::Rc,
    sync::Arc,
};

/// A slot: as many Lua states as the uses need that run in it one within the other, and those that stay. Whoever owns it may enter it, from
/// one thread at a time; dropping it ends them.
pub struct Lua {
    pub(crate) entered: Box<Entered>,
}

// SAFETY: Lua knows no threads: a state may be used from any, by one at a time. Whatever counts without atomics (`Rc`) is
// reached from here only. Not Sync.
unsafe impl Send for Lua {}

/// A slot that is entered, and so can run code.
pub struct Entered {
    pub(crate) settings: Rc<Settings>,
    pub(crate) news: Rc<News>,
    /// All of them. Nothing of a script runs while this is borrowed.
    pub(crate) rooms: RefCell<Vec<Rc<Room>>>,
    /// The rooms of modules that directives name, by `LuaRoot` and paths.
    pub(crate) of_modules: RefCell<Vec<(Option<Arc<[u8]>>, u64, Rc<Room>)>>,
    /// `LuaScope thread` and `server`: the rooms of scripts, by name.
    pub(crate) kept: RefCell<HashMap<Box<[u8]>, Vec<Rc<KeptScript>>>>,
    pub(crate) handlers: RefCell<Vec<Option<Rc<Resolved>>>>,
    /// The start-up code that has run, to be run again in other states.
    pub(crate) done: RefCell<Vec<StartUp>>,
    /// States that were made because a use found none; the keeper makes as many ahead.
    pub(crate) missed: Cell<usize>,
    pub(crate) users: UnsafeCell<c_int>,
}

impl fmt::Debug for Lua {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entered.fmt(f)
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lua").field("rooms", &self.rooms.borrow().len()).finish_non_exhaustive()
    }
}

/// Keeps a slot entered until it is dropped. Stays on its thread.
#[derive(Debug)]
pub struct Guard<'l> {
    entered: &'l Entered,
    _inside: Inside,
    _here: PhantomData<*const ()>,
}

impl Deref for Guard<'_> {
    type Target = Entered;
    fn deref(&self) -> &Entered {
        self.entered
    }
}

impl Lua {
    pub(crate) fn new(settings: Settings) -> Result<Lua, String> {
        let (settings, news) = (Rc::new(settings), Rc::new(News::default()));
        let first = Room::new(&settings, &news)?;
        let entered = Box::new(Entered {
            settings,
            news,
            rooms: RefCell::new(vec![first]),
            of_modules: RefCell::default(),
            kept: RefCell::default(),
            handlers: RefCell::default(),
            done: RefCell::default(),
            missed: Cell::new(0),
            users: UnsafeCell::new(0),
        });
        Ok(Lua { entered })
    }

    /// Enters it. Entries nest. What others left in its drop boxes is freed now: `__gc` and cleanups may run.
    pub fn enter(&self) -> Guard<'_> {
        let guard = Guard { entered: &self.entered, _inside: Inside::new(), _here: PhantomData };
        guard.drain();
        guard
    }

    /// The bytes that its states have allocated.
    pub fn memory_used(&self) -> usize {
        self.entered.rooms.borrow().iter().map(|room| room.used()).sum()
    }
}

impl Drop for Lua {
    fn drop(&mut self) {
        if interp::is_forked() {
            // The rooms are left as they are: nothing of a script runs here.
            std::mem::forget(self.entered.rooms.take());
            return;
        }
        let _inside = Inside::new();
        let values = (self.entered.handlers.take(), self.entered.kept.take(), self.entered.of_modules.take());
        drop(values);
        let rooms = self.entered.rooms.take();
        rooms.iter().for_each(|room| room.drain());
        drop(rooms);
    }
}

/// A use of a room: when it is dropped the room is put back, unless something of it is kept.
pub(crate) struct InUse<'e> {
    entered: &'e Entered,
    pub room: Rc<Room>,
}

impl<'e> InUse<'e> {
    #[inline]
    pub(crate) fn new(entered: &'e Entered, room: Rc<Room>) -> InUse<'e> {
        room.users.set(room.users.get() + 1);
        InUse { entered, room }
    }
}

impl Drop for InUse<'_> {
    #[inline]
    fn drop(&mut self) {
        self.room.users.set(self.room.users.get() - 1);
        self.entered.recover(&self.room);
    }
}

impl Entered {
    /// A room that nobody has; made if there is none.
    pub(crate) fn free_room(&self) -> Result<Rc<Room>, Raised> {
        if let Some(room) = self.rooms.borrow().iter().find(|room| room.has.get() == Has::Nobody) {
            return Ok(room.clone());
        }
        self.missed.set(self.missed.get() + 1);
        self.add_room()
    }

    /// Another room, in which start-up code has run.
    pub(crate) fn add_room(&self) -> Result<Rc<Room>, Raised> {
        let room = Room::new(&self.settings, &self.news).map_err(|e| Raised::Died(e.into_bytes()))?;
        self.rooms.borrow_mut().push(room.clone());
        let done = self.done.borrow().clone();
        if let Err(raised) = room.alone(|| done.iter().try_for_each(|step| room.start_up(step).map(drop))) {
            self.lose(&room);
            return Err(match raised {
                Raised::Died(text) => {
                    Raised::Died([&b"start-up code, run again for a new state: "[..], &text].concat())
                }
                other => other,
            });
        }
        Ok(room)
    }

    /// Begins a use in a room that nobody has, about to run a script of this world.
    pub(crate) fn begin(&self, room: Rc<Room>, world: *const ffi::World) -> InUse<'_> {
        room.begin(world);
        InUse::new(self, room)
    }

    /// The room in which a kept value lives; a use of it if nobody had it.
    pub(crate) fn room_of(&self, home: &Arc<Home>) -> Result<InUse<'_>, Raised> {
        let found = self.rooms.borrow().iter().find(|room| room.owns(home)).cloned();
        let Some(room) = found else {
            return Err(Raised::Unresolved(b"it belongs to another interpreter".to_vec()));
        };
        if room.has.get() == Has::Nobody {
            // Start-up code has left it for the server.
            room.stay();
        }
        Ok(InUse::new(self, room))
    }

    /// Puts a room back if its use, and all that it has left, is over.
    #[inline]
    fn recover(&self, room: &Rc<Room>) {
        if room.has.get() != Has::Use || room.users.get() > 0 {
            return;
        }
        // Finalizers run meanwhile, and may enter the slot.
        room.users.set(1);
        if room.has_drops() {
            room.drain();
        }
        let is_lost = !room.is_held() && !room.put_back();
        room.users.set(0);
        if is_lost {
            self.lose(room);
        }
    }

    /// Closes a room, as soon as its last user lets it go.
    fn lose(&self, room: &Rc<Room>) {
        let lost = {
            let mut rooms = self.rooms.borrow_mut();
            rooms.iter().position(|other| Rc::ptr_eq(other, room)).map(|at| rooms.swap_remove(at))
        };
        drop(lost);
    }

    /// Lets a room go that stayed: it is closed when nothing of it is kept.
    pub(crate) fn leave_for_good(&self, room: &Rc<Room>) {
        room.end_stay();
        self.recover(room);
    }

    /// The room in which start-up code runs: that of the modules which directives name, if it is there.
    pub(crate) fn start_room(&self) -> Result<Rc<Room>, Raised> {
        match self.known_room_of_modules(self.settings.root.as_ref(), &self.settings.paths) {
            Some(room) => Ok(room),
            None => self.free_room(),
        }
    }

    /// Closes the rooms that nobody has but this one, in which start-up code goes on.
    pub(crate) fn forget_rooms_but(&self, this: &Rc<Room>) {
        let is_spare = |room: &mut Rc<Room>| room.has.get() == Has::Nobody && !Rc::ptr_eq(room, this);
        let lost: Vec<_> = self.rooms.borrow_mut().extract_if(.., is_spare).collect();
        drop(lost);
    }

    /// Why its states cannot be put back and have to be closed after each use; `None` where they can.
    pub fn closes_states(&self) -> Option<&'static str> {
        let room = self.free_room().ok()?;
        room.refusal(room.world_raw(room.base.get()))
    }

    /// File and line of the script's code that called the row that runs.
    pub fn caller(&self) -> Option<(Vec<u8>, u32)> {
        let running = self.news.running.get()?;
        let mut file = [0u8; 512];
        // SAFETY: the record lives while its code runs; the shim writes at most as many bytes, a NUL among them.
        let line = unsafe { ffi::ml_caller(running.as_ptr(), file.as_mut_ptr().cast(), file.len()) };
        let length = file.iter().position(|b| *b == 0)?;
        Some((file[..length].to_vec(), u32::try_from(line).ok().filter(|line| *line > 0)?))
    }

    /// Frees what others left in the drop boxes, and puts back the rooms of which nothing is kept any more.
    pub fn drain(&self) {
        let is_due = |room: &&Rc<Room>| {
            room.has_drops() || (room.has.get() == Has::Use && room.users.get() == 0 && !room.is_held())
        };
        // Whatever is freed may run code, which may change the list.
        loop {
            let due: Option<Rc<Room>> = self.rooms.borrow().iter().find(is_due).cloned();
            let Some(room) = due else { return };
            if room.has_drops() {
                room.drain();
            }
            self.recover(&room);
        }
    }

    /// Whether a state that stays ran out of memory and still uses nearly all that it may: the slot should be replaced.
    pub fn is_spent(&self) -> bool {
        self.news.spent.get()
    }

    /// Whether a script has printed to STDOUT since [`Entered::forget_print`].
    pub fn has_printed(&self) -> bool {
        self.news.printed.get()
    }

    /// What was printed before counts no longer.
    pub fn forget_print(&self) {
        self.news.printed.set(false);
    }

    /// Whether the states note globals that handlers make.
    pub fn watches_globals(&self) -> bool {
        self.settings.watch_globals
    }

    /// Globals that handlers made since this was last asked, with file and line. Empty unless the states watch them.
    pub fn take_leaks(&self) -> Vec<String> {
        self.news.leaks.take()
    }

    /// Sets a text field of the table `apache2`, in all states that are made from now on.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn set_constant(&self, name: &[u8], value: &[u8]) -> Result<(), Raised> {
        self.again(StartUp::Constant(name.into(), value.into())).map(drop)
    }
}
