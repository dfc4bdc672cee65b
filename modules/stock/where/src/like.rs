//! The patterns of `like`.

/// A pattern: texts between `%`s, each of characters and `_`s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// What the text begins with; if there is no `%`, all of it.
    start: Piece,
    /// What follows in this order, anything between.
    middle: Vec<Piece>,
    /// What it ends with; `None` if there is no `%`.
    end: Option<Piece>,
}

/// Characters and `_`s in a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Piece {
    parts: Vec<Part>,
    /// How many characters it stands for.
    length: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// So many characters of any kind.
    Any(usize),
}

impl Pattern {
    /// Reads a pattern. An escape character takes the meaning from the `%`, `_` or escape character behind it.
    pub(crate) fn new(text: &str, escape: Option<char>) -> Result<Self, String> {
        let mut pieces = vec![Piece::default()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let last = pieces.len() - 1;
            if Some(c) == escape {
                match chars.next() {
                    Some(next) if next == c || next == '%' || next == '_' => pieces[last].push(next),
                    _ => return Err(format!("expected `%`, `_` or `{c}` behind each `{c}`")),
                }
            } else if c == '%' {
                pieces.push(Piece::default());
            } else if c == '_' {
                pieces[last].push_any();
            } else {
                pieces[last].push(c);
            }
        }
        let end = if pieces.len() > 1 { pieces.pop() } else { None };
        let mut pieces = pieces.into_iter();
        let start = pieces.next().unwrap_or_default();
        Ok(Self { start, middle: pieces.filter(|piece| piece.length > 0).collect(), end })
    }

    /// Whether a text looks so. Each piece is taken where it first fits, which leaves most for those behind it.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let Some(mut rest) = self.start.strip(text) else { return false };
        let Some(end) = &self.end else { return rest.is_empty() };
        for piece in &self.middle {
            match piece.find(rest) {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
        end.ends(rest)
    }
}

impl Piece {
    fn push(&mut self, c: char) {
        self.length += 1;
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.parts.push(Part::Text(c.into())),
        }
    }

    fn push_any(&mut self) {
        self.length += 1;
        match self.parts.last_mut() {
            Some(Part::Any(count)) => *count += 1,
            _ => self.parts.push(Part::Any(1)),
        }
    }

    /// What is behind the piece, if the text begins with it.
    fn strip<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.parts.iter().try_fold(text, |rest, part| match part {
            Part::Text(text) => rest.strip_prefix(text.as_str()),
            Part::Any(count) => {
                let mut chars = rest.chars();
                chars.nth(count - 1).map(|_| chars.as_str())
            }
        })
    }

    /// What is behind the first place where the piece stands.
    fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let [Part::Text(sought)] = self.parts.as_slice() {
            return text.find(sought.as_str()).map(|at| &text[at + sought.len()..]);
        }
        text.char_indices().find_map(|(at, _)| self.strip(&text[at..]))
    }

    /// Whether the text ends with the piece.
    fn ends(&self, text: &str) -> bool {
        if let [Part::Text(sought)] = self.parts.as_slice() {
            return text.ends_with(sought.as_str());
        }
        match self.length {
            0 => true,
            length => {
                text.char_indices().nth_back(length - 1).is_some_and(|(at, _)| self.strip(&text[at..]) == Some(""))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_look_like_patterns() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("", &[""], &["a"]),
            ("abc", &["abc"], &["ab", "abcd", "Abc"]),
            ("%", &["", "a", "é%"], &[]),
            ("a%", &["a", "ab"], &["", "ba"]),
            ("%a", &["a", "ba"], &["", "ab"]),
            ("%é%", &["é", "aéb"], &["", "e"]),
            ("_", &["a", "é", "日"], &["", "ab"]),
            ("__%", &["ab", "éèà"], &["a", ""]),
            ("%__", &["ab", "éèà"], &["a", ""]),
            ("a_c", &["abc", "aéc"], &["ac", "abbc"]),
            ("a%b%c", &["abc", "a1b2c", "abbcc"], &["acb", "ab"]),
            ("a%a", &["aa", "aba"], &["a"]),
            ("%ab%ab%", &["abab", "xabxabx"], &["ab", "aba"]),
            ("%a_b%", &["a1b", "aab", "aaab"], &["ab", "a"]),
            ("%_b", &["ab", "abb"], &["b"]),
            ("%%", &["", "x"], &[]),
            ("!%!_!!%", &["%_!", "%_!x"], &["%_", "a_!"]),
        ];
        for (pattern, fit, unfit) in cases {
            let compiled = Pattern::new(pattern, Some('!')).unwrap();
            fit.iter().for_each(|text| assert!(compiled.fits(text), "{text:?} like {pattern:?}"));
            unfit.iter().for_each(|text| assert!(!compiled.fits(text), "{text:?} not like {pattern:?}"));
        }
        assert!(Pattern::new("10!", Some('!')).is_err());
        assert_eq!(Pattern::new("!a", Some('!')).unwrap_err(), "expected `%`, `_` or `!` behind each `!`");
        assert!(Pattern::new("%!", None).unwrap().fits("a!"));
        // Many `%`s do not make it slow.
        let slow = Pattern::new(&"%a".repeat(1000), None).unwrap();
        assert!(!slow.fits(&"a".repeat(999)) && slow.fits(&"a".repeat(1000)));
    }
}
