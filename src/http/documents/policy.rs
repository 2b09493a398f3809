//! What a document of ours may do, as browsers hold it to it (Content Security Policy Level 3). Whatever it
//! is: no script or style inline, nothing of anybody else's, and no base but its own address.

/// Where a document differs from the others.
#[derive(Clone, Copy)]
pub(crate) struct DocumentPolicy<'a> {
    /// Where its forms may lead, over redirects as well.
    pub forms: &'a str,
    /// What may stand in its frames.
    pub frames: &'a str,
    /// In whose frames it may stand.
    pub within: &'a str,
    /// Whether no script of it may make HTML of a text.
    pub texts_stay_texts: bool,
}

impl<'a> DocumentPolicy<'a> {
    /// A page for a customer: no frame within, in nobody's frame.
    pub const PAGE: DocumentPolicy<'static> =
        DocumentPolicy { forms: "'self'", frames: "'none'", within: "'none'", texts_stay_texts: false };

    /// A page of the consoles, whose scripts show what others have written.
    pub const CONSOLE: DocumentPolicy<'static> = DocumentPolicy { texts_stay_texts: true, ..Self::PAGE };

    /// The same with forms that may lead there.
    pub fn leading(self, forms: &'a str) -> Self {
        Self { forms, ..self }
    }

    /// The header's value.
    pub fn text(&self) -> String {
        let Self { forms, frames, within, texts_stay_texts } = self;
        let texts = if *texts_stay_texts { "; require-trusted-types-for 'script'" } else { "" };
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             frame-src {frames}; form-action {forms}; base-uri 'none'; frame-ancestors {within}{texts}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::DocumentPolicy;

    #[test]
    fn nothing_is_allowed_that_a_document_does_not_name() {
        for policy in [DocumentPolicy::PAGE, DocumentPolicy::CONSOLE] {
            let text = policy.text();
            assert!(text.starts_with("default-src 'none'; ") && !text.contains("unsafe"), "{text}");
            assert!(text.contains("frame-src 'none'") && text.contains("frame-ancestors 'none'"), "{text}");
        }
        let beside = DocumentPolicy { within: "https://a.example", frames: "'self'", ..DocumentPolicy::CONSOLE }.text();
        assert!(
            beside.contains("frame-src 'self'; ") && beside.contains("frame-ancestors https://a.example; "),
            "{beside}"
        );
        assert!(beside.ends_with("require-trusted-types-for 'script'"), "{beside}");
    }
}
