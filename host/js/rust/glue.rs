//! Generated JavaScript, with what only asynchronous components need taken out.
//!
//! The generator writes a runtime of its own for asynchronous calls around every call: 200 kB that, for a component without
//! such calls, only keep books, and read the environment at each step. Here the declarations that nothing reaches are
//! left out, those of that runtime that synchronous calls reach are replaced by `runtime.js`, and statements that
//! have no effect any more are dropped. A component that reaches anything else of it is refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::Error;
use crate::lexer::{Kind, Token, is_word, tokens};
use crate::statements::{closing, declares, length, simple, statements};

const RUNTIME: &str = include_str!("runtime.js");

/// Declarations of the generator's that stay as they are: conversions, texts, and tables of resources.
const KEPT: [&str; 49] = [
    "ComponentError",
    "HANDLE_TABLES",
    "RESOURCE_SCOPE_TASKS",
    "RESOURCE_SCOPE_ID",
    "TEXT_ENCODER_UTF8",
    "T_FLAG",
    "WebAssemblyRuntimeError",
    "_isValidNumericPrimitive",
    "_requireValidNumericPrimitive",
    "_utf16AllocateAndEncode",
    "_utf8AllocateAndEncode",
    "base64Compile",
    "clampGuest",
    "dataView",
    "definedResourceTables",
    "dv",
    "emptyFunc",
    "finalizationRegistryCreate",
    "getErrorPayload",
    "hasOwnProperty",
    "isLE",
    "rscTableCreateBorrow",
    "rscTableCreateOwn",
    "rscTableGet",
    "rscTableRemove",
    "rscTableTryGet",
    "symbolCabiDispose",
    "symbolCabiLower",
    "symbolDispose",
    "symbolRscHandle",
    "symbolRscRep",
    "throwInvalidBool",
    "throwUninitialized",
    "toInt16",
    "toInt32",
    "toInt64",
    "toInt8",
    "toResultString",
    "toString",
    "toUint16",
    "toUint32",
    "toUint64",
    "toUint8",
    "utf16Decoder",
    "utf8Decoder",
    "utf8Encoder",
    "validateGuestChar",
    "validateHostChar",
    "isValidNumericPrimitive",
];

/// What the rest is there for.
const ROOTS: [&str; 4] = ["gen", "runNext", "normalizeInstantiationError", "maybeSyncReturn"];

/// How statements begin that have no effect here.
const IDLE: [&[&str]; 6] = [
    &["_debugLog", "("],
    &["console", ".", "error", "("],
    &["task", ".", "resolve", "("],
    &["task", ".", "setCalleeIsAsync", "("],
    &["CURRENT_TASK_MAY_BLOCK", ".", "value"],
    &["if", "(", "!", "getCoreModule", ")"],
];

/// The ES module with nothing in it that is not needed, and no more white space than that takes.
pub(crate) fn trim(source: &str) -> Result<String, Error> {
    let unknown = || Error::Component("the JavaScript made of it cannot be read".into());
    let all = tokens(source).ok_or_else(unknown)?;
    let (head, body) = body(&all).ok_or_else(unknown)?;
    let runtime = tokens(RUNTIME).ok_or_else(unknown)?;
    let (ours, theirs) = (statements(&runtime), statements(body));
    let mut declared: BTreeMap<&str, &[Token<'_>]> = BTreeMap::new();
    let mut roots = Vec::new();
    for statement in &theirs {
        match declares(statement) {
            Some(name) if !is_root(name) => drop(declared.insert(name, statement)),
            _ => roots.push(*statement),
        }
    }
    let replaced: BTreeSet<&str> = ours.iter().filter_map(|statement| declares(statement)).collect();
    for statement in &ours {
        declared.extend(declares(statement).map(|name| (name, *statement)));
    }
    let reached = reached(&roots, &declared);
    if let Some(name) = reached.iter().find(|name| !replaced.contains(*name) && !KEPT.contains(name)) {
        return Err(Error::Unsupported(format!("asynchronous calls or several components in one ({name})")));
    }
    let mut out = String::with_capacity(source.len() / 2);
    write(&mut out, head);
    let order = ours.iter().chain(theirs.iter().filter(|s| declares(s).is_none_or(|name| !replaced.contains(name))));
    for statement in order {
        if declares(statement).is_none_or(|name| is_root(name) || reached.contains(name)) {
            out.push('\n');
            write(&mut out, statement);
        }
    }
    out.push_str("\n}\n");
    Ok(out)
}

fn is_root(name: &str) -> bool {
    let module = name.strip_prefix("module").is_some_and(|number| number.parse::<u32>().is_ok());
    module || ROOTS.contains(&name)
}

/// `export function instantiate(..) {`, and what stands between its braces.
fn body<'a, 'b>(all: &'b [Token<'a>]) -> Option<(&'b [Token<'a>], &'b [Token<'a>])> {
    let start = all.iter().position(|token| token.is("export"))?;
    if !all.get(start + 2)?.is("instantiate") {
        return None;
    }
    let parameters = start + 3;
    let open = parameters + closing(all.get(parameters..)?)? + 1;
    let close = open + closing(all.get(open..)?)?;
    Some((all.get(start..=open)?, all.get(open + 1..close)?))
}

