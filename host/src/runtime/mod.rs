//! What runs WebAssembly: one wasmtime engine for the process, its compiled code, and the clock of its deadlines.
//!
//! Everything is lazy: a process that runs no component makes no engine and reads no wasm.
//!
//! Settings and their reasons: `component-model` work in wasmtime 48 is on the asynchronous side, and so are most of its
//! faults; our contracts are synchronous, so that side is off, and a call costs a third. Instances are few and live
//! long, so they are allocated on demand: a pool would reserve its address space at every start.

mod blocking;
mod cache;
mod clock;
mod compiler;
mod embedded;
mod error;
mod limiter;

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, Strategy};

pub(crate) use blocking::off_the_runtime;
pub use clock::TICK;
pub use error::RuntimeError;
pub use limiter::Limiter;

use cache::CodeCache;
use clock::Clock;
use compiler::Compiler;
use embedded::Embedded;

/// The largest component that is compiled unless told otherwise, in bytes; compiling takes time and memory in proportion.
pub const COMPONENT_LIMIT: usize = 64 << 20;

/// How long is waited for a compilation unless told otherwise.
pub const COMPILE_TIME: Duration = Duration::from_secs(60);

/// The SHA-256 of a component's bytes.
type Sha = [u8; 32];

/// What compiling a stranger's component may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// The length of the component, in bytes. Default `COMPONENT_LIMIT`.
    pub size: usize,
    /// How long is waited, the queue included. Default `COMPILE_TIME`. A compilation that has begun goes on after that,
    /// and is there for whoever asks later.
    pub time: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        CompileLimits { size: COMPONENT_LIMIT, time: COMPILE_TIME }
    }
}

/// The process's wasmtime engine. Shared by every client and chain.
pub struct Runtime {
    engine: Engine,
    compiler: Compiler,
    clock: Clock,
}

impl Runtime {
    /// The runtime of this process, made when first asked for, with the compiled code kept in the user's cache folder.
    ///
    /// # Errors
    /// When this machine cannot run wasmtime.
    pub fn shared() -> Result<Arc<Runtime>, RuntimeError> {
        static SHARED: Mutex<Option<Arc<Runtime>>> = Mutex::new(None);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*shared {
            return Ok(Arc::clone(runtime));
        }
        let folder = directories::ProjectDirs::from("", "", "thalweg").map(|dirs| dirs.cache_dir().join("code"));
        let runtime = Arc::new(Runtime::new(folder)?);
        *shared = Some(Arc::clone(&runtime));
        Ok(runtime)
    }

    /// A runtime of its own, with compiled code kept in a folder, or nowhere.
    ///
    /// # Errors
    /// As `shared`.
    pub fn new(cache: Option<PathBuf>) -> Result<Runtime, RuntimeError> {
        let engine = Engine::new(&config()).map_err(|error| RuntimeError::Engine(format!("{error:#}")))?;
        let cache = cache.map(|folder| CodeCache::new(folder, &engine));
        Ok(Runtime { clock: Clock::new(&engine), compiler: Compiler::new(engine.clone(), cache), engine })
    }

    /// The engine, to make stores of. Every store needs a limiter and, before each call, an epoch deadline.
    pub fn engine(&self) -> &Engine {
        self.clock.start();
        &self.engine
    }

    /// How many ticks of the epoch a call may take that has this much time. Rounded up.
    pub fn ticks(time: Duration) -> u64 {
        // One more: the first tick may come at once.
        u64::try_from(time.as_nanos().div_ceil(TICK.as_nanos())).unwrap_or(u64::MAX - 1).saturating_add(1)
    }

    /// The engine component that the binary carries.
    ///
    /// # Errors
    /// When it cannot be compiled.
    pub fn engine_component(&self) -> Result<Component, RuntimeError> {
        let Embedded { name, wasm, sha256 } = &embedded::ENGINE;
        self.compiler.load_own(name, wasm, *sha256)
    }

