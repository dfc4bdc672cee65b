//! The sources of a crate as the compiler sees them: modules followed from `lib.rs`, tests left out, and every path that
//! leads from one module into another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, ImplItem, Item, UseTree};

/// A path in the code of one module that leads into another.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) file: PathBuf,
    pub(crate) from: String,
    pub(crate) to: String,
    /// The path as an absolute one.
    pub(crate) path: String,
}

/// The modules in one place and what they import of each other.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) modules: BTreeSet<String>,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) imports: Vec<Import>,
}

/// A module's items and where they are; the path of the crate itself is empty.
pub(crate) struct Module {
    file: PathBuf,
    path: Vec<String>,
    items: Vec<Item>,
    children: BTreeSet<String>,
}

impl Sources {
    /// What the modules in `within` (as `a::b`; empty for those of the crate) import of each other;
    /// `None`: there is no such module.
    pub(crate) fn of(modules: &[Module], within: &str) -> Option<Self> {
        let within: Vec<String> = within.split("::").filter(|s| !s.is_empty()).map(str::to_owned).collect();
        let root = modules.iter().find(|module| module.path == within)?;
        let mut sources = Self { modules: root.children.clone(), ..Self::default() };
        let names = names_of(root);
        for module in modules.iter().filter(|module| module.path.starts_with(&within)) {
            if sources.files.last() != Some(&module.file) {
                sources.files.push(module.file.clone());
            }
            let Some(from) = module.path.get(within.len()) else { continue };
            let mut paths = Paths { module, found: BTreeSet::new() };
            module.items.iter().cloned().for_each(|item| paths.item(item));
            for path in paths.found.iter().filter(|path| path.starts_with(&within)) {
                let to = path
                    .get(within.len())
                    .and_then(|first| if root.children.contains(first) { Some(first) } else { names.get(first) });
                if let Some(to) = to.filter(|to| *to != from) {
                    let path = path.join("::");
                    let (file, from, to) = (module.file.clone(), from.clone(), to.clone());
                    sources.imports.push(Import { file, from, to, path });
                }
            }
        }
        Some(sources)
    }

    /// The groups of modules that import each other in a ring.
    pub(crate) fn circles(&self) -> Vec<BTreeSet<String>> {
        let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for import in &self.imports {
            reached.entry(&import.from).or_default().insert(&import.to);
        }
        loop {
            let mut grown = reached.clone();
            for seen in grown.values_mut() {
                let further: Vec<&str> = seen.iter().filter_map(|to| reached.get(to)).flatten().copied().collect();
                seen.extend(further);
            }
            if grown == reached {
                break;
            }
            reached = grown;
        }
        let leads = |a: &str, b: &str| reached.get(a).is_some_and(|seen| seen.contains(b));
        let circles: BTreeSet<BTreeSet<String>> = self
            .modules
            .iter()
            .filter(|module| leads(module, module))
            .map(|module| self.modules.iter().filter(|m| leads(module, m) && leads(m, module)).cloned().collect())
            .collect();
        circles.into_iter().collect()
    }
}

/// Reads the crate that this `lib.rs` is the root of.
pub(crate) fn read(lib: &Path) -> Vec<Module> {
    let mut modules = Vec::new();
    let folder = lib.parent().expect("a file is in a folder").to_owned();
    read_module(lib.to_owned(), folder, Vec::new(), parse(lib), &mut modules);
    modules
}

/// Reads a file of Rust.
fn parse(file: &Path) -> Vec<Item> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display())).items
}

/// Adds a module and those in it. `folder` is where the files of its children lie.
fn read_module(file: PathBuf, folder: PathBuf, path: Vec<String>, items: Vec<Item>, modules: &mut Vec<Module>) {
    let (mut own, mut children) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            item if attributes(&item).is_some_and(only_in_tests) => {}
            Item::Mod(module) => children.push(module),
            item => own.push(item),
        }
    }
    let names = children.iter().map(|child| child.ident.to_string()).collect();
    modules.push(Module { file: file.clone(), path: path.clone(), items: own, children: names });
    for child in children {
        let name = child.ident.to_string();
        let path = [path.clone(), vec![name.clone()]].concat();
        let inside = folder.join(&name);
        match child.content {
            Some((_, items)) => read_module(file.clone(), inside, path, items, modules),
            None => {
                let beside = folder.join(format!("{name}.rs"));
                let file = if beside.is_file() { beside } else { inside.join("mod.rs") };
                let items = parse(&file);
                read_module(file, inside, path, items, modules);
            }
        }
    }
}

