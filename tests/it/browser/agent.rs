//! The agent console as agents meet it, on a phone, on a desk, and with a keyboard alone: coming in, the live
//! list, one conversation's panel, its codes, and a new conversation.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use super::CONTINUE;
use super::driver::{Browser, Eyes, walk_at};
use super::house::{House, PHONE};

const PASSWORD: &str = "vexed lamp 7 rows";
/// Long enough that no id of the page has it by chance.
const LONG_PIN: &str = "2580136947";

journeys! {
    on_a_phone_an_agent_sees_who_is_verified_g07_g08_p05_i09 = day(Eyes::PHONE);
    on_a_desk_an_agent_sees_who_is_verified_g07_g08_p05_i09 = day(Eyes::DESKTOP);
}

/// A user of the team, by the link that she was given.
async fn comes_in(browser: &Browser, house: &House) -> WebDriverResult<()> {
    let made = house.call(Method::PUT, "/v1/teams/linden/users/demo", json!({"role": "agent"})).await;
    browser.open(made["invitation"]["url"].as_str().expect("told once")).await?;
    browser.find("[name=password]").await?.send_keys(PASSWORD).await?;
    browser.find("[name=again]").await?.send_keys(PASSWORD).await?;
    browser.looks("1-set-password").await?;
    browser.click("form[data-act=set] button").await?;
    browser.find("form[data-act=password]").await?;
    assert_eq!(browser.find("[name=team]").await?.prop("value").await?.as_deref(), Some("linden"));
    browser.find("[name=name]").await?.send_keys("demo").await?;
    browser.find("[name=password]").await?.send_keys("a wrong one 1").await?;
    browser.click("form[data-act=password] button").await?;
    browser.find("#error").await?;
    browser.looks("2-sign-in").await?;
    browser.find("[name=password]").await?.send_keys(PASSWORD).await?;
    browser.click("form[data-act=password] button").await?;
    browser.find("#live[data-state=live]").await.map(drop)
}

/// G-05, G-07, G-08: the check mark is there exactly while the flag stands; P-05, I-09, I-10: the PIN shows on
/// the initials, the code on the status once its page was reached (§3.2); L-27. I-02, I-08, I-13: where nobody
/// sends it, she tells it by phone, and the customer types it.
async fn day(eyes: Eyes) {
    let house = House::open(json!({"otp": {"show_to_agents": true}})).await;
    walk_at(&house.url, "agent", eyes, async |browser| {
        comes_in(browser, &house).await?;
        let chat = house.chat().await;
        let row = format!("#row-{chat}");
        browser.find(&format!("{row}[data-state=unverified]")).await?;
        assert!(browser.driver.find_all(By::Css(".who-verified")).await?.is_empty(), "nobody is verified yet");
        browser.looks("3-list").await?;
        browser.click(&row).await?;
        browser.find("[data-person=p1][data-state=unverified]").await?;

        // P-05: the PIN is behind the initials, for whoever points at them, and each look is told.
        let pin = json!({"method": "pin", "pin": LONG_PIN});
        house.challenge(&chat, pin).await;
        let initials = browser.find("[data-act=reveal-pin]").await?;
        assert!(!browser.driver.source().await?.contains(LONG_PIN), "nothing is shown before somebody looks");
        initials.focus().await?;
        browser.until("the PIN", async || reads(browser, LONG_PIN).await).await?;
        browser.looks("4-pin").await?;
        browser.presses(Key::Escape).await?;
        browser
            .until("it goes", async || Ok((!browser.driver.source().await?.contains(LONG_PIN)).then_some(())))
            .await?;
        browser.find(".on-challenge-revealed").await?;

        // I-10: the code is behind the status once the customer is at its page, and not before.
        let page = house.challenge(&chat, json!({"method": "otp", "deliver_to": "agent"})).await;
        browser.click("[data-act=reveal-otp]").await?;
        browser.until("not there yet", async || reads(browser, "not opened the code page").await).await?;
        browser.presses(Key::Escape).await?;
        let desk = browser.driver.window().await?;
        let phone = browser.driver.new_tab().await?;
        browser.driver.switch_to_window(phone.clone()).await?;
        browser.open(&page).await?;
        browser.click(CONTINUE).await?;
        browser.find("input.answer-field").await?;
        browser.driver.switch_to_window(desk.clone()).await?;
        browser.find(".on-challenge-presented").await?;
        browser.points_at("[data-act=reveal-otp]").await?;
        let code = browser
            .until("the code", async || {
                let seen = browser.driver.find(By::Css(".seen-code")).await?.text().await?;
                Ok((seen.len() == 6 && seen.bytes().all(|b| b.is_ascii_digit())).then_some(seen))
            })
            .await?;
        browser.looks("5-code").await?;
        browser.driver.switch_to_window(phone).await?;
        browser.find("input.answer-field").await?.send_keys(&code).await?;
        browser.presses(Key::Enter).await?;
        let confirm = browser.text("[data-code]").await?;
        browser.driver.switch_to_window(desk).await?;
        assert!(
            browser.driver.find_all(By::Css(".who-verified")).await?.is_empty(),
            "nothing shows yet whose chat it is"
        );
        assert_eq!(house.types_in_chat(&chat, &confirm).await["outcome"], "passed");

        // G-05, G-08: verified, by what, since when, until when, and what is known of her.
        browser.find("[data-person=p1][data-state=verified] .who-verified").await?;
        assert_eq!(browser.driver.find_all(By::Css("[data-person=p2] .who-verified")).await?.len(), 0, "her alone");
        let facts = browser.text("[data-person=p1] .facts").await?;
        assert!(facts.contains("one-time code") && facts.contains("An agent saw the code"), "{facts}");
        assert!(facts.contains("•••"), "addresses stay masked: {facts}");
        browser.looks("6-verified").await?;
        unread(browser, &house, &chat).await?;
        browser.click("[data-person=p1] [data-act=signout]").await?;
        browser.find("[data-person=p1]:not([data-state=verified])").await?;
        browser.find(".said").await?;
        assert!(browser.driver.find_all(By::Css(".who-verified")).await?.is_empty(), "G-07: no mark");
        browser.looks("7-signed-out").await
    })
    .await;
}

