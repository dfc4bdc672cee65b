//! Runs step by step against the same rows run at once, with modules that answer anything.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use proptest::prelude::*;
use thalweg_wire::column::Batch;
use thalweg_wire::table::{DataType, Schema, TablePath};

use super::*;
use crate::chain::{Builder, Chain, ChainContext};
use crate::checks::Plan;
use crate::column::{OwnedColumn, OwnedValues};
use crate::given::{self, Operation, Refusal, Refusals, Selection, Source};
use crate::module::Module;
use crate::policy::{Policies, Policy};
use crate::stage::{AnswerLimits, Stage};

/// What a module answers to a call, whatever it is asked.
#[derive(Debug, Clone)]
enum Said {
    Kept(Bits),
    /// Written columns: how many, and how much longer than the call.
    Replaced(Bits, usize, usize),
    /// How many rows for each, and written columns as above.
    Produced(Vec<u8>, usize, usize),
    /// Origins, any.
    Nonsense(Vec<u32>),
    Refused,
    Trapped,
}

/// A selection, and rows that are refused beside it.
#[derive(Debug, Clone)]
struct Bits {
    selection: Option<Vec<u8>>,
    refused: Vec<u32>,
    causes: u32,
}

fn bits() -> impl Strategy<Value = Bits> {
    let selection = prop::option::of(prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 16),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ]);
    let refused = prop_oneof![
        4 => Just(Vec::new()),
        3 => prop::collection::btree_set(0u32..12, 1..4).prop_map(|rows| rows.into_iter().collect()),
        1 => prop::collection::vec(any::<u32>(), 1..4),
    ];
    (selection, refused, prop_oneof![8 => Just(0u32), 1 => any::<u32>()])
        .prop_map(|(selection, refused, causes)| Bits { selection, refused, causes })
}

fn said() -> impl Strategy<Value = Said> {
    let columns = || prop_oneof![9 => Just(1usize), 1 => 0usize..3];
    let extra = || prop_oneof![9 => Just(0usize), 1 => 1usize..500];
    prop_oneof![
        4 => bits().prop_map(Said::Kept),
        6 => (bits(), columns(), extra()).prop_map(|(bits, columns, extra)| Said::Replaced(bits, columns, extra)),
        4 => (prop::collection::vec(0u8..4, 16), columns(), extra())
            .prop_map(|(fan, columns, extra)| Said::Produced(fan, columns, extra)),
        1 => prop::collection::vec(any::<u32>(), 0..5).prop_map(Said::Nonsense),
        1 => Just(Said::Refused),
        1 => Just(Said::Trapped),
    ]
}

fn written(columns: usize, rows: usize) -> Vec<OwnedColumn> {
    let column = || OwnedColumn { validity: None, values: OwnedValues::Int32((0..rows as i32).collect()) };
    (0..columns).map(|_| column()).collect()
}

impl Bits {
    fn answer(&self, outcome: impl FnOnce(Selection) -> given::Outcome) -> Result<Reply, Cause> {
        let selection = match &self.selection {
            None => Selection::All,
            Some(bits) => Selection::Rows(bits.clone()),
        };
        let rows = self.refused.clone();
        let causes = vec![self.causes; rows.len()];
        let refused = Refusals { rows, causes, messages: vec!["not\x1b this".to_owned()] };
        Ok(Ok(given::Answer { outcome: outcome(selection), refused: Some(refused) }))
    }
}

