//! The admin console's desk as an admin meets it: who is locked out, users, webhooks, customers' accounts, the
//! audit trail and the figures; one journey for each on a desk, and one walk over all on a phone.
//!
//! What strangers have written of themselves stands on these pages as words and nothing else.

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::driver::{Browser, Eyes, walk_at};
use super::house::{House, PHONE};
use crate::webhooks::receiver::Receiver;

const PASSWORD: &str = "vexed lamp 7 rows";
const MARKUP: &str = "<img src=x onerror=alert(1)> & \"Customer\"";

/// An admin of the team, by the link that she was given.
async fn comes_in(browser: &Browser, house: &House) -> WebDriverResult<()> {
    let made = house.call(Method::PUT, "/v1/teams/linden/users/demo", json!({"role": "admin"})).await;
    browser.open(made["invitation"]["url"].as_str().expect("told once")).await?;
    browser.find("[name=password]").await?.send_keys(PASSWORD).await?;
    browser.find("[name=again]").await?.send_keys(PASSWORD).await?;
    browser.click("form[data-act=set] button").await?;
    browser.find("form[data-act=password] [name=name]").await?.send_keys("demo").await?;
    browser.find("form[data-act=password] [name=password]").await?.send_keys(PASSWORD).await?;
    browser.click("form[data-act=password] button").await?;
    browser.find(".bar-who").await.map(drop)
}

impl Browser {
    /// Opens a page of the desk until something stands on it: what happened stands in the trail a moment later.
    async fn shows_page(&self, page: &str, css: &str) -> WebDriverResult<WebElement> {
        self.until(css, async || {
            self.open(&format!("/admin/teams/linden/{page}")).await?;
            Ok(self.driver.find(By::Css(css)).await.ok())
        })
        .await
    }

    async fn is_gone(&self, css: &str) -> WebDriverResult<()> {
        let gone = async || Ok(self.driver.find_all(By::Css(css)).await?.is_empty().then_some(()));
        self.until(&format!("no {css}"), gone).await
    }

    async fn fills(&self, css: &str, text: &str) -> WebDriverResult<()> {
        let field = self.find(css).await?;
        field.clear().await?;
        field.send_keys(text).await
    }

    /// Says yes to the question that is asked.
    async fn is_sure(&self) -> WebDriverResult<()> {
        self.click("dialog.ask button[value=yes]").await
    }

    /// Nothing reaches beyond the screen's edge.
    async fn fits(&self, what: &str) -> WebDriverResult<()> {
        let script = "const parts = [document.documentElement, document.querySelector('main')];
            return Math.max(...parts.map((part) => part.scrollWidth - part.clientWidth))";
        let beyond: i64 = self.driver.execute(script, Vec::<Value>::new()).await?.convert()?;
        assert!(beyond <= 0, "{what} is {beyond} pixels too wide");
        Ok(())
    }

    /// What a stranger wrote made nothing but words.
    async fn has_words_only(&self) -> WebDriverResult<()> {
        assert!(self.driver.find_all(By::Css("main img")).await?.is_empty(), "a name became an element");
        Ok(())
    }
}

/// A conversation whose customer typed wrong PINs until she was locked.
async fn locked(house: &House) -> String {
    let person = json!({"role": "primary", "name": MARKUP, "phone": "+447700900121"});
    let body = json!({"channel": "webchat", "conversation": "conv-<b>1</b>", "participants": [person]});
    let chat = house.call(Method::POST, "/v1/interactions", body).await["id"].as_str().expect("an id").to_owned();
    let pin = json!({"method": "pin", "pin": "2580"});
    let made = house.call(Method::POST, &format!("/v1/interactions/{chat}/challenges"), pin).await;
    let answers = format!("/v1/challenges/{}/answers", made["id"].as_str().expect("an id"));
    for _ in 0..3 {
        house.call(Method::POST, &answers, json!({"answer": "1111"})).await;
    }
    assert_eq!(house.participant(&chat, 0).await["lockout"]["status"], "locked");
    chat
}

