//! Public items without documentation.
//! It looks at what says `pub` itself, whether or not its module is public.

use syn::visit::{self, Visit};
use syn::{
    Attribute, Fields, ImplItem, ItemConst, ItemEnum, ItemFn, ItemImpl, ItemStatic, ItemStruct, ItemTrait, ItemType,
    TraitItem, Visibility,
};

use crate::figure::Figure;
use crate::sources::Sources;

/// Items that say `pub` and have no documentation comment.
///
/// Functions, structs, enums, traits, constants, statics and aliases count; of types that say `pub` also their named
/// fields that say `pub` and their variants; of traits that say `pub` also their functions. What says `pub(crate)` or
/// the like is not public. Items that macros make are not seen, save the enums of `named!`.
pub fn figure(sources: &Sources) -> Figure {
    let mut places = Vec::new();
    for file in &sources.files {
        let mut found = Undocumented { path: &file.path, places: Vec::new() };
        found.visit_file(&file.syntax);
        places.append(&mut found.places);
    }
    Figure::count("undocumented-items", "public items without documentation", 0, places)
}

struct Undocumented<'a> {
    path: &'a str,
    places: Vec<String>,
}

impl Undocumented<'_> {
    /// Notes an item without documentation where it is public; says whether it is.
    fn check(&mut self, visibility: &Visibility, attributes: &[Attribute], name: &proc_macro2::Ident) -> bool {
        let public = matches!(visibility, Visibility::Public(_));
        if public {
            self.check_public(attributes, name);
        }
        public
    }

    fn check_public(&mut self, attributes: &[Attribute], name: &proc_macro2::Ident) {
        if !attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
            self.places.push(format!("{}:{} {name}", self.path, name.span().start().line));
        }
    }

    fn check_fields(&mut self, fields: &Fields) {
        for field in fields {
            if let Some(name) = &field.ident {
                self.check(&field.vis, &field.attrs, name);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Undocumented<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.check(&item.vis, &item.attrs, &item.sig.ident);
    }

    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        self.check(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_static(&mut self, item: &'ast ItemStatic) {
        self.check(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_type(&mut self, item: &'ast ItemType) {
        self.check(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        if self.check(&item.vis, &item.attrs, &item.ident) {
            self.check_fields(&item.fields);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        if self.check(&item.vis, &item.attrs, &item.ident) {
            for variant in &item.variants {
                self.check_public(&variant.attrs, &variant.ident);
            }
        }
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        if self.check(&item.vis, &item.attrs, &item.ident) {
            for item in &item.items {
                if let TraitItem::Fn(item) = item {
                    self.check_public(&item.attrs, &item.sig.ident);
                }
            }
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        for item in item.items.iter().filter(|_| item.trait_.is_none()) {
            match item {
                ImplItem::Fn(item) => _ = self.check(&item.vis, &item.attrs, &item.sig.ident),
                ImplItem::Const(item) => _ = self.check(&item.vis, &item.attrs, &item.ident),
                _ => {}
            }
        }
        visit::visit_item_impl(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::figure;
    use crate::sources::from_texts;

    fn names(text: &str) -> Vec<String> {
        let places = figure(&from_texts(&[("src/a.rs", text)])).places;
        places.iter().filter_map(|place| place.split_once(' ')).map(|(_, name)| name.to_owned()).collect()
    }

    #[test]
    fn public_items_without_docs_are_found() {
        let text = "pub fn a() {} /// Docs.\npub struct B { pub c: u8, d: u8 }\npub enum E { F }\n\
                    pub trait G { fn h(); }\nimpl B { pub fn i() {} fn j() {} }\npub const K: u8 = 1;";
        assert_eq!(names(text), ["a", "c", "E", "F", "G", "h", "i", "K"]);
    }

    #[test]
    fn documented_private_and_test_items_are_not() {
        let text = "/// Docs.\npub fn a() {}\npub(crate) fn b() {}\nstruct C { pub d: u8 }\n\
                    impl Clone for C { fn clone(&self) -> Self { C } }\n#[cfg(test)]\npub fn e() {}";
        assert_eq!(names(text), Vec::<String>::new());
    }
}
