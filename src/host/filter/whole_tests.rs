//! What becomes of data that a handler of whole brigades gets: it reads and prints, or works on the buckets.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;

use apr::Reenter;
use httpd::own_filter::Ask;
use interp::Piece;

use super::output::MUCH;
use super::running::Running;
use super::stream::Stream;
use super::testing::{Chain, chain, shown};
use super::whole::{self, Answer, Handling};

/// A handler: code that is called with each brigade.
struct Fake {
    code: fn(&Call<'_, '_>) -> Answer,
    calls: Cell<usize>,
    misused: RefCell<String>,
}

/// One call of a handler.
struct Call<'c, 's> {
    chain: &'c Chain,
    stream: &'c Stream<'s, Fake>,
    /// How many calls there were, with this one.
    n: usize,
}

impl Call<'_, '_> {
    /// Up to `wanted` bytes.
    fn read(&self, wanted: usize) -> String {
        let mut got = Vec::new();
        let read = self.stream.read(self.chain, wanted, cx(), |bytes| {
            got.extend_from_slice(bytes);
            Ok(())
        });
        assert_eq!(read.unwrap(), got.len());
        String::from_utf8(got).unwrap()
    }

    fn print(&self, text: &str) {
        let printed = self.stream.print(self.chain, |take| {
            take(Piece::Short(text.as_bytes()));
            cx()
        });
        assert_eq!(printed.unwrap(), text.len());
    }

    /// Reads and prints to the end of what has come.
    fn copy(&self, wanted: usize) {
        loop {
            let text = self.read(wanted);
            if text.is_empty() {
                return;
            }
            self.print(&text.to_uppercase());
        }
    }
}

impl Handling<Chain> for Fake {
    fn call(&self, chain: &Chain, stream: &Stream<'_, Fake>) -> Answer {
        self.calls.set(self.calls.get() + 1);
        (self.code)(&Call { chain, stream, n: self.calls.get() })
    }

    fn misused(&self, _: &Chain, why: &str) -> c_int {
        self.misused.replace(why.to_owned());
        501
    }
}

fn cx() -> Reenter<'static> {
    // SAFETY: nothing is lent.
    unsafe { Reenter::assume() }
}

/// A chain in which the handler stands.
fn with(verb: &'static str, code: fn(&Call<'_, '_>) -> Answer) -> Chain {
    let (chain, _) = chain(verb);
    let fake = Fake { code, calls: Cell::new(0), misused: RefCell::default() };
    let running = Running::new(fake, chain.pool, chain.alloc);
    super::Place::keep(&chain, running).unwrap();
    chain
}

fn running(chain: &Chain) -> &Running<Fake> {
    super::Place::kept(chain).unwrap()
}

fn write(chain: &Chain, text: &str) -> c_int {
    whole::output::<Chain, Fake>(chain, &chain.brigade(text), cx())
}

fn ask(chain: &Chain, ask: Ask) -> (c_int, String) {
    let into = chain.brigade("");
    let status = whole::input::<Chain, Fake>(chain, &into, ask, cx());
    (status, shown(&into, cx()))
}

fn read(chain: &Chain, bytes: i64) -> (c_int, String) {
    ask(chain, Ask { mode: 0, block: true, bytes })
}

/// What the pieces that were written come to.
fn sent(verb: &'static str, pieces: &[&str], code: fn(&Call<'_, '_>) -> Answer) -> String {
    let chain = with(verb, code);
    for piece in pieces {
        assert_eq!(write(&chain, piece), 0, "{piece}");
    }
    chain.sent.take()
}

fn copies(call: &Call<'_, '_>) -> Answer {
    call.copy(3);
    Answer::Done
}

#[test]
fn what_is_printed_goes_on_with_the_end_of_each_call() {
    assert_eq!(sent("", &["abcde,f", "gh,."], copies), "ABCDEF/GH<EOS>/");
}

#[test]
fn a_flush_goes_out_behind_what_was_printed_of_the_data_before_it() {
    assert_eq!(sent("", &["ab,|,cd,|"], copies), "AB<FLUSH>/CD<FLUSH>/");
    assert_eq!(sent("", &["|,ab,."], copies), "<FLUSH>/AB<EOS>/");
}

#[test]
fn data_and_end_go_apart_where_content_is_filtered_further() {
    assert_eq!(sent("upper before content", &["ab,."], copies), "AB/<EOS>/");
}