/// L-20, L-21, L-47: who is locked is found, and let in again for a reason that stands in the trail; §3.8. The
/// chain is whole, and the figures count it.
#[tokio::test]
async fn who_is_locked_out_is_found_and_let_in_again_for_a_reason_that_the_trail_keeps() {
    let house = House::open(json!({})).await;
    let chat = locked(&house).await;
    walk_at(&house.url, "admin-lockouts", Eyes::DESKTOP, async |browser| {
        comes_in(browser, &house).await?;
        let row = format!("[data-interaction=\"{chat}\"]");
        let text = browser.shows_page("lockouts", &row).await?.text().await?;
        assert!(text.contains("<img src=x onerror=alert(1)>") && text.contains("PIN"), "{text}");
        assert!(!text.contains("conv-<b>1</b>"), "addresses stay masked: {text}");
        browser.has_words_only().await?;
        browser.looks("1-locked").await?;
        browser.find(&format!("{row} [name=reason]")).await?.send_keys("the person rang us").await?;
        browser.click(&format!("{row} button")).await?;
        browser.is_gone(&row).await?;
        assert_eq!(house.participant(&chat, 0).await["lockout"]["status"], "clear");

        let told =
            browser.shows_page("audit?what=locks", "[data-action=\"participant.unlocked\"]").await?.text().await?;
        assert!(told.contains("Unlocked") && told.contains("the person rang us"), "{told}");
        assert!(told.contains("linden/demo"), "who did it: {told}");
        assert!(browser.driver.find_all(By::Css("[data-action=\"settings.changed\"]")).await?.is_empty());
        browser.click("[data-action=\"participant.unlocked\"] a").await?;
        browser.find("[data-action=\"challenge.wrong\"]").await?;
        browser.looks("2-trail").await?;
        browser.open("/admin/teams/linden/audit").await?;
        browser.click("section[aria-labelledby=chain] button").await?;
        let whole = browser.text("[data-chain=whole]").await?;
        assert!(whole.contains("The chain is whole"), "{whole}");
        browser.looks("3-chain").await?;

        let figures = browser.shows_page("insights?days=1", "#counts").await?;
        assert_eq!(figures.tag_name().await?, "h2");
        assert_eq!(browser.text(".figures-spans [aria-current]").await?, "24 hours");
        let numbers = browser.text(".figures-numbers").await?;
        assert!(numbers.contains("Lockouts\n1"), "{numbers}");
        browser.click(".figures details summary").await?;
        assert_eq!(browser.driver.find_all(By::Css("#counts-table tbody tr")).await?.len(), 24, "an hour each");
        browser.looks("4-figures").await?;
        let csv = browser.find("a[download]").await?.prop("href").await?.expect("an address");
        let script = "const done = arguments[1]; fetch(arguments[0]).then((reply) => reply.text()).then(done)";
        let csv: String = browser.driver.execute_async(script, vec![json!(csv)]).await?.convert()?;
        assert!(csv.starts_with("at,channel,links_issued") && csv.lines().count() == 25, "{csv}");
        Ok(())
    })
    .await;
}

/// L-06, P-09, P-10: an admin invites an agent, whose link is shown once, and says what she may do.
#[tokio::test]
async fn an_admin_invites_changes_and_removes_users() {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "admin-users", Eyes::DESKTOP, async |browser| {
        comes_in(browser, &house).await?;
        browser.shows_page("users", "[data-user=demo]").await?;
        browser.fills("#name", "not a name").await?;
        browser.click("#new button").await?;
        browser.find("#name:invalid").await?;
        assert!(browser.has_focus("#name").await?, "what is wrong has the focus");
        assert!(browser.shows_no("#link").await?, "nobody was invited");
        browser.fills("#name", "demo2").await?;
        browser.fills("#email", "demo2@example.com").await?;
        browser.click("#new button").await?;
        browser.find("#link:not([hidden])").await?;
        let link = browser.until("the link", async || {
            Ok(Some(browser.driver.find(By::Css("#link-url")).await?.text().await?).filter(|url| !url.is_empty()))
        });
        let link = link.await?;
        assert!(link.starts_with(&house.url), "{link}");
        browser.looks("1-invited").await?;
        let row = browser.shows_page("users", "[data-user=demo2][data-status=invited]").await?.text().await?;
        assert!(row.contains("demo2@example.com") && !row.contains(&link), "{row}");
        assert!(!browser.driver.source().await?.contains(&link), "it was shown once");
        browser.click("[data-user=demo2] summary").await?;
        browser.looks("2-open").await?;
        browser.click("[data-user=demo2] [name=disabled]").await?;
        browser.click("[data-user=demo2] form button").await?;
        browser.find("[data-user=demo2][data-status=disabled]").await?;
        let kept = house.call(Method::GET, "/v1/teams/linden/users/demo2", Value::Null).await;
        assert_eq!((&kept["disabled"], &kept["email"]), (&json!(true), &json!("demo2@example.com")));
        browser.click("[data-user=demo2] summary").await?;
        browser.click("[data-user=demo2] [data-call^=DELETE]").await?;
        browser.find("dialog.ask[open]").await?;
        browser.looks("3-asked").await?;
        browser.is_sure().await?;
        browser.is_gone("[data-user=demo2]").await
    })
    .await;
}

