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
//!
//! # The sources
//!
//! ```text
//! bindings  what wit-bindgen makes of wit/module
//! error     why a module refuses its configuration, its place or a batch
//! log       the host's log
//! bits      bitmaps, one bit a row
//! value     the types of values, and their columns
//! schema    what can be asked of schemas and data types, and their SQL
//! config    configuration from JSON, described as a JSON Schema
//! plan      what a module does with the columns, made once
//! batch     columns that are read
//! builder   columns that are written
//! answer    what became of the rows of a batch
//! any       columns of a type that is known only when the module runs
//! json      values as JSON
//! nested    arrays, maps and rows as values
//! module    the trait of modules, and how a host calls it
//! export    the macro that makes a type the module of a component
//! testing   a module on rows from literals or JSON, without a host
//! ```

#[doc(hidden)]
pub mod bindings;

mod answer;
mod any;
mod batch;
mod bits;
mod builder;
mod config;
mod error;
mod export;
pub mod json;
pub mod log;
mod module;
mod nested;
mod plan;
mod schema;
pub mod testing;
mod value;

pub use answer::{Answer, Refusals, Selection};
pub use any::{AnyBuilder, AnyColumn, AnyInput, AnyOutput, ColumnType};
pub use batch::{Batch, Column};
pub use bindings::thalweg::module::types::{DataType, Field, Schema};
pub use bits::{Bitmap, Bits};
pub use builder::{Builder, Written};
pub use config::{Parameter, Parameters};
pub use error::Error;
pub use module::{Context, Description, Instances, Module, Operation};
pub use nested::{Array, Dictionary, Element, Fields, List, ListIter, Map, MapIter, Nested, Record, Row};
pub use plan::{Input, Output, Plan};
pub use value::{
    Date, Decimal, Numeric, ParseDecimalError, ParseTimeError, Time, Timestamp, TimestampLtz, Unfit, Unit, Value,
};

pub use thalweg_module_macros::{config, filter, filter_map, flat_map, map};

/// Views of the columns of a batch, see [`Column::values`].
pub mod views {
    pub use crate::value::{Blobs, Decimals, Instants, Texts, Times};
}

/// What the macros' code refers to.
#[doc(hidden)]
pub mod private {
    pub use crate::answer::{Columns, kept, produced, refused, replaced, selected};
    pub use crate::batch::{masks, numbers};
    pub use crate::config::describe::{named, object, one_of, property, tagged, values, word, words};
    pub use crate::module::{Exported, Instance, Slot};
    pub use crate::nested::{
        FieldColumn, FieldInput, ListBuilder, ListOutput, NestedColumn, NestedInput, read_field, read_nested,
        view_field, view_nested, write_list, write_list_as,
    };
    pub use crate::value::Item;
    pub use serde;
    pub use serde_json;
}

// The macros name the crate by its published name, also in this crate's own tests.
extern crate self as thalweg_module;
