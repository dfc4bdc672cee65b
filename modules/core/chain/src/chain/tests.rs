//! A chain over modules that are Rust functions: no sandbox, and the same rules.

use std::cell::RefCell;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Int32Array};
use thalweg_wire::column::{Batch, Values};

use super::*;
use crate::checks::Plan;
use crate::column::{OwnedColumn, OwnedValues};
use crate::error::Cause;
use crate::exception::Tally;
use crate::given::{self, Refusal, Refusals, Reply, Selection, Source};
use crate::policy::{Policies, Policy};
use crate::stage::AnswerLimits;

type Answers = fn(&[i32]) -> Result<Reply, Cause>;

/// A module over a column of numbers.
struct Function {
    answers: Answers,
    /// How many rows each call had.
    calls: RefCell<Vec<usize>>,
}

impl Module for Function {
    fn apply<T>(&self, batch: &Batch<'_>, check: impl FnOnce(Reply) -> Result<T, Cause>) -> Result<T, Cause> {
        let Values::Int32(values) = batch.columns[0].values else { panic!("numbers") };
        self.calls.borrow_mut().push(values.len());
        check((self.answers)(values)?)
    }
}

/// Says that it writes `name`, and keeps the first column if it is asked to.
fn writes(names: &[&str], keeps: bool) -> given::Plan {
    let field = |name: &&str| given::Field {
        name: (*name).to_owned(),
        data_type: given::FieldType::Scalar(thalweg_wire::table::DataType::Int),
        nullable: true,
    };
    let fields: Vec<_> = ["i"].iter().filter(|_| keeps).chain(names).map(field).collect();
    let sources = std::iter::once(Source::Input(0)).filter(|_| keeps).chain(names.iter().map(|_| Source::Written));
    let columns = (0..fields.len() as u32).collect();
    let schema = given::Schema { fields, columns, primary_key: Vec::new() };
    given::Plan { reads: vec![0], output: Some((schema, sources.collect())), one_instance: false }
}

fn chooses() -> given::Plan {
    given::Plan { reads: vec![0], output: None, one_instance: false }
}

fn chain(modules: Vec<(given::Plan, Policy, Answers)>, output: &str) -> Result<Chain<Function>, ChainError> {
    let (table, input) = (TablePath::new("fluss", "t").unwrap(), Schema::parse_sql("i INT").unwrap());
    let output = Schema::parse_sql(output).unwrap();
    let operation = Operation::Append;
    let mut builder = Builder::new(&ChainContext { table: &table, operation, input: &input, output: Some(&output) });
    for (plan, policy, answers) in modules {
        let name: Arc<str> = builder.unique_name("m").into();
        let plan = Plan::opened(&name, Ok(plan), builder.input())?;
        let module = Function { answers, calls: RefCell::default() };
        let policies = Policies { on_error: policy.clone(), on_failure: policy };
        let limits = AnswerLimits { bytes: 1 << 20, rows: 10_000 };
        let stage = Stage::new(name, plan, builder.input(), policies, limits)?;
        builder.push(stage, module);
    }
    builder.finish()
}

fn numbers(count: i32) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int32Array::from_iter_values(0..count));
    let schema: SchemaRef = Arc::new((&Schema::parse_sql("i INT").unwrap()).into());
    RecordBatch::try_new(schema, vec![column]).unwrap()
}

fn ints(batch: &RecordBatch, column: usize) -> Vec<i32> {
    batch.column(column).as_primitive::<Int32Type>().values().to_vec()
}

fn even(values: &[i32]) -> Result<Reply, Cause> {
    let mut bits = vec![0u8; values.len().div_ceil(8)];
    values.iter().enumerate().filter(|(_, value)| *value % 2 == 0).for_each(|(row, _)| bits[row / 8] |= 1 << (row % 8));
    Ok(Ok(given::Answer { outcome: given::Outcome::Kept(Selection::Rows(bits)), refused: None }))
}

/// Twice the number; those above 100 are refused.
fn twice(values: &[i32]) -> Result<Reply, Cause> {
    let written = OwnedColumn { validity: None, values: OwnedValues::Int32(values.iter().map(|i| i * 2).collect()) };
    let rows: Vec<u32> = (0..).zip(values).filter(|(_, value)| **value > 100).map(|(row, _)| row).collect();
    let causes = vec![0; rows.len()];
    let refused = Refusals { rows, causes, messages: vec!["too\x1b large".to_owned()] };
    let outcome = given::Outcome::Replaced(Selection::All, vec![written]);
    Ok(Ok(given::Answer { outcome, refused: Some(refused) }))
}

