//! The gateway's own chat on a company's website, in a real browser: the website is of another origin
//! and has a policy as strict as it can be; the visitor types, logs in, answers codes, loses the
//! connection and comes back, on a phone, on a desktop and with a keyboard alone.

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::CONTINUE;
use super::codes::another;
use super::driver::{Browser, Eyes, walk_at};
use super::house::{House, PHONE};
use super::site::Site;
use crate::world::SecurityKey;

/// A website, its gateway, and a conversation.
pub(super) struct Stage {
    pub site: Site,
    pub house: House,
    pub chat: String,
}

impl Stage {
    pub async fn set(more: Value) -> Self {
        let site = Site::start().await;
        let mut settings = json!({"authentication_url": format!("{}/login", site.url),
            "allowed_origins": [site.url], "send_budget": {"resend_after_seconds": 1}});
        settings.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let house = House::open(settings).await;
        let account = json!({"definition": "webchat", "account": {"forward_url": format!("{}/heard", site.alias)}});
        house.call(Method::PUT, "/v1/teams/linden/channels/webchat", account).await;
        let key = house.call(Method::POST, "/v1/teams/linden/security-keys", json!({})).await;
        let text = |name: &str| key[name].as_str().expect("a text").to_owned();
        let bot = house.call(Method::POST, "/v1/teams/linden/api-keys", json!({"role": "bot", "name": "bot"})).await;
        let bot = bot["key"].as_str().expect("a key");
        site.meets(&house.url, bot, SecurityKey { kid: text("kid"), secret: text("secret") });
        let chat = house.chat().await;
        site.talks_in(&chat);
        let stage = Self { site, house, chat };
        stage.says("Hello, I am the assistant of Linden Bank. How can I help?").await;
        stage
    }

    pub async fn call(&self, act: &str, body: Value) -> Value {
        self.house.call(Method::POST, &format!("/v1/interactions/{}/{act}", self.chat), body).await
    }

    async fn says(&self, text: &str) {
        self.call("replies", json!({ "text": text })).await;
    }

    pub async fn flag(&self) -> Value {
        self.house.participant(&self.chat, 0).await["authentication"].clone()
    }

    async fn walk(&self, name: &str, eyes: Eyes, journey: impl AsyncFnOnce(&Browser) -> WebDriverResult<()>) {
        walk_at(&self.site.url, name, eyes, journey).await;
    }
}

journeys! {
    on_a_desktop_a_visitor_chats_and_logs_in_by_the_card = by_the_login_card(Eyes::DESKTOP);
    on_a_phone_a_visitor_chats_and_logs_in_by_the_card = by_the_login_card(Eyes::PHONE);
}

async fn by_the_login_card(eyes: Eyes) {
    let stage = Stage::set(json!({"binding": "opener"})).await;
    stage
        .walk("webchat-login", eyes, async |browser| {
            browser.open("/").await?;
            browser.looks("0-launcher").await?;
            browser.opens_chat().await?;
            browser.reads(".bot", "How can I help?").await?;
            browser.looks("1-open").await?;
            browser.writes("I would like my statement").await?;
            browser.reads(".customer", "I would like my statement").await?;
            browser.reads(".bot", "You said: I would like my statement").await?;
            assert_eq!(stage.site.heard(), ["I would like my statement"]);
            for n in 1..=12 {
                stage.says(&format!("That is {n} of 12 things to know.")).await;
            }
            browser.reads(".bot:last-child", "12 of 12").await?;
            browser.scrolls_within().await?;

            let link = stage.call("login-links", json!({"purpose": "mid_chat", "deliver": true})).await;
            browser.find(".way a").await?;
            browser.looks("2-card").await?;
            let page = browser.driver.window().await?;
            browser.click(".way a").await?;
            let opened = async || Ok(browser.driver.windows().await?.into_iter().find(|window| *window != page));
            browser.driver.switch_to_window(browser.until("the login window", opened).await?).await?;
            browser.find("[data-state=connected]").await?;
            browser.shot("3-landing").await?;
            browser.click(CONTINUE).await?;
            browser.find(".outcome-authenticated").await?;
            browser.shot("4-done").await?;

            browser.driver.switch_to_window(page).await?;
            browser.in_chat().await?;
            browser.find("#tick:not([hidden])").await?;
            browser.find(".way.over").await?;
            browser.looks("5-confirmed").await?;
            let flag = stage.flag().await;
            assert_eq!((&flag["authenticated"], &flag["binding"]), (&json!(true), &json!("opener")));
            browser.page_saw_nothing_of(link["url"].as_str().expect("a URL")).await?;
            browser.page_saw_nothing_of(link["opener_secret"].as_str().expect("a secret")).await?;
            browser.page_saw_nothing_of("statement").await
        })
        .await;
}

