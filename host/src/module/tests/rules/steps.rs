//! The rules of chains as the engine component exports them, and modules in instances of their own: called by name.

use std::time::Duration;

use thalweg_wire::table::Schema;
use wasmtime::component::{Component, Instance, Linker, Val};
use wasmtime::{Engine, Store};

use super::super::RUNTIME;
use super::values::{case, field, option, policy, record, schema, text};
use crate::module::Policy;
use crate::module::spec::{ModuleSpec, Source};
use crate::runtime::Runtime;

/// A component in a store of its own.
pub(super) struct Guest {
    store: Store<()>,
    instance: Instance,
}

impl Guest {
    pub(super) fn new(component: &Component) -> Guest {
        let engine: &Engine = RUNTIME.engine();
        let mut store = Store::new(engine, ());
        store.set_epoch_deadline(Runtime::ticks(Duration::from_secs(60)));
        let mut linker = Linker::new(engine);
        let mut buffers = linker.instance("thalweg:client/buffers@0.2.2").expect("a name");
        buffers.func_new("read", |_, _, _, _| Err(wasmtime::Error::msg("nothing is held"))).expect("a function");
        let mut log = linker.instance("thalweg:module/log@1.0.0").expect("a name");
        log.func_new("write", |_, _, _, _| Ok(())).expect("a function");
        let instance = linker.instantiate(&mut store, component).expect("it imports no more");
        Guest { store, instance }
    }

    /// The exported engine component.
    pub(super) fn engine() -> Guest {
        Guest::new(&RUNTIME.engine_component().expect("the component"))
    }

    /// Calls a function of an interface; the error is a trap.
    pub(super) fn call(&mut self, interface: &str, name: &str, parameters: &[Val]) -> wasmtime::Result<Val> {
        let store = &mut self.store;
        let interface = self.instance.get_export_index(&mut *store, None, interface).expect("an interface");
        let function = self.instance.get_export_index(&mut *store, Some(&interface), name).expect(name);
        let function = self.instance.get_func(&mut *store, function).expect("a function");
        let mut results = [Val::Bool(false)];
        function.call(&mut *store, parameters, &mut results)?;
        let [result] = results;
        Ok(result)
    }

    /// Calls a function that gives a result; its error is one of the client's.
    pub(super) fn attempt(&mut self, interface: &str, name: &str, parameters: &[Val]) -> Result<Val, String> {
        match self.call(interface, name, parameters).expect("the engine does not trap") {
            Val::Result(Ok(value)) => Ok(value.map_or(Val::Bool(true), |value| *value)),
            Val::Result(Err(Some(error))) => {
                assert_eq!(field(&error, "retriable"), &Val::Bool(false));
                match field(&error, "code") {
                    Val::Variant(code, Some(reason)) if code == "invalid" => match &**reason {
                        Val::String(reason) => Err(reason.clone()),
                        other => panic!("{other:?}"),
                    },
                    other => panic!("another code: {other:?}"),
                }
            }
            other => panic!("no result: {other:?}"),
        }
    }
}

const CHAIN: &str = "thalweg:client/chain@0.2.2";
const TRANSFORM: &str = "thalweg:module/transform@1.0.0";

/// A chain by the exported rules, its modules run here.
pub(super) struct Chain {
    rules: Guest,
    chain: Val,
    places: Vec<Place>,
    pub(super) names: Vec<String>,
}

/// A module in its place.
struct Place {
    component: Component,
    context: Val,
    instance: Option<Guest>,
}

impl Place {
    /// An open instance, and its plan if it was opened now.
    fn open(&mut self) -> Result<(&mut Guest, Option<Val>), String> {
        let mut opened = None;
        if self.instance.is_none() {
            let mut guest = Guest::new(&self.component);
            let plan = guest.call(TRANSFORM, "open", std::slice::from_ref(&self.context));
            match plan.map_err(|error| error.root_cause().to_string())? {
                Val::Result(Ok(Some(plan))) => opened = Some(*plan),
                other => return Err(format!("{other:?}")),
            }
            self.instance = Some(guest);
        }
        Ok((self.instance.as_mut().expect("it is there"), opened))
    }
}

impl Chain {
    /// A chain without modules so far.
    pub(super) fn new(input: &Schema, output: Option<&Schema>) -> Chain {
        let mut rules = Guest::engine();
        let parameters = [text("fluss.t"), Val::Enum("append".to_owned()), schema(input), option(output.map(schema))];
        let chain = rules.call(CHAIN, "[constructor]chain", &parameters).expect("a chain");
        Chain { rules, chain, places: Vec::new(), names: Vec::new() }
    }

