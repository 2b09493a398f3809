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

use crate::mark::ShownMark;
use crate::outsiders::phones::ReceivedMessage;
use crate::scenes::{self, Scene};
use crate::transcript::View;

/// Each name's template with its source.
macro_rules! templates {
    ($($name:literal)*) => {
        &[$((concat!($name, ".html"), include_str!(concat!("templates/", $name, ".html")))),*]
    };
}

const TEMPLATES: &[(&str, &str)] = templates! {
    "chat" "desk" "entry" "frame_log" "frame_phone" "frame_side" "icons" "login" "mark" "pages" "phone" "story" "trouble"
};

/// A part of the chat that a page without script shows in a frame of its own.
#[derive(Clone, Copy)]
pub enum ChatFrame {
    /// The transcript.
    Log,
    /// The customer's phone.
    Phone,
    /// What stands beside the chat.
    Side,
}

/// What there is to see at one moment: everybody's view of the same chat.
pub struct ChatSnapshot<'a> {
    /// The chat.
    pub view: &'a View,
    /// The check mark.
    pub mark: &'a ShownMark,
    /// On the customer's phone, and nowhere else.
    pub texts: &'a [ReceivedMessage],
    /// Unix milliseconds.
    pub now: u64,
}

/// What the login page says.
#[derive(Default, Serialize)]
pub struct LoginForm {
    /// Whether name and password were wrong.
    pub wrong: bool,
}

