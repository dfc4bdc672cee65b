//! The rules of chains and the words for tables as the engine component exports them, driven by hand: over the same
//! modules they give what a `Chain` gives, and say what it says.
//!
//! ```text
//! steps   the exported rules, and modules in instances of their own
//! values  schemas, rows and outcomes as untyped values
//! tables  descriptors in words
//! ```

mod steps;
mod tables;
mod values;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, Int8Array, Int32Array, RecordBatch, StringArray};
use wasmtime::component::Val;

use self::values::{case, field, numbers, option, record, text};
use super::hostile::{module, traps_with_one_row, wrap, wrong_answers, wrong_plans};
use super::*;

const INPUT: &str = "i INT, t TINYINT, x STRING, tags ARRAY<STRING>";

/// `i` is the row; `t` is null in each fifth row, else the row modulo 20; `x` is JSON but for each eleventh row; `tags` are
/// none, or up to three texts.
fn rows(count: i32) -> RecordBatch {
    let i: ArrayRef = Arc::new(Int32Array::from_iter_values(0..count));
    let t: ArrayRef = Arc::new(Int8Array::from_iter((0..count).map(|row| (row % 5 != 4).then_some((row % 20) as i8))));
    let json = |row| if row % 11 == 10 { "{".to_owned() } else { format!("{{\"n\": {row}}}") };
    let x: ArrayRef = Arc::new(StringArray::from_iter_values((0..count).map(json)));
    let schema = arrow(INPUT);
    let arrow_schema::DataType::List(element) = schema.field(3).data_type() else { panic!("an array") };
    let mut tags = ListBuilder::new(StringBuilder::new()).with_field(Arc::clone(element));
    for row in 0..count {
        match row % 7 {
            6 => tags.append_null(),
            many => tags.append_value((0..many % 4).map(|tag| (tag != 1).then(|| format!("{}", row + tag)))),
        }
    }
    RecordBatch::try_new(schema, vec![i, t, x, Arc::new(tags.finish())]).expect("columns of the schema")
}

/// What a trap is told as, in both.
const TRAP: &str = "it trapped (wasm `unreachable` instruction executed)";

/// Loads modules both ways and runs rows through both, twice; what it all came to is told.
fn same(modules: Vec<ModuleSpec>, input: &str, output: Option<&str>, batch: &RecordBatch) -> Result<Applied, String> {
    let schema = |sql: &str| Schema::parse_sql(sql).expect("a schema");
    let (input, output, table) = (schema(input), output.map(schema), TablePath::new("fluss", "t").expect("a path"));
    let mut steps = steps::Chain::new(&input, output.as_ref());
    let added = modules.iter().try_for_each(|spec| steps.module(spec).map(|_| ()));
    let added = added.and_then(|()| steps.method("finish", &[]));
    let context = ChainContext { table: &table, operation: Operation::Append, input: &input, output: output.as_ref() };
    let chain = Chain::load(&RUNTIME, &ChainSpec { modules, ..ChainSpec::default() }, &context);
    let chain = match (chain, added) {
        (Ok(chain), Ok(out)) => {
            assert_eq!(out, values::schema(chain.output()));
            chain
        }
        (Err(error), Err(text)) => {
            assert_eq!(error.to_string(), text);
            return Err(text);
        }
        (chain, added) => panic!("{:?} and {added:?}", chain.err()),
    };
    assert!(chain.names().eq(steps.names.iter().map(String::as_str)));
    let (mut told, mut failed) = (Err(String::new()), 0);
    for _ in 0..2 {
        let applied = chain.apply(batch);
        let (outcome, replaced) = steps.run(values::rows(batch), TRAP);
        failed += replaced;
        told = match (applied, outcome) {
            (Ok(applied), Ok(outcome)) => {
                assert_eq!(values::outcome(&applied, &steps.names), outcome);
                Ok(applied)
            }
            (Err(error), Err(text)) => {
                assert_eq!(error.to_string(), text);
                Err(text)
            }
            (applied, outcome) => panic!("{:?} and {:?}", applied.err(), outcome.err()),
        };
    }
    let report: u64 = chain.report().iter().map(|stage| stage.failed).sum();
    // Beside them those whose answer was too large, in whose place smaller calls were made.
    assert!(report <= failed as u64, "an instance is replaced for each call that failed");
    told
}

