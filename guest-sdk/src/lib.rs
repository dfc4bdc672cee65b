#![doc = include_str!("../README.md")]
//!
//! # The parts
//!
//! - [`filter`], [`map`], [`filter_map`] and [`flat_map`] turn a function over one row, or over whole columns, into a
//!   module; [`config`](macro@config) describes what can be set.
//! - [`Module`] is what they stand on, for modules that fit any schema or want every cycle: a [`Plan`] made once, then
//!   typed [`Column`]s in, and a [`Selection`] or columns made by a [`Builder`] out.
//! - [`AnyColumn`] is a column whose type is known only when the module runs, with [`AnyOutput`] to copy rows of one and
//!   [`AnyBuilder`] to build one; [`json`](mod@json) reads and writes values of every type.
//! - [`testing`] runs a module on rows from literals or JSON, without a host.
//! - [`log`] is all that a module can reach.

#[doc(hidden)]
pub mod bindings;

mod answer;
mod any;
mod batch;
mod bits;
mod builder;
mod config;
mod decimal;
mod describe;
mod error;
mod guest;
pub mod json;
pub mod log;
mod module;
mod nested;
mod outcome;
mod plan;
mod schema;
mod sql;
pub mod testing;
mod value;

pub use answer::{Answer, Refusals, Selection};
pub use any::{AnyBuilder, AnyColumn, AnyInput, AnyOutput, ColumnType};
pub use batch::{Batch, Column};
pub use bindings::thalweg::module::types::{DataType, Field, Schema};
pub use bits::{Bitmap, Bits};
pub use builder::{Builder, Written};
pub use config::{Parameter, Parameters};
pub use decimal::{Decimal, ParseDecimalError};
pub use error::Error;
pub use module::{Context, Description, Instances, Module, Operation};
pub use nested::{Array, Dictionary, Element, Fields, List, ListIter, Map, MapIter, Nested, Record, Row};
pub use plan::{Input, Output, Plan};

pub use thalweg_module_macros::{config, filter, filter_map, flat_map, map};
/// Views of the columns of a batch, see [`Column::values`].
pub mod views {
    pub use crate::value::{Blobs, Decimals, Instants, Texts, Times};
}
pub use value::{Date, Numeric, ParseTimeError, Time, Timestamp, TimestampLtz, Unfit, Unit, Value};

/// What the macros' code refers to.
#[doc(hidden)]
pub mod private {
    pub use crate::batch::{masks, numbers};
    pub use crate::describe::{named, object, one_of, property, tagged, values, word, words};
    pub use crate::guest::{Exported, Instance, Slot};
    pub use crate::nested::{
        FieldColumn, FieldInput, ListBuilder, ListOutput, NestedColumn, NestedInput, read_field, read_nested,
        view_field, view_nested, write_list, write_list_as,
    };
    pub use crate::outcome::{Columns, kept, produced, refused, replaced, selected};
    pub use crate::value::Item;
    pub use serde;
    pub use serde_json;
}

// The macros name the crate by its published name, also in this crate's own tests.
extern crate self as thalweg_module;
