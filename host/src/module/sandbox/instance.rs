//! One module in its store: calls with a deadline, its log, and the cause when it fails.

use std::sync::Arc;
use std::time::Instant;

use thalweg_chain::Cause;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store, Trap};

use crate::runtime::{Limiter, Runtime};

use super::log::{Log, Output};
use super::reach::reach;
use super::wasi;
use crate::module::error::ModuleError;
use crate::module::spec::Limits;
use crate::text::printable;
use crate::wit::module::exports::thalweg::module::transform::Guest;
use crate::wit::module::thalweg::module::{log, types};
use crate::wit::module::{Module, ModulePre};

const TRANSFORM: &str = "thalweg:module/transform@";

/// How much of the names in a component an error carries, in bytes.
const NAMES: usize = 400;

/// Handles to streams and the like that an instance may have; each takes memory of the host.
const HANDLES: usize = 1000;

/// A module ready to be started any number of times.
pub(in crate::module) struct Template {
    pre: ModulePre<State>,
    name: Arc<str>,
    limits: Limits,
}

/// What a store knows of its module.
pub(in crate::module) struct State {
    limiter: Limiter,
    log: Log,
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) {
        self.log.write(level, &message);
    }
}

impl types::Host for State {}

impl State {
    pub(in crate::module) fn print(&mut self, output: Output, bytes: &[u8]) {
        self.log.print(output, bytes);
    }
}

impl Template {
    /// Checks what the component imports and exports.
    pub(in crate::module) fn new(
        component: &Component,
        name: &Arc<str>,
        limits: Limits,
    ) -> Result<Template, ModuleError> {
        let engine = component.engine();
        check_imports(component, engine, name)?;
        check_exports(component, engine, name)?;
        let mut linker = Linker::new(engine);
        let reason = |error: &wasmtime::Error| printable(&error.root_cause().to_string(), NAMES);
        let foreign = |error: wasmtime::Error| ModuleError::Import {
            module: name.to_string(),
            import: format!("what is not there ({})", reason(&error)),
        };
        let broken = |error: wasmtime::Error| ModuleError::Export {
            module: name.to_string(),
            found: format!("its types differ ({})", reason(&error)),
        };
        Module::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state).map_err(foreign)?;
        if component.component_type().imports(engine).any(|(import, _)| wasi::inert(import).is_some()) {
            wasi::link(&mut linker).map_err(foreign)?;
        }
        let pre = linker.instantiate_pre(component).map_err(foreign)?;
        let pre = ModulePre::new(pre).map_err(broken)?;
        Ok(Template { pre, name: Arc::clone(name), limits })
    }

    /// A fresh instance, in a store of its own.
    pub(in crate::module) fn start(&self) -> Result<Instance, Cause> {
        let state = State { limiter: Limiter::new(self.limits.memory), log: Log::new(&self.name, self.limits.log) };
        let mut store = Store::new(self.pre.engine(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(self.limits.output);
        store.set_max_component_handles(HANDLES);
        store.set_epoch_deadline(Runtime::ticks(self.limits.deadline));
        match self.pre.instantiate(&mut store) {
            Ok(module) => Ok(Instance { store, module, limits: self.limits }),
            Err(error) => {
                let cause = cause(&error, &mut store, self.limits);
                store.data_mut().log.end_call();
                Err(cause)
            }
        }
    }
}

/// A running module. After a failed call it is to be dropped.
pub(in crate::module) struct Instance {
    store: Store<State>,
    module: Module,
    limits: Limits,
}

impl Instance {
    /// What its memories have now, in bytes.
    pub(in crate::module) fn memory(&self) -> usize {
        self.store.data().limiter.memory()
    }

    /// Makes one call, with a new deadline.
    pub(in crate::module) fn call<T>(
        &mut self,
        call: impl FnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, Cause> {
        self.store.set_epoch_deadline(Runtime::ticks(self.limits.deadline));
        self.store.data_mut().limiter.forget();
        let started = Instant::now();
        let result = call(self.module.thalweg_module_transform(), &mut self.store);
        let result = result.map_err(|error| cause(&error, &mut self.store, self.limits));
        tracing::trace!(microseconds = started.elapsed().as_micros(), "module call");
        self.store.data_mut().log.end_call();
        result
    }
}

fn cause(error: &wasmtime::Error, store: &mut Store<State>, limits: Limits) -> Cause {
    let text = error.root_cause().to_string();
    // By its text: the type of this error is private to wasmtime (`HostcallFuelExhausted`, component/func/options.rs).
    if text.contains("fuel allocated for hostcalls") {
        return Cause::Output(limits.output);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Cause::Deadline(limits.deadline),
        _ if store.data().limiter.refused() => Cause::Memory(limits.memory),
        _ => Cause::Trap {
            trap: printable(text.trim_start_matches("wasm trap: "), NAMES),
            last_words: store.data_mut().log.take_last_words(),
        },
    }
}

fn check_imports(component: &Component, engine: &Engine, module: &str) -> Result<(), ModuleError> {
    match component.component_type().imports(engine).find(|(import, item)| !reach(import, &item.ty, engine).allowed()) {
        Some((import, _)) => Err(ModuleError::Import { module: module.to_owned(), import: printable(import, NAMES) }),
        None => Ok(()),
    }
}

fn check_exports(component: &Component, engine: &Engine, module: &str) -> Result<(), ModuleError> {
    let component_type = component.component_type();
    let exports: Vec<&str> = component_type.exports(engine).map(|(name, _)| name).collect();
    if exports.contains(&"thalweg:module/transform@1.0.0") {
        return Ok(());
    }
    let found = match exports.iter().find(|name| name.starts_with(TRANSFORM)) {
        Some(other) => format!("it has {}, so it was built for another version", printable(other, NAMES)),
        None if exports.is_empty() => "it exports nothing".to_owned(),
        None => format!("it exports {}", printable(&exports.join(", "), NAMES)),
    };
    Err(ModuleError::Export { module: module.to_owned(), found })
}
