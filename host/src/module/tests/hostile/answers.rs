//! Modules that do harm by what they answer.

use super::image::*;
use super::shapes::written;
use Word::Is;

/// The rows of a bad call.
pub(super) const N: u32 = 1807;

/// An answer to a call of `N` rows that breaks the contract.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// The type of the column `w` that the module writes; nothing: it only chooses rows.
    pub(super) writes: &'static str,
    pub(super) answer: fn(&mut Image) -> Answer,
    pub(super) told: &'static str,
}

const fn kind(name: &'static str, writes: &'static str, answer: fn(&mut Image) -> Answer, told: &'static str) -> Kind {
    Kind { name, writes, answer, told }
}

/// The same with one column of texts or bytes.
fn spans(image: &mut Image, offsets: impl IntoIterator<Item = i32>, bytes: &[u8]) -> Answer {
    let (offsets, bytes) = (image.numbers(offsets), image.bytes(bytes));
    written(image, &[column(SPANS, offsets, bytes)])
}

/// Every row kept, with rows refused.
fn refusing(image: &mut Image, rows: &[i32], causes: &[i32], messages: &[&str]) -> Answer {
    let (rows, causes) = (image.numbers(rows.iter().copied()), image.numbers(causes.iter().copied()));
    let messages = image.texts(messages);
    refused(kept(ALL), rows, causes, messages)
}

/// Offsets of a call, all 0 but for some at the end.
fn offsets(last: &[i32]) -> impl Iterator<Item = i32> {
    std::iter::repeat_n(0, N as usize + 1 - last.len()).chain(last.to_vec())
}

const OFFSETS_TOLD: &str = "the offsets of a column do not rise from 0 to the length of its values";
const ORIGINS_TOLD: &str = "the origins of the rows that it produced fall, or are not among the rows of the call";
const REFUSED_TOLD: &str = "the rows that it refuses do not rise, or are not among those of the call";
const CAUSES_TOLD: &str = "the rows that it refuses do not each have a message";
const TRAP_TOLD: &str = "it trapped (";

