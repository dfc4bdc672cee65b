//! The allocator of the process: memory that was freed goes back to the operating system.

/// Has the allocator give back what nobody uses. That of glibc keeps, for each of several groups of threads, up to tens of
/// megabytes that were freed, once something large was. Takes about a millisecond; what is needed again soon should not go.
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
pub(crate) fn give_back() {}