#[test]
fn another_length_at_the_first_output_takes_the_header_away() {
    let doubles = |call: &Call<'_, '_>| {
        let text = call.read(9);
        call.print(&text);
        call.print(&text);
        Answer::Done
    };
    assert_eq!(sent("", &["ab", "cd,."], doubles), "longer:abab/cdcd<EOS>/");
    let begins = |call: &Call<'_, '_>| {
        let text = call.read(1);
        call.print(&text);
        Answer::Done
    };
    assert_eq!(sent("", &["ab,cd,.", ""], begins), "longer:a<EOS>/", "what is left unread is dropped");
}

#[test]
fn the_handler_says_where_the_end_is() {
    let at_end = |call: &Call<'_, '_>| {
        call.copy(9);
        if call.stream.seen_end(None) {
            call.print("!");
        }
        Answer::Done
    };
    assert_eq!(sent("", &["ab", "cd,."], at_end), "AB/CD!<EOS>/");
    let keeps_back = |call: &Call<'_, '_>| {
        call.copy(9);
        call.stream.seen_end(Some(false));
        Answer::Done
    };
    assert_eq!(sent("", &["ab,."], keeps_back), "AB/");
    let ends = |call: &Call<'_, '_>| {
        call.copy(9);
        call.stream.seen_end(Some(true));
        Answer::Done
    };
    assert_eq!(sent("", &["ab", "cd,|", "ef,."], ends), "AB<EOS>/<FLUSH>/", "nothing goes out behind the end");
}

#[test]
fn a_connection_s_filter_goes_on_behind_the_end_of_an_answer() {
    assert_eq!(sent("of a connection", &["ab,.", "cd,."], copies), "AB<EOS>/CD<EOS>/");
}

#[test]
fn what_a_handler_declines_goes_on_as_it_is() {
    assert_eq!(sent("", &["ab,|,cd,."], |_| Answer::Declined), "ab<FLUSH>cd<EOS>/");
    let looks = |call: &Call<'_, '_>| {
        assert_eq!(call.read(3), "abc");
        Answer::Declined
    };
    assert_eq!(sent("", &["ab,cd,."], looks), "abcd<EOS>/", "also what it has looked at");
    let greets = |call: &Call<'_, '_>| {
        if call.n == 1 {
            call.print("hello ");
        }
        Answer::Declined
    };
    assert_eq!(sent("", &["ab", "cd,."], greets), "longer:hello /ab/cd<EOS>/");
}

#[test]
fn a_handler_that_has_read_much_or_printed_can_decline_no_more() {
    let much = "x".repeat(MUCH as usize);
    for (text, prints) in [(format!("{much},y,."), false), ("ab,.".to_owned(), true)] {
        let chain = with(if prints { "prints" } else { "" }, |call| {
            while !call.read(8192).is_empty() {}
            if call.chain.verb == "prints" {
                call.print("z");
            }
            Answer::Declined
        });
        assert_eq!(write(&chain, &text), -1);
        assert_eq!((chain.failed.get(), chain.has_left.get()), (Some(501), true));
        assert!(running(&chain).filtering.misused.borrow().contains("it returned DECLINED after it had read"));
    }
}

#[test]
fn a_handler_of_buckets_passes_them_on_itself() {
    let passes = |call: &Call<'_, '_>| {
        assert!(super::Place::pass(call.chain, call.stream.shown(), cx()).is_ok());
        Answer::Done
    };
    assert_eq!(sent("", &["ab,|", "cd,."], passes), "ab<FLUSH>/cd<EOS>/");
    assert_eq!(sent("", &["ab,."], |_| Answer::Done), "", "what it does not pass on is lost");
}

#[test]
fn a_handler_that_has_read_once_leaves_the_end_to_the_engine() {
    let once = |call: &Call<'_, '_>| {
        if call.n == 1 {
            call.copy(9);
        }
        Answer::Done
    };
    assert_eq!(sent("", &["ab", "cd,."], once), "AB/<EOS>/");
}

#[test]
fn a_long_answer_goes_out_in_pieces() {
    let chain = with("", |call| {
        call.copy(8192);
        Answer::Done
    });
    let half = "x".repeat(MUCH as usize / 2);
    assert_eq!(write(&chain, &format!("{half},{half},{half},.")), 0);
    let sent = chain.sent.take();
    let lengths: Vec<usize> = sent.split('/').map(str::len).collect();
    assert_eq!(lengths, [MUCH as usize, half.len() + "<EOS>".len(), 0]);
}

