//! Starts the engine that a session drives.

use std::sync::Arc;

use thalweg_contract::{Instant, Settings, Workplace};

use crate::{
    client::{EngineKind, Error},
    driver::{ComponentEngine, EngineInstance, Lockstep, Native, OpenError},
    runtime::{Runtime, off_the_runtime},
};

/// Starts an engine. `runtime` runs the component; `None`: the one that the process shares.
pub(super) async fn start(
    kind: EngineKind,
    runtime: Option<Arc<Runtime>>,
    now: Instant,
    settings: &Settings,
    seed: u64,
) -> Result<Box<dyn EngineInstance>, Error> {
    Ok(match kind {
        EngineKind::Native => Box::new(Native::open(now, settings.clone(), seed)?),
        EngineKind::Component => Box::new(component(runtime, Workplace::Outside, now, settings, seed).await?),
        EngineKind::Inside => Box::new(component(runtime, Workplace::Inside, now, settings, seed).await?),
        EngineKind::Lockstep => {
            let component = component(runtime, Workplace::Outside, now, settings, seed).await?;
            let secret = settings.connection.login.is_some();
            Box::new(Lockstep::new(Native::open(now, settings.clone(), seed)?, component, secret))
        }
    })
}

/// Starts the engine component on a thread that may block: the first time it may have to be compiled.
async fn component(
    runtime: Option<Arc<Runtime>>,
    work: Workplace,
    now: Instant,
    settings: &Settings,
    seed: u64,
) -> Result<ComponentEngine, Error> {
    let settings = settings.clone();
    off_the_runtime(move || open_component(runtime, work, now, &settings, seed)).await
}

/// Compiles the engine component, or finds it compiled, and starts an engine. Blocks.
fn open_component(
    runtime: Option<Arc<Runtime>>,
    work: Workplace,
    now: Instant,
    settings: &Settings,
    seed: u64,
) -> Result<ComponentEngine, Error> {
    let runtime = match runtime {
        Some(runtime) => runtime,
        None => Runtime::shared()?,
    };
    let opened = ComponentEngine::open(&runtime, &runtime.engine_component()?, work, now, settings, seed);
    opened.map_err(|error| match error {
        OpenError::Settings(error) => Error::Engine(error),
        OpenError::Trap(trap) => Error::Broken { cause: trap.to_string() },
    })
}
