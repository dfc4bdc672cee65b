//! What a component may import, and what it reaches by that: the one list that loading goes by and `inspect` tells.

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;

use super::wasi;

const LOG: &str = "thalweg:module/log@";

/// Types only; a component names them as an import though nothing is imported.
const TYPES: &str = "thalweg:module/types@";

/// What the host gives for an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Names of types, which are no functions.
    Types,
    /// The log.
    Log,
    /// A part of WASI that does nothing, and what it gives.
    Inert(&'static str),
    /// Nothing: a module with it is not loaded.
    Refused,
}

impl Reach {
    /// Whether a module may have it.
    pub fn allowed(self) -> bool {
        self != Reach::Refused
    }

    /// What it is, in words.
    pub fn text(self) -> &'static str {
        match self {
            Reach::Types => "names of types; there is nothing to call",
            Reach::Log => "messages to the host's log, of bounded length and number",
            Reach::Inert(gives) => gives,
            Reach::Refused => "REFUSED: no module gets this",
        }
    }
}

/// What an import of a component reaches.
pub(in crate::module) fn reach(import: &str, item: &ComponentItem, engine: &Engine) -> Reach {
    match item {
        ComponentItem::ComponentInstance(_) if import.starts_with(LOG) => Reach::Log,
        ComponentItem::ComponentInstance(instance)
            if import.starts_with(TYPES)
                && instance.exports(engine).all(|(_, item)| matches!(item.ty, ComponentItem::Type(_))) =>
        {
            Reach::Types
        }
        ComponentItem::ComponentInstance(_) => wasi::inert(import).map_or(Reach::Refused, Reach::Inert),
        _ => Reach::Refused,
    }
}
