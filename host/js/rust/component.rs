//! What is asked of a component before anything is made of it: that it is one, and that its types can be written out.

use std::collections::HashMap;
use std::panic::catch_unwind;

use wit_component::DecodedWasm;
use wit_parser::{Resolve, Type, TypeDefKind, TypeId, WorldItem};

use crate::Error;

/// How many parts the types of all functions may have, written out where they are used, as the generator does it.
const PARTS: usize = 100_000;

/// Whether these bytes are a component whose types can be written out.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Error> {
    let decoded = catch_unwind(|| wit_component::decode(bytes));
    let decoded = decoded.map_err(|_| Error::Component("its types cannot be read".into()))?;
    let (resolve, world) = match decoded.map_err(|error| Error::Component(format!("{error:#}")))? {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => return Err(Error::Component("it is an interface without code".into())),
    };
    let mut sizes = Sizes { resolve: &resolve, known: HashMap::new() };
    let mut total = 0_usize;
    let world = resolve.worlds.get(world).ok_or_else(|| Error::Component("it has no world".into()))?;
    for item in world.imports.values().chain(world.exports.values()) {
        let functions: Vec<_> = match item {
            WorldItem::Interface { id, .. } => {
                resolve.interfaces.get(*id).map_or_else(Vec::new, |interface| interface.functions.values().collect())
            }
            WorldItem::Function(function) => vec![function],
            WorldItem::Type { .. } => Vec::new(),
        };
        for function in functions {
            let types = function.params.iter().map(|parameter| &parameter.ty).chain(&function.result);
            total = types.fold(total, |sum, ty| sum.saturating_add(sizes.of(ty)));
        }
    }
    if total > PARTS { Err(Error::Types(PARTS)) } else { Ok(()) }
}

/// How many parts types have. The children of a type come before it, so that this ends.
struct Sizes<'a> {
    resolve: &'a Resolve,
    known: HashMap<TypeId, usize>,
}

impl Sizes<'_> {
    fn of(&mut self, ty: &Type) -> usize {
        let Type::Id(id) = ty else { return 1 };
        if let Some(size) = self.known.get(id) {
            return *size;
        }
        let resolve = self.resolve;
        let Some(definition) = resolve.types.get(*id) else { return 1 };
        let sum = |sizes: &mut Self, types: &mut dyn Iterator<Item = &Type>| {
            types.fold(1_usize, |sum, ty| sum.saturating_add(sizes.of(ty)))
        };
        let size = match &definition.kind {
            TypeDefKind::Record(record) => sum(self, &mut record.fields.iter().map(|field| &field.ty)),
            TypeDefKind::Tuple(tuple) => sum(self, &mut tuple.types.iter()),
            TypeDefKind::Variant(variant) => sum(self, &mut variant.cases.iter().filter_map(|case| case.ty.as_ref()))
                .saturating_add(variant.cases.len()),
            TypeDefKind::Result(result) => sum(self, &mut result.ok.iter().chain(&result.err)),
            TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::Type(ty) => {
                sum(self, &mut std::iter::once(ty))
            }
            TypeDefKind::FixedLengthList(ty, length) => self.of(ty).saturating_mul(*length as usize),
            TypeDefKind::Map(key, value) => sum(self, &mut [key, value].into_iter()),
            TypeDefKind::Enum(cases) => cases.cases.len(),
            TypeDefKind::Flags(flags) => flags.flags.len(),
            _ => 1,
        };
        self.known.insert(*id, size);
        size
    }
}
