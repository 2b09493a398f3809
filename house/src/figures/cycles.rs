//! Cycles of references inside the floors: between modules and between files.
//! A floor is a folder directly below `src`, or the sources of another package.

use std::collections::HashMap;

use crate::figure::Figure;
use crate::graph::{Cycle, Graph};
use crate::modules::Modules;
use crate::references::References;
use crate::sources::{SourceFile, Sources};

/// Two graphs of the floors: one between modules, one between files.
pub struct Graphs {
    /// Between the modules of each floor: `services/src/links` is `links.rs` and all below `links/`.
    pub modules: Graph,
    /// Between the files of each floor.
    pub files: Graph,
}

/// The floor that a file lies on: `src/http`, `channels/src`. A file directly in `src` lies on none.
pub fn floor(file: &SourceFile) -> Option<String> {
    if file.root != "src" {
        return Some(file.root.clone());
    }
    let (floor, _) = file.path.strip_prefix("src/")?.split_once('/')?;
    Some(format!("src/{floor}"))
}

/// Whether a file is the root of a package's library: the parent of all its modules, and so apart from them.
fn is_root(file: &SourceFile) -> bool {
    file.root != "src" && file.path.ends_with("/lib.rs")
}

/// The module of its floor that a file belongs to: `src/http/pages`.
fn floor_module(file: &SourceFile, floor: &str) -> String {
    let inside = file.path[floor.len() + 1..].trim_end_matches(".rs");
    let (first, _) = inside.split_once('/').unwrap_or((inside, ""));
    format!("{floor}/{first}")
}

/// The graphs of all floors.
///
/// A file refers to another by a `use` or a path of two or more segments that leads there: through `crate`, `self`,
/// `super`, an imported name or a re-export, also inside of macros. With `calls` it also refers to another by
/// `self.x(..)`, `gateway.x(..)` or `state.gateway.x(..)` where exactly one inherent method of all in [`CALLED`] is
/// named `x` and the other file defines it. References between floors do not count, nor those between a module and one
/// that lies below it.
pub fn graphs(sources: &Sources, calls: bool) -> Graphs {
    let modules = Modules::new(sources);
    let methods = if calls { unique_methods(sources) } else { HashMap::new() };
    let mut graphs = Graphs { modules: Graph::default(), files: Graph::default() };
    for (index, file) in sources.files.iter().enumerate() {
        let references = References::of(file);
        for path in &references.paths {
            if let Some((target, _)) = modules.resolve(index, &path.module, &path.path) {
                graphs.add(file, &sources.files[target], &format!("{}:{}", path.path.join("::"), path.line));
            }
        }
        for call in &references.calls {
            if let Some(Some(target)) = methods.get(&call.method) {
                graphs.add(file, &sources.files[*target], &format!("{}():{}", call.method, call.line));
            }
        }
    }
    graphs
}

impl Graphs {
    fn add(&mut self, from: &SourceFile, to: &SourceFile, reason: &str) {
        let Some(floor) = floor(from).filter(|floor| self::floor(to).as_ref() == Some(floor)) else {
            return;
        };
        if !is_root(from) && !is_root(to) {
            self.modules.add(&floor_module(from, &floor), &floor_module(to, &floor), reason);
        }
        if !from.module.starts_with(&to.module) && !to.module.starts_with(&from.module) {
            self.files.add(&from.path, &to.path, reason);
        }
    }
}

/// The packages whose methods are found by their names: the gateway and its services.
const CALLED: [&str; 2] = ["src", "services/src"];

/// By name, the file that defines an inherent method in [`CALLED`]; none where two methods have the name.
fn unique_methods(sources: &Sources) -> HashMap<String, Option<usize>> {
    let mut found: HashMap<String, Option<usize>> = HashMap::new();
    for (index, file) in sources.files.iter().enumerate().filter(|(_, file)| CALLED.contains(&file.root.as_str())) {
        for (_, method) in super::structs::inherent_methods(file) {
            let known = found.contains_key(&method);
            found.insert(method, (!known).then_some(index));
        }
    }
    found
}

/// Cycles between modules and between files, and the modules in the largest cycle: by paths, and with calls.
///
/// A cycle is a strongly connected component of two or more members of [`graphs`]: each reaches each of the others.
pub fn figures(sources: &Sources) -> Vec<Figure> {
    let paths = graphs(sources, false);
    let calls = graphs(sources, true);
    let (modules, with_calls) = (paths.modules.cycles(), calls.modules.cycles());
    vec![
        cycles("module-cycles", "cycles between modules of one floor, by paths", &modules),
        cycles("module-cycles-with-calls", "cycles between modules of one floor, with calls", &with_calls),
        cycles("file-cycles", "cycles between files of one floor, by paths", &paths.files.cycles()),
        cycles("file-cycles-with-calls", "cycles between files of one floor, with calls", &calls.files.cycles()),
        largest("largest-cycle", "modules in the largest cycle, by paths", &modules),
        largest("largest-cycle-with-calls", "modules in the largest cycle, with calls", &with_calls),
    ]
}

fn cycles(name: &'static str, title: &'static str, cycles: &[Cycle]) -> Figure {
    Figure::value(name, title, cycles.len(), 0, cycles.iter().flat_map(describe).collect())
}

/// One module is the least: a module without a cycle.
fn largest(name: &'static str, title: &'static str, cycles: &[Cycle]) -> Figure {
    let size = cycles.first().map_or(1, |cycle| cycle.nodes.len());
    Figure::value(name, title, size, 1, cycles.first().map(describe).unwrap_or_default())
}

fn describe(cycle: &Cycle) -> Vec<String> {
    let head = format!("{} members: {}", cycle.nodes.len(), cycle.nodes.join(", "));
    std::iter::once(head).chain(cycle.edges.iter().map(|edge| format!("  {edge}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::figures;
    use crate::sources::from_texts;

    fn values(texts: &[(&str, &str)]) -> Vec<usize> {
        figures(&from_texts(texts)).iter().map(|figure| figure.value).collect()
    }

    #[test]
    fn siblings_that_import_each_other_are_a_cycle() {
        let a = ("src/floor/a.rs", "use super::b::B; pub struct A;");
        let b = ("src/floor/b.rs", "pub struct B(crate::floor::a::A);");
        assert_eq!(values(&[a, b]), [1, 1, 1, 1, 2, 2]);
        assert_eq!(values(&[a, ("src/floor/b.rs", "pub struct B;")]), [0, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn parent_and_child_are_apart() {
        let parent = ("src/floor/a.rs", "mod b; pub use b::B; pub struct A;");
        let child = ("src/floor/a/b.rs", "pub struct B(super::A);");
        assert_eq!(values(&[parent, child]), [0, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn other_floors_are_apart() {
        let one = ("src/one/a.rs", "use crate::two::b::B; pub struct A;");
        let two = ("src/two/b.rs", "use crate::one::a::A; pub struct B;");
        assert_eq!(values(&[one, two]), [0, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn calls_of_unique_methods_are_edges() {
        let a = ("src/floor/a.rs", "impl super::G { fn x(&self) { self.y() } }");
        let b = ("src/floor/b.rs", "impl super::G { fn y(&self) { self.x() } }");
        assert_eq!(values(&[a, b]), [0, 1, 0, 1, 1, 2]);
        let again = ("src/floor/c.rs", "impl Other { fn x(&self) {} }");
        assert_eq!(values(&[a, b, again]), [0, 0, 0, 0, 1, 1]);
    }
}