/// G-07: what something happened to and cannot be read is not known, though the stream stands; it is asked for
/// until it can be.
async fn unread(browser: &Browser, house: &House, chat: &str) -> WebDriverResult<()> {
    let broken = "const real = fetch; window.mended = () => { window.fetch = real; };
        window.fetch = (path, request) => /^.v1.interactions.[0-9a-f-]+$/.test(path)
          ? Promise.resolve(new Response('{}', { status: 503 })) : real(path, request);";
    browser.driver.execute(broken, Vec::<Value>::new()).await?;
    house.challenge(chat, json!({"method": "pin", "pin": "2580"})).await;
    browser.find("[data-person=p1][data-state=unknown]").await?;
    browser.find(&format!("#row-{chat}[data-state=unknown]")).await?;
    assert!(browser.driver.find_all(By::Css(".who-verified")).await?.is_empty(), "no mark");
    browser.find("#live[data-state=live]").await?;
    browser.driver.execute("window.mended()", Vec::<Value>::new()).await?;
    browser.find("[data-person=p1][data-state=verified]").await.map(drop)
}

impl Browser {
    /// Points at it: with a finger on a phone, with a pointer that merely rests there at a desk. An element that is redrawn in between is asked for again.
    async fn points_at(&self, css: &str) -> WebDriverResult<()> {
        self.until(css, async || self.points_once(css).await.map(Some)).await
    }

    /// Points at it if it is there and stays until then.
    async fn points_once(&self, css: &str) -> WebDriverResult<()> {
        let element = self.driver.find(By::Css(css)).await?;
        if self.eyes.width >= 500 {
            let away = self.driver.find(By::Css(".panel-title")).await?;
            return self
                .driver
                .action_chain()
                .move_to_element_center(&away)
                .move_to_element_center(&element)
                .perform()
                .await;
        }
        element.scroll_into_view().await?;
        let script = "const { x, y, width, height } = arguments[0].getBoundingClientRect(); return [x + width / 2, y + height / 2];";
        let place = self.driver.execute(script, vec![element.to_json()?]).await?.json().clone();
        let cdp = self.driver.cdp();
        cdp.send_raw("Emulation.setTouchEmulationEnabled", json!({"enabled": true})).await?;
        let point = json!([{"x": place[0], "y": place[1]}]);
        cdp.send_raw("Input.dispatchTouchEvent", json!({"type": "touchStart", "touchPoints": point})).await?;
        cdp.send_raw("Input.dispatchTouchEvent", json!({"type": "touchEnd", "touchPoints": []})).await.map(drop)
    }
}

async fn reads(browser: &Browser, words: &str) -> WebDriverResult<Option<()>> {
    Ok(browser.driver.find(By::Css(".seen")).await?.text().await?.contains(words).then_some(()))
}