pub(super) const KINDS: &[Kind] = &[
    kind(
        "a bitmap too short",
        "",
        |image| kept(by_bitmap(image.bytes(&[255; 225]))),
        "a bitmap has 225 bytes where 226 are",
    ),
    kind("an empty bitmap", "", |_| kept(by_bitmap(NOTHING)), "a bitmap has 0 bytes where 226 are needed"),
    kind("a bitmap that ends outside of memory", "", |_| kept(by_bitmap(List(END - 8, Is(226)))), TRAP_TOLD),
    kind("a bitmap of 2 GiB", "", |_| kept(by_bitmap(List(ZEROS, Is(0x7fff_ffff)))), TRAP_TOLD),
    kind("a selection that there is not", "", |_| kept([Is(7), Is(0), Is(0)]), TRAP_TOLD),
    kind("an outcome that there is not", "", |_| replaced(9, ALL, NOTHING), TRAP_TOLD),
    kind(
        "columns of a filter",
        "",
        |image| written(image, &[column(INT32, zeros(1, 0), NOTHING)]),
        "more columns than",
    ),
    kind("1,000 empty columns", "", |_| replaced(1, ALL, List(ZEROS, Is(1000))), "more columns than its plan says"),
    kind("128 Mi columns", "", |_| replaced(1, ALL, List(ZEROS, Is(1 << 27))), TRAP_TOLD),
    kind("rows kept without the column that is written", "INT", |_| kept(ALL), "it keeps rows without the columns"),
    kind("too few columns", "INT", |_| replaced(1, ALL, NOTHING), "column \"w\": a column is missing"),
    kind(
        "too many columns",
        "INT",
        |image| written(image, &[column(INT32, zeros(1, 0), NOTHING); 2]),
        "it gives more columns than its plan says it writes",
    ),
    kind(
        "a column one row too short",
        "INT",
        |image| written(image, &[column(INT32, List(ZEROS, Is(N - 1)), NOTHING)]),
        "column \"w\": a column has 1806 values where 1807 are needed",
    ),
    kind(
        "a column one row too long",
        "INT",
        |image| written(image, &[column(INT32, List(ZEROS, Is(N + 1)), NOTHING)]),
        "column \"w\": a column has 1808 values where 1807 are needed",
    ),
    kind(
        "values of another type",
        "INT",
        |image| written(image, &[column(INT64, zeros(1, 0), NOTHING)]),
        "a column of type Int32 cannot hold values.int64",
    ),
    kind("values that there are not", "INT", |image| written(image, &[column(99, zeros(1, 0), NOTHING)]), TRAP_TOLD),
    kind(
        "values at an odd address",
        "INT",
        |image| written(image, &[column(INT32, List(ZEROS + 1, Is(N)), NOTHING)]),
        TRAP_TOLD,
    ),
    kind(
        "bits too few",
        "BOOLEAN",
        |image| written(image, &[column(BITS, List(ZEROS, Is(225)), NOTHING)]),
        "column \"w\": a bitmap has 225 bytes where 226 are needed",
    ),
    kind(
        "a validity of the wrong size",
        "INT",
        |image| written(image, &[nullable(List(ZEROS, Is(225)), column(INT32, zeros(1, 0), NOTHING))]),
        "column \"w\": a bitmap has 225 bytes where 226 are needed",
    ),
    kind(
        "a null in NOT NULL",
        "INT NOT NULL",
        |image| {
            let mut bits = [255; 226];
            bits[100] = 0b1111_0111;
            let bits = image.bytes(&bits);
            written(image, &[nullable(bits, column(INT32, zeros(1, 0), NOTHING))])
        },
        "column \"w\" is NOT NULL, but null in row 803 of the call",
    ),
    kind("a negative offset", "STRING", |image| spans(image, offsets(&[-1, 0]), b""), OFFSETS_TOLD),
    kind(
        "a negative first offset",
        "STRING",
        |image| spans(image, (0..=N as i32).map(|row| row - 1), b""),
        OFFSETS_TOLD,
    ),
    kind("offsets that fall", "STRING", |image| spans(image, offsets(&[3, 2, 3]), b"abc"), OFFSETS_TOLD),
    kind("offsets past the bytes", "STRING", |image| spans(image, offsets(&[4]), b"abc"), OFFSETS_TOLD),
    kind("offsets that leave bytes over", "STRING", |image| spans(image, offsets(&[2]), b"abc"), OFFSETS_TOLD),
    kind("offsets that begin at 1", "STRING", |image| spans(image, std::iter::repeat_n(1, 1808), b"a"), OFFSETS_TOLD),
    kind(
        "an offset too few",
        "BYTES",
        |image| spans(image, std::iter::repeat_n(0, 1807), b""),
        "has 1807 values where 1808",
    ),
    kind("no offsets", "BYTES", |image| spans(image, [], b""), "a column has 0 values where 1808 are needed"),
    kind("invalid UTF-8", "STRING", |image| spans(image, offsets(&[2]), b"\xff\xfe"), "column \"w\": "),
    kind("a character cut in two", "STRING", |image| spans(image, offsets(&[1, 2]), "ä".as_bytes()), "column \"w\": "),
    kind("UTF-8 of a surrogate", "CHAR(4)", |image| spans(image, offsets(&[3]), b"\xed\xa0\x80"), "column \"w\": "),
    kind(
        "decimals with too many digits",
        "DECIMAL(4, 2)",
        |image| {
            let mut bytes = vec![0; N as usize * 16];
            bytes[16..32].copy_from_slice(&(-10_000_i128).to_le_bytes());
            let bytes = image.bytes(&bytes);
            written(image, &[column(FIXED, bytes, NOTHING)])
        },
        "column \"w\" has more than 4 digits in row 1 of the call",
    ),
    kind(
        "decimals with too many digits within",
        "ARRAY<DECIMAL(4, 2)>",
        |image| {
            let (offsets, bytes) = (image.numbers(offsets(&[1])), image.bytes(&10_000_i128.to_le_bytes()));
            written(image, &[column(OFFSETS, offsets, NOTHING), column(FIXED, bytes, NOTHING)])
        },
        "column \"w\" has more than 4 digits",
    ),
    kind(
        "a time after the end of the day",
        "TIME(0)",
        |image| {
            let values = image.numbers(offsets(&[86_400]).skip(1));
            written(image, &[column(INT32, values, NOTHING)])
        },
        "column \"w\" has a time that is on no day in row 1806 of the call",
    ),
    kind(
        "decimals of 15 bytes",
        "DECIMAL(4, 2)",
        |image| written(image, &[column(FIXED, zeros(15, 0), NOTHING)]),
        "column \"w\": a column has 27105 values where 28912 are needed",
    ),
    kind(
        "fixed bytes too short",
        "BINARY(4)",
        |image| written(image, &[column(FIXED, List(ZEROS, Is(4 * N - 1)), NOTHING)]),
        "column \"w\": a column has 7227 values where 7228 are needed",
    ),
    kind(
        "an array of 2^31 - 1 elements that are not there",
        "ARRAY<INT>",
        |image| {
            let offsets = image.numbers(offsets(&[i32::MAX]));
            written(image, &[column(OFFSETS, offsets, NOTHING), column(INT32, NOTHING, NOTHING)])
        },
        "column \"w\": a column has 0 values where 2147483647 are needed",
    ),
    kind(
        "an array of 2^31 - 1 rows without values",
        "ARRAY<ROW<a INT>>",
        |image| {
            let offsets = image.numbers(offsets(&[i32::MAX]));
            written(image, &[column(OFFSETS, offsets, NOTHING), column(NONE, NOTHING, NOTHING)])
        },
        "column \"w\": a column is missing",
    ),
    kind(
        "an array without its elements",
        "ARRAY<INT>",
        |image| written(image, &[column(OFFSETS, zeros(1, 1), NOTHING)]),
        "column \"w\": a column is missing",
    ),
    kind(
        "an array whose elements are null where none may be",
        "ARRAY<INT NOT NULL>",
        |image| {
            let (offsets, bits) = (image.numbers(offsets(&[1])), image.bytes(&[0]));
            let elements = nullable(bits, column(INT32, List(ZEROS, Is(1)), NOTHING));
            written(image, &[column(OFFSETS, offsets, NOTHING), elements])
        },
        "column \"w\": ",
    ),
    kind(
        "a map with a null key",
        "MAP<INT, INT>",
        |image| {
            let (offsets, bits) = (image.numbers(offsets(&[1])), image.bytes(&[0]));
            let values = column(INT32, List(ZEROS, Is(1)), NOTHING);
            written(image, &[column(OFFSETS, offsets, NOTHING), nullable(bits, values), values])
        },
        "column \"w\": ",
    ),
    kind(
        "a row with children of different lengths",
        "ROW<a INT, b INT>",
        |image| {
            let (whole, short) = (column(INT32, zeros(1, 0), NOTHING), column(INT32, List(ZEROS, Is(3)), NOTHING));
            written(image, &[column(NONE, NOTHING, NOTHING), whole, short])
        },
        "column \"w\": a column has 3 values where 1807 are needed",
    ),
    kind("2^31 rows from nowhere", "", |_| produced(Is(1 << 31), List(ZEROS, Is(1 << 31)), NOTHING), TRAP_TOLD),
    kind(
        "rows without origins",
        "",
        |image| produced(Is(5), image.numbers([0, 1, 2]), NOTHING),
        "it produced 5 rows with 3 origins",
    ),
    kind("origins past the rows", "", |image| produced(Is(2), image.numbers([0, N as i32]), NOTHING), ORIGINS_TOLD),
    kind("origins that fall", "", |image| produced(Is(3), image.numbers([0, 2, 1]), NOTHING), ORIGINS_TOLD),
    kind("negative origins", "", |image| produced(Is(1), image.numbers([-1]), NOTHING), ORIGINS_TOLD),
    kind(
        "rows produced without the column that is written",
        "INT",
        |image| produced(Is(1), image.numbers([0]), NOTHING),
        "column \"w\": a column is missing",
    ),
    kind(
        "a column of another length than the rows produced",
        "INT",
        |image| {
            let columns = image.columns(&[column(INT32, zeros(1, 0), NOTHING)]);
            produced(Is(1), image.numbers([0]), columns)
        },
        "column \"w\": a column has 1807 values where 1 are needed",
    ),
    kind("a refusal of a row that there is not", "", |image| refusing(image, &[N as i32], &[0], &["no"]), REFUSED_TOLD),
    kind("refusals that fall", "", |image| refusing(image, &[3, 2], &[0, 0], &["no"]), REFUSED_TOLD),
    kind("a row refused twice", "", |image| refusing(image, &[3, 3], &[0, 0], &["no"]), REFUSED_TOLD),
    kind("a cause that there is not", "", |image| refusing(image, &[3], &[1], &["no"]), CAUSES_TOLD),
    kind("a refusal without a cause", "", |image| refusing(image, &[3, 4], &[0], &["no"]), CAUSES_TOLD),
    kind("a cause without a refusal", "", |image| refusing(image, &[], &[0], &["no"]), CAUSES_TOLD),
    kind(
        "a message that is no text",
        "",
        |image| {
            let (rows, bytes) = (image.numbers([0]), image.bytes(b"\xff\xff"));
            let messages = image.words(&[Is(bytes.0), bytes.1], 2);
            refused(kept(ALL), rows, rows, messages)
        },
        TRAP_TOLD,
    ),
    kind(
        "an error that there is not",
        "",
        |_| {
            let mut answer = kept(ALL);
            answer[..2].copy_from_slice(&[Is(1), Is(9)]);
            answer
        },
        TRAP_TOLD,
    ),
];
