//! The demo's pages as HTML, and the files that they load: everything is compiled in.
//!
//! One set of partial templates draws the chat, whether the script asks for it in pieces or a page
//! without script reloads it whole. It decides looks only; what is true comes from `transcript`.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::{Value, json};

use super::transcript::{Shown, View};

const TEMPLATES: [(&str, &str); 9] = [
    ("chat.html", include_str!("templates/chat.html")),
    ("entry.html", include_str!("templates/entry.html")),
    ("frame_log.html", include_str!("templates/frame_log.html")),
    ("frame_side.html", include_str!("templates/frame_side.html")),
    ("icons.html", include_str!("templates/icons.html")),
    ("login.html", include_str!("templates/login.html")),
    ("mark.html", include_str!("templates/mark.html")),
    ("story.html", include_str!("templates/story.html")),
    ("trouble.html", include_str!("templates/trouble.html")),
];

/// A part of the chat that a page without script shows in a frame of its own.
#[derive(Clone, Copy)]
pub enum Frame {
    Log,
    Side,
}

/// What the login page says.
#[derive(Default, Serialize)]
pub struct LoginForm {
    pub wrong: bool,
}

/// The templates, parsed.
pub struct Pages(Environment<'static>);

impl Pages {
    /// Parses every template: a broken one shows at the start and not at a visitor's click.
    pub fn new() -> Self {
        let mut environment = Environment::new();
        for (name, source) in TEMPLATES {
            environment.add_template(name, source).expect("the compiled-in templates parse: pages::tests");
        }
        Self(environment)
    }

    /// The one-screen page. It holds no state: the script's feed or the frames bring it.
    pub fn chat(&self, base: &str) -> Response {
        let fallen =
            |status: &'static str| Shown { status, name: None, how: None, milliseconds_left: 0, seconds_left: 0 };
        Html(
            self.render("chat.html", json!({"base": base, "expired": fallen("expired"), "unknown": fallen("unknown")})),
        )
        .into_response()
    }

    /// One frame of the page without script; it reloads itself.
    pub fn frame(&self, frame: Frame, view: &View, mark: &Shown) -> Response {
        let name = match frame {
            Frame::Log => "frame_log.html",
            Frame::Side => "frame_side.html",
        };
        Html(self.render(name, json!({"entries": view.entries, "story": view.story, "mark": mark}))).into_response()
    }

    /// What the script draws: each part as HTML, so that it is the same as in the frames.
    pub fn feed(&self, view: &View, mark: &Shown) -> String {
        let entries: Vec<_> = view
            .entries
            .iter()
            .map(|entry| json!({"id": entry.id, "html": self.render("entry.html", json!({"entry": entry}))}))
            .collect();
        json!({
            "entries": entries,
            "mark": self.render("mark.html", json!({"mark": mark})),
            "left": mark.milliseconds_left,
            "story": self.render("story.html", json!({"story": view.story})),
            "link": view.link.as_ref().map(|link| json!({"url": link.url, "opener_secret": link.opener_secret})),
        })
        .to_string()
    }

    /// The bank's login page.
    pub fn login(&self, form: &LoginForm) -> Response {
        let status = if form.wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        (status, Html(self.render("login.html", json!({"form": form})))).into_response()
    }

    /// A page that says what went wrong and where to go on.
    pub fn trouble(&self, status: StatusCode, title: &str, detail: &str) -> Response {
        (status, Html(self.render("trouble.html", json!({"title": title, "detail": detail})))).into_response()
    }

    fn render(&self, name: &str, values: Value) -> String {
        let template = self.0.get_template(name).expect("every name used here is in TEMPLATES");
        template.render(Serde(values)).expect("the compiled-in templates render: pages::tests")
    }
}

/// A stylesheet, script or picture, with its media type.
pub fn asset(name: &str) -> Option<(&'static str, &'static str)> {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    const STYLE: &str = "text/css; charset=utf-8";
    Some(match name {
        "demo.css" => (STYLE, include_str!("assets/demo.css")),
        "noscript.css" => (STYLE, include_str!("assets/noscript.css")),
        "chat.js" => (SCRIPT, include_str!("assets/chat.js")),
        "mark.js" => (SCRIPT, include_str!("assets/mark.js")),
        "leaf.svg" => ("image/svg+xml", include_str!("assets/leaf.svg")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::api::LoginLink;
    use super::super::transcript::{Body, Mark};
    use super::*;

    fn busy_view() -> View {
        let mut view = View::default();
        view.say(Body::Customer { text: "<script>alert(1)</script>".into(), redacted: false });
        view.say(Body::Bot { text: "Hello".into() });
        view.say(Body::Notice { text: "over".into(), alarm: true });
        view.say(Body::Statement);
        view.say(Body::Balance);
        view.offer(
            LoginLink {
                id: "l".into(),
                url: "http://gate.test/l/T".into(),
                opener_secret: Some("only-for-the-widget".into()),
            },
            "your balance",
        );
        view.explain("why", "GET …");
        view
    }

    #[test]
    fn every_page_renders_and_escapes_what_people_type() {
        let pages = Pages::new();
        let mark = Mark::unknown().shown(0, true);
        let view = busy_view();
        for name in ["frame_log.html", "frame_side.html"] {
            let html = pages.render(name, json!({"entries": view.entries, "story": view.story, "mark": mark}));
            assert!(!html.contains("<script>alert"), "{name}");
            assert!(!html.contains("only-for-the-widget"), "{name}: the opener secret is no content");
        }
        assert!(pages.feed(&view, &mark).contains("&lt;script&gt;alert"));
        assert_eq!(pages.chat("http://bank.test").status(), StatusCode::OK);
        assert_eq!(pages.login(&LoginForm { wrong: true }).status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(pages.trouble(StatusCode::GONE, "t", "d").status(), StatusCode::GONE);
    }

    #[test]
    fn no_template_needs_what_the_policy_forbids() {
        for (name, source) in TEMPLATES {
            let lower = source.to_lowercase();
            assert!(!lower.contains(" style="), "{name}: inline style");
            assert!(!lower.contains(" onclick=") && !lower.contains("<script>"), "{name}: inline script");
        }
    }
}
