//! Whose code is run, and whose is not.

use std::sync::Barrier;
use std::thread;

use super::super::Runtime;
use super::*;

/// The smallest component.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = folder.path().join("code");
    (folder, cache)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

fn runtime(cache: &Path) -> Runtime {
    Runtime::new(Some(cache.to_owned())).expect("an engine")
}

/// A component of its own for each seed: a custom section makes it another.
fn padded(seed: u8) -> Vec<u8> {
    [EMPTY, &[0, 3, 1, b'n', seed]].concat()
}

/// Whether another process would find its code.
fn is_found(cache: &Path, wasm: &[u8]) -> bool {
    let runtime = runtime(cache);
    runtime.component("x", wasm).expect("a component");
    runtime.compiled() == 0
}

/// Whether the code is used as it lies there: nothing is written.
fn is_used(cache: &Path, wasm: &[u8]) -> bool {
    let engine = runtime(cache).engine;
    CodeCache::new(cache.to_owned(), &engine).load(&engine, &Sha256::digest(wasm).into()).is_some()
}

fn kept(cache: &Path) -> PathBuf {
    runtime(cache).component("x", EMPTY).expect("a component");
    let mut files = files(cache);
    assert_eq!(files.len(), 1);
    files.remove(0)
}

#[test]
fn code_is_kept_and_found_again() {
    let (_folder, cache) = folder();
    assert!(!is_used(&cache, EMPTY));
    assert!(!is_found(&cache, EMPTY));
    assert!(is_found(&cache, EMPTY));
    assert_eq!(files(&cache).len(), 1);
}

#[test]
fn a_damaged_file_is_not_used_and_replaced() {
    let (_folder, cache) = folder();
    let file = kept(&cache);
    let whole = fs::read(&file).expect("the code");
    let flipped = |at: usize| {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        flipped
    };
    let older = [b"thalweg1", &whole[8..]].concat();
    let last = whole.len() - 1;
    let cut = [whole[..last].to_vec(), whole[..20].to_vec(), Vec::new(), whole[8..].to_vec(), older];
    for damaged in cut.into_iter().chain([0, 8, 100, last].map(flipped)) {
        fs::write(&file, damaged).expect("written");
        assert!(!is_used(&cache, EMPTY));
        assert!(!is_found(&cache, EMPTY), "compiled anew");
        assert!(is_found(&cache, EMPTY), "and kept");
    }
}

#[test]
fn code_of_another_component_or_engine_is_not_used() {
    let (_folder, cache) = folder();
    let file = kept(&cache);
    let other = padded(1);
    runtime(&cache).component("x", &other).expect("a component");
    let engine = runtime(&cache).engine;
    let ours = CodeCache::new(cache.clone(), &engine);
    let key = |wasm: &[u8]| ours.key(&Sha256::digest(wasm).into());
    fs::copy(ours.path(&key(&other)), &file).expect("copied");
    assert!(!is_used(&cache, EMPTY), "the code of another component, whole and our own");

    let mut settings = super::super::config();
    settings.epoch_interruption(false);
    let foreign = Engine::new(&settings).expect("an engine");
    let code = Component::new(&foreign, EMPTY).and_then(|component| component.serialize()).expect("its code");
    let digest = digest_of(&key(EMPTY), &code);
    fs::write(&file, [&MAGIC[..], &digest, &code].concat()).expect("written");
    assert!(!is_used(&cache, EMPTY), "code made with other settings, with a right digest");
    assert_ne!(CodeCache::new(cache.clone(), &foreign).seed, ours.seed, "it would have another name as well");
}

#[cfg(unix)]
#[test]
fn what_others_could_write_is_not_used() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let (_folder, cache) = folder();
    let file = kept(&cache);
    assert_eq!(fs::metadata(&file).expect("a file").mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&cache).expect("a folder").mode() & 0o777, 0o700);
    let chmod = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
    for (path, open, closed) in [(&file, 0o620, 0o600), (&file, 0o602, 0o600), (&cache, 0o720, 0o700)] {
        chmod(path, open);
        assert!(!is_used(&cache, EMPTY), "{open:o}");
        chmod(path, closed);
        assert!(is_used(&cache, EMPTY), "{closed:o}");
    }
    let metadata = fs::metadata(&file).expect("a file");
    assert!(private_to(metadata.uid(), &metadata).is_ok());
    assert!(private_to(metadata.uid() + 1, &metadata).is_err(), "the file of another user");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let (folder, cache) = folder();
    let file = kept(&cache);
    let moved = folder.path().join("moved");
    fs::rename(&file, &moved).expect("moved");
    symlink(&moved, &file).expect("a link to a file");
    assert!(!is_used(&cache, EMPTY));
    fs::remove_file(&file).expect("removed");
    fs::rename(&moved, &file).expect("moved back");
    assert!(is_used(&cache, EMPTY));
    let real = folder.path().join("real");
    fs::rename(&cache, &real).expect("moved");
    symlink(&real, &cache).expect("a link to a folder");
    assert!(!is_used(&cache, EMPTY));
}

#[test]
fn writers_at_once_leave_whole_files() {
    let (_folder, cache) = folder();
    let start = Barrier::new(6);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let runtime = runtime(&cache);
                start.wait();
                (0..4).for_each(|seed| drop(runtime.component("x", &padded(seed)).expect("a component")));
            });
        }
    });
    assert_eq!(files(&cache).len(), 4, "no file is left behind");
    assert!((0..4).all(|seed| is_used(&cache, &padded(seed))));
}

#[test]
fn a_folder_that_cannot_be_written_only_costs_time() {
    let (folder, cache) = folder();
    fs::write(folder.path().join("code"), "a file where the folder should be").expect("written");
    assert!(!is_found(&cache, EMPTY));
    assert!(!is_found(&cache, EMPTY));
}

#[test]
fn the_cache_keeps_a_bounded_number_of_files() {
    let (_folder, cache) = folder();
    let runtime = runtime(&cache);
    (0..70).for_each(|seed| drop(runtime.component("padded", &padded(seed)).expect("a component")));
    assert_eq!(files(&cache).len(), FILES);
}