impl Said {
    fn reply(&self, rows: usize) -> Result<Reply, Cause> {
        let produced =
            |production| Ok(Ok(given::Answer { outcome: given::Outcome::Produced(production), refused: None }));
        match self {
            Said::Kept(bits) => bits.answer(given::Outcome::Kept),
            Said::Replaced(bits, columns, extra) => {
                bits.answer(|selection| given::Outcome::Replaced(selection, written(*columns, rows + extra)))
            }
            Said::Produced(fan, columns, extra) => {
                let times = fan.iter().cycle().take(rows);
                let origins = (0u32..).zip(times).flat_map(|(row, &times)| (0..times).map(move |_| row));
                let origins: Vec<u32> = origins.collect();
                let count = origins.len();
                let written = written(*columns, count + extra);
                produced(given::Production { rows: count as u32, origins, written })
            }
            Said::Nonsense(origins) => produced(given::Production {
                rows: origins.first().copied().unwrap_or(7),
                origins: origins.clone(),
                written: Vec::new(),
            }),
            Said::Refused => Ok(Err(Refusal::Other("not these".to_owned()))),
            Said::Trapped => Err(Cause::Trap { trap: "unreachable".to_owned(), last_words: None }),
        }
    }
}

/// What the modules of a chain say, call after call.
#[derive(Debug, Clone)]
struct Script {
    said: Vec<Said>,
    next: Rc<Cell<usize>>,
}

impl Script {
    fn reply(&self, batch: &Batch<'_>) -> Result<Reply, Cause> {
        let next = self.next.get();
        self.next.set(next + 1);
        self.said[next % self.said.len()].reply(batch.rows)
    }
}

impl Module for Script {
    fn apply<T>(&self, batch: &Batch<'_>, check: impl FnOnce(Reply) -> Result<T, Cause>) -> Result<T, Cause> {
        check(self.reply(batch)?)
    }
}

/// What a module does with columns: chooses rows, replaces `i`, or gives one more.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Chooses,
    Replaces,
    Adds,
}

fn plan(kind: Kind, input: &Schema) -> given::Plan {
    let field = |name: &str, data_type| given::Field {
        name: name.to_owned(),
        data_type: given::FieldType::Scalar(data_type),
        nullable: true,
    };
    let mut fields: Vec<_> =
        input.columns.iter().map(|column| field(&column.name, column.column_type.data_type.clone())).collect();
    let mut sources: Vec<_> = (0..fields.len() as u32).map(Source::Input).collect();
    match kind {
        Kind::Chooses => return given::Plan { reads: vec![0, 1], output: None, one_instance: false },
        Kind::Replaces => sources[0] = Source::Written,
        Kind::Adds => {
            fields.push(field(&format!("x{}", fields.len()), DataType::Int));
            sources.push(Source::Written);
        }
    }
    let columns = (0..fields.len() as u32).collect();
    let schema = given::Schema { fields, columns, primary_key: Vec::new() };
    given::Plan { reads: vec![1, 0], output: Some((schema, sources)), one_instance: true }
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![
        1 => Just(Policy::Fail),
        3 => Just(Policy::Drop),
        3 => Just(Policy::Pass),
        3 => Just(Policy::DeadLetter("fluss.dead".to_owned())),
    ]
}

fn module() -> impl Strategy<Value = (Kind, Policy, Policy)> {
    let kind = prop_oneof![Just(Kind::Chooses), Just(Kind::Replaces), Just(Kind::Adds)];
    (kind, policy(), policy()).prop_map(|(kind, on_error, on_failure)| {
        let fit = |policy| if kind == Kind::Adds && policy == Policy::Pass { Policy::Drop } else { policy };
        (kind, fit(on_error), fit(on_failure))
    })
}

fn chain(modules: &[(Kind, Policy, Policy)], said: &[Said]) -> Chain<Script> {
    let (table, input) = (TablePath::new("fluss", "t").unwrap(), Schema::parse_sql("i INT, s STRING").unwrap());
    let context = ChainContext { table: &table, operation: Operation::Append, input: &input, output: None };
    let mut builder = Builder::new(&context);
    let next = Rc::new(Cell::new(0));
    for (kind, on_error, on_failure) in modules {
        let name: Arc<str> = builder.unique_name("m").into();
        let plan = Plan::opened(&name, Ok(plan(*kind, builder.input())), builder.input()).unwrap();
        let policies = Policies { on_error: on_error.clone(), on_failure: on_failure.clone() };
        let limits = AnswerLimits { bytes: 300, rows: 60 };
        let stage = Stage::new(name, plan, builder.input(), policies, limits).unwrap();
        builder.push(stage, Script { said: said.to_vec(), next: Rc::clone(&next) });
    }
    builder.finish().unwrap()
}