    /// The names of the stock modules that the binary carries.
    pub fn stock_modules() -> impl Iterator<Item = &'static str> {
        embedded::MODULES.iter().map(|module| module.name)
    }

    /// The bytes of a stock module; `None` if there is none of that name.
    pub fn stock_bytes(name: &str) -> Option<&'static [u8]> {
        embedded::MODULES.iter().find(|module| module.name == name).map(|module| module.wasm)
    }

    /// The components that the binary carries for other hosts beside the engine and the stock modules, by name.
    ///
    /// # Errors
    /// When one cannot be unpacked.
    pub fn client_components() -> impl Iterator<Item = std::io::Result<(&'static str, Vec<u8>)>> {
        embedded::CLIENTS.iter().map(|(name, packed)| {
            let mut wasm = Vec::new();
            GzDecoder::new(*packed).read_to_end(&mut wasm)?;
            Ok((*name, wasm))
        })
    }

    /// The bytes of the engine component that the binary carries.
    pub fn engine_bytes() -> &'static [u8] {
        embedded::ENGINE.wasm
    }

    /// A stock module by its name.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be compiled.
    pub fn stock_module(&self, name: &str) -> Result<Component, RuntimeError> {
        let module = embedded::MODULES.iter().find(|module| module.name == name);
        let Embedded { name, wasm, sha256 } = module.ok_or_else(|| RuntimeError::NoStockModule {
            name: name.to_owned(),
            known: Runtime::stock_modules().collect::<Vec<_>>().join(", "),
        })?;
        self.compiler.load_own(name, wasm, *sha256)
    }

    /// A component in a file, compiled within the default limits.
    ///
    /// # Errors
    /// When it cannot be read, is too long, is no component, or compiling it takes too long.
    pub fn component_file(&self, path: &Path) -> Result<Component, RuntimeError> {
        self.component_file_within(path, CompileLimits::default())
    }

    /// A component in a file.
    ///
    /// # Errors
    /// As `component_file`.
    pub fn component_file_within(&self, path: &Path, limits: CompileLimits) -> Result<Component, RuntimeError> {
        let wasm = read(path, limits.size)?;
        self.component_within(&path.display().to_string(), wasm.into(), limits)
    }

    /// A component from its bytes, compiled within the default limits; `name` is what errors call it.
    ///
    /// # Errors
    /// When it is too long, is no component, or compiling it takes too long.
    pub fn component(&self, name: &str, wasm: &[u8]) -> Result<Component, RuntimeError> {
        self.component_within(name, wasm.to_vec().into(), CompileLimits::default())
    }

    /// How many components this runtime compiled; those whose code was kept on disk are not counted.
    pub fn compiled(&self) -> u64 {
        self.compiler.compiled()
    }

    fn component_within(
        &self,
        name: &str,
        wasm: Cow<'static, [u8]>,
        limits: CompileLimits,
    ) -> Result<Component, RuntimeError> {
        require_component(name, &wasm, limits.size)?;
        let sha256 = Sha256::digest(&wasm).into();
        self.compiler.load(name, wasm, sha256, limits.time)
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .concurrency_support(false)
        .epoch_interruption(true)
        .parallel_compilation(true)
        .wasm_memory64(false)
        .wasm_stack_switching(false)
        .wasm_shared_everything_threads(false)
        // The same rows give the same bytes on every machine.
        .relaxed_simd_deterministic(true);
    config
}

/// The file, or, if it is too long, one byte more than it may have.
fn read(path: &Path, limit: usize) -> Result<Vec<u8>, RuntimeError> {
    use std::io::Read as _;
    let unreadable = |cause| RuntimeError::Unreadable { path: path.to_owned(), cause };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut wasm = Vec::new();
    file.take((limit as u64).saturating_add(1)).read_to_end(&mut wasm).map_err(unreadable)?;
    Ok(wasm)
}

/// What can be told from the first bytes, in plainer words than a validator's.
fn require_component(name: &str, wasm: &[u8], limit: usize) -> Result<(), RuntimeError> {
    let name = || name.to_owned();
    if wasm.len() > limit {
        return Err(RuntimeError::TooLarge { name: name(), limit });
    }
    match wasm {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(RuntimeError::CoreModule { name: name() }),
        _ => Err(RuntimeError::NotWasm { name: name() }),
    }
}

#[cfg(test)]
mod tests;