#[test]
fn rows_go_through_modules_and_policies() {
    let modules = vec![
        (chooses(), Policy::Fail, even as Answers),
        (writes(&["twice"], true), Policy::DeadLetter("t".into()), twice),
    ];
    let chain = chain(modules, "twice INT, i INT").unwrap();
    let (applied, ends) = chain.trace(&numbers(200)).unwrap();
    let kept: Vec<i32> = (0..=100).filter(|i| i % 2 == 0).collect();
    assert_eq!(ints(&applied.batch, 1), kept);
    assert_eq!(ints(&applied.batch, 0), kept.iter().map(|i| i * 2).collect::<Vec<_>>());
    let expected = [Tally { filtered: 100, ..Tally::default() }, Tally { dead_lettered: 49, ..Tally::default() }];
    assert_eq!(applied.tallies, expected);
    assert_eq!((ends[0], ends[1], ends[102]), (None, Some(0), Some(1)));
    let [exception] = &applied.exceptions[..] else { panic!("one exception") };
    assert_eq!(
        (exception.module.as_str(), exception.messages.as_slice()),
        ("m-2", &["too\u{fffd} large".to_owned()][..])
    );
    assert_eq!(exception.rows.first(), Some(&102));
    assert_eq!(exception.dead_letters.as_ref().map(|rows| ints(rows, 0)[0]), Some(102));
}

#[test]
fn answers_that_are_too_large_have_smaller_calls() {
    let many: Answers = |values| {
        let rows = values.len() as u32 * 3;
        let origins = (0..rows).map(|row| row / 3).collect();
        let production = given::Production { rows, origins, written: Vec::new() };
        Ok(Ok(given::Answer { outcome: given::Outcome::Produced(production), refused: None }))
    };
    let chain = chain(vec![(chooses(), Policy::Fail, many)], "i INT").unwrap();
    let applied = chain.run(&numbers(9000)).unwrap();
    assert!(ints(&applied.batch, 0).into_iter().eq((0..27_000).map(|row| row / 3)));
    let calls = chain.modules()[0].calls.borrow();
    assert_eq!(calls[..3], [8192, 4096, 2048]);
}

#[test]
fn failures_and_refusals_are_told_with_the_module() {
    let refuses: Answers = |_| Ok(Err(Refusal::InvalidConfig { key: "k".to_owned(), expected: "a number".to_owned() }));
    let traps: Answers = |_| Err(Cause::Trap { trap: "unreachable".to_owned(), last_words: None });
    let long: Answers =
        |_| Ok(Ok(given::Answer { outcome: given::Outcome::Kept(Selection::Rows(Vec::new())), refused: None }));
    let cases: [(Answers, &str); 3] = [
        (refuses, "module m refuses the 5 rows from row 0 on: configuration \"k\": a number"),
        (traps, "module m failed: it trapped (unreachable)"),
        (
            long,
            "module m failed: its answer breaks the contract: its selection: a bitmap has 0 bytes where 1 are needed",
        ),
    ];
    for (answers, expected) in cases {
        let failed = chain(vec![(chooses(), Policy::Fail, answers)], "i INT").unwrap().run(&numbers(5));
        assert_eq!(failed.unwrap_err().to_string(), expected);
        let dropped = chain(vec![(chooses(), Policy::Drop, answers)], "i INT").unwrap().run(&numbers(5)).unwrap();
        assert_eq!((dropped.batch.num_rows(), dropped.tallies[0].dropped), (0, 5));
    }
}

#[test]
fn a_chain_that_does_not_fit_names_who_made_it_so() {
    let modules = |names: &[&str], keeps, policy| vec![(writes(names, keeps), policy, twice as Answers)];
    let error = |modules, output| chain(modules, output).err().map(|error| error.to_string()).unwrap_or_default();
    let cases = [
        (
            modules(&["x"], true, Policy::Fail),
            "i INT",
            "module m gives column \"x\" INT, but table fluss.t has no such column",
        ),
        (
            modules(&["x"], false, Policy::Fail),
            "i INT",
            "module m gives no column \"i\", but table fluss.t has column \"i\" INT",
        ),
        (vec![], "i BIGINT", "the input gives column \"i\" INT, but table fluss.t has column \"i\" BIGINT"),
    ];
    for (modules, output, expected) in cases {
        assert_eq!(error(modules, output), expected);
    }
    let passed = error(modules(&["x"], true, Policy::Pass), "i INT, x INT");
    assert!(passed.contains("on-error must be fail, drop or dead-letter"), "{passed}");
    let chain = chain(vec![], "i INT").unwrap();
    let strange = RecordBatch::try_from_iter([("j", Arc::new(Int32Array::from(vec![1])) as ArrayRef)]).unwrap();
    assert!(matches!(chain.run(&strange), Err(ChainError::Input { .. })));
}
