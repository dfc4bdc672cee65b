//! A password from a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// More bytes of a password file are not read.
const LONGEST: u64 = 64 << 10;

/// The password in a file, without the end of its line. Fails with what is wrong, which never shows the password.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("it is longer than {} KiB, which no password is", LONGEST >> 10));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    match line {
        "" => Err("it is empty, and should have the password in one line".to_owned()),
        line if line.contains('\n') => {
            Err("it has more than one line, and should have nothing but the password".to_owned())
        }
        line => Ok(line.to_owned()),
    }
}

/// Whether every user of the machine can read a file.
#[cfg(unix)]
pub(crate) fn is_open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o004 != 0)
}

/// Whether every user of the machine can read a file: not known here.
#[cfg(not(unix))]
pub(crate) fn is_open_to_all(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_has_one_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("password");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("it is written");
            read(&path)
        };
        for (bytes, password) in [
            (&b"s3cret"[..], "s3cret"),
            (b"s3cret\n", "s3cret"),
            (b"s3cret\r\n", "s3cret"),
            (b" s3 cret \n", " s3 cret "),
            ("gehei\u{df}\n".as_bytes(), "gehei\u{df}"),
        ] {
            assert_eq!(read(bytes).as_deref(), Ok(password));
        }
        for (bytes, expected) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"s3cret\nother\n", "more than one line"),
            (b"s3cret\xff", "not UTF-8"),
            (&[b's'; (64 << 10) + 1], "longer than 64 KiB"),
        ] {
            let error = read(bytes).expect_err("it is none");
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
        }
        assert!(super::read(folder.path()).is_err() && super::read(&folder.path().join("none")).is_err());
    }
}