fn policies() -> [Policy; 4] {
    [Policy::Fail, Policy::Drop, Policy::Pass, Policy::DeadLetter("fluss.dead".into())]
}

#[test]
fn modules_that_filter_map_and_make_many_rows_of_one() {
    let (where_, scale) = (
        |condition: &str| stock("where", &[&format!("if={condition}")]),
        || stock("scale", &["column=t", "factor=10"]),
    );
    let explode = || stock("explode", &["column=tags", "as=tag", "position=place"]);
    let chains: [Vec<ModuleSpec>; 4] = [
        vec![scale()],
        vec![where_("i >= 15"), scale(), where_("i != 40")],
        vec![where_("i >= 3"), explode(), scale(), where_("tag is not null")],
        vec![scale(), explode(), stock("select", &["drop=[\"x\"]"]), scale()],
    ];
    for modules in chains {
        for policy in policies() {
            let mut modules = modules.clone();
            modules.iter_mut().for_each(|spec| spec.on_error = policy.clone());
            let told = same(modules, INPUT, None, &rows(9000));
            if policy == Policy::Fail {
                assert!(told.unwrap_err().starts_with("module scale refuses row "));
                continue;
            }
            // What changes the columns has no policy `pass`.
            match told {
                Ok(applied) => assert!(applied.batch.num_rows() > 0 && !applied.exceptions.is_empty()),
                Err(text) => assert!(policy == Policy::Pass && text.contains("changes the columns"), "{text}"),
            }
        }
    }
}

#[test]
fn modules_that_change_columns_and_what_must_come_out() {
    let parse = |policy: Policy| {
        let mut spec = stock("parse-json", &["column=x", "fields={\"n\": \"INT\"}", "keep=true"]);
        spec.on_error = policy;
        spec
    };
    for policy in [Policy::Drop, Policy::DeadLetter("fluss.dead".into())] {
        let modules = vec![parse(policy), stock("where", &["if=n >= 100"])];
        let out = "n INT, x STRING, i INT, t TINYINT, tags ARRAY<STRING>";
        let applied = same(modules, INPUT, Some(out), &rows(9000)).expect("applied");
        assert_eq!(applied.tallies[1].filtered, 91);
    }
    let unfit = same(vec![parse(Policy::Drop)], INPUT, Some("i INT, n BIGINT"), &rows(1)).unwrap_err();
    assert_eq!(unfit, "module parse-json gives column \"n\" INT, but table fluss.t has column \"n\" BIGINT");
    let none = same(Vec::new(), INPUT, Some("x STRING, i INT, t TINYINT, tags ARRAY<STRING>"), &rows(5));
    assert_eq!(none.expect("applied").batch.num_rows(), 5);
    let empty = same(vec![stock("where", &["if=i > 1"]), parse(Policy::Drop)], INPUT, None, &rows(0));
    assert_eq!(empty.expect("applied").batch.num_rows(), 0);
}

#[test]
fn calls_that_fail_have_the_same_policies() {
    let (_folder, path) = module(&wrap(&traps_with_one_row()));
    for policy in policies() {
        let mut spec = ModuleSpec::new(&path.display().to_string(), "".as_ref());
        spec.on_failure = policy.clone();
        let around = || stock("where", &["if=i >= 0"]);
        // The last of these stands alone in its call.
        let told = same(vec![around(), spec, around()], INPUT, None, &rows(8193));
        match policy {
            Policy::Fail => assert_eq!(told.unwrap_err(), format!("module hostile failed: {TRAP}")),
            _ => assert_eq!(told.expect("applied").exceptions[0].rows, [8192]),
        }
    }
}

#[test]
fn answers_that_are_too_large_have_smaller_calls_in_both() {
    let mut explode = stock("explode", &["column=tags", "as=tag"]);
    (explode.limits.rows, explode.limits.output) = (1000, 64 << 10);
    let applied = same(vec![explode], INPUT, None, &rows(9000)).expect("applied");
    assert!(applied.batch.num_rows() > 9000);
    let mut small = stock("explode", &["column=tags", "as=tag"]);
    (small.limits.rows, small.on_failure) = (1, Policy::Drop);
    let applied = same(vec![small], INPUT, None, &rows(60)).expect("applied");
    assert_eq!(applied.exceptions[0].messages, ["its answer has more than 1 rows"]);
}