/// A webhook is made, its secret shown once; what was given up is looked at and sent again.
#[tokio::test]
async fn what_a_webhook_gave_up_is_looked_at_and_sent_again() {
    let house = House::open(json!({})).await;
    let receiver = Receiver::start().await;
    walk_at(&house.url, "admin-webhooks", Eyes::DESKTOP, async |browser| {
        comes_in(browser, &house).await?;
        browser.shows_page("webhooks", "#new").await?;
        browser.fills("#name", "crm").await?;
        browser.fills("#url", "http://192.0.2.1/").await?;
        browser.click("#new button").await?;
        browser.find("#url[aria-invalid=true]").await?;
        assert!(browser.has_focus("#url").await?, "what is wrong has the focus");
        browser.looks("1-refused").await?;
        browser.fills("#url", &receiver.url).await?;
        browser.fills("#events", "interaction.opened").await?;
        browser.click("#new button").await?;
        browser.find("#once:not([hidden])").await?;
        let secret = browser.text("#secret").await?;
        assert!(secret.starts_with("whsec_"), "{secret}");
        browser.looks("2-secret").await?;
        browser.shows_page("webhooks", "#new").await?;
        browser.fills("#name", "crm").await?;
        browser.fills("#url", "https://hooks.example.com/").await?;
        browser.click("#new button").await?;
        let name = browser.find("#name[aria-invalid=true]").await?;
        let told = browser.text("#new .field-error").await?;
        assert!(told.contains("one of this name already") && browser.has_focus("#name").await?, "{told}");
        assert_eq!(name.attr("name").await?.as_deref(), Some("{name}"));
        browser.looks("2-exists").await?;

        receiver.says(410);
        house.chat().await;
        receiver.has_come().await;
        browser.shows_page("webhooks", "[data-webhook=crm][data-status=stopped]").await?;
        browser.click("[data-webhook=crm] a").await?;
        let row = browser.text("[data-delivery][data-status=failed]").await?;
        assert!(row.contains("interaction.opened") && row.contains("wants nothing more"), "{row}");
        assert!(!browser.driver.source().await?.contains(&secret), "it was shown once");
        browser.looks("3-stopped").await?;
        receiver.says(204);
        browser.click("#put button").await?;
        browser.find("p[data-status=active]").await?;
        browser.click("[data-delivery][data-status=failed] button").await?;
        browser.shows_page("webhooks/crm", "[data-delivery][data-status=delivered]").await?;
        browser.looks("4-delivered").await?;
        browser.click("#turn button").await?;
        browser.is_sure().await?;
        browser.find("#once:not([hidden])").await?;
        assert_ne!(browser.text("#secret").await?, secret);
        browser.click("#remove button").await?;
        browser.is_sure().await?;
        browser.find(".nothing").await.map(drop)
    })
    .await;
}

/// A storefront's customer logs in; the status.
async fn logs_in(house: &House, password: &str) -> u16 {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let call = http.post(format!("{}/api/commerce/customer/authtickets", house.url)).bearer_auth(house.agent());
    let reply = call.json(&json!({"username": "demo.customer", "password": password})).send().await;
    reply.expect("it answers").status().as_u16()
}

