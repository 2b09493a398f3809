//! The largest struct: its methods over all files of its package, and its fields.
//! Methods of traits do not count, because a trait is a boundary of its own.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{ImplItem, ItemImpl, ItemStruct, Type};

use crate::figure::Figure;
use crate::modules::Modules;
use crate::sources::{SourceFile, Sources};

/// The functions of all inherent `impl` blocks of a file, with their blocks.
pub fn inherent_methods(file: &SourceFile) -> Vec<(&ItemImpl, String)> {
    let mut blocks = Blocks::default();
    blocks.visit_file(&file.syntax);
    let inherent = blocks.impls.into_iter().filter(|block| block.trait_.is_none());
    let functions = |block: &ItemImpl| -> Vec<String> {
        let name =
            |item: &ImplItem| if let ImplItem::Fn(item) = item { Some(item.sig.ident.to_string()) } else { None };
        block.items.iter().filter_map(name).collect()
    };
    inherent.flat_map(|block| functions(block).into_iter().map(move |name| (block, name))).collect()
}

#[derive(Default)]
struct Blocks<'a> {
    impls: Vec<&'a ItemImpl>,
    structs: Vec<&'a ItemStruct>,
}

impl<'a> Visit<'a> for Blocks<'a> {
    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        self.impls.push(item);
        visit::visit_item_impl(self, item);
    }

    fn visit_item_struct(&mut self, item: &'a ItemStruct) {
        self.structs.push(item);
    }
}

/// One struct with its methods.
#[derive(Default)]
struct Methods {
    count: usize,
    by_file: BTreeMap<String, usize>,
}

/// The methods of the struct that has most of them, and its fields.
///
/// A method is a function of an inherent `impl` block, with or without `self`. Blocks in several files belong to one
/// struct where its name leads to the same file. Fields are those of that struct's definition.
pub fn figures(sources: &Sources) -> Vec<Figure> {
    let methods = methods(sources);
    let largest = methods.iter().max_by_key(|(_, methods)| methods.count);
    let (name, count, places) = match largest {
        Some((name, methods)) => (name.clone(), methods.count, places(methods)),
        None => Default::default(),
    };
    let fields = fields(sources, &name);
    let mut figures = vec![
        Figure::value("struct-methods", "methods of the largest struct", count, 40, places),
        Figure::count("struct-fields", "fields of the struct with the most methods", 12, fields),
    ];
    figures[0].places.insert(0, format!("{}::{}", name.0, name.1));
    figures
}

/// By the defining file and name of each struct.
fn methods(sources: &Sources) -> BTreeMap<(String, String), Methods> {
    let modules = Modules::new(sources);
    let mut found: BTreeMap<(String, String), Methods> = BTreeMap::new();
    for (index, file) in sources.files.iter().enumerate() {
        for (block, _) in inherent_methods(file) {
            if let Some(name) = owner(sources, &modules, index, &block.self_ty) {
                let methods = found.entry(name).or_default();
                methods.count += 1;
                *methods.by_file.entry(file.path.clone()).or_default() += 1;
            }
        }
    }
    found
}

/// The file and name of a type that an `impl` block names.
fn owner(sources: &Sources, modules: &Modules, index: usize, named: &Type) -> Option<(String, String)> {
    let Type::Path(named) = named else { return None };
    let path: Vec<String> = named.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let file = &sources.files[index];
    let (target, rest) = modules.resolve(index, &file.module, &path).unwrap_or((index, path.clone()));
    let name = rest.last().or(path.last())?;
    Some((sources.files[target].path.clone(), name.clone()))
}

fn fields(sources: &Sources, (path, name): &(String, String)) -> Vec<String> {
    let mut found = Blocks::default();
    if let Some(file) = sources.files.iter().find(|file| file.path == *path) {
        found.visit_file(&file.syntax);
    }
    let defined = found.structs.into_iter().filter(|item| item.ident == name).flat_map(|item| &item.fields);
    let field =
        |(number, field): (usize, &syn::Field)| field.ident.as_ref().map_or(number.to_string(), ToString::to_string);
    defined.enumerate().map(field).collect()
}

fn places(methods: &Methods) -> Vec<String> {
    let mut files: Vec<_> = methods.by_file.iter().collect();
    files.sort_by_key(|(path, count)| (std::cmp::Reverse(**count), *path));
    files.into_iter().map(|(path, count)| format!("{path}: {count}")).collect()
}

#[cfg(test)]
mod tests {
    use super::figures;
    use crate::sources::from_texts;

    #[test]
    fn methods_of_one_struct_are_summed_over_files() {
        let sources = from_texts(&[
            ("src/a.rs", "pub struct Big { x: u8, y: u8 } impl Big { fn a(&self) {} }"),
            ("src/b.rs", "use crate::a::Big; impl Big { fn b(&self) {} fn c() {} } impl Clone for Big { fn d() {} }"),
            ("src/c.rs", "struct Big; impl Big { fn e(&self) {} fn f(&self) {} }"),
        ]);
        let found = figures(&sources);
        assert_eq!((found[0].value, found[1].value), (3, 2));
        assert_eq!(found[0].places, ["src/a.rs::Big", "src/b.rs: 2", "src/a.rs: 1"]);
    }
}
