//! The Rust sources of the workspace: read, parsed, and without their tests.
//! Every figure gets its files from here; nothing else of this crate reads files.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use syn::{Item, ItemEnum};

use crate::tests_removed;

/// Why the sources cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file or folder.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not valid Rust.
    #[error("{path}:{line}: {source}")]
    Syntax {
        /// The file, relative to the root.
        path: String,
        /// The line of the error, from 1.
        line: usize,
        /// What the parser says.
        source: syn::Error,
    },
    /// A manifest lacks what this crate needs of it, or is not valid TOML.
    #[error("{path}: {problem}")]
    Manifest {
        /// The manifest, relative to the root.
        path: String,
        /// What is missing or wrong.
        problem: String,
    },
}

/// One package of the workspace.
#[derive(Clone, Debug)]
pub struct Package {
    /// The folder of its sources, relative to the root: `src`, `channels/src`.
    pub folder: String,
    /// Its name as code writes it: `countersign_channels`.
    pub name: String,
}

/// One file that is no test.
pub struct SourceFile {
    /// Its path relative to the root, with `/`.
    pub path: String,
    /// Its text, with tests.
    pub text: String,
    /// Its syntax tree, without tests.
    pub syntax: syn::File,
    /// The lines that its tests take, from 1.
    pub test_lines: Vec<RangeInclusive<usize>>,
    /// Its module path with the crate first: `["countersign", "domain", "link"]`.
    pub module: Vec<String>,
    /// The folder of its package's sources.
    pub root: String,
}

/// All files that are no tests, in order of their paths.
pub struct Sources {
    /// The packages that they belong to.
    pub packages: Vec<Package>,
    /// The files.
    pub files: Vec<SourceFile>,
}

impl Sources {
    /// Reads all packages of the workspace whose manifest lies in `root`, except this one.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let packages = packages(root)?;
        let mut texts = Vec::new();
        for package in &packages {
            for path in rust_files(&root.join(&package.folder))? {
                let text = read(&path)?;
                let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                texts.push((path, text));
            }
        }
        Self::parse(packages, texts)
    }

    /// Parses files that are given as pairs of path and text.
    pub fn parse(packages: Vec<Package>, texts: Vec<(String, String)>) -> Result<Self, Error> {
        let mut files = Vec::new();
        for (path, text) in texts {
            let package = packages.iter().find(|package| path.starts_with(&format!("{}/", package.folder)));
            if let Some(package) = package.filter(|_| !is_test_file(&path)) {
                files.push(parse_file(package, path, text)?);
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { packages, files })
    }
}

fn parse_file(package: &Package, path: String, text: String) -> Result<SourceFile, Error> {
    let mut syntax = syn::parse_file(&text).map_err(|source| {
        let line = source.span().start().line;
        Error::Syntax { path: path.clone(), line, source }
    })?;
    let test_lines = tests_removed::remove_tests(&mut syntax);
    syntax.items.iter_mut().for_each(unwrap_named);
    let inside = path[package.folder.len() + 1..].trim_end_matches(".rs");
    let mut module = vec![package.name.clone()];
    module.extend(inside.split('/').map(ToOwned::to_owned));
    if matches!(module.last().map(String::as_str), Some("lib" | "main" | "mod")) {
        module.pop();
    }
    Ok(SourceFile { path, text, syntax, test_lines, module, root: package.folder.clone() })
}

/// Makes an enum of one that is written as `named! { pub enum … }`: it has the syntax of any other.
fn unwrap_named(item: &mut Item) {
    if let Item::Macro(written) = item
        && written.mac.path.segments.last().is_some_and(|name| name.ident == "named")
        && let Ok(found) = written.mac.parse_body::<ItemEnum>()
    {
        *item = Item::Enum(found);
    }
}

/// Whether all of a file is test code: `tests.rs`, or anything in a folder `tests`.
fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// The members of the workspace, from their manifests.
fn packages(root: &Path) -> Result<Vec<Package>, Error> {
    let manifest = manifest(root, "Cargo.toml")?;
    let members = manifest.get("workspace").and_then(|table| table.get("members")).and_then(toml::Value::as_array);
    let members = members.ok_or_else(|| Error::Manifest {
        path: "Cargo.toml".to_owned(),
        problem: "no list `workspace.members`".to_owned(),
    })?;
    let mut found = Vec::new();
    for member in members.iter().filter_map(toml::Value::as_str).filter(|member| *member != "house") {
        let prefix = if member == "." { String::new() } else { format!("{member}/") };
        let name = package_name(root, &format!("{prefix}Cargo.toml"))?;
        found.push(Package { folder: format!("{prefix}src"), name });
    }
    Ok(found)
}

fn package_name(root: &Path, path: &str) -> Result<String, Error> {
    let manifest = manifest(root, path)?;
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    let missing = || Error::Manifest { path: path.to_owned(), problem: "no `package.name`".to_owned() };
    Ok(name.ok_or_else(missing)?.replace('-', "_"))
}

fn manifest(root: &Path, path: &str) -> Result<toml::Table, Error> {
    let text = read(&root.join(path))?;
    text.parse().map_err(|error: toml::de::Error| Error::Manifest { path: path.to_owned(), problem: error.to_string() })
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Read { path: path.display().to_string(), source })
}

/// All files `*.rs` below a folder.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { path: folder.display().to_string(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Sources for the tests of this crate: `src` is `countersign`, `channels/src` is `countersign_channels`.
#[cfg(test)]
pub(crate) fn from_texts(texts: &[(&str, &str)]) -> Sources {
    let package = |folder: &str, name: &str| Package { folder: folder.to_owned(), name: name.to_owned() };
    let named = ["channels", "demo"].map(|name| package(&format!("{name}/src"), &format!("countersign_{name}")));
    let packages = [package("src", "countersign")].into_iter().chain(named).collect();
    let texts = texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Sources::parse(packages, texts).expect("the test's source is valid Rust")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_files_are_left_out() {
        let sources = from_texts(&[("src/a.rs", ""), ("src/a/tests.rs", ""), ("src/tests/b.rs", "")]);
        let paths: Vec<&str> = sources.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["src/a.rs"]);
    }

    #[test]
    fn module_path_follows_file_path() {
        let sources = from_texts(&[("channels/src/lib.rs", ""), ("src/a/b.rs", ""), ("src/c/mod.rs", "")]);
        let modules: Vec<String> = sources.files.iter().map(|file| file.module.join("::")).collect();
        assert_eq!(modules, ["countersign_channels", "countersign::a::b", "countersign::c"]);
    }

    #[test]
    fn enums_with_names_are_enums() {
        let sources = from_texts(&[("src/a.rs", "crate::named! { /// Docs\n pub enum Role { Bot = \"bot\", } }")]);
        let [Item::Enum(role)] = &sources.files[0].syntax.items[..] else { panic!("it is no enum") };
        assert_eq!((role.ident.to_string(), role.variants.len()), ("Role".to_owned(), 1));
    }

    #[test]
    fn invalid_rust_is_reported_with_its_line() {
        let package = Package { folder: "src".to_owned(), name: "x".to_owned() };
        let parsed = Sources::parse(vec![package], vec![("src/a.rs".to_owned(), "\nfn (".to_owned())]);
        let message = parsed.err().expect("it does not parse").to_string();
        assert!(message.starts_with("src/a.rs:2: "), "{message}");
    }
}
