//! Filters that scripts make, whatever their language: how a filter is fed, what it gives on, how it ends and how it fails.
//!
//! There are two kinds. A [`Filtering`] makes new bytes of old ones: the engine walks through brigades for it, and buckets without bytes
//! (end, flush) stay where they stand. A [`whole::Handling`] is a handler that is called with each brigade; it works on the buckets, or
//! reads and prints, for which the engine has a [`stream::Stream`]. A [`Place`] is where a filter stands in httpd's chain.
//!
//! | file | holds |
//! |---|---|
//! | `filtering` | what a script makes of data |
//! | `output`, `input` | data on its way to the client through it; data that is wanted from it |
//! | `whole`, `stream` | the same for a handler of whole brigades; what it reads and prints |
//! | `handler`, `insert` | a handler as a filter; how it comes into a chain |
//! | `kinds`, `said` | what kinds httpd knows of these; what a handler says of itself |
//! | `place`, `in_chain` | where a filter stands; the place of one that httpd calls |
//! | `running` | a filter that has begun: its brigades, its end, its failure |

mod filtering;
pub mod handler;
mod in_chain;
mod input;
pub mod insert;
pub mod kinds;
mod output;
mod place;
mod running;
pub mod said;
mod stream;
#[cfg(test)]
mod testing;
mod whole;
#[cfg(test)]
mod whole_tests;