/// Keyboard alone; L-33, P-02, P-03: what the policy asks for is asked for at its field. And while nothing is
/// sure, nobody looks verified.
#[tokio::test]
async fn with_a_keyboard_alone_an_agent_begins_a_conversation_l33_p02_p03() {
    let mut house = House::open(json!({"entry": {"require_authentication": true, "first": "pin"}})).await;
    walk_at(&house.url.clone(), "agent-keys", Eyes::DESKTOP, async |browser| {
        comes_in(browser, &house).await?;
        browser.find("#rows").await?.focus().await?;
        browser.driver.active_element().await?.send_keys("n").await?;
        browser.find("dialog[open] [name=name]").await?;
        assert!(browser.has_focus("dialog[open] [name=name]").await?, "one can type at once");
        browser.driver.active_element().await?.send_keys("Demo Customer").await?;
        browser.presses(Key::Enter).await?;
        let missing = browser.find("[aria-invalid]").await?;
        assert_eq!(missing.attr("name").await?.as_deref(), Some("phone"), "what is missing has the focus");
        missing.send_keys("+44 7700 900121").await?;
        browser.find("[name=pin]").await?.send_keys("12ab").await?;
        browser.looks("1-new").await?;
        browser.presses(Key::Enter).await?;
        browser.find("[name=pin][aria-invalid]").await?.clear().await?;
        browser.find("[name=pin]").await?.send_keys("2580").await?;
        browser.presses(Key::Enter).await?;
        browser.find("[data-person=p1]").await?;
        browser.find(".on-interaction-opened").await?;
        assert!(browser.driver.find_all(By::Css("dialog[open]")).await?.is_empty());
        browser.looks("2-invited").await?;
        browser.presses(Key::Escape).await?;
        browser.until("the list", async || Ok(browser.has_focus("#rows").await?.then_some(()))).await?;
        browser.driver.active_element().await?.send_keys("/").await?;
        browser.until("the search", async || Ok(browser.has_focus("#search").await?.then_some(()))).await?;
        browser.driver.active_element().await?.send_keys("nobody of that name").await?;
        browser
            .until("nothing fits", async || {
                Ok(browser.driver.find_all(By::Css(".row")).await?.is_empty().then_some(()))
            })
            .await?;

        // The connection is gone: what is not known looks like nothing else.
        browser.find("#search").await?.clear().await?;
        browser.find("#search").await?.send_keys("x").await?;
        browser.find("#search").await?.send_keys("" + Key::Backspace).await?;
        browser.find(".row").await?;
        house.stops().await;
        browser.find("#live[data-state=lost]").await?;
        browser.find(".row .who-unknown").await?;
        assert!(browser.driver.find_all(By::Css(".who-verified")).await?.is_empty());
        browser.looks("3-lost").await?;
        house.starts_again().await;
        browser.find("#live[data-state=live]").await?;
        browser.find(".row:not([data-state=unknown])").await.map(drop)
    })
    .await;
}

/// I-03, I-04, I-05, I-06, I-07, L-29, L-30: with a code at the door that goes by the other way, the agent picks text or mail for
/// the invitation and is asked for the address that the code needs; then each goes its own way, and the mark is
/// there when the code came back.
#[tokio::test]
async fn the_invitation_goes_by_text_or_mail_and_the_other_address_is_asked_for_i05_i06_i07_l29() {
    let settings = json!({"entry": {"require_authentication": true, "first": "otp"},
        "otp": {"send_to_customer": true, "second_channel": true}});
    let house = House::open(settings).await;
    walk_at(&house.url, "agent-ways", Eyes::DESKTOP, async |browser| {
        comes_in(browser, &house).await?;
        browser.click("#new").await?;
        browser.find("dialog[open] [name=name]").await?.send_keys("Demo Customer").await?;
        // By mail: the code goes to the phone (I-06).
        browser.click("dialog[open] [name=via][value=email]").await?;
        browser.find("dialog[open] [name=email]").await?.send_keys("demo1@example.com").await?;
        browser.click("#go").await?;
        browser.find("[name=phone][aria-invalid]").await?;
        assert!(browser.has_focus("[name=phone][aria-invalid]").await?, "what is missing has the focus");
        assert!(browser.shows_no("[name=email][aria-invalid]").await?);
        browser.looks("1-phone-is-missing").await?;
        // By text: the code goes by mail (I-07).
        browser.click("dialog[open] [name=via][value=sms]").await?;
        browser.find("dialog[open] [name=email]").await?.clear().await?;
        browser.find("dialog[open] [name=phone]").await?.send_keys(PHONE).await?;
        browser.click("#go").await?;
        browser.find("[name=email][aria-invalid]").await?;
        assert!(browser.shows_no("[name=phone][aria-invalid]").await?);
        browser.looks("2-mail-is-missing").await?;
        browser.find("dialog[open] [name=email]").await?.send_keys("demo1@example.com").await?;
        browser.click("#go").await?;
        browser.find("[data-person=p1]").await?;
        assert!(browser.driver.find_all(By::Css("dialog[open]")).await?.is_empty());

        let invitation = house.link(PHONE).await;
        let desk = browser.driver.window().await?;
        let phone = browser.driver.new_tab().await?;
        browser.driver.switch_to_window(phone).await?;
        browser.open(&invitation).await?;
        browser.click(CONTINUE).await?;
        browser.find("input.answer-field").await?;
        let code = house.code("demo1@example.com", 1).await;
        browser.find("input.answer-field").await?.send_keys(&code).await?;
        browser.presses(Key::Enter).await?;
        let confirm = browser.text("[data-code]").await?;
        browser.driver.switch_to_window(desk).await?;
        assert!(
            browser.driver.find_all(By::Css(".who-verified")).await?.is_empty(),
            "nothing shows yet whose chat it is"
        );
        let all = house.call(Method::GET, "/v1/interactions", Value::Null).await;
        let chat = all["items"][0]["id"].as_str().expect("the one that she began");
        assert_eq!(house.types_in_chat(chat, &confirm).await["outcome"], "passed");
        browser.find("[data-person=p1][data-state=verified]").await.map(drop)
    })
    .await;
}

