//! Tokens of JavaScript as statements: where each ends, and what it declares.

use crate::lexer::{Kind, Token};

/// Where the bracket closes that the first token opens.
pub(crate) fn closing(tokens: &[Token<'_>]) -> Option<usize> {
    let mut open = 0_usize;
    tokens.iter().position(|token| {
        open = depth(open, token);
        open == 0
    })
}

fn depth(open: usize, token: &Token<'_>) -> usize {
    match token.text {
        "(" | "[" | "{" => open + 1,
        ")" | "]" | "}" => open.saturating_sub(1),
        _ => open,
    }
}

/// The statements of a block.
pub(crate) fn statements<'a, 'b>(block: &'b [Token<'a>]) -> Vec<&'b [Token<'a>]> {
    let mut found = Vec::new();
    let mut rest = block;
    while !rest.is_empty() {
        let (statement, behind) = rest.split_at(length(rest));
        found.push(statement);
        rest = behind;
    }
    found
}

/// How many tokens the first statement has.
pub(crate) fn length(tokens: &[Token<'_>]) -> usize {
    let first = tokens.first().map_or("", |token| token.text);
    let block = matches!(first, "function" | "class" | "async" | "if" | "for" | "while" | "try");
    let mut open = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        let opened =
            matches!(token.text, "function" | "class" | "const" | "let" | "async" | "if" | "return" | "export");
        if at > 0 && open == 0 && !block && token.line_before && opened {
            return at;
        }
        open = depth(open, token);
        let next = tokens.get(at + 1).map_or("", |token| token.text);
        if open == 0 && (token.is(";") || (block && token.is("}") && !matches!(next, "else" | "catch" | "finally"))) {
            return at + 1;
        }
    }
    tokens.len()
}

/// The one name that a statement declares.
pub(crate) fn declares<'a>(statement: &[Token<'a>]) -> Option<&'a str> {
    let at = match statement.first()?.text {
        "async" => 2,
        "function" | "class" | "const" | "let" => 1,
        _ => return None,
    };
    let name = statement.get(at).filter(|token| token.kind == Kind::Word)?;
    let several = statement.get(at + 1).is_some_and(|token| token.is(","));
    (!several).then_some(name.text)
}

/// How many tokens there are up to a semicolon.
pub(crate) fn simple(tokens: &[Token<'_>]) -> usize {
    let mut open = 0;
    let end = tokens.iter().position(|token| {
        open = depth(open, token);
        open == 0 && token.is(";")
    });
    end.map_or(tokens.len(), |end| end + 1)
}
