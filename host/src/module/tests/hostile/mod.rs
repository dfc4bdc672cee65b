//! Modules that mean harm, or are broken. Each kind is a line in a table; each is put between two good modules, and the
//! host stays alive, the other rows go on, what became of the others is told, and the next batch passes.

mod answers;
mod calls;
mod compiling;
mod guest;
mod image;
mod large;
mod loading;
mod plans;
mod shapes;
mod soak;
mod wasi;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Int32Array, RecordBatch};

use super::*;
use answers::N;
use guest::{Code, HARMLESS, core};
use image::Image;
use shapes::{good, plan};

pub(super) use guest::wrap;

/// A component in a file, kept until the folder is dropped.
pub(super) fn module(component: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hostile.wasm");
    std::fs::write(&path, component).expect("written");
    (folder, path)
}

/// The core module of one that traps in a call with one row.
pub(super) fn traps_with_one_row() -> String {
    let mut image = Image::default();
    let (plan, good) = (plan(&mut image, ""), good(&mut image, ""));
    let apply = "(if (i32.eq (local.get $rows) (i32.const 1)) (then unreachable))";
    core(&Code { apply, ..HARMLESS }, image, plan, good, None)
}

fn limits() -> Limits {
    Limits {
        memory: 2 << 20,
        deadline: Duration::from_millis(200),
        output: 192 << 10,
        rows: 20_000,
        ..Limits::default()
    }
}

/// A chain of good modules around a hostile one, whose calls fall under a policy when they fail. The first leaves out
/// the row 5, the last the row 6.
fn surrounded(component: &[u8], on_failure: Policy) -> Chain {
    let (_folder, path) = module(component);
    let mut spec = ModuleSpec::new(&path.display().to_string(), "".as_ref());
    (spec.limits, spec.on_failure) = (limits(), on_failure);
    let modules = vec![stock("where", &["if=i != 5"]), spec, stock("where", &["if=i != 6"])];
    chain(modules).unwrap_or_else(|error| panic!("no chain: {error}"))
}

/// A chain of the hostile module alone.
fn load_hostile(component: &[u8]) -> Result<Chain, ModuleError> {
    load_limited(component, limits())
}

fn load_limited(component: &[u8], limits: Limits) -> Result<Chain, ModuleError> {
    let (_folder, path) = module(component);
    let mut spec = ModuleSpec::new(&path.display().to_string(), "".as_ref());
    spec.limits = limits;
    chain(vec![spec])
}

fn chain(modules: Vec<ModuleSpec>) -> Result<Chain, ModuleError> {
    let (input, table) = (Schema::parse_sql("i INT").expect("a schema"), TablePath::new("fluss", "t").expect("a path"));
    let context = ChainContext { table: &table, operation: Operation::Append, input: &input, output: None };
    Chain::load(&RUNTIME, &ChainSpec { modules, ..ChainSpec::default() }, &context)
}

/// Checks what is told of a module that does not load, and that it is told soon.
fn told_of(name: &str, loaded: Result<Chain, ModuleError>, told: &str) {
    let text = loaded.err().unwrap_or_else(|| panic!("{name}: it loads")).to_string();
    assert!(text.starts_with("module hostile") && text.contains(told), "{name}: {text}");
    assert!(!text.contains(|character: char| character.is_control()), "{name}: {text:?}");
}

/// Modules whose second answer breaks the contract: their names, the components, and what is told of them. Not those that
/// trap while the answer is read.
pub(super) fn wrong_answers() -> impl Iterator<Item = (&'static str, Vec<u8>, &'static str)> {
    answers::KINDS.iter().filter(|kind| !kind.told.starts_with("it trapped")).map(|kind| {
        let mut image = Image::default();
        let (plan, good) = (plan(&mut image, kind.writes), good(&mut image, kind.writes));
        let bad = (kind.answer)(&mut image);
        (kind.name, wrap(&core(&HARMLESS, image, plan, good, Some(bad))), kind.told)
    })
}

