//! The memory of a module that was written by hand: plans and answers, word by word, as the canonical ABI lays them out.
//! What they say need not be true.

/// Where the image begins.
pub(super) const BASE: u32 = 1024;

/// Where zeros begin that nobody overwrites: enough of them for the longest column.
pub(super) const ZEROS: u32 = 0x8_0000;

/// Where the memory ends.
pub(super) const END: u32 = 0x10_0000;

/// Four bytes of memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Word {
    Is(u32),
    /// Made of the number of rows at each call: so many times it, and so much more.
    Rows(u32, u32),
}
use Word::{Is, Rows};

/// A list or a text: where it begins, and how long it claims to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct List(pub(super) u32, pub(super) Word);

/// A column: validity and values.
pub(super) type Column = [Word; 8];

/// `result<answer, error-code>`.
pub(super) type Answer = [Word; 14];

/// `result<plan, error-code>`.
pub(super) type Plan = [Word; 13];

/// So many zeros for each row, and so many more.
pub(super) fn zeros(times: u32, plus: u32) -> List {
    List(ZEROS, Rows(times, plus))
}

/// A list of nothing.
pub(super) const NOTHING: List = List(0, Is(0));

/// The cases of `values` by their position, with what they hold.
pub(super) fn column(case: u32, first: List, second: List) -> Column {
    [Is(0), Is(0), Is(0), Is(case), Is(first.0), first.1, Is(second.0), second.1]
}

/// The same with a validity bitmap.
pub(super) fn nullable(validity: List, mut column: Column) -> Column {
    column[..3].copy_from_slice(&[Is(1), Is(validity.0), validity.1]);
    column
}

pub(super) const BITS: u32 = 0;
pub(super) const INT32: u32 = 3;
pub(super) const INT64: u32 = 4;
pub(super) const FIXED: u32 = 7;
pub(super) const SPANS: u32 = 8;
pub(super) const OFFSETS: u32 = 9;
pub(super) const NONE: u32 = 10;

/// A selection of every row.
pub(super) const ALL: [Word; 3] = [Is(0), Is(0), Is(0)];

/// A selection by a bitmap.
pub(super) fn by_bitmap(bits: List) -> [Word; 3] {
    [Is(2), Is(bits.0), bits.1]
}

/// The selected rows unchanged.
pub(super) fn kept(selection: [Word; 3]) -> Answer {
    replaced(0, selection, NOTHING)
}

/// An outcome by its position, a selection and columns: 1 is `replaced`.
pub(super) fn replaced(case: u32, selection: [Word; 3], columns: List) -> Answer {
    let mut answer = [Is(0); 14];
    answer[1] = Is(case);
    answer[2..5].copy_from_slice(&selection);
    answer[5..7].copy_from_slice(&[Is(columns.0), columns.1]);
    answer
}

/// New rows.
pub(super) fn produced(rows: Word, origins: List, columns: List) -> Answer {
    let mut answer = [Is(0); 14];
    answer[1..7].copy_from_slice(&[Is(2), rows, Is(origins.0), origins.1, Is(columns.0), columns.1]);
    answer
}

/// The same answer with rows refused.
pub(super) fn refused(mut answer: Answer, rows: List, causes: List, messages: List) -> Answer {
    answer[7] = Is(1);
    answer[8..].copy_from_slice(&[Is(rows.0), rows.1, Is(causes.0), causes.1, Is(messages.0), messages.1]);
    answer
}

/// What stands in memory from `BASE` on.
#[derive(Default)]
pub(super) struct Image {
    pub(super) bytes: Vec<u8>,
    /// Words that depend on the number of rows, and where they are.
    pub(super) rows: Vec<(u32, u32, u32)>,
}

impl Image {
    /// Puts bytes at the next address that every type may stand at.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> List {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = BASE + self.bytes.len() as u32;
        self.bytes.extend(bytes);
        assert!(BASE as usize + self.bytes.len() < 0x4_0000, "the image reaches into the heap");
        List(at, Is(bytes.len() as u32))
    }

    pub(super) fn text(&mut self, text: &str) -> List {
        self.bytes(text.as_bytes())
    }

    /// Numbers of four bytes.
    pub(super) fn numbers(&mut self, numbers: impl IntoIterator<Item = i32>) -> List {
        let words: Vec<Word> = numbers.into_iter().map(|number| Is(number as u32)).collect();
        self.words(&words, 1)
    }

    /// A list of elements of so many words each.
    pub(super) fn words(&mut self, words: &[Word], each: usize) -> List {
        let List(at, _) = self.bytes(&vec![0; words.len() * 4]);
        for (address, word) in (at..).step_by(4).zip(words) {
            match *word {
                Is(value) => {
                    let offset = (address - BASE) as usize;
                    self.bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
                }
                Rows(times, plus) => self.rows.push((address, times, plus)),
            }
        }
        List(at, Is((words.len() / each) as u32))
    }

    pub(super) fn columns(&mut self, columns: &[Column]) -> List {
        self.words(columns.as_flattened(), 8)
    }

    /// Texts, one after the other.
    pub(super) fn texts(&mut self, texts: &[&str]) -> List {
        let words: Vec<Word> = texts.iter().map(|text| self.text(text)).flat_map(|text| [Is(text.0), text.1]).collect();
        self.words(&words, 2)
    }

    /// Fields of a schema: name, type with what it holds, and whether it may be null.
    pub(super) fn fields(&mut self, fields: &[(&str, [u32; 3], bool)]) -> List {
        let mut words = Vec::new();
        for &(name, [case, first, second], nullable) in fields {
            let name = self.text(name);
            words.extend([Is(name.0), name.1, Is(case), Is(first), Is(second), Is(u32::from(nullable))]);
        }
        self.words(&words, 6)
    }
}

/// A plan that reads these columns and only chooses rows.
pub(super) fn filter(reads: List) -> Plan {
    let mut plan = [Is(0); 13];
    plan[1..3].copy_from_slice(&[Is(reads.0), reads.1]);
    plan
}

/// The same with an output: fields, columns, primary key and sources.
pub(super) fn output(mut plan: Plan, lists: [List; 4]) -> Plan {
    plan[3] = Is(1);
    for (at, list) in (4..).step_by(2).zip(lists) {
        plan[at..at + 2].copy_from_slice(&[Is(list.0), list.1]);
    }
    plan
}

/// Where columns come from: an input column by position, or written.
pub(super) fn sources(image: &mut Image, sources: &[Option<u32>]) -> List {
    let words: Vec<Word> =
        sources.iter().flat_map(|source| source.map_or([Is(1), Is(0)], |at| [Is(0), Is(at)])).collect();
    image.words(&words, 2)
}
