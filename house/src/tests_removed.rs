//! Removes test code from a syntax tree: items under `#[cfg(test)]` and functions under `#[test]`.
//! It knows attributes only; files that are test code as a whole are left out by `sources`.

use std::ops::RangeInclusive;

use syn::spanned::Spanned as _;
use syn::{Attribute, ImplItem, Item};

/// Removes all tests and returns the lines that they took, from 1.
pub fn remove_tests(file: &mut syn::File) -> Vec<RangeInclusive<usize>> {
    let mut removed = Vec::new();
    remove_from(&mut file.items, &mut removed);
    removed
}

fn remove_from(items: &mut Vec<Item>, removed: &mut Vec<RangeInclusive<usize>>) {
    items.retain(|item| keep(attributes(item), item.span(), removed));
    for item in items {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = &mut module.content {
                    remove_from(items, removed);
                }
            }
            Item::Impl(block) => block.items.retain(|item| keep(impl_attributes(item), item.span(), removed)),
            _ => {}
        }
    }
}

fn keep(attributes: &[Attribute], span: proc_macro2::Span, removed: &mut Vec<RangeInclusive<usize>>) -> bool {
    let test = attributes.iter().any(is_test);
    if test {
        removed.push(span.start().line..=span.end().line);
    }
    !test
}

/// Whether an attribute marks test code: `#[test]` or `#[cfg(test)]`.
fn is_test(attribute: &Attribute) -> bool {
    let path = attribute.path();
    path.is_ident("test")
        || path.is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|given| given.is_ident("test"))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
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
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn impl_attributes(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(item) => &item.attrs,
        ImplItem::Fn(item) => &item.attrs,
        ImplItem::Type(item) => &item.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::remove_tests;

    #[test]
    fn tests_are_removed_with_their_lines() {
        let text = "fn kept() {}\n#[cfg(test)]\nmod tests {\n}\nimpl A {\n    #[cfg(test)]\n    fn len() {}\n}";
        let mut file = syn::parse_file(text).expect("valid Rust");
        assert_eq!(remove_tests(&mut file), [2..=4, 6..=7]);
        assert_eq!(file.items.len(), 2);
    }

    #[test]
    fn other_conditions_are_kept() {
        let mut file = syn::parse_file("#[cfg(feature = \"ldap\")]\nfn kept() {}").expect("valid Rust");
        assert_eq!(remove_tests(&mut file), []);
    }
}