/// The same with plans, not those that are none.
pub(super) fn wrong_plans() -> impl Iterator<Item = (&'static str, Vec<u8>, &'static str)> {
    let is_plan = |kind: &&plans::Kind| !kind.told.starts_with("it trapped") && !kind.told.contains("does not start");
    plans::KINDS.iter().filter(is_plan).map(|kind| {
        let mut image = Image::default();
        let (plan, good) = ((kind.plan)(&mut image), good(&mut image, ""));
        (kind.name, wrap(&core(&HARMLESS, image, plan, good, None)), kind.told)
    })
}

pub(super) fn rows(count: i32) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int32Array::from_iter_values(0..count));
    RecordBatch::try_from_iter([("i", column)]).expect("a batch")
}

fn ints(batch: &RecordBatch) -> Vec<i32> {
    batch.column(0).as_primitive::<Int32Type>().values().to_vec()
}

/// The rows of a batch but for those that the good modules leave out.
fn good_rows(count: i32) -> Vec<i32> {
    (0..count).filter(|row| ![5, 6].contains(row)).collect()
}

/// The batch: the good module before leaves 9,999 rows, of which the hostile one is given 8,192 and then `N`.
pub(super) const ROWS: i32 = 10_000;

/// What becomes of a batch whose second call to the hostile module fails, under both policies.
fn check(name: &str, component: &[u8], told: &str) {
    let chain = surrounded(component, Policy::Fail);
    let started = Instant::now();
    let text = error(chain.apply(&rows(ROWS)));
    assert!(text.starts_with("module hostile failed: ") && text.contains(told), "{name}: {text}");
    assert!(started.elapsed() < Duration::from_secs(5), "{name}: it held up the host");
    assert_eq!(ints(&chain.apply(&rows(100)).expect("a fresh instance").batch), good_rows(100), "{name}");

    let chain = surrounded(component, Policy::Drop);
    for _ in 0..2 {
        let applied = chain.apply(&rows(ROWS)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let hurt = ROWS - N as i32;
        assert_eq!(ints(&applied.batch), good_rows(hurt), "{name}: other rows are hurt");
        let origins = applied.origins.expect("some rows are left out");
        assert!(origins.iter().map(|row| *row as i32).eq(good_rows(hurt)), "{name}: {origins:?}");
        let left_out = Tally { filtered: 1, ..Tally::default() };
        let dropped = Tally { dropped: u64::from(N), ..Tally::default() };
        assert_eq!(applied.tallies, [left_out, dropped, left_out], "{name}");
        let [exception] = &applied.exceptions[..] else { panic!("{name}: {:?}", applied.exceptions) };
        let Exception { module, kind, policy, rows, causes, messages, dead_letters } = exception;
        assert_eq!((module.as_str(), *kind, policy), ("hostile", ExceptionKind::Failed, &Policy::Drop), "{name}");
        assert!(rows.iter().map(|row| *row as i32).eq(hurt..ROWS), "{name}: {rows:?}");
        assert!(causes.iter().all(|cause| *cause == 0) && messages.len() == 1, "{name}: {messages:?}");
        assert!(messages[0].contains(told) && dead_letters.is_none(), "{name}: {messages:?}");
    }
    assert_eq!(ints(&chain.apply(&self::rows(100)).expect("a fresh instance").batch), good_rows(100), "{name}");
    let report = &chain.report()[1];
    assert_eq!((report.calls, report.failed), (5, 2), "{name}");
}

#[test]
fn calls_that_do_harm_cost_their_own_rows() {
    for calls::Kind { name, code, told } in calls::KINDS {
        let mut image = Image::default();
        let (plan, good) = (plan(&mut image, ""), good(&mut image, ""));
        check(name, &wrap(&core(code, image, plan, good, None)), told);
    }
}

#[test]
fn answers_that_break_the_contract_cost_their_own_rows() {
    for answers::Kind { name, writes, answer, told } in answers::KINDS {
        let mut image = Image::default();
        let (plan, good, bad) = (plan(&mut image, writes), good(&mut image, writes), answer(&mut image));
        check(name, &wrap(&core(&HARMLESS, image, plan, good, Some(bad))), told);
    }
}

#[test]
fn plans_that_break_the_contract_are_told() {
    for plans::Kind { name, plan, told } in plans::KINDS {
        let mut image = Image::default();
        let (plan, good) = (plan(&mut image), good(&mut image, ""));
        told_of(name, load_hostile(&wrap(&core(&HARMLESS, image, plan, good, None))), told);
    }
}
