//! How a command ends.

/// Why a command ends with another status than 0.
#[derive(Debug)]
pub(in crate::cli) enum Failure {
    /// Something failed: one sentence. Status 1.
    Failed(anyhow::Error),
    /// Already reported; status 1.
    Reported,
    /// Interrupted. Status 130.
    Interrupted,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

pub(in crate::cli) type Outcome = Result<(), Failure>;
