//! What a script makes of the data that passes its filter.

use std::ffi::c_int;

use apr::{Brigade, Bucket};

/// What a script makes of the data that passes its filter. `P` is the place of the filter.
pub trait Filtering<P>: Sized + Send + 'static {
    /// Begins to filter, when the first data comes.
    fn begin(place: &P) -> Begun<Self>;

    /// Puts into `into` what the script makes of the bytes of one bucket.
    ///
    /// # Errors
    /// A status where it failed, which is in the log. A script that leaves off before the end of the data has failed: the rest would
    /// be lost without anyone noticing.
    fn bucket(&self, place: &P, bytes: &[u8], into: &Brigade) -> Result<(), c_int>;

    /// Puts into `into` what the script has to add behind the last byte. Called once, and not if the script has failed.
    ///
    /// # Errors
    /// As [`Filtering::bucket`].
    fn end(&self, place: &P, into: &Brigade) -> Result<(), c_int>;

    /// What was put into brigades of output has been passed on: buckets that point at a script's own strings are gone.
    fn passed(&self) {}
}

/// How a filter began.
pub enum Begun<F> {
    /// It filters; this bucket goes before the data of an output filter.
    Filters(F, Option<Bucket>),
    /// It does not want this data, or there is no such filter here: data passes untouched.
    Declines,
    /// It could not begin, which is in the log.
    Fails(c_int),
}

impl<F> Begun<F> {
    /// The same, of another kind.
    pub fn map<G>(self, f: impl FnOnce(F) -> G) -> Begun<G> {
        match self {
            Begun::Filters(filtering, first) => Begun::Filters(f(filtering), first),
            Begun::Declines => Begun::Declines,
            Begun::Fails(status) => Begun::Fails(status),
        }
    }
}
