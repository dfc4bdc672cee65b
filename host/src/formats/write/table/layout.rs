//! How the rows of a table are laid out: the widths of its columns, or a block for each row.

use arrow_schema::DataType;

/// The narrowest that a column is cut to.
const NARROWEST: usize = 8;

/// How rows are laid out.
pub(super) enum Layout {
    /// Lines under a head; the widths that the cells so far need, and those that they get.
    Grid { needed: Vec<usize>, widths: Vec<usize> },
    /// A line for each column.
    Blocks,
}

impl Layout {
    /// The layout after `before` in which columns that want these widths have room, and whether it is another one. `uncut`:
    /// which columns are never cut; `room`: the width of the terminal, if it is one.
    pub(super) fn after(
        before: Option<Self>,
        wanted: impl Iterator<Item = usize>,
        uncut: &[bool],
        room: Option<usize>,
    ) -> (Self, bool) {
        let (needed, before) = match before {
            Some(Self::Blocks) => return (Self::Blocks, false),
            Some(Self::Grid { needed, widths }) => {
                (needed.into_iter().zip(wanted).map(|(one, other)| one.max(other)).collect(), Some(widths))
            }
            None => (wanted.collect::<Vec<_>>(), None),
        };
        let cap = room.map_or(usize::MAX, |room| widest_cap(&needed, uncut, room));
        if before.is_none() && cap < NARROWEST {
            return (Self::Blocks, true);
        }
        // What was begun as a grid stays one.
        let cap = cap.max(NARROWEST);
        let fitted = needed.iter().zip(uncut).map(|(width, uncut)| if *uncut { *width } else { (*width).min(cap) });
        let widths: Vec<usize> = fitted.collect();
        let is_new = before.is_none_or(|before| before != widths);
        (Self::Grid { needed, widths }, is_new)
    }
}

/// Whether cells of a type are of use only as a whole.
pub(super) fn is_uncut(data_type: &DataType) -> bool {
    data_type.is_numeric() || data_type.is_temporal() || *data_type == DataType::Boolean
}

/// The width that cells are cut to, those apart that stay whole, so that lines have room: the largest that does. None does
/// where it is 0.
pub(super) fn widest_cap(needed: &[usize], uncut: &[bool], room: usize) -> usize {
    let of = |kept: bool| needed.iter().zip(uncut).filter(move |(_, uncut)| **uncut == kept).map(|(width, _)| *width);
    let taken = 3 * needed.len() + 1 + of(true).sum::<usize>();
    let Some(mut left) = room.checked_sub(taken) else { return 0 };
    let mut sorted: Vec<usize> = of(false).collect();
    sorted.sort_unstable();
    for (at, width) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - at);
        if *width > share {
            return share;
        }
        left -= width;
    }
    usize::MAX
}