    pub(super) fn method(&mut self, name: &str, parameters: &[Val]) -> Result<Val, String> {
        let parameters: Vec<Val> = std::iter::once(self.chain.clone()).chain(parameters.iter().cloned()).collect();
        self.rules.attempt(CHAIN, &format!("[method]chain.{name}"), &parameters)
    }

    /// What the next module is opened with.
    pub(super) fn input(&mut self) -> Val {
        let chain = self.chain.clone();
        self.rules.call(CHAIN, "[method]chain.input", &[chain]).expect("a schema")
    }

    /// Adds a plan.
    pub(super) fn add(
        &mut self,
        name: &str,
        policies: [&Policy; 2],
        limits: [Option<u32>; 2],
        plan: Val,
    ) -> Result<Val, String> {
        let [on_error, on_failure] = policies.map(policy);
        let [answer_bytes, answer_rows] = limits.map(|limit| option(limit.map(Val::U32)));
        let stage = record([
            ("name", text(name)),
            ("on-error", on_error),
            ("on-failure", on_failure),
            ("answer-bytes", answer_bytes),
            ("answer-rows", answer_rows),
        ]);
        let added = self.method("add", &[stage, plan]);
        if let Ok(Val::String(name)) = &added {
            self.names.push(name.clone());
        }
        added
    }

    /// Opens a module and adds it.
    pub(super) fn module(&mut self, spec: &ModuleSpec) -> Result<Val, String> {
        let component = match &spec.source {
            Source::Builtin(stock) => RUNTIME.stock_module(stock),
            Source::File(path) => RUNTIME.component_file(path),
        };
        let context = record([
            ("table", text("fluss.t")),
            ("operation", Val::Enum("append".to_owned())),
            ("input", self.input()),
            ("config", text(&serde_json::Value::Object(spec.config.clone()).to_string())),
        ]);
        let mut place = Place { component: component.expect("a component"), context, instance: None };
        let plan = place.open()?.1.expect("it was opened now");
        self.places.push(place);
        let limits = [spec.limits.output, spec.limits.rows].map(|limit| Some(limit as u32));
        self.add(&spec.name, [&spec.on_error, &spec.on_failure], limits, plan)
    }

    /// Runs rows through all modules; `failed` says what is told of a call that traps. How many instances were replaced.
    pub(super) fn run(&mut self, rows: Val, failed: &str) -> (Result<Val, String>, usize) {
        let (mut reply, mut replaced) = (None, 0);
        let run = match self.method("run", &[rows]) {
            Ok(run) => run,
            Err(error) => return (Err(error), 0),
        };
        let mut last: Option<usize> = None;
        loop {
            let next = self.rules.attempt(CHAIN, "[method]run.next", &[run.clone(), option(reply.take())]);
            let broken =
                self.rules.call(CHAIN, "[method]run.is-broken", std::slice::from_ref(&run)).expect("an answer");
            if let Some(place) = last.take().filter(|_| broken == Val::Bool(true)) {
                self.places[place].instance = None;
                replaced += 1;
            }
            match next {
                Ok(Val::Variant(next, Some(call))) if next == "call" => {
                    let Val::U32(stage) = field(&call, "stage") else { panic!("{call:?}") };
                    last = Some(*stage as usize);
                    let (guest, _) = self.places[*stage as usize].open().expect("it opens again");
                    reply = Some(match guest.call(TRANSFORM, "apply", &[field(&call, "input").clone()]) {
                        Ok(Val::Result(Ok(answer))) => case("answered", answer.map(|answer| *answer)),
                        Ok(Val::Result(Err(code))) => case("refused", code.map(|code| *code)),
                        Ok(other) => panic!("{other:?}"),
                        Err(_) => case("failed", Some(text(failed))),
                    });
                }
                Ok(Val::Variant(next, Some(outcome))) if next == "done" => return (Ok(*outcome), replaced),
                Ok(other) => panic!("{other:?}"),
                Err(error) => return (Err(error), replaced),
            }
        }
    }

    /// Replies to a run that stands at its first call, whatever they are: what is told.
    pub(super) fn replies(&mut self, rows: Val, replies: Vec<Option<Val>>) -> Vec<Result<Val, String>> {
        let run = self.method("run", &[rows]).expect("rows of the chain");
        let mut told = Vec::new();
        for reply in replies {
            told.push(self.rules.attempt(CHAIN, "[method]run.next", &[run.clone(), option(reply)]));
        }
        told
    }
}