/// K-28, K-31: the password is reset beside the account's status, after a question, for 72 hours; K-29: a guest
/// has none; K-30: the rule of passwords stands at the field; K-32, K-33: disabled; K-34: unlocked.
#[tokio::test]
async fn an_account_is_made_reset_unlocked_and_disabled() {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "admin-accounts", Eyes::DESKTOP, async |browser| {
        comes_in(browser, &house).await?;
        browser.shows_page("accounts", "#new").await?;
        browser.fills("#customer", "cust 7/8").await?;
        browser.fills("#name", "<img src=x> Demo Customer").await?;
        browser.fills("#emails", "demo1@example.com").await?;
        browser.click("#new button").await?;
        browser.find("#state[data-status=guest]").await?;
        assert!(browser.driver.find_all(By::Css("#reset")).await?.is_empty(), "a guest has no password");
        browser.has_words_only().await?;
        browser.looks("1-guest").await?;
        browser.fills("#username", "demo.customer").await?;
        browser.fills("#password", "short").await?;
        browser.click("#put button").await?;
        let rule = browser.find("#password[aria-invalid=true]").await?.attr("aria-describedby").await?;
        assert!(rule.is_some_and(|ids| ids.contains("password-hint")), "the rule stands at the field");
        browser.fills("#password", "vexed lamp 7").await?;
        browser.click("#put button").await?;
        browser.find("#state[data-status=active]").await?;

        browser.click("#reset").await?;
        browser.find("dialog.ask[open]").await?;
        browser.looks("2-reset").await?;
        browser.is_sure().await?;
        let until = browser.find("[data-reset] time").await?.attr("datetime").await?.expect("a moment");
        let until: jiff::Timestamp = until.parse().expect("RFC 3339");
        let left = until.as_second() - i64::try_from(house.now()).expect("a time");
        assert!((72 * 3600 - 120..=72 * 3600).contains(&left), "K-31: {left} seconds of 72 hours");
        for _ in 0..3 {
            assert_eq!(logs_in(&house, "wrong lamp 7").await, 401);
        }
        let row = "[data-account=\"cust 7/8\"]";
        browser.shows_page("lockouts", row).await?;
        browser.looks("3-locked").await?;
        browser.click(&format!("{row} a")).await?;
        browser.find("#state[data-status=locked]").await?;
        browser.click("#unlock").await?;
        browser.is_sure().await?;
        browser.find("#state[data-status=active]").await?;
        assert_eq!(logs_in(&house, "vexed lamp 7").await, 200);
        browser.click("#disable").await?;
        browser.is_sure().await?;
        browser.find("#state[data-status=disabled]").await?;
        assert_eq!(logs_in(&house, "vexed lamp 7").await, 401);
        browser.looks("4-disabled").await?;
        browser.click("#enable").await?;
        browser.find("#state[data-status=active]").await?;
        browser.shows_page("accounts?q=demo.cust", "[data-status=active]").await?;
        browser.looks("5-list").await
    })
    .await;
}

/// A test message leaves over a channel, and what became of it is told; an account is changed beside it.
#[tokio::test]
async fn a_channel_is_tried_and_changed_where_it_stands() {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "admin-channels", Eyes::DESKTOP, async |browser| {
        comes_in(browser, &house).await?;
        let sms = "[data-channel=sms]";
        browser.shows_page("channels", &format!("{sms}[data-state=up]")).await?;
        browser.fills(&format!("{sms} [name=to]"), PHONE).await?;
        browser.click(&format!("{sms} [data-call$=test] button")).await?;
        browser
            .until("it was sent", async || {
                let told = browser.driver.find(By::Css(&*format!("{sms} .tried"))).await?.text().await?;
                Ok(told.contains("It was sent.").then_some(()))
            })
            .await?;
        browser.looks("1-tried").await?;
        browser.click(&format!("{sms} summary")).await?;
        let pace = format!("{sms} [name='account/max_per_minute']");
        browser.fills(&pace, "many").await?;
        browser.click(&format!("{sms} [data-call^=PUT] button")).await?;
        browser.find(&format!("{pace}[aria-invalid=true]")).await?;
        assert!(browser.has_focus(&pace).await?, "what is wrong has the focus");
        browser.looks("2-no-number").await?;
        browser.fills(&pace, "30").await?;
        browser.click(&format!("{sms} [data-call^=PUT] button")).await?;
        browser
            .until("it was kept", async || {
                let kept = house.call(Method::GET, "/v1/teams/linden/channels/sms", Value::Null).await;
                Ok((kept["account"] == json!({"inbox": "sms", "max_per_minute": "30"})).then_some(()))
            })
            .await?;
        browser.shows_page("channels", "#platform option[value=recorder]").await?.click().await?;
        browser.click("#add .filter button").await?;
        browser.find("#new").await?;
        browser.fills("#name", "webchat").await?;
        browser.fills("#new [name='account/inbox']", "webchat").await?;
        browser.click("#new button").await?;
        browser.find("#once:not([hidden])").await?;
        assert!(browser.text("#secret").await?.starts_with("whsec_"));
        browser.shows_page("channels", "[data-channel=webchat]").await?;
        a_secret_stays(browser, &house).await?;
        another_goes(browser, &house).await
    })
    .await;
}

