//! A file that is read while it grows.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

/// How long a file that another one took the place of is read on after its last byte: its writer may not know yet.
const GRACE: Duration = Duration::from_secs(1);
/// How much of the begin and of the end of what was read is kept, to tell whether a file was rewritten.
const MARK: usize = 256;

/// A file that grows. It ends when it is not the same file any more: when another one stands in its place, or it was cut or
/// written anew; `Ending` says so then.
pub(in crate::formats) struct Growing {
    path: PathBuf,
    file: File,
    ending: Ending,
    /// Bytes read so far.
    read: u64,
    /// The first and the last of them.
    begin: Vec<u8>,
    end: Vec<u8>,
    /// Length and time of the last change, when that was looked at.
    seen: Option<(u64, Option<SystemTime>)>,
    /// Since when another file stands in its place and nothing more comes of this one.
    replaced: Option<Instant>,
}

/// Why a growing file ended; nothing while it has not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending(Arc<OnceLock<Ended>>);

/// How a growing file ended.
#[derive(Debug)]
pub(in crate::formats) struct Ended {
    /// What became of it, in words for people that follow its name.
    pub(in crate::formats) what: String,
    /// Whether its last line has no end.
    pub(in crate::formats) is_open: bool,
}

impl Ending {
    pub(in crate::formats) fn get(&self) -> Option<&Ended> {
        self.0.get()
    }
}

impl Growing {
    pub(in crate::formats) fn open(path: &Path, ending: Ending) -> Result<Self> {
        let (path, file) = (path.to_owned(), File::open(path)?);
        Ok(Self { path, file, ending, read: 0, begin: Vec::new(), end: Vec::new(), seen: None, replaced: None })
    }

    /// Whether what was read still stands there. Looks only where the file was changed since it last did.
    fn is_same(&mut self) -> Result<bool> {
        let metadata = self.file.metadata()?;
        let now = (metadata.len(), metadata.modified().ok());
        if self.seen == Some(now) {
            return Ok(true);
        }
        if now.0 < self.read {
            self.was_cut(&format!("was truncated from {} to {} bytes", self.read, now.0));
            return Ok(false);
        }
        let ends_at = self.read - self.end.len() as u64;
        if !self.holds(0, &self.begin)? || !self.holds(ends_at, &self.end)? {
            self.was_cut("was written anew");
            return Ok(false);
        }
        self.file.seek(SeekFrom::Start(self.read))?;
        self.seen = Some(now);
        Ok(true)
    }

    /// Whether these bytes stand at a place of the file.
    fn holds(&self, at: u64, bytes: &[u8]) -> Result<bool> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(at))?;
        let mut found = Vec::with_capacity(bytes.len());
        file.take(bytes.len() as u64).read_to_end(&mut found)?;
        Ok(found == bytes)
    }

    fn was_cut(&self, what: &str) {
        let missed = "rows that were written in between may have been missed";
        self.ends(format!("{what}; it is read from its start, and {missed}"));
    }

    /// Takes note of why it ends.
    fn ends(&self, what: String) {
        let is_open = self.end.last().is_some_and(|byte| *byte != b'\n');
        let _ = self.ending.0.set(Ended { what, is_open });
    }

    /// Whether another file, which has something in it, stands in the place of this one, which has nothing more.
    fn is_replaced(&mut self) -> Result<bool> {
        let other = match std::fs::metadata(&self.path) {
            Ok(there) => there.len() > 0 && identity(&there) != identity(&self.file.metadata()?),
            // It went away, and may come back.
            Err(_) => false,
        };
        if !other {
            self.replaced = None;
            return Ok(false);
        }
        Ok(self.replaced.get_or_insert_with(Instant::now).elapsed() >= GRACE)
    }

    fn note(&mut self, bytes: &[u8]) {
        self.read += bytes.len() as u64;
        self.begin.extend(bytes.iter().take(MARK - self.begin.len()));
        self.end.extend(&bytes[bytes.len().saturating_sub(MARK)..]);
        self.end.drain(..self.end.len().saturating_sub(MARK));
        self.replaced = None;
    }
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() || self.ending.get().is_some() || !self.is_same()? {
            return Ok(0);
        }
        let count = self.file.read(buffer)?;
        if count > 0 {
            self.note(&buffer[..count]);
            return Ok(count);
        }
        if self.is_replaced()? {
            self.ends(format!(
                "is another file now, and is read from its start; the one before was read to its end, {} bytes, and what is \
                 still written to it, or stood in others between the two, is missed",
                self.read
            ));
            return Ok(0);
        }
        Err(ErrorKind::WouldBlock.into())
    }
}

