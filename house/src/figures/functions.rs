//! The lengths of functions, and functions that take tuples.
//! Closures are no functions here: their lines belong to the function around them.

use syn::visit::{self, Visit};
use syn::{Block, FnArg, ImplItemFn, ItemFn, Pat, Signature, TraitItemFn, Type};

use crate::figure::{Figure, percentile};
use crate::sources::Sources;

struct Function {
    path: String,
    name: String,
    line: usize,
    lines: usize,
    takes_tuple: bool,
}

struct Functions<'a> {
    path: &'a str,
    found: Vec<Function>,
}

impl Functions<'_> {
    fn add(&mut self, signature: &Signature, body: Option<&Block>) {
        let start = signature_start(signature);
        let end = body.map(|body| body.brace_token.span.close().end().line);
        self.found.push(Function {
            path: self.path.to_owned(),
            name: signature.ident.to_string(),
            line: start,
            lines: end.map_or(0, |end| end + 1 - start),
            takes_tuple: signature.inputs.iter().any(is_tuple),
        });
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.add(&item.sig, Some(&item.block));
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.add(&item.sig, Some(&item.block));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        self.add(&item.sig, item.default.as_ref());
        visit::visit_trait_item_fn(self, item);
    }
}

/// The line of `fn`, or of `const`, `async`, `unsafe` or `extern` before it.
fn signature_start(signature: &Signature) -> usize {
    let before = [
        signature.constness.as_ref().map(|token| token.span),
        signature.asyncness.as_ref().map(|token| token.span),
        signature.unsafety.as_ref().map(|token| token.span),
        signature.abi.as_ref().map(|abi| abi.extern_token.span),
    ];
    before.into_iter().flatten().next().unwrap_or(signature.fn_token.span).start().line
}

fn is_tuple(argument: &FnArg) -> bool {
    let FnArg::Typed(argument) = argument else { return false };
    is_tuple_pattern(&argument.pat) || is_tuple_type(&argument.ty)
}

fn is_tuple_pattern(pattern: &Pat) -> bool {
    match pattern {
        Pat::Tuple(tuple) => tuple.elems.len() > 1,
        Pat::Reference(inner) => is_tuple_pattern(&inner.pat),
        Pat::Paren(inner) => is_tuple_pattern(&inner.pat),
        _ => false,
    }
}

fn is_tuple_type(named: &Type) -> bool {
    match named {
        Type::Tuple(tuple) => tuple.elems.len() > 1,
        Type::Reference(inner) => is_tuple_type(&inner.elem),
        Type::Paren(inner) => is_tuple_type(&inner.elem),
        _ => false,
    }
}

/// Lengths of functions with a body: median, 90th percentile, longest. And functions that take tuples.
///
/// A function's length is its lines from the signature's first to the closing brace, without attributes and comments
/// above it. Methods, functions inside of functions, and bodies in traits count. A function takes a tuple where a
/// parameter's type or pattern is a tuple of two or more members, or a reference to one.
pub fn figures(sources: &Sources) -> Vec<Figure> {
    let mut found = Vec::new();
    for file in &sources.files {
        let mut functions = Functions { path: &file.path, found: Vec::new() };
        functions.visit_file(&file.syntax);
        found.append(&mut functions.found);
    }
    let tuples = found.iter().filter(|one| one.takes_tuple);
    let tuples = tuples.map(|one| format!("{}:{} {}", one.path, one.line, one.name)).collect();
    found.sort_by_key(|one| std::cmp::Reverse(one.lines));
    let longest = |least: usize| -> Vec<String> {
        let long = found.iter().filter(|one| one.lines > least);
        long.map(|one| format!("{}:{} {}: {} lines", one.path, one.line, one.name, one.lines)).collect()
    };
    let mut lengths: Vec<usize> = found.iter().map(|one| one.lines).filter(|lines| *lines > 0).collect();
    lengths.sort_unstable();
    let share = |percent| percentile(&lengths, percent);
    vec![
        Figure::value("function-median", "lines of a function, median", share(50), 8, Vec::new()),
        Figure::value("function-p90", "lines of a function, 90th percentile", share(90), 25, longest(25)),
        Figure::value("function-longest", "lines of the longest function", share(100), 50, longest(50)),
        Figure::count("tuple-parameters", "functions that take a tuple", 3, tuples),
    ]
}

#[cfg(test)]
mod tests {
    use super::figures;
    use crate::sources::from_texts;

    #[test]
    fn lengths_include_signature_and_brace() {
        let text = "/// Docs.\n#[inline]\npub async fn a(\n) {\n}\nfn b() {}\ntrait T { fn c(); fn d() {\n} }";
        let found = figures(&from_texts(&[("src/a.rs", text)]));
        assert_eq!(found[..3].iter().map(|figure| figure.value).collect::<Vec<_>>(), [2, 3, 3]);
    }

    #[test]
    fn longest_function_is_listed() {
        let text = format!("fn a() {{{}}}\n#[cfg(test)]\nmod t {{ fn b() {{{}}} }}", "\n".repeat(50), "\n".repeat(90));
        let found = figures(&from_texts(&[("src/a.rs", &text)]));
        assert_eq!(found[2].places, ["src/a.rs:1 a: 51 lines"]);
    }

    #[test]
    fn tuples_are_found_in_types_and_patterns() {
        let text = "fn a((x, y): P) {} fn b(x: &(u8, u8)) {} fn c(x: (), y: Vec<(u8, u8)>) {} fn d(x: (u8,)) {}";
        let found = figures(&from_texts(&[("src/a.rs", text)]));
        assert_eq!(found[3].places, ["src/a.rs:1 a", "src/a.rs:1 b"]);
    }
}
