//! What a module is.

mod guest;

use crate::bindings::exports::thalweg::module::transform;
use crate::{Answer, Batch, Error, Parameters, Plan, Schema, config};

pub use guest::{Exported, Instance, Slot};
pub use transform::{Instances, Operation};

/// One user-written step between `append` and the batching buffer, or between a scan and its reader.
///
/// The host makes an instance with [`open`](Module::open) and then calls [`apply`](Module::apply) once a batch, never two
/// calls at once. [`filter`](macro@crate::filter) and [`map`](macro@crate::map) write this for you; by hand it is needed
/// where columns are known only from the configuration, or where a module wants whole columns.
///
/// ```
/// use thalweg_module::{Answer, Batch, Context, Description, Error, Input, Module, Plan, Selection};
///
/// /// Keeps the rows whose flight was late.
/// struct Late {
///     delay: Input<i32>,
/// }
///
/// impl Module for Late {
///     fn describe() -> Description {
///         Description::new("keeps the rows whose flight was late")
///     }
///
///     fn open(context: &Context) -> Result<(Self, Plan), Error> {
///         let mut plan = Plan::new(context.input());
///         let delay = plan.read("delay")?;
///         Ok((Self { delay }, plan))
///     }
///
///     fn apply(&mut self, batch: Batch) -> Result<Answer, Error> {
///         let delay = batch.column(self.delay)?;
///         let late = Selection::from_fn_where(delay.validity(), batch.rows(), |row| delay.value(row) > 30);
///         Ok(Answer::kept(late))
///     }
/// }
///
/// thalweg_module::export!(Late);
/// # fn main() {}
/// ```
pub trait Module: Sized + 'static {
    /// Says what the module does. May be called at any time.
    fn describe() -> Description;

    /// Prepares an instance for batches of one schema.
    ///
    /// # Errors
    /// [`Error::Config`] and [`Error::Input`] say what is wrong with the configuration or the input.
    fn open(context: &Context) -> Result<(Self, Plan), Error>;

    /// Treats one batch, which holds the columns that the plan reads.
    ///
    /// # Errors
    /// An error refuses the whole batch.
    fn apply(&mut self, batch: Batch) -> Result<Answer, Error>;
}

/// What a module is, for people and tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub(crate) summary: String,
    pub(crate) parameters: String,
}

impl Description {
    /// A module without configuration. The summary is one sentence.
    pub fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), parameters: config::NO_PARAMETERS.to_owned() }
    }

    /// A module with the configuration `P`, see [`config`](macro@crate::config).
    #[must_use]
    pub fn with_parameters<P: Parameters>(mut self) -> Self {
        self.parameters = P::schema().to_string();
        self
    }

    /// One sentence: what the module does.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The configuration as a JSON Schema.
    pub fn parameters(&self) -> &str {
        &self.parameters
    }
}

/// Where a module stands in a chain.
#[derive(Debug, Clone)]
pub struct Context {
    inner: transform::Context,
}

impl Context {
    pub(crate) fn new(inner: transform::Context) -> Self {
        Self { inner }
    }

    /// `database.table`.
    pub fn table(&self) -> &str {
        &self.inner.table
    }

    /// What the rows are on their way to.
    pub fn operation(&self) -> Operation {
        self.inner.operation
    }

    /// The rows' columns before this module. For deletes, and for upserts of some columns, fewer than the table has.
    pub fn input(&self) -> &Schema {
        &self.inner.input
    }

    /// The configuration, read into a struct made with [`config`](macro@crate::config) (or any that serde can read).
    ///
    /// # Errors
    /// [`Error::Config`] names the key that is missing, unknown or has a wrong value.
    pub fn config<C: serde::de::DeserializeOwned>(&self) -> Result<C, Error> {
        config::parse(&self.inner.config)
    }

    /// For a module without configuration.
    ///
    /// # Errors
    /// [`Error::Config`] if there is any key.
    pub fn no_config(&self) -> Result<(), Error> {
        config::expect_empty(&self.inner.config)
    }
}