#[test]
fn a_handler_that_fails_is_called_no_more() {
    let chain = with("", |call| {
        call.copy(9);
        if call.n == 2 { Answer::Failed(503) } else { Answer::Done }
    });
    assert_eq!((write(&chain, "ab"), write(&chain, "cd")), (0, -1));
    assert_eq!((chain.failed.get(), chain.has_left.get()), (Some(503), true));
    assert_eq!((write(&chain, "the page of the error,."), running(&chain).filtering.calls.get()), (0, 2));
    assert_eq!(chain.sent.take(), "AB/the page of the error<EOS>/");
}

#[test]
fn a_filter_that_could_not_begin_fails_with_the_first_data() {
    let chain = with("", copies);
    running(&chain).failed.set(Some(404));
    assert_eq!((write(&chain, "ab,."), chain.failed.get(), running(&chain).filtering.calls.get()), (-1, Some(404), 0));
}

#[test]
fn a_call_within_a_call_has_brigades_of_its_own() {
    let chain = with("", |call| {
        if call.n == 1 {
            call.print("outer ");
            assert_eq!(write(call.chain, "inner"), 0);
        }
        call.copy(9);
        Answer::Done
    });
    assert_eq!(write(&chain, "data,."), 0);
    assert_eq!(chain.sent.take(), "INNER/outer DATA<EOS>/");
}

#[test]
fn a_reader_gets_what_the_handler_makes_as_much_as_it_asks_for() {
    let chain = with("", copies);
    chain.source.borrow_mut().push(chain.brigade("abc,de,."));
    assert_eq!(read(&chain, 4), (0, "ABCD".to_owned()));
    assert_eq!(read(&chain, 64), (0, "E<EOS>".to_owned()));
    assert_eq!(running(&chain).filtering.calls.get(), 1, "the rest was kept");
    assert_eq!(read(&chain, 64), (0, String::new()));
}

#[test]
fn a_reader_that_waits_gets_something_if_there_is_something() {
    let swallows = |call: &Call<'_, '_>| {
        while !call.read(9).is_empty() {}
        if call.stream.seen_end(None) {
            call.print("all gone");
        }
        Answer::Done
    };
    let chain = with("", swallows);
    let source = ["ab", "cd", "."].map(|text| chain.brigade(text));
    chain.source.borrow_mut().extend(source);
    assert_eq!(read(&chain, 64), (0, "all gone<EOS>".to_owned()));
    assert_eq!(running(&chain).filtering.calls.get(), 3);
}

#[test]
fn questions_that_take_no_data_pass_a_handler_that_reads() {
    let chain = with("", copies);
    let source = ["ab", "cd,."].map(|text| chain.brigade(text));
    chain.source.borrow_mut().extend(source);
    assert_eq!(read(&chain, 64), (0, "AB".to_owned()));
    let speculative = Ask { mode: 2, block: true, bytes: 1 };
    assert!(speculative.takes_nothing());
    assert_eq!(ask(&chain, speculative), (0, "cd<EOS>".to_owned()));
    assert_eq!(running(&chain).filtering.calls.get(), 1);
}

#[test]
fn an_input_filter_that_declines_before_it_reads_gives_what_there_is() {
    let chain = with("", |_| Answer::Declined);
    chain.source.borrow_mut().push(chain.brigade("ab,."));
    assert_eq!(read(&chain, 64), (0, "ab<EOS>".to_owned()));
    let chain = with("", |call| {
        call.read(1);
        Answer::Declined
    });
    chain.source.borrow_mut().push(chain.brigade("ab,."));
    assert_eq!(read(&chain, 64), (501, String::new()), "afterwards a part is gone");
}

#[test]
fn nothing_is_read_past_an_input_filter_that_failed() {
    let chain = with("", |_| Answer::Failed(403));
    chain.source.borrow_mut().push(chain.brigade("ab,."));
    for _ in 0..2 {
        assert_eq!(read(&chain, 64), (403, String::new()));
    }
    assert!(chain.is_unread.get() && chain.source.borrow().len() == 1 && running(&chain).filtering.calls.get() == 1);
}

#[test]
fn a_handler_that_gives_nothing_to_a_reader_who_waits_has_failed() {
    let chain = with("", |_| Answer::Done);
    chain.source.borrow_mut().push(chain.brigade("ab,."));
    assert_eq!(read(&chain, 64), (501, String::new()));
    assert!(running(&chain).filtering.misused.borrow().contains("gave nothing"));
}
