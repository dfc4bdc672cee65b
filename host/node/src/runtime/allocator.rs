//! The allocator of the process: memory that was freed goes back to the operating system.
//!
//! That of glibc keeps what was freed, for each of several groups of threads, up to as much as twice the largest piece that was
//! ever freed: tens of megabytes each, once the rows of a large bucket were.

/// Bytes from which on a piece comes from the system by itself and goes back when it is freed; and how much of what is free
/// at its end a group of threads keeps.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 4 << 20;

/// Variables of the environment by which who starts the process has said how it is to be done.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const SAID: [&str; 3] = ["GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"];

/// Has large pieces go back as soon as they are freed, for the rest of the process, unless its environment says what to do.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn bound() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        if SAID.iter().any(|name| std::env::var_os(name).is_some()) {
            return;
        }
        #[allow(unsafe_code, reason = "the C library has no safe name for it")]
        // SAFETY: the calls take numbers only, may be made by any thread, and change nothing that is in use.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
            libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
        }
    });
}

/// Has the allocator give back all that nobody uses. Takes about a millisecond; what is needed again soon should not go.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back() {
    #[allow(unsafe_code, reason = "the C library has no safe name for it")]
    // SAFETY: the call takes a number only, may be made by any thread, and changes nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// The allocators of other systems do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn bound() {}

/// The allocators of other systems do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}
