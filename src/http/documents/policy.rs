//! What a document of ours may do, as browsers hold it to it (Content Security Policy Level 3). Whatever it
//! is: no script or style inline, nothing of anybody else's, and no base but its own address.

/// Where a document differs from the others.
#[derive(Clone, Copy)]
pub(crate) struct Policy<'a> {
    /// Where its forms may lead, over redirects as well.
    pub forms: &'a str,
    /// What may stand in its frames.
    pub frames: &'a str,
    /// In whose frames it may stand.
    pub within: &'a str,
    /// Whether no script of it may make HTML of a text.
    pub texts_stay_texts: bool,
}

impl<'a> Policy<'a> {
    /// A page for a customer: no frame within, in nobody's frame.
    pub const PAGE: Policy<'static> =
        Policy { forms: "'self'", frames: "'none'", within: "'none'", texts_stay_texts: false };

    /// A page of the consoles, whose scripts show what others have written.
    pub const CONSOLE: Policy<'static> = Policy { texts_stay_texts: true, ..Self::PAGE };

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
    use super::Policy;

    #[test]
    fn nothing_is_allowed_that_a_document_does_not_name() {
        for policy in [Policy::PAGE, Policy::CONSOLE] {
            let text = policy.text();
            assert!(text.starts_with("default-src 'none'; ") && !text.contains("unsafe"), "{text}");
            assert!(text.contains("frame-src 'none'") && text.contains("frame-ancestors 'none'"), "{text}");
        }
        let beside = Policy { within: "https://a.example", frames: "'self'", ..Policy::CONSOLE }.text();
        assert!(
            beside.contains("frame-src 'self'; ") && beside.contains("frame-ancestors https://a.example; "),
            "{beside}"
        );
        assert!(beside.ends_with("require-trusted-types-for 'script'"), "{beside}");
    }
}
