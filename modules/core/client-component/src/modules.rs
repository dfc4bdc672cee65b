//! Who runs the modules: an interface, and what stands behind it where there are none.

use thalweg_chain::given::{Answer, Context, Plan, Refusal};
use thalweg_wire::column::Batch;

/// Runs modules by their names.
pub trait Modules {
    /// Starts an instance and opens it.
    ///
    /// # Errors
    /// Why there is none.
    fn open(&self, name: &str, context: &Context<'_>) -> Result<(Box<dyn Instance>, Plan), OpenError>;
}

/// An instance of a module in its place.
pub trait Instance {
    /// Makes a call.
    ///
    /// # Errors
    /// Why there is no answer.
    fn apply(&mut self, input: &Batch<'_>) -> Result<Answer, CallError>;
}

/// Why a module is not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenError {
    /// There is no module of that name: what there is instead.
    Unknown(String),
    /// The module refuses its configuration or its place.
    Refused(Refusal),
    /// No instance could be started: why.
    Failed(String),
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The module refuses all rows of the call.
    Refused(Refusal),
    /// It failed: why. The instance is not called again.
    Failed(String),
}

/// No modules.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoModules;

impl Modules for NoModules {
    fn open(&self, _: &str, _: &Context<'_>) -> Result<(Box<dyn Instance>, Plan), OpenError> {
        let text = "this client component was built without modules; use the one with modules, composed with them";
        Err(OpenError::Unknown(text.to_owned()))
    }
}
