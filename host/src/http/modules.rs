//! The stock modules, and modules made into JavaScript, so that they run in the page.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::answer::{self, Refusal};
use super::page;
use crate::module::{Description, Inspection, ModuleSpec, Reach, Source, describe, inspect};
use crate::runtime::Runtime;

/// The longest module, in bytes.
const MODULE_BYTES: usize = 16 << 20;
/// Modules that are kept, and what they may hold together, in bytes; the longest unused goes first.
const KEPT: usize = 32;
const KEPT_BYTES: usize = 256 << 20;
/// Modules that are compiled and made into JavaScript at once.
const AT_ONCE: usize = 2;
/// Modules that come in at once: each is held whole.
const UPLOADS: usize = 4;
/// How long one may take, with waiting for its turn.
const MAKE_TIME: Duration = Duration::from_secs(60);
/// What the JavaScript of every module is called.
const ENTRY: &str = "module";
/// The id of the engine, which is made into JavaScript as modules are.
const ENGINE: &str = "engine";

/// Modules made into JavaScript, and their bytes as files, for flows.
pub(super) struct Modules {
    folder: tempfile::TempDir,
    made: Mutex<Kept>,
    room: Arc<Semaphore>,
    uploads: Semaphore,
}

#[derive(Default)]
struct Kept {
    modules: HashMap<String, Arc<Made>>,
    /// Ids, the longest unused first.
    used: Vec<String>,
}

/// A module made into JavaScript.
struct Made {
    id: String,
    /// What the page is told of it.
    told: Value,
    files: HashMap<String, File>,
    bytes: usize,
}

struct File {
    bytes: Bytes,
    tag: String,
}

impl Modules {
    pub(super) fn new() -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("thalweg-modules").tempdir()?;
        let (room, uploads) = (Arc::new(Semaphore::new(AT_ONCE)), Semaphore::new(UPLOADS));
        Ok(Self { folder, made: Mutex::default(), room, uploads })
    }

    /// The file of a module that was made into JavaScript before, if it is still kept.
    pub(super) fn path(&self, id: &str) -> Option<PathBuf> {
        self.find(id).map(|made| self.file_of(&made.id))
    }

    fn file_of(&self, id: &str) -> PathBuf {
        self.folder.path().join(id).with_extension("wasm")
    }

    /// A module that is kept; it counts as used.
    fn find(&self, id: &str) -> Option<Arc<Made>> {
        let mut kept = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let made = kept.modules.get(id).cloned()?;
        kept.used.retain(|used| used != id);
        kept.used.push(id.to_owned());
        Some(made)
    }

    /// Keeps a module, and forgets others that were not used for long.
    fn keep(&self, made: Made) -> Arc<Made> {
        let made = Arc::new(made);
        let mut kept = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        kept.used.retain(|used| *used != made.id);
        kept.used.push(made.id.clone());
        kept.modules.insert(made.id.clone(), Arc::clone(&made));
        let too_many = |kept: &Kept| {
            kept.modules.len() > KEPT || kept.modules.values().map(|made| made.bytes).sum::<usize>() > KEPT_BYTES
        };
        while kept.used.len() > 1 && too_many(&kept) {
            let oldest = kept.used.remove(0);
            kept.modules.remove(&oldest);
            let _ = std::fs::remove_file(self.file_of(&oldest));
        }
        made
    }

    /// Makes a component into JavaScript, unless that was done before.
    async fn make(self: &Arc<Self>, what: What) -> Result<Arc<Made>, Refusal> {
        let id = match &what {
            What::Engine => ENGINE.to_owned(),
            What::Stock(name) => format!("stock-{name}"),
            What::Module(_, bytes) => id(bytes),
        };
        if let Some(made) = self.find(&id) {
            return Ok(made);
        }
        let (modules, room) = (Arc::clone(self), Arc::clone(&self.room));
        let work = async move {
            let Ok(turn) = room.acquire_owned().await else {
                return Err(Refusal::busy("the server stops"));
            };
            let work = move || {
                // Work on a thread cannot be called off: its turn ends with it, not with who waits for it.
                let _turn = turn;
                modules.make_now(id, what)
            };
            tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a module could not be made into JavaScript");
                Err(Refusal::unfit("the module cannot be made into JavaScript: what does that broke down over it"))
            })
        };
        timeout(MAKE_TIME, work).await.unwrap_or_else(|_| {
            Err(Refusal::busy(format!("the module takes more than {} s to be compiled", MAKE_TIME.as_secs())))
        })
    }

    fn make_now(&self, id: String, what: What) -> Result<Arc<Made>, Refusal> {
        let (bytes, name, told) = match what {
            What::Engine => (Bytes::from_static(Runtime::engine_bytes()), ENGINE, json!({})),
            What::Stock(name) => {
                let bytes = Runtime::stock_bytes(&name).ok_or_else(|| no_stock_module(&name))?;
                let described = describe_stock(&name).map_err(Refusal::unfit)?;
                (Bytes::from_static(bytes), ENTRY, told(&name, bytes.len(), Some(&described), &[]))
            }
            What::Module(name, bytes) => {
                let path = self.file_of(&id);
                let told = self.look_into(&name, &path, &bytes)?;
                (bytes, ENTRY, told)
            }
        };
        let options = thalweg_js::Options { checked: name != ENGINE, ..thalweg_js::Options::default() };
        let made = thalweg_js::transpile(&bytes, name, &options);
        let made = made.map_err(|error| Refusal::unfit(format!("it cannot be made into JavaScript: {error}")))?;
        let file = |made: thalweg_js::File| {
            let tag = page::tag(&made.bytes);
            (made.name, File { tag, bytes: made.bytes.into() })
        };
        let files: HashMap<String, File> = made.into_iter().map(file).collect();
        let bytes = bytes.len() + files.values().map(|file| file.bytes.len()).sum::<usize>();
        let mut told = told;
        told["id"] = json!(id);
        told["entry"] = json!(format!("/made/{id}/{name}.js"));
        Ok(self.keep(Made { id, told, files, bytes }))
    }

    /// Writes a module down and looks into it: what it is, and whether it may be run.
    fn look_into(&self, name: &str, path: &std::path::Path, bytes: &[u8]) -> Result<Value, Refusal> {
        let failed = |error: &dyn std::fmt::Display| Refusal::unfit(error.to_string());
        std::fs::write(path, bytes).map_err(|error| failed(&error))?;
        let mut spec = ModuleSpec::new("module.wasm", self.folder.path());
        spec.source = Source::File(path.to_owned());
        spec.name = name.to_owned();
        let looked = Runtime::shared().map_err(|error| failed(&error));
        let looked = looked.and_then(|runtime| inspect(&runtime, &spec).map_err(|error| failed(&error)));
        let inspection: Result<Inspection, Refusal> = looked.and_then(|inspection| match &inspection.refused {
            Some(error) => Err(failed(&error)),
            None => Ok(inspection),
        });
        match inspection {
            Ok(inspection) => {
                let outside = inspection.imports.iter().filter(|import| matches!(import.reach, Reach::Inert(_)));
                let outside: Vec<String> = outside.map(|import| import.name.clone()).collect();
                Ok(told(name, bytes.len(), inspection.description.as_ref(), &outside))
            }
            Err(refusal) => {
                let _ = std::fs::remove_file(path);
                Err(refusal)
            }
        }
    }
}

