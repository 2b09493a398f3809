//! What a file refers to: paths of two or more segments, imports, and calls of methods on the gateway.
//! Inside of macros it reads tokens instead of syntax: paths and calls there look the same.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, ItemMod, ItemUse, Macro, Member};

use crate::modules;
use crate::sources::SourceFile;

/// A path as it is written.
pub struct Reference {
    /// The module in which it is written.
    pub module: Vec<String>,
    /// Its segments.
    pub path: Vec<String>,
    /// Its line, from 1.
    pub line: usize,
}

/// A call of a method on `self` or on something named `gateway`.
pub struct Call {
    /// The method's name.
    pub method: String,
    /// Its line, from 1.
    pub line: usize,
}

/// All references of one file.
pub struct References {
    /// Paths and imports.
    pub paths: Vec<Reference>,
    /// Calls.
    pub calls: Vec<Call>,
    module: Vec<String>,
}

impl References {
    /// Reads the references of one file.
    pub fn of(file: &SourceFile) -> Self {
        let mut found = Self { paths: Vec::new(), calls: Vec::new(), module: file.module.clone() };
        found.visit_file(&file.syntax);
        found
    }

    fn path(&mut self, path: Vec<String>, line: usize) {
        self.paths.push(Reference { module: self.module.clone(), path, line });
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident) => {
                    let inside = at > 0 && (is_sign(&tokens[at - 1], ':') || is_sign(&tokens[at - 1], '.'));
                    let path = path_at(&tokens, at);
                    if path.len() > 1 && !inside {
                        self.path(path, ident.span().start().line);
                    }
                    self.token_call(&tokens[at..]);
                }
                _ => {}
            }
        }
    }

    /// `self . name (` or `gateway . name (` at the start of `tokens`.
    fn token_call(&mut self, tokens: &[TokenTree]) {
        if let [TokenTree::Ident(receiver), dot, TokenTree::Ident(method), TokenTree::Group(group), ..] = tokens {
            let receives = receiver == "self" || receiver == "gateway";
            if receives && is_sign(dot, '.') && group.delimiter() == Delimiter::Parenthesis {
                self.calls.push(Call { method: method.to_string(), line: method.span().start().line });
            }
        }
    }
}

fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// The path that begins at a token: identifiers between `::`.
fn path_at(tokens: &[TokenTree], mut at: usize) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(TokenTree::Ident(ident)) = tokens.get(at) {
        found.push(ident.to_string());
        let separated = tokens.get(at + 1..at + 3).is_some_and(|two| two.iter().all(|token| is_sign(token, ':')));
        if !separated {
            break;
        }
        at += 3;
    }
    found
}

impl<'ast> Visit<'ast> for References {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for (path, _) in modules::leaves(item) {
            self.path(path, item.use_token.span.start().line);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = path.segments.first().filter(|_| segments.len() > 1) {
            self.path(segments, first.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if is_gateway(&call.receiver) {
            self.calls.push(Call { method: call.method.to_string(), line: call.method.span().start().line });
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}

/// `self`, `gateway`, or a field `gateway` of anything.
fn is_gateway(receiver: &Expr) -> bool {
    match receiver {
        Expr::Path(path) => path.path.is_ident("self") || path.path.is_ident("gateway"),
        Expr::Field(field) => matches!(&field.member, Member::Named(name) if name == "gateway"),
        Expr::Paren(inner) => is_gateway(&inner.expr),
        Expr::Reference(inner) => is_gateway(&inner.expr),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::References;
    use crate::sources::from_texts;

    fn references(text: &str) -> (Vec<String>, Vec<String>) {
        let sources = from_texts(&[("src/a.rs", text)]);
        let found = References::of(&sources.files[0]);
        let paths = found.paths.iter().map(|path| format!("{}:{}", path.path.join("::"), path.line)).collect();
        (paths, found.calls.into_iter().map(|call| call.method).collect())
    }

    #[test]
    fn imports_and_paths_are_read() {
        let (paths, _) = references("use a::{b, c::*};\nfn f(x: d::E<g::H>) {}");
        assert_eq!(paths, ["a::b:1", "a::c:1", "d::E:2", "g::H:2"]);
    }

    #[test]
    fn macros_are_read_as_tokens() {
        let (paths, calls) = references("fn f(&self) { m!(a::b::c(self.d(1)), x.gateway.e(), other.f()) }");
        assert_eq!((paths, calls), (vec!["a::b::c:1".to_owned()], vec!["d".to_owned(), "e".to_owned()]));
    }

    #[test]
    fn calls_on_self_and_gateway_are_read() {
        let (_, calls) = references("fn f(&self) { self.a(); gateway.b(); state.gateway.c(); other.d(); self.e.f(); }");
        assert_eq!(calls, ["a", "b", "c"]);
    }
}