journeys! {
    on_a_phone_a_code_is_answered_in_its_card = by_the_code_card(Eyes::LARGE_PHONE);
    on_a_desktop_a_code_is_answered_in_its_card = by_the_code_card(Eyes::DESKTOP);
}

async fn by_the_code_card(eyes: Eyes) {
    let stage = Stage::set(json!({})).await;
    stage
        .walk("webchat-code", eyes, async |browser| {
            browser.open("/").await?;
            browser.opens_chat().await?;
            stage.call("challenges", json!({"method": "otp", "deliver_to": "sms"})).await;
            let code = stage.house.code(PHONE, 1).await;
            let field = browser.find("#ask:not([hidden]) #code").await?;
            for (name, value) in [("autocomplete", "one-time-code"), ("inputmode", "numeric")] {
                assert_eq!(field.attr(name).await?.as_deref(), Some(value), "{name}");
            }
            browser.looks("1-asked").await?;
            browser.answers_card("12").await?;
            browser.reads("#ask-error", "digits only").await?;
            browser.answers_card(&another(&code)).await?;
            browser.reads("#ask-error", "not right").await?;
            browser.reads("#ask-tries", "2 tries left").await?;
            browser.looks("2-wrong").await?;
            browser.click("#resend:not([disabled])").await?;
            let second = stage.house.code(PHONE, 2).await;
            browser.reads("#ask-error", "").await?;
            browser.answers_card(&second).await?;
            browser.find("#tick:not([hidden])").await?;
            browser.looks("3-confirmed").await?;
            assert_eq!(stage.flag().await["methods"], json!(["otp"]));
            for code in [&code, &second] {
                browser.nobody_read(&stage, code).await?;
            }
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn a_code_that_is_typed_as_a_message_is_dots_for_everybody() {
    let stage = Stage::set(json!({})).await;
    stage
        .walk("webchat-typed", Eyes::DESKTOP, async |browser| {
            browser.open("/").await?;
            browser.opens_chat().await?;
            stage.call("challenges", json!({"method": "otp", "deliver_to": "sms"})).await;
            let code = stage.house.code(PHONE, 1).await;
            browser.find("#ask:not([hidden])").await?;
            browser.writes(&another(&code)).await?;
            browser.is_noticed("not right").await?;
            browser.writes(&code).await?;
            browser.find("#tick:not([hidden])").await?;
            let answers = async || Ok((browser.driver.find_all(By::Css(".answer")).await?.len() == 2).then_some(()));
            browser.until("both answers", answers).await?;
            browser.looks("dots").await?;
            browser.writes("and now?").await?;
            browser.reads(".bot:last-child", "and now?").await?;
            assert_eq!(stage.site.heard(), ["and now?"], "the bot heard nothing else");
            browser.nobody_read(&stage, &code).await
        })
        .await;
}

/// A code inside a sentence is no answer: the window says how to send it, and the bot hears dots in its place.
#[tokio::test]
async fn code_in_a_sentence_is_asked_for_alone() {
    let stage = Stage::set(json!({})).await;
    stage
        .walk("webchat-sentence", Eyes::PHONE, async |browser| {
            browser.open("/").await?;
            browser.opens_chat().await?;
            stage.call("challenges", json!({"method": "otp", "deliver_to": "sms"})).await;
            let code = stage.house.code(PHONE, 1).await;
            browser.find("#ask:not([hidden])").await?;
            browser.writes(&format!("my code is {code}")).await?;
            browser.reads(".bot", "You said: my code is ••••••").await?;
            let notices = browser.driver.find_all(By::Css(".notice")).await?;
            let mut told = Vec::new();
            for notice in notices {
                told.push(notice.text().await?);
            }
            assert!(told.iter().any(|notice| notice.contains("Send the code alone")), "{told:?}");
            browser.looks("sentence").await?;
            assert_eq!(stage.site.heard(), ["my code is ••••••"]);
            browser.writes(&code).await?;
            browser.find("#tick:not([hidden])").await.map(drop)
        })
        .await;
}

/// A wrong answer whose judgement was lost, and then another question that it is right for.
#[tokio::test]
async fn the_same_words_at_another_question_are_another_answer() {
    let stage = Stage::set(json!({})).await;
    stage
        .walk("webchat-again", Eyes::DESKTOP, async |browser| {
            browser.open("/").await?;
            browser.opens_chat().await?;
            stage.call("challenges", json!({"method": "pin", "pin": "0042"})).await;
            browser.find("#ask:not([hidden])").await?;
            let lose = "const real = window.fetch; window.fetch = async (...asked) => { await real(...asked);
                window.fetch = real; throw new TypeError('lost'); };";
            browser.driver.execute(lose, Vec::new()).await?;
            browser.answers_card("4711").await?;
            browser.reads("#ask-error", "not sent").await?;
            browser.reads("#ask-tries", "2 tries left").await?;
            // Tried again at the same question it is judged once.
            browser.click("#ask .button:not(.button-plain)").await?;
            browser.reads("#ask-error", "not right").await?;
            browser.reads("#ask-tries", "2 tries left").await?;
            browser.driver.execute(lose, Vec::new()).await?;
            browser.answers_card("4711").await?;
            browser.reads("#ask-tries", "last try").await?;
            stage.call("challenges", json!({"method": "pin", "pin": "4711"})).await;
            browser.reads("#ask-tries", "3 tries left").await?;
            browser.answers_card("4711").await?;
            browser.find("#tick:not([hidden])").await.map(drop)
        })
        .await;
}

#[tokio::test]
async fn a_login_without_the_window_is_confirmed_by_six_characters() {
    let stage = Stage::set(json!({"binding": "code"})).await;
    stage
        .walk("webchat-confirmation", Eyes::LARGE_PHONE, async |browser| {
            browser.open("/?lang=de").await?;
            browser.opens_chat().await?;
            let link = stage.call("login-links", json!({"purpose": "mid_chat", "deliver": true})).await;
            let page = browser.driver.window().await?;
            browser.driver.new_tab().await?;
            let tabs = browser.driver.windows().await?;
            let tab = tabs.into_iter().find(|window| *window != page).expect("it is new");
            browser.driver.switch_to_window(tab).await?;
            browser.driver.goto(link["url"].as_str().expect("a URL")).await?;
            browser.click(CONTINUE).await?;
            let code = browser.text("[data-code]").await?;
            browser.driver.switch_to_window(page).await?;
            browser.in_chat().await?;
            browser.reads("#ask-title", "sechs Zeichen").await?;
            browser.looks("1-asked").await?;
            browser.answers_card(&code).await?;
            browser.find("#tick:not([hidden])").await?;
            browser.looks("2-confirmed").await?;
            assert_eq!(stage.flag().await["binding"], "code");
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn a_connection_that_is_lost_comes_back_and_loses_nothing() {
    let mut stage = Stage::set(json!({})).await;
    let (url, name) = (stage.site.url.clone(), "webchat-lost");
    walk_at(&url, name, Eyes::DESKTOP, async |browser| {
        browser.open("/").await?;
        browser.opens_chat().await?;
        browser.reads(".bot", "How can I help?").await?;
        stage.house.stops().await;
        browser.find("#bar:not([hidden])").await?;
        browser.looks("1-lost").await?;
        stage.house.starts_again().await;
        stage.says("I was away for a moment.").await;
        browser.reads(".bot:last-child", "I was away").await?;
        assert_eq!(browser.driver.find_all(By::Css(".bot")).await?.len(), 2, "nothing stands twice");
        browser.find("#bar[hidden]").await?;
        browser.writes("Still here").await?;
        browser.reads(".customer", "Still here").await?;
        assert_eq!(stage.site.tokens(), 1, "the same visit goes on");
        stage.call("close", json!({})).await;
        browser.find("#text[disabled]").await?;
        browser.looks("2-ended").await
    })
    .await;
}

/// A084, A110: what another frame on the page says is not heard, and a website that the team does not
/// allow gets no window.
#[tokio::test]
async fn a084_other_frames_are_not_heard_and_other_websites_get_no_window() {
    let stage = Stage::set(json!({})).await;
    stage
        .walk("webchat-evil", Eyes::DESKTOP, async |browser| {
            browser.open("/beside-evil").await?;
            browser.opens_chat().await?;
            browser.reads(".bot", "How can I help?").await?;
            browser.driver.enter_default_frame().await?;
            let seen = async || {
                let seen = browser.driver.execute("return window.seen.length", Vec::new()).await?;
                Ok(Some(()).filter(|()| seen.json().as_u64() > Some(30)))
            };
            browser.until("the other frame's words", seen).await?;
            browser.in_chat().await?;
            assert!(browser.find("#text").await?.is_displayed().await?, "it is still open");
            assert_eq!(stage.site.tokens(), 1);

            browser.driver.goto(&stage.site.alias).await?; // the same page under a name that nobody allowed
            browser.presses_launcher().await?;
            let frame = async || {
                browser.in_chat().await?;
                let url = browser.driver.execute("return location.href", Vec::new()).await?;
                Ok(url.json().as_str().filter(|url| url.starts_with("chrome-error:")).map(drop))
            };
            browser.until("the refusal", frame).await?;
            assert!(browser.driver.find_all(By::Css("#composer")).await?.is_empty());
            browser.shot("refused").await?;
            assert_eq!(stage.site.tokens(), 1, "nobody asked for a token");
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn with_a_keyboard_alone_one_opens_chats_answers_and_closes() {
    let stage = Stage::set(json!({})).await;
    stage
        .walk("webchat-keyboard", Eyes::DESKTOP, async |browser| {
            browser.open("/").await?;
            browser.find("[data-countersign]").await?;
            let on_launcher = async || {
                let script = "return document.activeElement?.hasAttribute('data-countersign')";
                Ok::<_, WebDriverError>(browser.driver.execute(script, Vec::new()).await?.json() == &json!(true))
            };
            for _ in 0..5 {
                browser.presses(Key::Tab).await?;
                if on_launcher().await? {
                    break;
                }
            }
            assert!(on_launcher().await?, "the launcher is in reach");
            browser.looks("1-launcher").await?;
            browser.presses(Key::Enter).await?;
            browser.in_chat().await?;
            browser.has_the_focus("text").await?;
            browser.types_keys("Hello").await?;
            browser.presses(Key::Enter).await?;
            browser.reads(".customer", "Hello").await?;
            stage.call("challenges", json!({"method": "otp", "deliver_to": "sms"})).await;
            let code = stage.house.code(PHONE, 1).await;
            browser.find("#ask:not([hidden])").await?;
            browser.has_the_focus("text").await?; // who types is not interrupted
            browser.reads(".notice:last-child", "Enter your code").await?; // and is told by the log
            for _ in 0..8 {
                browser
                    .driver
                    .action_chain()
                    .key_down(Key::Shift)
                    .send_keys(Key::Tab)
                    .key_up(Key::Shift)
                    .perform()
                    .await?;
                if browser.focus().await? == "code" {
                    break;
                }
            }
            browser.has_the_focus("code").await?;
            browser.looks("2-code").await?;
            browser.types_keys(&code).await?;
            browser.presses(Key::Enter).await?;
            browser.find("#tick:not([hidden])").await?;
            browser.has_the_focus("text").await?; // back where one writes
            browser.presses(Key::Escape).await?;
            browser.driver.enter_default_frame().await?;
            browser.until("the launcher's focus", async || Ok(on_launcher().await?.then_some(()))).await?;
            stage.says("You are confirmed.").await;
            browser
                .until("how much is unread", async || {
                    let host = browser.driver.find(By::Css("[data-countersign]")).await?;
                    let launcher = host.get_shadow_root().await?.find(By::Css("button")).await?;
                    Ok(launcher.attr("aria-label").await?.filter(|label| label.contains("1 unread")))
                })
                .await?;
            browser.looks("3-unread").await
        })
        .await;
}

#[tokio::test]
async fn in_each_language_the_window_says_what_it_is() {
    let stage = Stage::set(json!({})).await;
    stage
        .walk("webchat-languages", Eyes::PHONE, async |browser| {
            let labels = [
                ("en", "Your message"),
                ("de", "Ihre Nachricht"),
                ("fr", "Votre message"),
                ("es", "Su mensaje"),
                ("et", "Teie sõnum"),
            ];
            for (language, label) in labels {
                browser.open(&format!("/?lang={language}")).await?;
                browser.opens_chat().await?;
                let field = browser.find("#text").await?;
                assert_eq!(field.attr("placeholder").await?.as_deref(), Some(label));
                assert_eq!(browser.find("html").await?.attr("lang").await?.as_deref(), Some(language));
                browser.shot(language).await?;
            }
            Ok(())
        })
        .await;
}

impl Browser {
    async fn presses_launcher(&self) -> WebDriverResult<()> {
        self.until("the launcher", async || {
            let host = self.driver.find(By::Css("[data-countersign]")).await?;
            host.get_shadow_root().await?.find(By::Css("button")).await?.click().await.map(Some)
        })
        .await
    }

    /// Into the frame.
    pub(super) async fn in_chat(&self) -> WebDriverResult<()> {
        self.until("the frame", async || {
            self.driver.enter_default_frame().await?;
            let host = self.driver.find(By::Css("[data-countersign]")).await?;
            host.get_shadow_root().await?.find(By::Css("iframe")).await?.enter_frame().await.map(Some)
        })
        .await
    }

    /// Opens it, and waits until one can write.
    pub(super) async fn opens_chat(&self) -> WebDriverResult<()> {
        self.presses_launcher().await?;
        self.in_chat().await?;
        self.find("#text:not([disabled])").await.map(drop)
    }

    pub(super) async fn writes(&self, text: &str) -> WebDriverResult<()> {
        self.find("#text").await?.send_keys(text).await?;
        self.click("#send").await?;
        self.until("it is sent", async || Ok(self.find("#text").await?.prop("value").await?.filter(String::is_empty)))
            .await
            .map(drop)
    }

    /// A notice says it. The answer that it is about may come after it, since that comes by the stream.
    async fn is_noticed(&self, words: &str) -> WebDriverResult<()> {
        self.until(words, async || {
            for notice in self.driver.find_all(By::Css(".notice")).await? {
                if notice.text().await?.contains(words) {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        })
        .await
    }

    pub(super) async fn answers_card(&self, text: &str) -> WebDriverResult<()> {
        let field = self.find("#code").await?;
        self.until("an empty field", async || Ok(field.prop("value").await?.filter(String::is_empty))).await?;
        field.send_keys(text).await?;
        self.click("#ask .button:not(.button-plain)").await
    }

    pub(super) async fn reads(&self, css: &str, words: &str) -> WebDriverResult<()> {
        let all = async || {
            for found in self.driver.find_all(By::Css(css)).await? {
                if found.text().await?.contains(words) {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        };
        self.until(words, all).await
    }

    /// The thread scrolls in its place, and the window around it stands.
    pub(super) async fn scrolls_within(&self) -> WebDriverResult<()> {
        let script = "const { documentElement: all } = document; const log = document.getElementById('log');
            return [log.scrollHeight > log.clientHeight, all.scrollHeight - all.clientHeight]";
        let seen = self.driver.execute(script, Vec::new()).await?;
        assert_eq!(seen.json(), &json!([true, 0]));
        Ok(())
    }

    async fn focus(&self) -> WebDriverResult<String> {
        let focus = self.driver.execute("return document.activeElement?.id ?? ''", Vec::new()).await?;
        Ok(focus.json().as_str().unwrap_or_default().to_owned())
    }

    async fn has_the_focus(&self, id: &str) -> WebDriverResult<()> {
        self.until(id, async || Ok((self.focus().await? == id).then_some(()))).await
    }

    async fn types_keys(&self, text: &str) -> WebDriverResult<()> {
        self.driver.action_chain().send_keys(text).perform().await
    }

    /// The page around the frame heard no such words, and nothing broke its policy.
    async fn page_saw_nothing_of(&self, secret: &str) -> WebDriverResult<()> {
        self.driver.enter_default_frame().await?;
        let seen = self.driver.execute("return [window.seen.join(' '), window.violations]", Vec::new()).await?;
        let seen = seen.json().clone();
        assert!(seen[0].as_str().is_some_and(|text| text.contains("wants-token") && !text.contains(secret)), "{seen}");
        assert_eq!(seen[1], json!([]), "the page's own policy");
        Ok(())
    }

    /// Neither the window, nor the page around it, nor the bot shows it.
    async fn nobody_read(&self, stage: &Stage, code: &str) -> WebDriverResult<()> {
        self.in_chat().await?;
        assert!(!self.driver.source().await?.contains(code), "it stands in the window");
        assert!(!stage.site.told().contains(code), "the bot was told");
        self.page_saw_nothing_of(code).await?;
        self.in_chat().await
    }
}
