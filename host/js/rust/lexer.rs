//! JavaScript cut into tokens: as much of the language as generated code has.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name, a keyword or a number.
    Word,
    /// A text, a template or a regular expression.
    Literal,
    /// One other character, or `++` or `--`.
    Sign,
}

/// A token, and whether a line ends before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub text: &'a str,
    pub kind: Kind,
    pub line_before: bool,
}

impl Token<'_> {
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text
    }
}

/// All tokens; `None` where a text, a template or a comment does not end.
pub(crate) fn tokens(source: &str) -> Option<Vec<Token<'_>>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let (mut rest, mut line_before) = (source, false);
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            line_before |= first == '\n';
            rest = rest.get(first.len_utf8()..)?;
            continue;
        }
        if rest.starts_with("//") {
            rest = rest.get(rest.find('\n').unwrap_or(rest.len())..)?;
            continue;
        }
        if rest.starts_with("/*") {
            let end = rest.find("*/")?;
            line_before |= rest.get(..end)?.contains('\n');
            rest = rest.get(end + 2..)?;
            continue;
        }
        let (kind, length) = if is_word(first) {
            (Kind::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len()))
        } else if first == '"' || first == '\'' {
            (Kind::Literal, quoted(rest, first)?)
        } else if first == '`' {
            (Kind::Literal, template(rest)?)
        } else if first == '/' && begins_value(found.last()) {
            (Kind::Literal, quoted(rest, '/')?)
        } else {
            let twice = rest.starts_with("++") || rest.starts_with("--");
            (Kind::Sign, if twice { 2 } else { first.len_utf8() })
        };
        let (text, behind) = rest.split_at_checked(length)?;
        found.push(Token { text, kind, line_before });
        (rest, line_before) = (behind, false);
    }
    Some(found)
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || c == '#'
}

/// Whether a value may begin behind this token, so that a slash begins a regular expression.
fn begins_value(before: Option<&Token<'_>>) -> bool {
    before.is_none_or(|token| match token.kind {
        Kind::Word => matches!(token.text, "return" | "typeof" | "case" | "in" | "of"),
        Kind::Literal => false,
        Kind::Sign => !matches!(token.text, ")" | "]" | "}"),
    })
}

/// The length of a text with its quotes.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        if c == '\\' {
            characters.next();
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

/// The length of a template with its quotes; what stands in `${}` may hold templates too.
fn template(text: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        let rest = text.get(at..)?;
        let c = rest.chars().next()?;
        if c == '`' {
            return Some(at + 1);
        }
        if rest.starts_with("${") {
            at += 2 + expression(text.get(at + 2..)?)?;
        } else {
            at += c.len_utf8();
            if c == '\\' {
                at += text.get(at..)?.chars().next()?.len_utf8();
            }
        }
    }
}

/// The length of an expression up to and with the brace that closes it.
fn expression(text: &str) -> Option<usize> {
    let (mut at, mut open) = (0, 0_usize);
    loop {
        let rest = text.get(at..)?;
        let c = rest.chars().next()?;
        at += match c {
            '"' | '\'' => quoted(rest, c)?,
            '`' => template(rest)?,
            '}' if open == 0 => return Some(at + 1),
            _ => c.len_utf8(),
        };
        open = match c {
            '{' => open + 1,
            '}' => open - 1,
            _ => open,
        };
    }
}
