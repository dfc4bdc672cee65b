//! Work that may hold a thread up, away from the threads of tokio's runtime.

use tokio::task::JoinError;

/// Does work that may hold a thread up on a thread that may be held up. Dropping the future does not stop work that began.
///
/// # Errors
/// As the work; also when it panics, or the tokio runtime ends before it was begun.
pub(crate) async fn off_the_runtime<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<JoinError> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.into()))
}
