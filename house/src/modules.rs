//! Finds the file that a path of Rust leads to: through modules, imports and re-exports.
//! It knows no types: a path ends at the file that defines or re-exports its first name that is no module.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use syn::visit::{self, Visit};
use syn::{ItemUse, UseTree};

use crate::sources::{SourceFile, Sources};

/// How many imports are followed from one to the next before a path is given up.
const MAX_DEPTH: usize = 8;

/// The names that `use` brings into one file.
#[derive(Default)]
pub struct Imports {
    /// By name, the path as it is written.
    named: HashMap<String, Vec<String>>,
    /// Paths that all names are imported from.
    globs: Vec<Vec<String>>,
}

/// All modules of the sources, and what they import and define.
pub struct Modules {
    crates: BTreeSet<String>,
    by_path: BTreeMap<Vec<String>, usize>,
    paths: Vec<Vec<String>>,
    imports: Vec<Imports>,
    defined: Vec<BTreeSet<String>>,
}

impl Modules {
    /// Reads the modules of all files.
    pub fn new(sources: &Sources) -> Self {
        let mut by_path = BTreeMap::new();
        for (index, file) in sources.files.iter().enumerate().filter(|(_, file)| !file.path.ends_with("/main.rs")) {
            by_path.insert(file.module.clone(), index);
        }
        Self {
            crates: sources.packages.iter().map(|package| package.name.clone()).collect(),
            by_path,
            paths: sources.files.iter().map(|file| file.module.clone()).collect(),
            imports: sources.files.iter().map(imports).collect(),
            defined: sources.files.iter().map(defined).collect(),
        }
    }

    /// The file that a path leads to, and the rest of the path inside of it.
    ///
    /// `module` is the module in which the path is written; it lies in the file with the index `file`. A path that
    /// leads to another crate or cannot be followed has none.
    pub fn resolve(&self, file: usize, module: &[String], path: &[String]) -> Option<(usize, Vec<String>)> {
        self.locate(&self.absolute(file, module, path, 0)?, 0)
    }

    /// The path from the crate's root, with the crate's name first.
    fn absolute(&self, file: usize, module: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let base = match first.as_str() {
            _ if depth > MAX_DEPTH => return None,
            "crate" => module[..1].to_vec(),
            "self" => module.to_vec(),
            "super" => return self.above(module, path),
            name if self.crates.contains(name) => vec![name.to_owned()],
            name if self.by_path.contains_key(&joined(module, &[name.to_owned()])) => joined(module, &path[..1]),
            name => {
                let imported = self.imports[file].named.get(name)?;
                let same = imported.first().is_some_and(|start| start == name);
                if same { None } else { self.absolute(file, &self.paths[file], imported, depth + 1) }?
            }
        };
        Some(joined(&base, rest))
    }

    fn above(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let steps = path.iter().take_while(|segment| *segment == "super").count();
        let kept = module.len().checked_sub(steps).filter(|kept| *kept > 0)?;
        Some(joined(&module[..kept], &path[steps..]))
    }

    /// Follows an absolute path into modules, and from there through imports.
    fn locate(&self, path: &[String], depth: usize) -> Option<(usize, Vec<String>)> {
        let (length, file) =
            (1..=path.len()).rev().find_map(|length| Some((length, *self.by_path.get(&path[..length])?)))?;
        let rest = &path[length..];
        let module = &path[..length];
        let Some(name) = rest.first().filter(|name| !self.defined[file].contains(*name) && depth < MAX_DEPTH) else {
            return Some((file, rest.to_vec()));
        };
        let found = match self.imports[file].named.get(name) {
            Some(imported) => self.absolute(file, module, &joined(imported, &rest[1..]), 0),
            None => self.imports[file].globs.iter().find_map(|glob| {
                let target = self.absolute(file, module, glob, 0)?;
                let defines = self.by_path.get(&target).is_some_and(|target| self.defined[*target].contains(name));
                defines.then(|| joined(&target, rest))
            }),
        };
        found.and_then(|found| self.locate(&found, depth + 1)).or_else(|| Some((file, rest.to_vec())))
    }
}

fn joined(start: &[String], end: &[String]) -> Vec<String> {
    start.iter().chain(end).cloned().collect()
}

