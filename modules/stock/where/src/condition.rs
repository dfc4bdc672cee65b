//! A condition on the columns of a batch: a loop over a column for each test, then words of bits.

use thalweg_module::{Batch, Bitmap, Bits, Error};

/// The rows that fit one test, before nulls are left out.
pub(crate) struct Fits<'a> {
    /// A set bit is a row that fits. What stands at a null is not read.
    pub(crate) bits: Bitmap,
    /// Which rows the columns tested have values in.
    pub(crate) present: [Option<Bits<'a>>; 2],
}

/// Tests the rows of a batch.
pub(crate) type Test = Box<dyn for<'a> Fn(&'a Batch) -> Result<Fits<'a>, Error>>;

/// A condition whose columns are found and whose literals have their columns' types.
///
/// What SQL calls unknown is a clear bit. A `not` stands only before tests, where it turns the bits of rows that are not
/// null; above them `and` and `or` of the bits agree with three-valued logic.
pub(crate) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Test { test: Test, negated: bool },
}

impl Condition {
    /// The rows that fit.
    pub(crate) fn fits(&self, batch: &Batch) -> Result<Bitmap, Error> {
        let (parts, combine): (_, fn(&mut Bitmap, &Bitmap)) = match self {
            Self::Test { test, negated } => return Ok(settled(test(batch)?, *negated)),
            Self::Any(parts) => (parts, Bitmap::or),
            Self::All(parts) => (parts, Bitmap::and),
        };
        let mut parts = parts.iter().map(|part| part.fits(batch));
        let first = parts.next().unwrap_or_else(|| Ok(Bitmap::filled(batch.rows(), true)))?;
        parts.try_fold(first, |mut fits, part| {
            combine(&mut fits, &part?);
            Ok(fits)
        })
    }
}

/// The rows that fit or, negated, do not. A null does neither.
fn settled(fits: Fits<'_>, negated: bool) -> Bitmap {
    let mut bits = fits.bits;
    if negated {
        bits.invert();
    }
    fits.present.into_iter().flatten().for_each(|present| bits.and_bits(present));
    bits
}

/// A bit for each row that is not null, as `f` says.
pub(crate) fn present_rows(rows: usize, present: [Option<Bits<'_>>; 2], f: impl FnMut(usize) -> bool) -> Bitmap {
    let mut known = present.into_iter().flatten();
    let Some(first) = known.next() else { return Bitmap::from_fn(rows, f) };
    let mut mask = first.to_bitmap();
    known.for_each(|other| mask.and_bits(other));
    Bitmap::from_fn_where(&mask, f)
}