/// What is made into JavaScript.
enum What {
    Engine,
    Stock(String),
    Module(String, Bytes),
}

/// What the page is told of a module. `inert`: imports of it that only the node's sandbox has.
fn told(name: &str, size: usize, description: Option<&Description>, inert: &[String]) -> Value {
    json!({
        "name": name,
        "size": size,
        "summary": description.map(|description| &description.summary),
        "parameters": description.map(|description| &description.schema),
        "inert": inert,
    })
}

fn describe_stock(name: &str) -> Result<Description, String> {
    let runtime = Runtime::shared().map_err(|error| error.to_string())?;
    describe(&runtime, &ModuleSpec::new(name, "".as_ref())).map_err(|error| error.to_string())
}

fn no_stock_module(name: &str) -> Refusal {
    let known = Runtime::stock_modules().collect::<Vec<_>>().join(", ");
    Refusal::new(StatusCode::NOT_FOUND, format!("there is no stock module {name:?}; there are {known}"))
}

/// What a module is called here: by its bytes.
fn id(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let mut id = String::new();
    for byte in digest.iter().take(16) {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// `GET /modules`: the stock modules, as they say themselves.
pub(super) async fn list() -> Result<Response, Refusal> {
    static LIST: OnceLock<Value> = OnceLock::new();
    if let Some(list) = LIST.get() {
        return Ok(answer::json(list));
    }
    let describe_all = || {
        let described = |name: &'static str| {
            let size = Runtime::stock_bytes(name).map_or(0, <[u8]>::len);
            Ok(told(name, size, Some(&describe_stock(name)?), &[]))
        };
        Runtime::stock_modules().map(described).collect::<Result<Vec<_>, String>>()
    };
    let list = tokio::task::spawn_blocking(describe_all).await;
    let list = list.map_err(|error| error.to_string()).and_then(|list| list);
    let list = list.map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error))?;
    Ok(answer::json(LIST.get_or_init(|| list.into())))
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// A stock module, in place of a body.
    stock: Option<String>,
    /// What a module that comes as the body is called.
    name: Option<String>,
}

/// `POST /transpile`: a module, or the name of a stock module, made into JavaScript; answers with what it is and where its
/// JavaScript begins.
pub(super) async fn transpile(
    State(modules): State<Arc<Modules>>,
    Query(wanted): Query<Wanted>,
    body: Body,
) -> Result<Response, Refusal> {
    let Ok(_place) = modules.uploads.try_acquire() else {
        return Err(Refusal::busy("other modules come in now; give it again in a moment"));
    };
    let what = match wanted.stock {
        Some(name) => {
            // Before it is part of anything: only names that there are.
            if Runtime::stock_bytes(&name).is_none() {
                return Err(no_stock_module(&name));
            }
            What::Stock(name)
        }
        None => {
            let name: String = wanted.name.as_deref().unwrap_or("module").chars().take(64).collect();
            What::Module(crate::text::message(&name).into_owned(), answer::bytes(body, MODULE_BYTES).await?)
        }
    };
    Ok(answer::json(&modules.make(what).await?.told))
}

/// `GET /made/MODULE/FILE`: a file of what was made.
pub(super) async fn file(
    State(modules): State<Arc<Modules>>,
    Path((module, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    file_of(modules.find(&module).as_deref(), &file, &headers)
}

/// `GET /thalweg/generated/FILE`: a file of the engine, which is made into JavaScript when first asked for.
pub(super) async fn engine_file(
    State(modules): State<Arc<Modules>>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    match modules.make(What::Engine).await {
        Ok(made) => file_of(Some(&made), &file, &headers),
        Err(refusal) => refusal.into_response(),
    }
}

fn file_of(made: Option<&Made>, file: &str, headers: &HeaderMap) -> Response {
    match made.and_then(|made| made.files.get(file)) {
        Some(found) => page::serve(file, Body::from(found.bytes.clone()), &found.tag, headers),
        None => {
            Refusal::new(StatusCode::NOT_FOUND, "there is no such module here any more; give it again").into_response()
        }
    }
}
