//! The rule that module and command share.

/// Whether a flight is late that left so many minutes after its time, where late is from `min` minutes on.
pub(crate) fn is_late(delay: i32, min: i32) -> bool {
    delay >= min
}

#[cfg(test)]
mod tests {
    use super::is_late;

    #[test]
    fn late_begins_at_the_minute_itself() {
        assert!(is_late(30, 30) && !is_late(29, 30) && !is_late(-5, 30));
    }
}