/// The names of everything that these statements use, and what that uses.
fn reached<'a>(roots: &[&[Token<'a>]], declared: &BTreeMap<&'a str, &[Token<'a>]>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut queue: Vec<&[Token<'a>]> = roots.to_vec();
    while let Some(statement) = queue.pop() {
        each_kept(statement, &mut |before, token| {
            if token.kind == Kind::Literal && token.text.starts_with('`') {
                let words = token.text.split(|c| !is_word(c));
                queue.extend(words.filter_map(|word| {
                    let (name, body) = declared.get_key_value(word)?;
                    found.insert(*name).then_some(*body)
                }));
            }
            let property = before.is_some_and(|before| before.is("."));
            if token.kind == Kind::Word && !property && found.insert(token.text) {
                queue.extend(declared.get(token.text));
            }
        });
    }
    found.retain(|name| declared.contains_key(name));
    found
}

/// Calls with every token that stays, and the one before it.
fn each_kept<'a, 'b>(tokens: &'b [Token<'a>], call: &mut impl FnMut(Option<&'b Token<'a>>, &'b Token<'a>)) {
    let (mut at, mut before) = (0, None);
    while let Some(token) = tokens.get(at) {
        let begins = before.is_none_or(|before: &Token<'_>| matches!(before.text, ";" | "{" | "}"));
        let statement = tokens.get(at..).filter(|_| begins).unwrap_or_default();
        let skipped = idle(statement);
        if skipped > 0 {
            at += skipped;
            continue;
        }
        if let Some((kept, length)) = import(statement) {
            for token in kept {
                call(before, token);
                before = Some(token);
            }
            at += length;
            continue;
        }
        call(before, token);
        before = Some(token);
        at += 1;
    }
}

/// How many tokens a statement without effect has that begins here; 0 where none does.
fn idle(tokens: &[Token<'_>]) -> usize {
    let begins =
        |words: &[&str]| tokens.iter().zip(words).filter(|(token, word)| token.is(word)).count() == words.len();
    let named = tokens.get(2).is_some_and(|token| token.is("fnName"));
    if named || IDLE.iter().any(|words| begins(words)) {
        return simple(tokens);
    }
    // `if (0!== null) { task.setReturnMemoryIdx(0); .. }`
    let memory = begins(&["if", "("]) && tokens.get(11).is_some_and(|token| token.is("setReturnMemoryIdx"));
    // `try { postReturn0Async = WebAssembly.promising(..); } catch(err) { .. }`
    let promising = begins(&["try", "{"]) && tokens.get(6).is_some_and(|token| token.is("promising"));
    if memory || promising {
        return length(tokens);
    }
    // `let postReturn0Async;`
    let variable = begins(&["let"])
        && tokens.get(1).is_some_and(|token| token.text.ends_with("Async"))
        && tokens.get(2).is_some_and(|token| token.is(";"));
    if variable {
        return 3;
    }
    0
}

/// `let trampoline0 = _trampoline0.manuallyAsync ? .. : ..;`: what stays of it, and how many tokens go with it.
fn import<'a, 'b>(tokens: &'b [Token<'a>]) -> Option<(&'b [Token<'a>], usize)> {
    let asked = tokens.get(5).is_some_and(|token| token.is("manuallyAsync"));
    (asked && tokens.first()?.is("let")).then_some((tokens.get(..4)?, simple(tokens) - 1))
}

/// Appends tokens with as little between them as they need.
fn write(out: &mut String, tokens: &[Token<'_>]) {
    each_kept(tokens, &mut |before, token| {
        if let Some(before) = before {
            let words = before.kind != Kind::Sign && token.kind != Kind::Sign;
            let signs = matches!(token.text.chars().next(), Some('+' | '-' | '/'))
                && before.text.chars().last() == token.text.chars().next();
            let ends = matches!(before.text, ";" | "{" | "(" | "[" | "," | ":" | "?" | "=" | ".")
                || matches!(token.text, "}" | ")" | "]" | ";" | "," | ":");
            if token.line_before && !ends {
                out.push('\n');
            } else if words || signs {
                out.push(' ');
            }
        }
        out.push_str(token.text);
    });
}
