//! The names that a file defines: modules, types, functions, fields, variants and constants.
//! Methods of a trait's implementation are left out, because the trait names them.

use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::{
    Field, ImplItemConst, ItemConst, ItemEnum, ItemFn, ItemImpl, ItemMod, ItemStatic, ItemStruct, ItemTrait, ItemType,
    Signature, TraitItemConst, Variant, Visibility,
};

use crate::sources::SourceFile;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A module, or the file of one.
    Module,
    /// A struct, enum, trait or alias.
    Type,
    /// A function or method, not one of a trait's implementation.
    Function,
    /// A named field.
    Field,
    /// A variant of an enum.
    Variant,
    /// A constant or static.
    Constant,
}

/// One defined name.
#[derive(Debug)]
pub struct Definition {
    /// What it stands for.
    pub kind: Kind,
    /// The name as it is written.
    pub name: String,
    /// Whether other files can see it: it says `pub`, `pub(crate)` or the like.
    pub visible: bool,
    /// Its line, from 1.
    pub line: usize,
}

impl Definition {
    /// The parts of its name in lower case: `MailSender` and `mail_sender` are `["mail", "sender"]`.
    pub fn segments(&self) -> Vec<String> {
        let mut snake = String::new();
        let mut before = '_';
        for c in self.name.chars() {
            if c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit()) {
                snake.push('_');
            }
            snake.extend(c.to_lowercase());
            before = c;
        }
        snake.split('_').filter(|segment| !segment.is_empty()).map(ToOwned::to_owned).collect()
    }
}

/// All names that a file defines, and first its own.
pub fn definitions(file: &SourceFile) -> Vec<Definition> {
    let mut found = Definitions { found: Vec::new(), in_trait_impl: false };
    if let Some(name) = file.module.get(1..).and_then(<[String]>::last) {
        found.found.push(Definition { kind: Kind::Module, name: name.clone(), visible: true, line: 1 });
    }
    found.visit_file(&file.syntax);
    found.found
}

struct Definitions {
    found: Vec<Definition>,
    in_trait_impl: bool,
}

impl Definitions {
    fn add(&mut self, kind: Kind, name: &Ident, visibility: Option<&Visibility>) {
        let visible = visibility.is_some_and(|visibility| !matches!(visibility, Visibility::Inherited));
        let line = name.span().start().line;
        self.found.push(Definition { kind, name: name.to_string(), visible, line });
    }
}

impl<'ast> Visit<'ast> for Definitions {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.add(Kind::Module, &item.ident, Some(&item.vis));
        visit::visit_item_mod(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.add(Kind::Type, &item.ident, Some(&item.vis));
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.add(Kind::Type, &item.ident, Some(&item.vis));
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.add(Kind::Type, &item.ident, Some(&item.vis));
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast ItemType) {
        self.add(Kind::Type, &item.ident, Some(&item.vis));
        visit::visit_item_type(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        self.add(Kind::Constant, &item.ident, Some(&item.vis));
        visit::visit_item_const(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast ItemStatic) {
        self.add(Kind::Constant, &item.ident, Some(&item.vis));
        visit::visit_item_static(self, item);
    }

    fn visit_impl_item_const(&mut self, item: &'ast ImplItemConst) {
        if !self.in_trait_impl {
            self.add(Kind::Constant, &item.ident, Some(&item.vis));
        }
    }

    fn visit_trait_item_const(&mut self, item: &'ast TraitItemConst) {
        self.add(Kind::Constant, &item.ident, None);
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if let Some(name) = &field.ident {
            self.add(Kind::Field, name, Some(&field.vis));
        }
        visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'ast Variant) {
        self.add(Kind::Variant, &variant.ident, None);
        visit::visit_variant(self, variant);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let outer = std::mem::replace(&mut self.in_trait_impl, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.in_trait_impl = outer;
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        let outer = std::mem::replace(&mut self.in_trait_impl, false);
        visit::visit_item_fn(self, item);
        self.in_trait_impl = outer;
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        if !self.in_trait_impl {
            self.add(Kind::Function, &signature.ident, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Definition, Kind, definitions};
    use crate::sources::from_texts;

    #[test]
    fn names_are_found_with_their_kinds() {
        let text = "pub(super) struct A { b: u8 }\nenum C { D }\nconst E: u8 = 1;\nimpl A { fn f() {} }\n\
                    impl Clone for A { fn clone(&self) -> Self { A } }";
        let sources = from_texts(&[("src/a.rs", text)]);
        let found: Vec<_> =
            definitions(&sources.files[0]).into_iter().map(|one| (one.kind, one.name, one.visible, one.line)).collect();
        let wanted = [
            (Kind::Module, "a", true, 1),
            (Kind::Type, "A", true, 1),
            (Kind::Field, "b", false, 1),
            (Kind::Type, "C", false, 2),
            (Kind::Variant, "D", false, 2),
            (Kind::Constant, "E", false, 3),
            (Kind::Function, "f", false, 4),
        ];
        assert_eq!(found, wanted.map(|(kind, name, visible, line)| (kind, name.to_owned(), visible, line)));
    }

    #[test]
    fn segments_split_both_styles() {
        for (name, wanted) in [("MailSender", vec!["mail", "sender"]), ("MAX_URL", vec!["max", "url"])] {
            let one = Definition { kind: Kind::Type, name: name.to_owned(), visible: true, line: 1 };
            assert_eq!(one.segments(), wanted);
        }
    }
}