/// The leaves of a `use`: each path as it is written, and the name that it gets (none for `*` and `_`).
pub fn leaves(item: &ItemUse) -> Vec<(Vec<String>, Option<String>)> {
    let mut found = Vec::new();
    collect(&item.tree, &mut Vec::new(), &mut found);
    found
}

fn collect(tree: &UseTree, prefix: &mut Vec<String>, found: &mut Vec<(Vec<String>, Option<String>)>) {
    let with = |prefix: &[String], name: String| {
        if name == "self" && !prefix.is_empty() { prefix.to_vec() } else { joined(prefix, &[name]) }
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            collect(&path.tree, prefix, found);
            prefix.pop();
        }
        UseTree::Name(name) => {
            let path = with(prefix, name.ident.to_string());
            let name = path.last().cloned();
            found.push((path, name));
        }
        UseTree::Rename(rename) => {
            let name = Some(rename.rename.to_string()).filter(|name| name != "_");
            found.push((with(prefix, rename.ident.to_string()), name));
        }
        UseTree::Glob(_) => found.push((prefix.clone(), None)),
        UseTree::Group(group) => group.items.iter().for_each(|tree| collect(tree, prefix, found)),
    }
}

fn imports(file: &SourceFile) -> Imports {
    let mut found = Imports::default();
    found.visit_file(&file.syntax);
    found
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for (path, name) in leaves(item) {
            match name {
                Some(name) => _ = self.named.insert(name, path),
                None => self.globs.push(path),
            }
        }
        visit::visit_item_use(self, item);
    }
}

/// The names that a file defines at its top level.
fn defined(file: &SourceFile) -> BTreeSet<String> {
    let name = |item: &syn::Item| match item {
        syn::Item::Const(item) => Some(item.ident.to_string()),
        syn::Item::Enum(item) => Some(item.ident.to_string()),
        syn::Item::Fn(item) => Some(item.sig.ident.to_string()),
        syn::Item::Static(item) => Some(item.ident.to_string()),
        syn::Item::Struct(item) => Some(item.ident.to_string()),
        syn::Item::Trait(item) => Some(item.ident.to_string()),
        syn::Item::Type(item) => Some(item.ident.to_string()),
        _ => None,
    };
    file.syntax.items.iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::Modules;
    use crate::sources::from_texts;

    /// The path of the file that `path`, written in `file`, leads to.
    fn target(texts: &[(&str, &str)], file: &str, path: &str) -> Option<String> {
        let sources = from_texts(texts);
        let modules = Modules::new(&sources);
        let index = sources.files.iter().position(|known| known.path == file).expect("the file is there");
        let path: Vec<String> = path.split("::").map(ToOwned::to_owned).collect();
        let (found, _) = modules.resolve(index, &sources.files[index].module, &path)?;
        Some(sources.files[found].path.clone())
    }

    const TEXTS: &[(&str, &str)] = &[
        ("src/lib.rs", "pub mod a; pub mod b;"),
        ("src/a.rs", "mod inner; pub use inner::Thing; pub use super::b::*; pub struct Own;"),
        ("src/a/inner.rs", "pub struct Thing;"),
        ("src/b.rs", "use crate::a::{self, Thing as T}; pub struct Other;"),
        ("channels/src/lib.rs", "pub struct Message;"),
    ];

    #[test]
    fn paths_lead_to_files() {
        for (path, file) in [
            ("crate::a::Own", "src/a.rs"),
            ("super::a::Own", "src/a.rs"),
            ("a::Own", "src/a.rs"),
            ("countersign_channels::Message", "channels/src/lib.rs"),
        ] {
            assert_eq!(target(TEXTS, "src/b.rs", path).as_deref(), Some(file), "{path}");
        }
    }

    #[test]
    fn re_exports_are_followed() {
        assert_eq!(target(TEXTS, "src/b.rs", "crate::a::Thing").as_deref(), Some("src/a/inner.rs"));
        assert_eq!(target(TEXTS, "src/b.rs", "T").as_deref(), Some("src/a/inner.rs"));
        assert_eq!(target(TEXTS, "src/lib.rs", "a::Other").as_deref(), Some("src/b.rs"));
    }

    #[test]
    fn other_crates_have_no_file() {
        assert_eq!(target(TEXTS, "src/b.rs", "std::fmt"), None);
        assert_eq!(target(TEXTS, "src/a.rs", "super::super::x"), None);
    }
}