pub use filtering::{Begun, Filtering};
pub use in_chain::InChain;
pub use input::input;
pub use output::output;
pub use place::Place;

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::ffi::c_int;

    use apr::{Brigade, Bucket, Reenter};
    use httpd::own_filter::Ask;

    use super::output::MUCH;
    use super::running::Running;
    use super::testing::{Chain, chain, shown};
    use super::*;

    fn write(chain: &Chain, text: &str, cx: Reenter) -> c_int {
        output::<Chain, Verb>(chain, &chain.brigade(text), cx)
    }

    fn read(chain: &Chain, bytes: i64, cx: Reenter) -> (c_int, String) {
        let into = chain.brigade("");
        let status = input::<Chain, Verb>(chain, &into, Ask { mode: 0, block: true, bytes }, cx);
        (status, shown(&into, cx))
    }

    /// What a filter of a third language does to data: each has a verb for a script.
    struct Verb {
        verb: &'static str,
        seen: Cell<usize>,
        passed: Cell<usize>,
    }

    impl Filtering<Chain> for Verb {
        fn begin(chain: &Chain) -> Begun<Verb> {
            match chain.verb {
                "declines" => Begun::Declines,
                "cannot begin" => Begun::Fails(500),
                verb => {
                    let first = (verb == "greets").then(|| Bucket::copy_of(b"hello ", chain.alloc));
                    Begun::Filters(Verb { verb, seen: Cell::new(0), passed: Cell::new(0) }, first)
                }
            }
        }
        fn bucket(&self, chain: &Chain, bytes: &[u8], into: &Brigade) -> Result<(), c_int> {
            self.seen.set(self.seen.get() + 1);
            match (self.verb, self.seen.get()) {
                ("fails at two", 2) => return Err(500),
                ("swallows", _) => {}
                _ => into.insert_tail(Bucket::copy_of(&bytes.to_ascii_uppercase(), chain.alloc)),
            }
            Ok(())
        }
        fn end(&self, chain: &Chain, into: &Brigade) -> Result<(), c_int> {
            match self.verb {
                "fails at the end" => Err(500),
                _ => {
                    into.insert_tail(Bucket::copy_of(b"!", chain.alloc));
                    Ok(())
                }
            }
        }
        fn passed(&self) {
            self.passed.set(self.passed.get() + 1);
        }
    }

    #[test]
    fn output_goes_through_the_script_and_other_buckets_stay_where_they_stand() {
        let (chain, cx) = chain("upper");
        assert_eq!(write(&chain, "ab,|,cd", cx), 0);
        assert_eq!(write(&chain, "ef,.", cx), 0);
        assert_eq!(*chain.sent.borrow(), "changed:AB<FLUSH>CD/EF!<EOS>/");
        assert_eq!(chain.kept::<Running<Verb>>().unwrap().filtering.passed.get(), 2);
    }

    #[test]
    fn what_a_script_gives_before_the_data_goes_first() {
        let (chain, cx) = chain("greets");
        assert_eq!(write(&chain, "ab,.", cx), 0);
        assert_eq!(*chain.sent.borrow(), "changed:hello AB!<EOS>/");
    }

    #[test]
    fn data_and_end_go_apart_where_content_is_filtered_further() {
        let (chain, cx) = chain("upper before content");
        assert_eq!(write(&chain, "ab,.", cx), 0);
        assert_eq!(*chain.sent.borrow(), "changed:AB/!<EOS>/");
    }

    #[test]
    fn a_long_answer_goes_out_piece_by_piece() {
        let (chain, cx) = chain("upper");
        let half = "x".repeat(MUCH as usize / 2);
        assert_eq!(write(&chain, &format!("{half},{half},{half},."), cx), 0);
        let pieces: Vec<usize> = chain.sent.borrow().split('/').map(str::len).collect();
        assert_eq!(pieces, ["changed:".len() + MUCH as usize, half.len() + "!<EOS>".len(), 0]);
    }

    #[test]
    fn a_filter_that_declines_leaves_data_as_it_is() {
        let (chain, cx) = chain("declines");
        assert_eq!((write(&chain, "ab,.", cx), chain.has_left.get()), (0, true));
        assert_eq!(*chain.sent.borrow(), "ab<EOS>/");
        chain.source.borrow_mut().push(chain.brigade("cd,."));
        assert_eq!(read(&chain, 8, cx), (0, "cd<EOS>".to_owned()));
    }

    #[test]
    fn a_filter_that_fails_sends_no_more_and_the_client_is_told() {
        for (verb, sent) in [("cannot begin", ""), ("fails at two", "changed:"), ("fails at the end", "changed:")] {
            let (chain, cx) = chain(verb);
            assert_eq!((write(&chain, "ab,cd,.", cx), chain.failed.get()), (-1, Some(500)), "{verb}");
            assert!(chain.has_left.get() && *chain.sent.borrow() == sent, "{verb}");
        }
    }

    #[test]
    fn a_reader_gets_as_much_as_it_asked_for_and_the_rest_later() {
        let (chain, cx) = chain("upper");
        chain.source.borrow_mut().push(chain.brigade("abc,de,."));
        assert_eq!(read(&chain, 4, cx), (0, "ABCD".to_owned()));
        assert_eq!(read(&chain, 64, cx), (0, "E!<EOS>".to_owned()));
        assert_eq!(read(&chain, 64, cx), (0, String::new()));
    }

    #[test]
    fn input_is_read_on_while_the_script_makes_nothing_of_it() {
        let (chain, cx) = chain("swallows");
        let more = [chain.brigade("ab"), chain.brigade("cd"), chain.brigade(".")];
        chain.source.borrow_mut().extend(more);
        assert_eq!(read(&chain, 64, cx), (0, "!<EOS>".to_owned()));
    }

    #[test]
    fn nothing_is_read_past_an_input_filter_that_failed() {
        for (verb, has_begun) in [("fails at two", true), ("cannot begin", false)] {
            let (chain, cx) = chain(verb);
            chain.source.borrow_mut().extend([chain.brigade("ab,cd,"), chain.brigade("ef,.")]);
            for _ in 0..2 {
                assert_eq!(read(&chain, 64, cx), (500, String::new()), "{verb}");
            }
            assert!(!chain.has_left.get() && chain.is_unread.get() && chain.failed.get().is_none());
            assert_eq!(chain.kept::<Running<Verb>>().is_some(), has_begun);
        }
    }
}
