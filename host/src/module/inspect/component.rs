//! What can be told of a component from its bytes, without running it, and what it says of itself.

use std::sync::Arc;

use thalweg_chain::text::message;
use wasmparser::{KnownCustom, Parser, Payload};
use wasmtime::component::Component;
use wasmtime::component::types::ComponentExtern;

use super::describe::{Description, describe};
use crate::module::error::ModuleError;
use crate::module::sandbox::instance::Template;
use crate::module::sandbox::reach::{Reach, reach};
use crate::module::spec::{ModuleSpec, Source};
use crate::runtime::{COMPONENT_LIMIT, Runtime, RuntimeError};

/// What a component is, as its bytes say.
#[derive(Debug)]
pub struct Inspection {
    /// Its length in bytes.
    pub size: usize,
    /// Everything that it can call: a component reaches nothing that it does not import.
    pub imports: Vec<Import>,
    /// What it can be called for.
    pub exports: Vec<String>,
    /// Why it cannot be loaded as a module; `None`: it can.
    pub refused: Option<ModuleError>,
    /// What its memories begin with, in bytes.
    pub memory: u64,
    /// How far it lets them grow, in bytes; `None`: as far as the host does.
    pub memory_bound: Option<u64>,
    /// What it was made with, as the tools noted it.
    pub tools: Vec<String>,
    /// What it says of itself, if it can be loaded.
    pub description: Option<Description>,
}

/// Something that a component imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The name of the interface, with its version.
    pub name: String,
    /// What the host gives for it.
    pub reach: Reach,
}

/// Looks into a component.
///
/// # Errors
/// When it cannot be read or is no component, and when a module that can be loaded does not say what it is.
pub fn inspect(runtime: &Runtime, spec: &ModuleSpec) -> Result<Inspection, ModuleError> {
    let failed = |cause| ModuleError::Runtime { module: spec.name.clone(), cause };
    let (component, wasm) = read(runtime, spec).map_err(failed)?;
    let invalid = |reason: &dyn std::fmt::Display| {
        failed(RuntimeError::Invalid { name: spec.name.clone(), reason: message(&reason.to_string()) })
    };
    let core = Core::of(&wasm).map_err(|error| invalid(&error))?;
    let (engine, outside) = (component.engine(), component.component_type());
    let import = |(name, item): (&str, ComponentExtern<'_>)| Import {
        reach: reach(name, &item.ty, engine),
        name: message(name),
    };
    let refused = Template::new(&component, &Arc::from(spec.name.as_str()), spec.limits).err();
    let description = if refused.is_none() { Some(describe(runtime, spec)?) } else { None };
    Ok(Inspection {
        size: wasm.len(),
        imports: outside.imports(engine).map(import).collect(),
        exports: outside.exports(engine).map(|(name, _)| message(name)).collect(),
        refused,
        memory: core.memory,
        memory_bound: core.bound,
        tools: core.tools,
        description,
    })
}

/// The component and its bytes, read once.
fn read(runtime: &Runtime, spec: &ModuleSpec) -> Result<(Component, Vec<u8>), RuntimeError> {
    let path = match &spec.source {
        Source::Builtin(name) => {
            return Ok((runtime.stock_module(name)?, Runtime::stock_bytes(name).unwrap_or_default().to_vec()));
        }
        Source::File(path) => path,
    };
    let unreadable = |cause| RuntimeError::Unreadable { path: path.clone(), cause };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    let name = path.display().to_string();
    if size > COMPONENT_LIMIT as u64 {
        return Err(RuntimeError::TooLarge { name, limit: COMPONENT_LIMIT });
    }
    let wasm = std::fs::read(path).map_err(unreadable)?;
    Ok((runtime.component(&name, &wasm)?, wasm))
}

/// What the core modules in a component declare.
#[derive(Debug, Default)]
struct Core {
    memory: u64,
    bound: Option<u64>,
    tools: Vec<String>,
}

impl Core {
    fn of(wasm: &[u8]) -> Result<Core, wasmparser::BinaryReaderError> {
        const PAGE: u64 = 65_536;
        let mut core = Core { bound: Some(0), ..Core::default() };
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::MemorySection(memories) => {
                    for memory in memories {
                        let memory = memory?;
                        let pages = |pages: u64| pages.saturating_mul(PAGE);
                        core.memory = core.memory.saturating_add(pages(memory.initial));
                        let bounds = core.bound.zip(memory.maximum);
                        core.bound = bounds.map(|(bound, maximum)| bound.saturating_add(pages(maximum)));
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Producers(fields) = section.as_known() {
                        core.note(fields);
                    }
                }
                _ => {}
            }
        }
        Ok(core)
    }

    /// Adds what tools noted, each once. What cannot be read was noted by none.
    fn note(&mut self, fields: wasmparser::ProducersSectionReader<'_>) {
        const MOST: usize = 32;
        for field in fields.into_iter().map_while(Result::ok) {
            for tool in field.values.into_iter().map_while(Result::ok) {
                let text = message(format!("{} {}", tool.name, tool.version).trim());
                if !self.tools.contains(&text) && self.tools.len() < MOST {
                    self.tools.push(text);
                }
            }
        }
    }
}
