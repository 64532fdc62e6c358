//! The memory: for each stock of interpreters *sheets* of lines, one per process.
//!
//! A sheet is a mapping that all processes have which are forked from the one that made it. It is never unmapped: it outlives restarts,
//! with what was counted. The address of the first one lies in a word that the caller keeps over restarts; each sheet knows the next.

use std::ptr::{self, NonNull};
use std::slice;
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use tipool::{ItemNumbers, ItemSeen, Numbers, Snapshot};

use crate::doing::{Doing, Now};
use crate::table::{Figure, Source};

const FIGURES: usize = Figure::ALL.len();

/// A number of the layout of this memory, for the name under which its address is kept: another version of this library may have
/// another one.
pub const LAYOUT: u64 = {
    let sizes = [size_of::<Head>(), size_of::<Line>(), size_of::<ItemNumbers>(), size_of::<Doing>(), FIGURES];
    let (mut number, mut at) = (1, 0);
    while at < sizes.len() {
        number = number * 1009 + sizes[at] as u64;
        at += 1;
    }
    number
};

/// What one process counts of one stock.
#[derive(Default)]
#[repr(C, align(64))]
pub struct Line {
    /// The process; 0: none. What was counted counts all the same.
    pid: AtomicU64,
    /// The tipool's statistics.
    pub tipool: Numbers,
    own: [AtomicU64; FIGURES],
}

impl Line {
    fn of(&self, figure: Figure) -> &AtomicU64 {
        // There is one for each figure.
        self.own.get(figure as usize).unwrap_or(&self.own[0])
    }
}

/// The head of a sheet.
#[repr(C, align(64))]
struct Head {
    /// The address of the next sheet.
    next: AtomicUsize,
    lines: AtomicU64,
    /// Items for which each line has room.
    items: AtomicU64,
    /// Lines from the first that have ever had an owner.
    used: AtomicU64,
}

/// A sheet: its head, the lines, then the items of all lines, then what these do.
#[derive(Clone, Copy)]
struct Sheet(&'static Head);

impl Sheet {
    fn size(lines: usize, items: usize) -> Option<usize> {
        let each = items.checked_mul(size_of::<ItemNumbers>() + size_of::<Doing>())?.checked_add(size_of::<Line>())?;
        // Items are no multiple of a cache line.
        lines.checked_mul(each)?.checked_add(size_of::<Head>() + align_of::<Doing>())
    }

    fn make(lines: usize, items: usize) -> Option<Sheet> {
        let size = Sheet::size(lines, items)?;
        let at = shm::Mapping::new(size).ok()?.forever();
        // SAFETY: whole pages of zeros, which are atomic numbers; nobody unmaps them.
        let sheet = Sheet(unsafe { at.cast::<Head>().as_ref() });
        sheet.0.lines.store(lines as u64, Relaxed);
        sheet.0.items.store(items as u64, Relaxed);
        Some(sheet)
    }

    /// # Safety
    /// 0, or the address of a sheet that a library of the same [`LAYOUT`] has made.
    unsafe fn at(address: usize) -> Option<Sheet> {
        // SAFETY: the caller's promise; it is never unmapped.
        NonNull::new(ptr::with_exposed_provenance_mut::<Head>(address)).map(|head| Sheet(unsafe { head.as_ref() }))
    }

    fn address(self) -> usize {
        ptr::from_ref(self.0).expose_provenance()
    }

    fn items_each(self) -> usize {
        self.0.items.load(Relaxed) as usize
    }

    fn array<T>(self, behind: usize, count: usize) -> &'static [T] {
        let at = self.address() + behind;
        let at = ptr::with_exposed_provenance::<T>(at.next_multiple_of(align_of::<T>()));
        // SAFETY: `make` has mapped room for the arrays one behind the other, for as many as the head says; all of them are atomic numbers.
        unsafe { slice::from_raw_parts(at, count) }
    }

    fn lines(self) -> &'static [Line] {
        self.array(size_of::<Head>(), self.0.lines.load(Relaxed) as usize)
    }

    /// Those that have ever had an owner, and their places.
    fn used(self) -> impl Iterator<Item = (usize, &'static Line)> {
        self.lines().iter().enumerate().take(self.0.used.load(Acquire) as usize)
    }

    fn mine(self, place: usize) -> Option<Mine> {
        let (lines, each) = (self.lines(), self.items_each());
        let items_at = size_of::<Head>() + size_of_val(lines);
        let all: &[ItemNumbers] = self.array(items_at, lines.len() * each);
        let doing: &[Doing] = self.array(items_at + size_of_val(all), lines.len() * each);
        let own = place * each..(place + 1) * each;
        Some(Mine { line: lines.get(place)?, items: all.get(own.clone())?, doing: doing.get(own)? })
    }

    fn next(self) -> Option<Sheet> {
        // SAFETY: only `Board::open` writes it.
        unsafe { Sheet::at(self.0.next.load(Acquire)) }
    }
}