/// The templates, parsed.
pub struct DemoPages(Environment<'static>);

impl DemoPages {
    /// Parses every template: a broken one shows at the start and not at a visitor's click.
    pub fn new() -> Self {
        let mut environment = Environment::new();
        for (name, source) in TEMPLATES.iter().copied() {
            environment.add_template(name, source).expect("the compiled-in templates parse: pages::tests");
        }
        Self(environment)
    }

    /// The one-screen page. It holds no state: the script's feed or the frames bring it.
    pub fn chat(&self, base: &str, scene: Option<Scene>) -> Response {
        let fallen =
            |status: &'static str| ShownMark { status, name: None, how: None, milliseconds_left: 0, seconds_left: 0 };
        Html(
            self.render("chat.html", json!({"base": base, "scene": scene, "scenes": scenes::words(), "expired": fallen("expired"), "unknown": fallen("unknown")})),
        )
        .into_response()
    }

    /// One frame of the page without script; it reloads itself.
    pub fn frame(&self, frame: ChatFrame, seen: &ChatSnapshot<'_>) -> Response {
        Html(self.frame_html(frame, seen)).into_response()
    }

    fn frame_html(&self, frame: ChatFrame, seen: &ChatSnapshot<'_>) -> String {
        match frame {
            ChatFrame::Log => self.render("frame_log.html", json!({"entries": seen.view.entries, "now": seen.now})),
            ChatFrame::Phone => self.render("frame_phone.html", json!({"texts": seen.texts})),
            ChatFrame::Side => self.render("frame_side.html", json!({"story": seen.view.story, "mark": seen.mark, "desk": seen.view.agent_view, "login": seen.view.login()})),
        }
    }

    /// What the script draws: each part as HTML, so that it is the same as in the frames.
    pub fn feed(&self, seen: &ChatSnapshot<'_>) -> String {
        let ChatSnapshot { view, mark, .. } = seen;
        let entries: Vec<_> = view
            .entries
            .iter()
            .map(|entry| json!({"id": entry.id, "html": self.render("entry.html", json!({"entry": entry}))}))
            .collect();
        json!({
            "entries": entries,
            "mark": self.render("mark.html", json!({"mark": mark})),
            "left": mark.milliseconds_left,
            "now": seen.now,
            "phone": self.render("phone.html", json!({"texts": seen.texts})),
            "desk": self.render("desk.html", json!({"desk": view.agent_view})),
            "interaction": view.agent_view.as_ref().map(|interaction| &interaction["id"]),
            "pages": self.render("pages.html", json!({"login": view.login()})),
            "story": self.render("story.html", json!({"story": view.story})),
            "links": opened(view),
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

/// What the chat widget may open, with what shows that this chat opened it.
fn opened(view: &View) -> Vec<Value> {
    let link = view.link.iter().map(|link| (&link.url, &link.opener_secret));
    let page = view.page.iter().map(|page| (&page.page_url, &page.opener_secret));
    link.chain(page).map(|(url, secret)| json!({"url": url, "opener_secret": secret})).collect()
}

/// A stylesheet, script or picture, with its media type.
pub fn asset(name: &str) -> Option<(&'static str, &'static str)> {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    const STYLE: &str = "text/css; charset=utf-8";
    Some(match name {
        "demo.css" => (STYLE, include_str!("assets/demo.css")),
        "noscript.css" => (STYLE, include_str!("assets/noscript.css")),
        "chat.js" => (SCRIPT, include_str!("assets/chat.js")),
        "element.js" => (SCRIPT, include_str!("assets/element.js")),
        "mark.js" => (SCRIPT, include_str!("assets/mark.js")),
        "wait.js" => (SCRIPT, include_str!("assets/wait.js")),
        "leaf.svg" => ("image/svg+xml", include_str!("assets/leaf.svg")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{CodeChallenge, LoginLink};
    use crate::mark::Mark;
    use crate::outsiders::phones::{MessageKind, PhoneMessage};
    use crate::transcript::EntryBody;

    fn busy_view() -> View {
        let mut view = View::default();
        view.add(EntryBody::Customer { text: "<script>alert(1)</script>".into(), redacted: false });
        view.add(EntryBody::Bot { text: "Hello".into() });
        view.add(EntryBody::Notice { text: "over".into(), alarm: true });
        view.add(EntryBody::Statement);
        view.add(EntryBody::Balance);
        view.add(EntryBody::Address);
        view.add(EntryBody::Customer { text: "••••••".into(), redacted: true });
        view.add_code(
            &CodeChallenge {
                id: "c".into(),
                status: "pending".into(),
                delivery: None,
                tries_left: 3,
                resend_after: Some("1970-01-01T00:00:20Z".into()),
            },
            "your new address",
        );
        view.add_login(
            LoginLink {
                id: "l".into(),
                url: "http://gate.test/l/T".into(),
                opener_secret: Some("only-for-the-widget".into()),
            },
            "your balance",
            false,
        );
        view.explain("why", "GET …");
        view
    }

    #[test]
    fn every_page_renders_and_escapes_what_people_type() {
        let pages = DemoPages::new();
        let (view, mark) = (busy_view(), Mark::unknown().shown(0, true));
        let message = |by, url: Option<&str>| PhoneMessage {
            by,
            subject: Some("<script>alert(3)</script>".into()),
            text: "314159 <script>alert(2)</script>".into(),
            url: url.map(str::to_owned),
            code: Some("314159".into()),
        };
        let messages = [
            message(MessageKind::Sms, None),
            message(MessageKind::WhatsApp, Some("http://gate.test/l/T")),
            message(MessageKind::Mail, None),
        ];
        let texts: Vec<ReceivedMessage> =
            (1..).zip(messages).map(|(id, message)| ReceivedMessage { id, message }).collect();
        let seen = ChatSnapshot { view: &view, mark: &mark, texts: &texts, now: 0 };
        for (frame, has_the_phone) in [(ChatFrame::Log, false), (ChatFrame::Side, false), (ChatFrame::Phone, true)] {
            let html = pages.frame_html(frame, &seen);
            assert!(!html.contains("<script>alert"));
            assert!(!html.contains("only-for-the-widget"), "the opener secret is no content");
            assert_eq!(html.contains("314159"), has_the_phone, "a code is on the phone and nowhere else: {html}");
        }
        let feed: Value = serde_json::from_str(&pages.feed(&seen)).expect("the feed is JSON");
        assert!(feed["entries"].to_string().contains("&lt;script&gt;alert(1)"));
        assert!(feed["phone"].to_string().contains("314159 &lt;script&gt;"));
        assert_eq!(pages.chat("http://bank.test", Some(Scene::Pin)).status(), StatusCode::OK);
        assert_eq!(pages.login(&LoginForm { wrong: true }).status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(pages.trouble(StatusCode::GONE, "t", "d").status(), StatusCode::GONE);
    }

    #[tokio::test]
    async fn the_page_tells_the_scene_that_is_played() {
        let page = DemoPages::new().chat("http://bank.test", Some(Scene::Pin));
        let page = axum::body::to_bytes(page.into_body(), usize::MAX).await.expect("the whole page");
        let html = String::from_utf8_lossy(&page);
        assert_eq!(html.matches("aria-pressed").count(), 1);
        assert!(html.contains("data-scene=\"pin\" aria-pressed=\"true\">A PIN<"), "{html}");
        assert!(html.contains(">An agent agreed on the number 2580"), "{html}");
    }

    #[test]
    fn another_code_can_be_asked_for_when_its_time_has_come() {
        let (view, mark) = (busy_view(), Mark::unknown().shown(0, true));
        let log = |now| {
            DemoPages::new().frame_html(ChatFrame::Log, &ChatSnapshot { view: &view, mark: &mark, texts: &[], now })
        };
        for (now, shut, said) in [(18_001, true, "in 2 s"), (19_999, true, "in 1 s"), (20_000, false, "")] {
            let html = log(now);
            let button = html.split("data-act=\"resend\"").nth(1).and_then(|rest| rest.split('>').next());
            assert_eq!(button.expect("a button").contains("disabled"), shut, "{now}: {html}");
            assert!(html.contains(said), "{now}: {html}");
        }
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