/// G-05: who was authenticated before the chat is not asked again, and the agent has her account on the screen:
/// who vouched for her, her name, her id, and what is known of her.
#[tokio::test]
async fn the_account_of_whom_the_website_vouched_for_is_on_the_agents_screen_g05() {
    let house = House::open(json!({})).await;
    walk_at(&house.url, "agent-account", Eyes::DESKTOP, async |browser| {
        comes_in(browser, &house).await?;
        let chat = house.vouched().await;
        browser.click(&format!("#row-{chat}")).await?;
        browser.find("[data-person=p1][data-state=verified] .who-verified").await?;
        let facts = browser.text("[data-person=p1] .facts").await?;
        assert!(facts.contains("Demo Customer · cust-42"), "{facts}");
        assert!(facts.contains("account") && facts.contains("12-345"), "{facts}");
        let told = house.participant(&chat, 0).await;
        assert_eq!((&told["challenge"], &told["login_link"]), (&Value::Null, &Value::Null), "nothing is asked of her");
        browser.looks("1-account").await
    })
    .await;
}

/// Two thousand conversations: the list has only what is in sight, scrolls at once, and a change is there
/// within the second.
#[tokio::test]
async fn two_thousand_conversations_scroll_and_change_without_delay() {
    let house = House::open(json!({})).await;
    let open = async |n: usize| {
        let body = json!({"channel": "webchat", "conversation": format!("conv-{n:04}"),
            "participants": [{"role": "primary", "name": format!("Customer {n:04}")}]});
        house.call(Method::POST, "/v1/interactions", body).await["id"].as_str().expect("an id").to_owned()
    };
    let mut chats = Vec::new();
    for from in (0..2000).step_by(50) {
        chats.extend(futures_util::future::join_all((from..from + 50).map(&open)).await);
    }
    walk_at(&house.url, "agent-many", Eyes::DESKTOP, async |browser| {
        comes_in(browser, &house).await?;
        browser
            .until("all of them", async || {
                let count = browser.driver.find(By::Css("#count")).await?.text().await?;
                Ok(count.contains("2000").then_some(()))
            })
            .await?;
        let rows = browser.driver.find_all(By::Css(".row")).await?.len();
        assert!(rows < 60, "{rows} rows are drawn");
        let script = "const rows = document.getElementById('rows'); const done = arguments[0]; const spans = []; let at = performance.now(); let n = 0;
            const step = () => { const now = performance.now(); spans.push(now - at); at = now; rows.scrollTop += 1900; n += 1;
              if (n < 60) requestAnimationFrame(step); else done(spans.slice(2)); };
            requestAnimationFrame(step);";
        let spans: Vec<f64> = browser.driver.execute_async(script, Vec::new()).await?.convert()?;
        let mut sorted = spans.clone();
        sorted.sort_by(f64::total_cmp);
        let median = sorted[sorted.len() / 2];
        assert!(median < 100.0, "a frame takes {median} ms: {spans:?}");
        browser.find(".row").await?;
        browser.looks("1-scrolled").await?;
        browser.driver.execute("document.getElementById('rows').scrollTop = 0", Vec::<Value>::new()).await?;
        let newest = chats.iter().max().expect("two thousand");
        browser.find(&format!("#row-{newest}")).await?;
        house.challenge(newest, json!({"method": "pin", "pin": "2580"})).await;
        let patience = Duration::from_secs(5);
        browser.within(patience, "the change", async || {
            Ok(browser.driver.find(By::Css(&*format!("#row-{newest}[data-state=waiting]"))).await.ok())
        }).await?;
        browser.find("#search").await?.send_keys("customer 0777").await?;
        browser.until("the one", async || {
            let rows = browser.driver.find_all(By::Css(".row")).await?;
            Ok((rows.len() == 1).then_some(()))
        }).await
    })
    .await;
}