/// What belongs to one line.
#[derive(Clone, Copy)]
struct Mine {
    line: &'static Line,
    items: &'static [ItemNumbers],
    doing: &'static [Doing],
}

/// The figures of one stock, in all processes.
pub struct Board {
    first: Sheet,
    /// The sheet in which this process's line is.
    sheet: Sheet,
    /// What the process writes from which the others are forked.
    first_line: Mine,
    /// What this process writes, if it is another one.
    own: OnceLock<Mine>,
}

/// Sums over all processes.
#[derive(Clone, Copy)]
pub struct Sum {
    /// The statistics of their tipools.
    pub tipool: Snapshot,
    /// Processes that have a line.
    pub processes: u64,
    own: [u64; FIGURES],
}

impl Sum {
    /// One of the numbers from which a row is made.
    pub fn of(&self, source: &Source) -> u64 {
        match source {
            Source::Own(figure) => self.own.get(*figure as usize).copied().unwrap_or(0),
            Source::Tipool(of) => of(&self.tipool),
            Source::Processes => self.processes,
        }
    }
}

/// An interpreter of some process.
#[derive(Clone, Debug)]
pub struct Item {
    /// The process.
    pub pid: u64,
    /// What its tipool says of it.
    pub seen: ItemSeen,
    /// What it does, if that is known.
    pub now: Option<Now>,
}

impl Board {
    /// The board whose first sheet's address is in `word`; a new one if it is 0. There is room for so many processes, each with so many
    /// items. The caller writes to the first line, as the process from which the others are forked, and is no owner of it.
    /// `None` if the system has no such memory.
    ///
    /// # Safety
    /// Only this function has ever written to `word`, in libraries of the same [`LAYOUT`]. No other process does so now.
    pub unsafe fn open(word: &'static AtomicUsize, lines: usize, items: usize) -> Option<Board> {
        // SAFETY: the caller's promise.
        let mut at = unsafe { Sheet::at(word.load(Acquire)) };
        let mut last = word;
        let first = at;
        let fits = |sheet: &Sheet| sheet.items_each() >= items && sheet.lines().len() > lines;
        while let Some(sheet) = at.filter(|sheet| !fits(sheet)) {
            last = &sheet.0.next;
            at = sheet.next();
        }
        let sheet = match at {
            Some(sheet) => sheet,
            None => {
                // Each is larger than those before, so that there are few.
                let sheet = Sheet::make(lines + 1, items.max(1).next_power_of_two())?;
                sheet.0.used.store(1, Release);
                last.store(sheet.address(), Release);
                sheet
            }
        };
        Some(Board { first: first.unwrap_or(sheet), sheet, first_line: sheet.mine(0)?, own: OnceLock::new() })
    }

    /// This process counts for itself from now on: it has a line that no living process has. False if there is none; then what it
    /// counts is lost. Only the first call counts.
    pub fn begin(&self) -> bool {
        let pid = u64::from(std::process::id());
        let free = |line: &Line| {
            let was = line.pid.load(Acquire);
            let is_free = was == 0 || !lives(was);
            is_free && line.pid.compare_exchange(was, pid, AcqRel, Relaxed).is_ok()
        };
        let found = self.sheet.lines().iter().enumerate().skip(1).find(|(_, line)| free(line));
        let mine = found.and_then(|(place, _)| {
            self.sheet.0.used.fetch_max(place as u64 + 1, AcqRel);
            self.sheet.mine(place)
        });
        let is_shown = mine.is_some();
        let own = || Mine { line: Box::leak(Box::default()), items: &[], doing: &[] };
        let mine = mine.unwrap_or_else(own);
        mine.line.tipool.begin();
        mine.items.iter().for_each(ItemNumbers::begin);
        let _ = self.own.set(mine);
        is_shown
    }

    #[inline]
    fn mine(&self) -> &Mine {
        self.own.get().unwrap_or(&self.first_line)
    }

    /// Counts one.
    #[inline]
    pub fn count(&self, figure: Figure) {
        self.mine().line.of(figure).fetch_add(1, Relaxed);
    }

