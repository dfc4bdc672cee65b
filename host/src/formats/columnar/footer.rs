//! What the footer of a Parquet file says, looked through before the library makes room for it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::thrift::{Compact, I32, LIST, STRUCT};

/// How a file ends.
const MAGIC: &[u8; 4] = b"PAR1";
/// How a file ends whose footer is encrypted.
const ENCRYPTED: &[u8; 4] = b"PARE";
/// The length of the footer, and the magic.
const TRAILER: u64 = 8;
/// How deep columns may be nested.
const DEPTH: usize = 128;

/// Sees that a file has a footer whose lists lie in it, whose columns are nested to a depth that can be read, and which is
/// not encrypted.
pub(super) fn check_footer(mut file: &File) -> Result<(), String> {
    let failed = |error: io::Error| error.to_string();
    let size = file.seek(SeekFrom::End(0)).map_err(failed)?;
    let cut_off = "it is cut off, or of another format: it does not end as Parquet does";
    let trailer_at = size.checked_sub(TRAILER).ok_or(cut_off)?;
    let mut trailer = [0; TRAILER as usize];
    file.seek(SeekFrom::Start(trailer_at)).map_err(failed)?;
    file.read_exact(&mut trailer).map_err(failed)?;
    let [length @ .., b0, b1, b2, b3] = trailer;
    match &[b0, b1, b2, b3] {
        MAGIC => {}
        ENCRYPTED => return Err(encrypted()),
        _ => return Err(cut_off.into()),
    }
    let length = u64::from(u32::from_le_bytes(length));
    let begin = trailer_at.checked_sub(length).ok_or("its footer is said to be longer than the file")?;
    let mut footer = Vec::new();
    file.seek(SeekFrom::Start(begin)).map_err(failed)?;
    file.take(length).read_to_end(&mut footer).map_err(failed)?;
    check(&footer)
}

fn encrypted() -> String {
    "it is encrypted; encrypted Parquet is not read".into()
}

/// Looks through `FileMetaData`.
fn check(footer: &[u8]) -> Result<(), String> {
    let damaged = |_: io::Error| "its footer is damaged".to_owned();
    let mut compact = Compact::new(footer, footer.len() as u64);
    let mut last = 0;
    while let Some(field) = compact.field(&mut last).map_err(damaged)? {
        match field {
            (2, LIST) => {
                let columns = children(&mut compact).map_err(damaged)?;
                check_depth(&columns)?;
            }
            // encryption_algorithm
            (8, _) => return Err(encrypted()),
            (_, kind) => compact.skip(kind).map_err(damaged)?,
        }
    }
    Ok(())
}

/// How many children each element of the schema has.
fn children(compact: &mut Compact<impl Read>) -> io::Result<Vec<u64>> {
    let (count, kind) = compact.list()?;
    let mut found = Vec::new();
    for _ in 0..count {
        let (mut children, mut last) = (0, 0);
        if kind != STRUCT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        while let Some((number, kind)) = compact.field(&mut last)? {
            match (number, kind) {
                (5, I32) => children = u64::try_from(compact.integer()?).map_err(|_| io::ErrorKind::InvalidData)?,
                (_, kind) => compact.skip(kind)?,
            }
        }
        found.push(children);
    }
    Ok(found)
}

/// Sees that the elements, depth first, are one tree that is not too deep.
fn check_depth(children: &[u64]) -> Result<(), String> {
    let mut open: Vec<u64> = Vec::new();
    for (at, &count) in children.iter().enumerate() {
        if count > (children.len() - at - 1) as u64 {
            return Err("its footer is damaged: it names more columns than it has".into());
        }
        if let Some(siblings) = open.last_mut() {
            *siblings -= 1;
        }
        open.push(count);
        while open.last() == Some(&0) {
            open.pop();
        }
        if open.len() > DEPTH {
            return Err(format!("its columns are nested deeper than {DEPTH} levels"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_that_lie_or_are_too_deep_are_refused() {
        let chain = |depth: usize| [vec![1; depth], vec![0]].concat();
        let cases: Vec<(Vec<u64>, Option<&str>)> = vec![
            (vec![0], None),
            (vec![2, 0, 2, 0, 0], None),
            (vec![2, 1, 0, 1, 0], None),
            (chain(DEPTH), None),
            (chain(DEPTH + 1), Some("deeper")),
            (vec![1 << 31, 0], Some("more columns")),
            (vec![2, 0], Some("more columns")),
        ];
        for (children, problem) in cases {
            let found = check_depth(&children).err();
            assert_eq!(found.is_some(), problem.is_some(), "{children:?}: {found:?}");
            assert!(found.unwrap_or_default().contains(problem.unwrap_or_default()), "{children:?}");
        }
    }
}
