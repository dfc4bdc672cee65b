//! Compressed text: gzip and zstd, of any number of members one after the other. Unpacked piece by piece, so that its
//! size does not matter; what is broken or cut off is an error, and never an end.

use std::fmt;
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    const ALL: [Self; 2] = [Self::Gzip, Self::Zstd];

    /// The compression that a file's suffix names.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "gz" => Some(Self::Gzip),
            "zst" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The first bytes of every such file, with which no text in UTF-8 begins.
    fn magic(self) -> &'static [u8] {
        match self {
            Self::Gzip => &[0x1f, 0x8b],
            Self::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// The text of bytes that are compressed as `named`, or as their first bytes say, or not at all.
pub(in crate::formats) fn unpacked(
    mut bytes: Box<dyn Read + Send>,
    named: Option<Compression>,
) -> io::Result<Box<dyn Read + Send>> {
    let mut begin = Vec::with_capacity(4);
    bytes.by_ref().take(4).read_to_end(&mut begin)?;
    let seen = Compression::ALL.into_iter().find(|known| begin.starts_with(known.magic()));
    if let Some(named) = named
        && seen != Some(named)
    {
        let problem = if begin.is_empty() { "it is empty" } else { "its first bytes are of none" };
        return Err(io::Error::new(ErrorKind::InvalidData, format!("its name says {named}, and {problem}")));
    }
    let whole = Cursor::new(begin).chain(bytes);
    let text: Box<dyn Read + Send> = match seen {
        Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(whole)),
        Some(Compression::Zstd) => Box::new(zstd::stream::read::Decoder::new(whole)?),
        None => return Ok(Box::new(whole)),
    };
    Ok(Box::new(Unpacked { text, compression: seen }))
}

/// Says of errors what they are about.
struct Unpacked {
    text: Box<dyn Read + Send>,
    compression: Option<Compression>,
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.text.read(buffer).map_err(|error| match (error.kind(), self.compression) {
            (ErrorKind::UnexpectedEof, Some(kind)) => {
                io::Error::new(error.kind(), format!("its {kind} data are cut off"))
            }
            (ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other, Some(kind)) => {
                io::Error::new(error.kind(), format!("its {kind} data are broken: {error}"))
            }
            _ => error,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &[u8] = b"id,name\n1,a\n2,b\n3,c\n";

    fn pack(kind: Compression, text: &[u8]) -> Vec<u8> {
        match kind {
            Compression::Gzip => {
                let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                packer.write_all(text).expect("written");
                packer.finish().expect("packed")
            }
            // With a checksum, as the command writes it.
            Compression::Zstd => {
                let mut packer = zstd::Encoder::new(Vec::new(), 3).expect("an encoder");
                packer.include_checksum(true).expect("a checksum");
                packer.write_all(text).expect("written");
                packer.finish().expect("packed")
            }
        }
    }

    fn read(bytes: Vec<u8>, named: Option<Compression>) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        unpacked(Box::new(Cursor::new(bytes)), named)?.read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn members_are_read_one_after_the_other() {
        for kind in Compression::ALL {
            let two = [pack(kind, &TEXT[..9]), pack(kind, &TEXT[9..])].concat();
            for named in [Some(kind), None] {
                assert_eq!(read(two.clone(), named).expect("whole"), TEXT, "{kind}");
            }
        }
        for plain in [TEXT, b"", b"a"] {
            assert_eq!(read(plain.to_vec(), None).expect("text"), plain);
        }
    }

    #[test]
    fn what_is_cut_off_or_broken_is_no_end() {
        for kind in Compression::ALL {
            let first = pack(kind, TEXT);
            let two = [first.clone(), pack(kind, TEXT)].concat();
            for end in (0..two.len()).filter(|end| *end != first.len()) {
                assert!(read(two[..end].to_vec(), Some(kind)).is_err(), "{kind} cut off at {end} of {}", two.len());
            }
            for at in 4..first.len() {
                let mut broken = first.clone();
                broken[at] ^= 0x10;
                // Some bits of a header say nothing about the text.
                assert!(read(broken, Some(kind)).map_or(true, |text| text == TEXT), "{kind} broken at {at}");
            }
            let behind = [first, b"and more".to_vec()].concat();
            assert!(read(behind, Some(kind)).is_err(), "{kind} with text behind it");
        }
        let wrong = read(TEXT.to_vec(), Some(Compression::Gzip)).expect_err("it is none").to_string();
        assert_eq!(wrong, "its name says gzip, and its first bytes are of none");
    }
}