#[test]
fn answers_and_plans_that_break_the_contract_are_refused_with_the_same_words() {
    let spec = |component: &[u8], on_failure| {
        let (folder, path) = module(component);
        let mut spec = ModuleSpec::new(&path.display().to_string(), "".as_ref());
        (spec.limits.output, spec.limits.rows, spec.on_failure) = (192 << 10, 20_000, on_failure);
        (folder, spec)
    };
    let mut kinds = 0;
    for (name, component, told) in wrong_answers() {
        let batch = hostile::rows(hostile::ROWS);
        let around = || stock("where", &["if=i != 5"]);
        for policy in [Policy::Fail, Policy::Drop] {
            let (_folder, spec) = spec(&component, policy.clone());
            match same(vec![around(), spec], "i INT", None, &batch) {
                Ok(applied) => assert!(applied.exceptions[0].messages[0].contains(told), "{name}"),
                Err(text) => assert!(policy == Policy::Fail && text.contains(told), "{name}: {text}"),
            }
        }
        kinds += 1;
    }
    for (name, component, told) in wrong_plans() {
        let (_folder, spec) = spec(&component, Policy::Fail);
        let text = same(vec![spec], "i INT", None, &hostile::rows(1)).unwrap_err();
        assert!(text.contains(told), "{name}: {text}");
        kinds += 1;
    }
    assert!(kinds > 40, "only {kinds} kinds");
}

#[test]
fn what_is_called_out_of_turn_is_refused_and_changes_nothing() {
    let schema = Schema::parse_sql("i INT").expect("a schema");
    let mut chain = steps::Chain::new(&schema, None);
    let plan = || {
        let any = Val::Enum("any".to_owned());
        record([("reads", numbers(&[0])), ("output", option(None)), ("instances", any)])
    };
    let batch = values::rows(&hostile::rows(3));
    let early = chain.method("run", std::slice::from_ref(&batch)).unwrap_err();
    assert_eq!(early, "the chain has modules to come; call `finish` first");
    for name in ["m", "m-2"] {
        let added = chain.add("m", [&Policy::Fail, &Policy::Drop], [None; 2], plan()).expect("a plan");
        assert_eq!(added, text(name));
    }
    chain.method("finish", &[]).expect("it fits");
    let late = chain.add("m", [&Policy::Fail, &Policy::Drop], [None; 2], plan()).unwrap_err();
    assert_eq!(late, "no module can be added to the chain after `finish`");
    let kept = || {
        let outcome = case("kept", Some(case("all", None)));
        Some(case("answered", Some(record([("outcome", outcome), ("refused", option(None))]))))
    };
    let told = chain.replies(batch.clone(), vec![kept(), None, None, kept(), kept(), kept(), None]);
    let once = "a run of rows through a chain takes one reply to each call: ";
    let of = |told: &Result<Val, String>| match told {
        Ok(Val::Variant(next, _)) => next.clone(),
        Err(text) => text.strip_prefix(once).map_or_else(|| text.clone(), |text| text[..12].to_owned()),
        Ok(other) => panic!("{other:?}"),
    };
    let expected = ["it gave no c", "call", "the call tha", "call", "done", "the run is o", "the run is o"];
    assert_eq!(told.iter().map(of).collect::<Vec<_>>(), expected);
    let other = values::rows(&rows(3));
    let unfit = chain.method("run", &[other]).unwrap_err();
    assert_eq!(unfit, "the rows do not fit the chain: there are more columns than the schema has");
    let Val::Record(mut lying) = batch else { panic!("a record") };
    lying[0].1 = Val::U32(u32::MAX);
    let lying = chain.method("run", &[Val::Record(lying)]).unwrap_err();
    assert!(lying.starts_with("the rows do not fit the chain: column \"i\": a column has 3 values where "), "{lying}");
    assert!(field(&chain.input(), "fields") == field(&values::schema(&schema), "fields"));
}
