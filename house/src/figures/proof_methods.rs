//! How many files of logic know a method of proof.
//! It counts names, not what is done with them: a file that names a method is one that a new method may touch.

use std::collections::{BTreeMap, BTreeSet};

use syn::ItemEnum;
use syn::visit::Visit;

use crate::figure::Figure;
use crate::modules::Modules;
use crate::references::References;
use crate::sources::{SourceFile, Sources};

/// The enum of the methods of proof.
const METHODS: &str = "Method";
/// Its variant for the one-time code.
const ONE_TIME_CODE: &str = "Otp";
/// Folders that hold no logic: texts, and the demo.
const NO_LOGIC: [&str; 2] = ["pages/src/texts", "demo/src/"];

/// An enum by its file's index and its name.
type EnumName = (usize, String);

/// Files of logic that name one method of proof: for the method that most files name, and for the one-time code.
///
/// The methods are the variants of the enum `Method` that has a variant `Otp`. An enum that shares two or more names
/// of variants with it stands for methods, too. A file names a method where it writes the path of such a variant
/// (`Method::Otp`, `Check::Otp`) or defines it. Files are those of `src` and `channels/src` without
/// `pages/src/texts` and the demo.
pub fn figures(sources: &Sources) -> Vec<Figure> {
    let by_method = files_by_method(sources);
    let most = by_method.iter().max_by_key(|(_, files)| files.len());
    let mut figures = vec![
        figure("proof-method-files", "files of logic that name the most widespread method of proof", most),
        figure(
            "one-time-code-files",
            "files of logic that name the one-time code",
            by_method.get_key_value(ONE_TIME_CODE),
        ),
    ];
    let counts: Vec<_> = by_method.iter().map(|(method, files)| format!("{method}: {}", files.len())).collect();
    figures[0].places.insert(0, counts.join(", "));
    figures
}

fn figure(name: &'static str, title: &'static str, found: Option<(&String, &BTreeSet<String>)>) -> Figure {
    let files: Vec<String> = found.into_iter().flat_map(|(_, files)| files.iter().cloned()).collect();
    Figure::count(name, title, 4, files)
}

fn files_by_method(sources: &Sources) -> BTreeMap<String, BTreeSet<String>> {
    let enums = enums(sources);
    let Some(methods) = enums.iter().find(|((_, name), variants)| name == METHODS && variants.contains(ONE_TIME_CODE))
    else {
        return BTreeMap::new();
    };
    let methods = methods.1.clone();
    let shares = |variants: &BTreeSet<String>| variants.intersection(&methods).count() > 1;
    let enums: BTreeMap<EnumName, BTreeSet<String>> = enums.into_iter().filter(|(_, names)| shares(names)).collect();
    let modules = Modules::new(sources);
    let mut found: BTreeMap<String, BTreeSet<String>> =
        methods.iter().map(|name| (name.clone(), BTreeSet::new())).collect();
    for (index, file) in sources.files.iter().enumerate().filter(|(_, file)| is_logic(file)) {
        for method in named(index, file, &modules, &enums) {
            if let Some(files) = found.get_mut(&method) {
                files.insert(file.path.clone());
            }
        }
    }
    found
}

fn is_logic(file: &SourceFile) -> bool {
    !NO_LOGIC.iter().any(|start| file.path.starts_with(start))
}

/// The variants of `enums` that a file names or defines.
fn named(
    index: usize,
    file: &SourceFile,
    modules: &Modules,
    enums: &BTreeMap<EnumName, BTreeSet<String>>,
) -> BTreeSet<String> {
    let mut found: BTreeSet<String> =
        enums.iter().filter(|((defined_in, _), _)| *defined_in == index).flat_map(|(_, names)| names.clone()).collect();
    for path in References::of(file).paths {
        let Some((variant, owner)) = path.path.split_last() else { continue };
        let (target, rest) = modules.resolve(index, &path.module, owner).unwrap_or((index, owner.to_vec()));
        let Some(name) = rest.last() else { continue };
        if enums.get(&(target, name.clone())).is_some_and(|variants| variants.contains(variant)) {
            found.insert(variant.clone());
        }
    }
    found
}

/// All enums outside of the demo and texts, and their variants.
fn enums(sources: &Sources) -> BTreeMap<EnumName, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (index, file) in sources.files.iter().enumerate().filter(|(_, file)| is_logic(file)) {
        let mut enums = Enums::default();
        enums.visit_file(&file.syntax);
        for item in enums.0 {
            let variants = item.variants.iter().map(|variant| variant.ident.to_string()).collect();
            found.insert((index, item.ident.to_string()), variants);
        }
    }
    found
}

#[derive(Default)]
struct Enums<'a>(Vec<&'a ItemEnum>);

impl<'a> Visit<'a> for Enums<'a> {
    fn visit_item_enum(&mut self, item: &'a ItemEnum) {
        self.0.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::figures;
    use crate::sources::from_texts;

    #[test]
    fn files_that_name_a_method_are_counted() {
        let sources = from_texts(&[
            ("src/domain/method.rs", "pub enum Method { Otp, Pin, Kba }"),
            ("src/domain/check.rs", "pub enum Check { Otp(u8), Pin } pub enum Other { Otp }"),
            ("src/http/a.rs", "use crate::domain::method::Method; fn f() { m!(Method::Otp) }"),
            ("src/http/b.rs", "use http::Method; fn f() { Method::Otp; crate::domain::check::Other::Otp; }"),
            ("src/http/c.rs", "use crate::domain::check; fn f() { check::Check::Pin; } mod tests {}"),
            ("src/http/d.rs", "use crate::domain::method::Method; fn f() { Method::Kba; }"),
            ("demo/src/e.rs", "use countersign::domain::method::Method; fn f() { Method::Otp; }"),
        ]);
        let found = figures(&sources);
        assert_eq!(found[1].places, ["src/domain/check.rs", "src/domain/method.rs", "src/http/a.rs"]);
        assert_eq!((found[0].value, found[0].places[0].as_str()), (3, "Kba: 2, Otp: 3, Pin: 3"));
    }
}