/// Secrets have fields of their own that are never filled in: an empty one stays, and another is written.
async fn a_secret_stays(browser: &Browser, house: &House) -> WebDriverResult<()> {
    browser.shows_page("channels", "#platform option[value=telegram]").await?.click().await?;
    browser.click("#add .filter button").await?;
    browser.find("#new [name='secrets/token'][type=password]").await?.send_keys("7:first").await?;
    browser.fills("#name", "telegram").await?;
    browser.fills("#new [name='account/bot']", "demo_bot").await?;
    browser.looks("3-telegram").await?;
    browser.click("#new button").await?;
    browser.find("#once:not([hidden])").await?;
    let own = "[data-channel=telegram]";
    browser.shows_page("channels", &format!("{own} summary")).await?.click().await?;
    assert!(!browser.driver.source().await?.contains("7:first"), "no secret is shown");
    browser.fills(&format!("{own} [name='account/bot']"), "other_bot").await?;
    browser.fills(&format!("{own} [name='secrets/webhook_secret']"), "hears").await?;
    browser.looks("4-secrets").await?;
    browser.click(&format!("{own} [data-call^=PUT] button")).await?;
    browser
        .until("both secrets", async || {
            let kept = house.call(Method::GET, "/v1/teams/linden/channels/telegram", Value::Null).await;
            let both = kept["secrets"] == json!(["token", "webhook_secret"]) && kept["account"]["bot"] == "other_bot";
            Ok(both.then_some(()))
        })
        .await
}

/// An optional secret is taken away by itself; what cannot be without it says so at its field, and nothing is gone.
async fn another_goes(browser: &Browser, house: &House) -> WebDriverResult<()> {
    let secrets =
        async || house.call(Method::GET, "/v1/teams/linden/channels/telegram", Value::Null).await["secrets"].clone();
    let own = "[data-channel=telegram]";
    browser.shows_page("channels", &format!("{own} summary")).await?.click().await?;
    let ticks = browser.driver.find_all(By::Css(&*format!("{own} [data-silences]"))).await?;
    assert_eq!(ticks.len(), 1, "a secret that must be there cannot be taken away");
    browser.fills(&format!("{own} [name='account/forward_url']"), "http://127.0.0.1:9/heard").await?;
    let (tick, field) = (format!("{own} [data-silences]"), format!("{own} [name='secrets/webhook_secret']"));
    browser.click(&tick).await?;
    assert!(!browser.find(&field).await?.is_enabled().await?);
    browser.looks("5-goes").await?;
    let save = format!("{own} [data-call^=PUT] button");
    browser.click(&save).await?;
    browser.find(&format!("{field}[aria-invalid=true]")).await?;
    assert!(browser.has_focus(&tick).await?, "what can be changed has the focus");
    assert_eq!(secrets().await, json!(["token", "webhook_secret"]), "what is refused changes nothing");
    browser.find(&format!("{own} [name='account/forward_url']")).await?.clear().await?;
    browser.click(&save).await?;
    browser.until("it is gone", async || Ok((secrets().await == json!(["token"])).then_some(()))).await?;
    browser.shows_page("channels", &format!("{own} summary")).await?.click().await?;
    browser.find(&field).await?;
    assert!(browser.driver.find(By::Css(&*tick)).await.is_err(), "what is not there cannot be taken away");
    Ok(())
}

/// Every page on a phone: tables are cards, and nothing reaches beyond the edge.
#[tokio::test]
async fn on_a_phone_every_page_of_the_desk_can_be_used() {
    let house = House::open(json!({})).await;
    let chat = locked(&house).await;
    let customer = json!({"name": MARKUP, "username": "demo", "emails": ["demo1@example.com"]});
    house.call(Method::PUT, "/v1/teams/linden/customers/cust-42", customer).await;
    let webhook = json!({"url": "http://127.0.0.1:9/a-long-path-that-has-no-blank-to-break-at-anywhere-in-it"});
    house.call(Method::PUT, "/v1/teams/linden/webhooks/crm", webhook).await;
    walk_at(&house.url, "admin-phone", Eyes::PHONE, async |browser| {
        comes_in(browser, &house).await?;
        for (page, css) in [
            ("lockouts", "[data-locked]"),
            ("users", "[data-user]"),
            ("accounts", "[data-account]"),
            ("accounts/cust-42", "#put"),
            ("webhooks", "[data-webhook]"),
            ("webhooks/crm", "[data-status]"),
            ("channels", "[data-channel]"),
            ("audit?check=yes", "[data-entry]"),
            ("insights", ".counts"),
        ] {
            browser.shows_page(page, css).await?;
            let name = page.split('?').next().unwrap_or(page).replace('/', "-");
            browser.fits(&name).await?;
            browser.has_words_only().await?;
            browser.looks(&name).await?;
        }
        let row = format!("[data-interaction=\"{chat}\"]");
        browser.shows_page("lockouts", &row).await?;
        browser.find(&format!("{row} [name=reason]")).await?.send_keys("rang us" + Key::Enter).await?;
        browser.is_gone(&row).await
    })
    .await;
}
