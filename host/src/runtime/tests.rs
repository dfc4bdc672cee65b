//! The cache of compiled code, and what is no component.

use std::fs;

use super::*;

/// The smallest component.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn cached() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = folder.path().join("code");
    (folder, cache)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

fn load(folder: &Path) -> Option<Component> {
    let runtime = Runtime::new(Some(folder.to_owned())).expect("an engine");
    let sha256 = Sha256::digest(EMPTY).into();
    runtime.cache.as_ref().expect("it has a cache").load(&runtime.engine, &sha256)
}

#[test]
fn code_is_kept_and_found_again() {
    let (_folder, cache) = cached();
    assert!(load(&cache).is_none());
    Runtime::new(Some(cache.clone())).expect("an engine").component("empty", EMPTY).expect("a component");
    assert_eq!(files(&cache).len(), 1);
    assert!(load(&cache).is_some());
}

#[test]
fn a_damaged_file_is_not_used_and_replaced() {
    let (_folder, cache) = cached();
    let runtime = || Runtime::new(Some(cache.clone())).expect("an engine");
    runtime().component("empty", EMPTY).expect("a component");
    let file = files(&cache).remove(0);
    let whole = fs::read(&file).expect("the code");
    for damaged in [&whole[..whole.len() - 1], &whole[..20], b"", &whole[8..]] {
        fs::write(&file, damaged).expect("written");
        assert!(load(&cache).is_none());
    }
    let mut flipped = whole.clone();
    flipped[100] ^= 1;
    fs::write(&file, flipped).expect("written");
    assert!(load(&cache).is_none());
    runtime().component("empty", EMPTY).expect("compiled anew");
    assert!(load(&cache).is_some());
}

#[cfg(unix)]
#[test]
fn what_others_could_write_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, cache) = cached();
    Runtime::new(Some(cache.clone())).expect("an engine").component("empty", EMPTY).expect("a component");
    let file = files(&cache).remove(0);
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&cache).expect("a folder").permissions().mode() & 0o777, 0o700);
    for (path, open, closed) in [(&file, 0o620, 0o600), (&file, 0o602, 0o600), (&cache, 0o720, 0o700)] {
        fs::set_permissions(path, fs::Permissions::from_mode(open)).expect("changed");
        assert!(load(&cache).is_none(), "{open:o}");
        fs::set_permissions(path, fs::Permissions::from_mode(closed)).expect("changed");
        assert!(load(&cache).is_some(), "{closed:o}");
    }
}

#[test]
fn the_cache_keeps_a_bounded_number_of_files() {
    let (_folder, cache) = cached();
    let runtime = Runtime::new(Some(cache.clone())).expect("an engine");
    for seed in 0..70u8 {
        // A custom section makes another component of it.
        let wasm = [EMPTY, &[0, 3, 1, b'n', seed]].concat();
        runtime.component("padded", &wasm).expect("a component");
    }
    assert_eq!(files(&cache).len(), 64);
}

#[test]
fn what_is_no_component_is_named() {
    let runtime = Runtime::new(None).expect("an engine");
    let cases: [(&[u8], &str); 4] = [
        (b"", "x is not WebAssembly"),
        (b"PAR1", "x is not WebAssembly"),
        (b"\0asm\x01\0\0\0", "x is a core WebAssembly module"),
        (b"\0asm\x0d\0\x01\0\xff\xff", "x is not a valid component"),
    ];
    for (wasm, expected) in cases {
        let error = runtime.component("x", wasm).expect_err("it is none").to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = runtime.component_file("/nowhere.wasm".as_ref()).expect_err("no file").to_string();
    assert!(error.starts_with("/nowhere.wasm cannot be read"), "{error}");
    let error = runtime.stock_module("wher").expect_err("no such module").to_string();
    assert!(error.contains("there are: where, scale"), "{error}");
}

#[test]
fn ticks_are_rounded_up() {
    assert_eq!(Runtime::ticks(Duration::ZERO), 1);
    assert_eq!(Runtime::ticks(Duration::from_millis(1)), 2);
    assert_eq!(Runtime::ticks(Duration::from_secs(1)), 101);
    assert_eq!(Runtime::ticks(Duration::MAX), u64::MAX);
}