fn rows(count: usize) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int32Array::from_iter_values(0..count as i32));
    let texts: ArrayRef =
        Arc::new((0..count).map(|row| (row % 3 > 0).then(|| format!("{row}"))).collect::<StringArray>());
    let schema = Arc::new((&Schema::parse_sql("i INT, s STRING").unwrap()).into());
    RecordBatch::try_new(schema, vec![numbers, texts]).unwrap()
}

/// What came of rows, to be compared.
fn told(result: Result<Applied, ChainError>) -> String {
    match result {
        Ok(Applied { batch, origins, tallies, exceptions }) => {
            let all = batch.num_rows() == 0 || origins.as_ref().is_none_or(|origins| origins.len() == batch.num_rows());
            assert!(all, "each row has its origin");
            format!("{batch:?} {origins:?} {tallies:?} {exceptions:?}")
        }
        Err(error) => error.to_string(),
    }
}

/// Runs rows step by step; how often the instance was to be discarded.
fn stepwise(chain: &Chain<Script>, batch: &RecordBatch) -> (Result<Applied, ChainError>, usize) {
    let (mut broken, mut reply) = (0, None);
    let mut run = match chain.begin(batch) {
        Ok(run) => run,
        Err(error) => return (Err(error), 0),
    };
    loop {
        let next = match run.next(reply.take()) {
            Ok(Next::Call { stage, batch }) => {
                assert!(batch.rows > 0 && batch.columns.len() == 2, "a call of rows that the plan reads");
                Ok(chain.modules()[stage].reply(&batch))
            }
            Ok(Next::Done(applied)) => Err(Ok(*applied)),
            Err(error) => Err(Err(error)),
        };
        broken += usize::from(run.is_broken());
        match next {
            Ok(next) => reply = Some(next),
            Err(result) => {
                assert!(matches!(run.next(None), Err(ChainError::Reply { .. })), "the run is over");
                return (result, broken);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_run_by_steps_gives_what_a_run_at_once_gives(
        modules in prop::collection::vec(module(), 0..4),
        said in prop::collection::vec(said(), 1..12),
        count in 0usize..70,
    ) {
        let batch = rows(count);
        // Twice each: the size of calls goes from batch to batch.
        let (one, other) = (chain(&modules, &said), chain(&modules, &said));
        for _ in 0..2 {
            let (by_steps, broken) = stepwise(&one, &batch);
            prop_assert_eq!(told(by_steps), told(other.run(&batch)));
            prop_assert!(broken <= one.modules().first().map_or(0, |module| module.next.get()));
        }
        let calls = |chain: &Chain<Script>| chain.modules().first().map_or(0, |module| module.next.get());
        prop_assert_eq!(calls(&one), calls(&other));
    }

    #[test]
    fn replies_that_nobody_waits_for_change_nothing(
        said in prop::collection::vec(said(), 1..12),
        order in prop::collection::vec(any::<bool>(), 1..40),
    ) {
        let modules = [(Kind::Replaces, Policy::Drop, Policy::Drop), (Kind::Adds, Policy::Drop, Policy::Drop)];
        let chain = chain(&modules, &said);
        let mut run = chain.begin(&rows(20)).unwrap();
        let (mut waits, mut over) = (false, false);
        for has_reply in order {
            let reply = has_reply.then(|| said[0].reply(20));
            match run.next(reply) {
                Ok(next) => {
                    prop_assert!(!over && has_reply == waits);
                    waits = matches!(next, Next::Call { .. });
                    over = !waits;
                }
                Err(ChainError::Reply { .. }) => prop_assert!(over || has_reply != waits),
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }
}
