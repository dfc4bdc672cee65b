//! Bytes of connections cut into frames: four bytes of length, big-endian, and that many bytes.

use bytes::Bytes;
use thalweg_wire::frame::LENGTH_PREFIX;

/// What came of one connection and is not yet a whole frame.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    /// The beginning of the length.
    prefix: [u8; LENGTH_PREFIX],
    /// How many bytes of it there are.
    known: usize,
    /// The beginning of a frame whose length is known.
    begun: Option<(usize, Vec<u8>)>,
}

impl Cutter {
    /// Takes bytes that came behind the others, and gives the frames that are whole now, without their prefix. Fails with
    /// the reason where a length is negative or more than `limit` bytes.
    ///
    /// Memory is taken for what came, never for what a length promises; every byte is copied at most twice on the average,
    /// and not at all where a frame is most of what came at once.
    pub(crate) fn take(&mut self, bytes: &Bytes, limit: usize, frames: &mut Vec<Bytes>) -> Result<(), String> {
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            let Some((length, mut begun)) = self.begun.take() else {
                if let Some(length) = self.length(&mut rest, limit)? {
                    self.begun = Some((length, Vec::new()));
                    self.take_empty(frames);
                }
                continue;
            };
            let missing = length - begun.len();
            if begun.is_empty() && missing <= rest.len() && missing >= bytes.len() / 2 {
                frames.push(rest.split_to(missing));
                continue;
            }
            let taken = rest.split_to(missing.min(rest.len()));
            reserve(&mut begun, taken.len(), length)?;
            begun.extend_from_slice(&taken);
            if begun.len() == length {
                frames.push(Bytes::from(begun));
            } else {
                self.begun = Some((length, begun));
            }
        }
        Ok(())
    }

    /// What is held of a frame that has begun, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.begun.as_ref().map_or(0, |(_, begun)| begun.capacity())
    }

    /// Completes the length of the next frame, if the bytes reach so far.
    fn length(&mut self, rest: &mut Bytes, limit: usize) -> Result<Option<usize>, String> {
        let missing = LENGTH_PREFIX - self.known;
        let taken = rest.split_to(missing.min(rest.len()));
        let place = self.prefix.iter_mut().skip(self.known);
        place.zip(&taken).for_each(|(place, byte)| *place = *byte);
        self.known += taken.len();
        if self.known < LENGTH_PREFIX {
            return Ok(None);
        }
        self.known = 0;
        let said = i32::from_be_bytes(self.prefix);
        match usize::try_from(said) {
            Ok(length) if length <= limit => Ok(Some(length)),
            Ok(length) => Err(format!(
                "the server sent a frame of {length} bytes, longer than the limit of {limit} bytes (the setting \
                 `frame_limit`)"
            )),
            Err(_) => Err(format!("the server sent a frame of {said} bytes; is this a Fluss server?")),
        }
    }

    /// A frame without bytes is whole once its length is known.
    fn take_empty(&mut self, frames: &mut Vec<Bytes>) {
        if self.begun.as_ref().is_some_and(|(length, _)| *length == 0) {
            self.begun = None;
            frames.push(Bytes::new());
        }
    }
}

/// Makes room for `more` bytes of a frame of `length`: twice what there is, but no more than the frame takes.
fn reserve(begun: &mut Vec<u8>, more: usize, length: usize) -> Result<(), String> {
    let needed = begun.len() + more;
    if needed <= begun.capacity() {
        return Ok(());
    }
    let room = needed.max(begun.capacity().saturating_mul(2)).min(length);
    let reserved = begun.try_reserve_exact(room - begun.len());
    reserved.map_err(|_| format!("there is no memory for a frame of {length} bytes"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(frames: &[Vec<u8>]) -> Vec<u8> {
        let prefixed = |frame: &Vec<u8>| [&(frame.len() as u32).to_be_bytes()[..], frame].concat();
        frames.iter().flat_map(prefixed).collect()
    }

    proptest! {
        #[test]
        fn frames_come_out_wherever_bytes_are_cut(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let bytes = Bytes::from(whole(&frames));
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
            at.sort_unstable();
            let (mut cutter, mut found) = (Cutter::default(), Vec::new());
            for pair in at.windows(2) {
                cutter.take(&bytes.slice(pair[0]..pair[1]), 200, &mut found).expect("no frame is too long");
            }
            prop_assert_eq!(found, frames);
        }

        #[test]
        fn any_bytes_give_frames_within_the_limit_or_a_reason(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20), limit in 0usize..70_000,
        ) {
            let (mut cutter, mut found) = (Cutter::default(), Vec::new());
            for part in &parts {
                if let Err(reason) = cutter.take(&Bytes::from(part.clone()), limit, &mut found) {
                    prop_assert!(reason.starts_with("the server sent a frame of"));
                    break;
                }
                let came: usize = parts.iter().map(Vec::len).sum();
                let held = cutter.bytes();
                prop_assert!(held <= 2 * came.max(8), "{held} bytes for {came}");
            }
            prop_assert!(found.iter().all(|frame| frame.len() <= limit));
        }
    }

    #[test]
    fn lengths_that_cannot_be_are_refused_before_memory_is_taken() {
        for (length, reason) in [
            ([0x7f, 0xff, 0xff, 0xff], "longer than the limit of 1000 bytes (the setting `frame_limit`)"),
            ([0, 0, 0x03, 0xe9], "a frame of 1001 bytes"),
            ([0xff, 0xff, 0xff, 0xff], "a frame of -1 bytes"),
            ([0x80, 0, 0, 0], "a frame of -2147483648 bytes"),
        ] {
            let error = Cutter::default().take(&Bytes::copy_from_slice(&length), 1000, &mut Vec::new());
            assert!(error.expect_err("it is refused").contains(reason));
        }
    }

    #[test]
    fn a_length_alone_takes_no_memory() {
        let (mut cutter, mut found) = (Cutter::default(), Vec::new());
        cutter.take(&Bytes::from_static(&[0x07, 0xff, 0xff, 0xff, 1]), 1 << 27, &mut found).expect("it fits");
        assert!(cutter.bytes() <= 64);
    }

    #[test]
    fn a_long_frame_in_small_pieces_is_copied_a_few_times_only() {
        let frame: Vec<u8> = (0..16u32 << 20).map(|at| (at % 251) as u8).collect();
        let bytes = Bytes::from(whole(std::slice::from_ref(&frame)));
        let (mut cutter, mut found, mut growths) = (Cutter::default(), Vec::new(), 0);
        let mut capacity = 0;
        for from in (0..bytes.len()).step_by(1024) {
            cutter.take(&bytes.slice(from..(from + 1024).min(bytes.len())), 16 << 20, &mut found).expect("it fits");
            let now = cutter.bytes();
            growths += usize::from(now > capacity);
            capacity = now;
        }
        assert!(found == [frame]);
        assert!(growths < 30, "it grew {growths} times");
    }

    #[test]
    fn what_came_whole_is_not_copied_and_small_frames_keep_no_large_piece_alive() {
        let (large, small) = (vec![7; 1000], vec![8; 10]);
        let bytes = Bytes::from(whole(&[large, small]));
        let mut found = Vec::new();
        Cutter::default().take(&bytes, 1000, &mut found).expect("they fit");
        assert_eq!(found[0].as_ptr(), bytes[4..].as_ptr());
        assert!(!bytes.as_ptr_range().contains(&found[1].as_ptr()));
    }
}