/// What tells a file from others, also after it was renamed.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// What tells a file from others: when it was made.
#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Option<SystemTime> {
    metadata.created().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const START: &str = "{\"id\":1}\n{\"id\":2}\n";

    /// A file that was read to its end, and how.
    fn followed(folder: &Path) -> (PathBuf, Growing) {
        let path = folder.join("a.json");
        std::fs::write(&path, START).expect("written");
        let mut growing = Growing::open(&path, Ending::default()).expect("the file");
        assert_eq!(now(&mut growing), START);
        (path, growing)
    }

    /// What comes until nothing does for now, or ever.
    fn now(growing: &mut Growing) -> String {
        let (mut text, mut buffer) = (String::new(), [0; 7]);
        loop {
            match growing.read(&mut buffer) {
                Ok(0) => return text + "END",
                Ok(count) => text += std::str::from_utf8(&buffer[..count]).expect("text"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return text,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn append(path: &Path, text: &str) {
        let mut file = File::options().append(true).open(path).expect("the file");
        file.write_all(text.as_bytes()).expect("written");
    }

    #[test]
    fn a_growing_file_gives_what_comes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, mut growing) = followed(folder.path());
        for text in ["{\"id\":3}\n", "{\"id", "\":4}\n"] {
            append(&path, text);
            assert_eq!(now(&mut growing), text);
            assert_eq!(now(&mut growing), "");
        }
        assert!(growing.ending.get().is_none());
    }

    #[test]
    fn a_file_that_is_cut_or_written_anew_ends() {
        let longer = START.replace('2', "3") + START;
        let cases =
            [("", "truncated from 18 to 0"), ("{\"id\":9}\n", "truncated from 18 to 9"), (&longer, "written anew")];
        for (text, said) in cases {
            let folder = tempfile::tempdir().expect("a folder");
            let (path, mut growing) = followed(folder.path());
            std::fs::write(&path, text).expect("written");
            assert_eq!(now(&mut growing), "END", "{text:?}");
            let ending = growing.ending.get().expect("it ended");
            assert!(ending.what.contains(said) && !ending.is_open, "{ending:?}");
        }
        // Of the same length, and seen by its time alone.
        let folder = tempfile::tempdir().expect("a folder");
        let (path, mut growing) = followed(folder.path());
        std::fs::write(&path, START.replace('1', "7")).expect("written");
        let later = std::time::SystemTime::now() + Duration::from_secs(1);
        File::options().write(true).open(&path).and_then(|file| file.set_modified(later)).expect("touched");
        assert_eq!(now(&mut growing), "END");
    }

    #[test]
    fn a_file_that_is_touched_or_gone_for_a_while_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, mut growing) = followed(folder.path());
        std::fs::write(&path, START).expect("written");
        assert_eq!(now(&mut growing), "");
        let away = folder.path().join("away");
        std::fs::rename(&path, &away).expect("renamed");
        append(&away, "{\"id\":3}\n");
        assert_eq!(now(&mut growing), "{\"id\":3}\n");
        std::fs::rename(&away, &path).expect("renamed");
        assert!(now(&mut growing).is_empty() && growing.ending.get().is_none());
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_another_takes_the_place_of_is_read_to_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, mut growing) = followed(folder.path());
        let away = folder.path().join("away");
        std::fs::rename(&path, &away).expect("renamed");
        // The new file has nothing yet, and the writer still writes to the old one.
        std::fs::write(&path, "").expect("written");
        std::thread::sleep(GRACE);
        assert_eq!(now(&mut growing), "");
        append(&path, "{\"id\":9}\n");
        assert_eq!(now(&mut growing), "");
        append(&away, "{\"id\":3}");
        assert_eq!(now(&mut growing), "{\"id\":3}");
        std::thread::sleep(GRACE);
        assert_eq!(now(&mut growing), "END");
        let ending = growing.ending.get().expect("it ended");
        assert!(ending.what.contains("to its end, 26 bytes") && ending.is_open, "{ending:?}");
    }
}