    /// The line of this process.
    pub fn line(&self) -> &'static Line {
        self.mine().line
    }

    /// Where the items of this process are seen, each at its place.
    pub fn items(&self) -> &'static [ItemNumbers] {
        self.mine().items
    }

    /// Says what the item at this place does: since when, and what. Only the first time of a lease counts. To be called by nobody but who has it.
    #[inline]
    pub fn does<'t>(&self, place: usize, what: impl FnOnce() -> (u64, &'t [u8])) {
        let mine = self.mine();
        if let (Some(item), Some(doing)) = (mine.items.get(place), mine.doing.get(place)) {
            let lease = item.lends();
            if !doing.is_of(lease) {
                let (since, text) = what();
                doing.write(lease, since, text);
            }
        }
    }

    fn sheets(&self) -> impl Iterator<Item = Sheet> {
        std::iter::successors(Some(self.first), |sheet| sheet.next())
    }

    /// A process is gone. To be called by the one from which it was forked, before another one can have its number.
    pub fn ended(&self, pid: u32) {
        for (_, line) in self.sheets().flat_map(Sheet::used) {
            let _ = line.pid.compare_exchange(u64::from(pid), 0, AcqRel, Relaxed);
        }
    }

    /// The sums over all processes; what processes have counted that are gone is among them.
    pub fn sum(&self) -> Sum {
        let mut sum = Sum { tipool: Snapshot::default(), processes: 0, own: [0; FIGURES] };
        for (_, line) in self.sheets().flat_map(Sheet::used) {
            let snapshot = line.tipool.snapshot();
            if line.pid.load(Acquire) == 0 {
                sum.tipool.add_counted(&snapshot);
            } else {
                sum.tipool += &snapshot;
                sum.processes += 1;
            }
            for (all, one) in sum.own.iter_mut().zip(&line.own) {
                *all = all.wrapping_add(one.load(Relaxed));
            }
        }
        sum
    }

    /// The interpreters of all processes.
    pub fn all_items(&self) -> Vec<Item> {
        let mut all = Vec::new();
        for sheet in self.sheets() {
            for (place, line) in sheet.used() {
                let pid = line.pid.load(Acquire);
                let Some(mine) = sheet.mine(place).filter(|_| pid != 0) else { continue };
                let rows = mine.items.iter().zip(mine.doing);
                all.extend(rows.filter_map(|(item, doing)| {
                    let seen = item.seen()?;
                    Some(Item { pid, seen, now: doing.read(seen.lends).filter(|_| seen.is_lent) })
                }));
            }
        }
        all
    }
}

fn lives(pid: u64) -> bool {
    let Ok(pid) = libc::pid_t::try_from(pid) else { return false };
    // SAFETY: signal 0 only asks whether there is such a process.
    unsafe { libc::kill(pid, 0) == 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Figure::{Died, Request};
    use shm::testing::Apart;

    fn word() -> &'static AtomicUsize {
        Box::leak(Box::default())
    }

    fn open(word: &'static AtomicUsize, lines: usize, items: usize) -> Board {
        // SAFETY: a word of this test's alone.
        unsafe { Board::open(word, lines, items) }.unwrap()
    }

    #[test]
    fn what_a_killed_process_has_counted_counts_and_what_it_had_does_not() {
        let board = open(word(), 2, 3);
        board.count(Died);
        let child = Apart::run(|| {
            assert!(board.begin());
            board.count(Request);
            board.line().tipool.begin_one();
            board.line().tipool.lend_one(true);
            board.items()[0].is(ItemSeen { serial: 7, uses: 1, born: 2, lends: 3, is_lent: true });
            board.does(0, || (5, b"/loop"));
            board.does(0, || (6, b"/other"));
        });
        let sum = board.sum();
        assert_eq!((sum.own[Request as usize], sum.own[Died as usize]), (1, 1));
        assert_eq!((sum.processes, sum.tipool.lent, sum.tipool.checkouts), (1, 1, 1));
        let items = board.all_items();
        assert_eq!((items.len(), items[0].pid, items[0].seen.serial), (1, child.pid().into(), 7));
        assert_eq!(items[0].now, Some(Now { since: 5, text: b"/loop".into() }));
        let pid = child.pid();
        child.kill();
        board.ended(pid);
        let sum = board.sum();
        assert_eq!((sum.own[Request as usize], sum.processes, sum.tipool.lent, sum.tipool.checkouts), (1, 0, 0, 1));
        assert!(board.all_items().is_empty());
    }

    #[test]
    fn a_line_goes_to_one_living_process_and_the_next_one_counts_on() {
        let board = open(word(), 1, 1);
        let first = Apart::run(|| {
            assert!(board.begin());
            board.count(Request);
        });
        let without = Apart::run(|| {
            assert!(!board.begin());
            board.count(Request);
        });
        assert_eq!(board.sum().own[Request as usize], 1, "a process without a line counts for nobody");
        first.kill();
        without.kill();
        // Nobody has said that the first one is gone.
        let second = Apart::run(|| {
            assert!(board.begin());
            board.count(Request);
        });
        assert_eq!((board.sum().own[Request as usize], board.sum().processes), (2, 1));
        second.kill();
    }

    #[test]
    fn the_next_reading_of_the_configuration_finds_the_board_and_adds_a_larger_sheet_where_it_must() {
        let word = word();
        let board = open(word, 2, 3);
        board.count(Request);
        let same = open(word, 2, 4);
        same.count(Request);
        assert_eq!(same.sum().own[Request as usize], 2);
        assert_eq!(board.sheets().count(), 1, "items are rounded up");
        let larger = open(word, 2, 5);
        larger.count(Request);
        assert_eq!((larger.sum().own[Request as usize], larger.sheets().count(), larger.sheet.items_each()), (3, 2, 8));
        assert_eq!(open(word, 2, 5).sheets().count(), 2);
        assert!(larger.begin());
        assert_eq!(larger.items().len(), 8);
        let address = ptr::from_ref(&larger.mine().doing[0]).addr();
        assert_eq!(address % align_of::<Doing>(), 0);
    }
}