/// The names that a module gives to what is in those within it: `error` by `NodeError`, for `pub use error::NodeError`.
fn names_of(root: &Module) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for item in &root.items {
        let Item::Use(item) = item else { continue };
        for (path, name) in used(&item.tree) {
            let path: Vec<_> = path.into_iter().skip_while(|s| s == "self").collect();
            if let Some(first) = path.first().filter(|first| root.children.contains(*first)) {
                names.insert(name, first.clone());
            }
        }
    }
    names
}

/// The paths of a `use`, each with the name that it gets.
fn used(tree: &UseTree) -> Vec<(Vec<String>, String)> {
    fn walk(tree: &UseTree, before: &[String], paths: &mut Vec<(Vec<String>, String)>) {
        let with = |segment: String| [before, &[segment]].concat();
        match tree {
            UseTree::Path(path) => walk(&path.tree, &with(path.ident.to_string()), paths),
            UseTree::Name(name) => paths.push((with(name.ident.to_string()), name.ident.to_string())),
            UseTree::Rename(rename) => paths.push((with(rename.ident.to_string()), rename.rename.to_string())),
            UseTree::Glob(_) => paths.push((with("*".into()), "*".into())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, before, paths)),
        }
    }
    let mut paths = Vec::new();
    walk(tree, &[], &mut paths);
    paths
}

fn attributes(item: &Item) -> Option<&[Attribute]> {
    Some(match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return None,
    })
}

/// Whether this is `#[cfg(test)]` or `#[cfg(all(test, ..))]`.
fn only_in_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
        let condition = condition.replace(' ', "");
        condition == "test" || condition.starts_with("all(test,")
    })
}

/// Collects the paths of a module that lead through the crate, as absolute ones.
struct Paths<'a> {
    module: &'a Module,
    found: BTreeSet<Vec<String>>,
}

impl Paths<'_> {
    fn item(&mut self, item: Item) {
        match item {
            item if attributes(&item).is_some_and(only_in_tests) => {}
            Item::Use(item) => self.add_used(&item.tree),
            Item::Impl(mut item) => {
                item.items.retain(|inner| !matches!(inner, ImplItem::Fn(method) if only_in_tests(&method.attrs)));
                self.tokens(item.into_token_stream());
            }
            item => self.tokens(item.into_token_stream()),
        }
    }

    fn add_used(&mut self, tree: &UseTree) {
        used(tree).into_iter().for_each(|(path, _)| self.add(path));
    }

    /// The paths among tokens: those of types and expressions, in the arguments of macros too, and of `use` in functions.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter();
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(ident) if ident == "use" => {
                    let tree = tokens.by_ref().take_while(|t| !matches!(t, TokenTree::Punct(p) if p.as_char() == ';'));
                    // In the definition of a macro it may be no Rust yet.
                    if let Ok(tree) = syn::parse2::<UseTree>(tree.collect()) {
                        self.add_used(&tree);
                    }
                }
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Punct(_) | TokenTree::Literal(_) => self.end(&mut path),
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    self.tokens(group.stream());
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.add(path);
        }
    }

    /// Adds a path as it is written.
    fn add(&mut self, segments: Vec<String>) {
        let here = &self.module.path;
        let mut rest = segments.as_slice();
        let mut absolute: Vec<String> = match rest.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => here.clone(),
            Some(first) if self.module.children.contains(first) => here.clone(),
            _ => return,
        };
        while let Some(first @ ("crate" | "self" | "super")) = rest.first().map(String::as_str) {
            if first == "super" {
                absolute.pop();
            }
            rest = &rest[1..];
        }
        absolute.extend_from_slice(rest);
        self.found.insert(absolute);
    }
}
