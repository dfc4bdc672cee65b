//! A module's answer, checked.

use arrow_array::{Array, ArrayRef};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use thalweg_wire::table::{ArrowValues as _, Column};

use super::Plan;
use super::values::check_range;
use crate::column::{OwnedColumn, bitmap, to_arrow};
use crate::given;
use crate::kernels::filter;

/// What became of the rows of a call.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) refused: Option<Refusals>,
}

/// `outcome` in `transform.wit`. Written columns are in the order of the plan.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The selected rows; written columns are as long as the input, and none if nothing is selected.
    Selected(Selection, Vec<ArrayRef>),
    /// New rows: the row that each came from, and the written columns.
    Produced(Vec<u32>, Vec<ArrayRef>),
}

/// Which rows go on.
#[derive(Debug)]
pub(crate) enum Selection {
    All,
    Nothing,
    Rows(BooleanBuffer),
}

/// The rows refused, rising, and for each a message.
#[derive(Debug)]
pub(crate) struct Refusals {
    pub(crate) rows: Vec<u32>,
    /// Positions in `messages`.
    pub(crate) causes: Vec<u32>,
    pub(crate) messages: Vec<String>,
}

impl Answer {
    /// Checks an answer to a call with `rows` rows. What comes of it leaves the refused rows out. The error says how it
    /// breaks the contract.
    pub(crate) fn check(answer: given::Answer, rows: usize, plan: &Plan) -> Result<Answer, String> {
        let refused = answer.refused.map(|refusals| Refusals::check(refusals, rows)).transpose()?.flatten();
        let outcome = match answer.outcome {
            given::Outcome::Kept(selection) => {
                let selection = Selection::check(selection, rows)?;
                if plan.written().next().is_some() && !matches!(selection, Selection::Nothing) {
                    return Err("it keeps rows without the columns that its plan says it writes".to_owned());
                }
                Outcome::Selected(selection.without(refused.as_ref(), rows), Vec::new())
            }
            given::Outcome::Replaced(selection, written) => {
                let selection = Selection::check(selection, rows)?.without(refused.as_ref(), rows);
                let written = written_columns(written, rows, plan)?;
                check_values(&written, plan, &selection)?;
                Outcome::Selected(selection, written)
            }
            given::Outcome::Produced(production) => {
                let origins = check_origins(production.origins, production.rows, rows)?;
                let written = written_columns(production.written, origins.len(), plan)?;
                let (origins, written) = match &refused {
                    Some(refused) => refused.leave_out(&origins, written)?,
                    None => (origins, written),
                };
                check_values(&written, plan, &Selection::All)?;
                Outcome::Produced(origins, written)
            }
        };
        Ok(Answer { outcome, refused })
    }
}

impl Selection {
    fn check(selection: given::Selection, rows: usize) -> Result<Selection, String> {
        Ok(match selection {
            given::Selection::All => Selection::All,
            given::Selection::Nothing => Selection::Nothing,
            given::Selection::Rows(bits) => {
                Selection::Rows(bitmap(bits, rows).map_err(|error| format!("its selection: {error}"))?)
            }
        })
    }
}

impl Selection {
    /// Without the rows that are refused.
    fn without(self, refused: Option<&Refusals>, rows: usize) -> Selection {
        let Some(refused) = refused else { return self };
        let mut bits = match self {
            Selection::Nothing => return Selection::Nothing,
            Selection::All => {
                let mut bits = BooleanBufferBuilder::new(rows);
                bits.append_n(rows, true);
                bits
            }
            Selection::Rows(selected) => {
                let mut bits = BooleanBufferBuilder::new(rows);
                bits.append_buffer(&selected);
                bits
            }
        };
        refused.rows.iter().for_each(|&row| bits.set_bit(row as usize, false));
        Selection::Rows(bits.finish())
    }
}

impl Refusals {
    fn check(refusals: given::Refusals, rows: usize) -> Result<Option<Refusals>, String> {
        let given::Refusals { rows: refused, causes, messages } = refusals;
        let rising = refused.is_sorted_by(|one, next| one < next);
        if !rising || refused.last().is_some_and(|&row| row as usize >= rows) {
            return Err("the rows that it refuses do not rise, or are not among those of the call".to_owned());
        }
        if causes.len() != refused.len() || causes.iter().any(|&cause| cause as usize >= messages.len()) {
            return Err("the rows that it refuses do not each have a message".to_owned());
        }
        Ok((!refused.is_empty()).then_some(Refusals { rows: refused, causes, messages }))
    }

    /// Produced rows without those that come from a refused one.
    fn leave_out(&self, origins: &[u32], written: Vec<ArrayRef>) -> Result<(Vec<u32>, Vec<ArrayRef>), String> {
        let kept: BooleanBuffer = origins.iter().map(|row| self.rows.binary_search(row).is_err()).collect();
        let columns = written.iter().map(|array| filter(array, kept.clone())).collect::<Result<_, _>>();
        let origins = origins.iter().zip(&kept).filter(|(_, kept)| *kept).map(|(row, _)| *row).collect();
        Ok((origins, columns.map_err(|error| error.to_string())?))
    }
}

fn check_origins(origins: Vec<u32>, produced: u32, rows: usize) -> Result<Vec<u32>, String> {
    if origins.len() != produced as usize {
        return Err(format!("it produced {produced} rows with {} origins", origins.len()));
    }
    if !origins.is_sorted() || origins.last().is_some_and(|&row| row as usize >= rows) {
        return Err("the origins of the rows that it produced fall, or are not among the rows of the call".to_owned());
    }
    Ok(origins)
}

fn written_columns(written: Vec<OwnedColumn>, rows: usize, plan: &Plan) -> Result<Vec<ArrayRef>, String> {
    let mut given = written.into_iter();
    let mut arrays = Vec::new();
    for column in plan.written() {
        let array = to_arrow(&column.column_type.data_type.to_arrow(), rows, &mut given);
        arrays.push(array.map_err(|error| format!("column {:?}: {error}", column.name))?);
    }
    match given.next() {
        None => Ok(arrays),
        Some(_) => Err("it gives more columns than its plan says it writes".to_owned()),
    }
}

/// What the layout does not say: nulls where none may be, and values that no type holds. Only in rows that go on.
fn check_values(written: &[ArrayRef], plan: &Plan, selection: &Selection) -> Result<(), String> {
    let bits = match selection {
        Selection::All => None,
        Selection::Nothing => return Ok(()),
        Selection::Rows(bits) => Some(bits),
    };
    for (column, array) in plan.written().zip(written) {
        check_nulls(column, array, bits)?;
        check_range(array, bits).map_err(|reason| format!("column {:?} {reason}", column.name))?;
    }
    Ok(())
}

fn check_nulls(column: &Column, array: &ArrayRef, bits: Option<&BooleanBuffer>) -> Result<(), String> {
    let Some(nulls) = array.nulls().filter(|nulls| !column.column_type.nullable && nulls.null_count() > 0) else {
        return Ok(());
    };
    let absent = !nulls.inner();
    let wrong = match bits {
        Some(bits) => &absent & bits,
        None => absent,
    };
    match wrong.set_indices().next() {
        Some(row) => Err(format!("column {:?} is NOT NULL, but null in row {row} of the call", column.name)),
        None => Ok(()),
    }
}
