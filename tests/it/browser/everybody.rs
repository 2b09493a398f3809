//! Whether everybody can use the pages: each of them, in each of its states, is drawn on a phone and on a
//! desktop, by day and by night, and judged by axe-core. Beside what axe can see: fingers, small screens,
//! large letters, right-to-left, forced colours, no motion. Pictures are left in `target/screens`.
//!
//! The pages come from the gallery that the pages' own tests draw from, under the policy of real ones.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use countersign::pages::{asset, brand_css};
use serde::Deserialize;
use serde_json::{Value, json};
use thirtyfour::prelude::*;
use tokio::net::TcpListener;

use super::driver::{Browser, Eyes, walk_at};

#[allow(dead_code, reason = "the pages' own tests draw more of it")]
#[path = "../../../pages/src/tests/gallery.rs"]
mod gallery;

/// Every page in each of its states, drawn once.
static GALLERY: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| gallery::gallery("Linden Bank"));

/// So many pages are looked at in one go; then comes a fresh browser, and its time with it.
const AT_ONCE: usize = 16;

/// The pages' names, and the address of a server that shows them.
async fn shown() -> (Vec<&'static str>, String) {
    let names = GALLERY.iter().map(|(name, _)| *name).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let router = Router::new()
        .route("/page/{name}", get(page))
        .route("/assets/brand.css", get(brand))
        .route("/assets/{name}", get(file));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    (names, url)
}

async fn page(Path(name): Path<String>) -> Response {
    let Some((_, html)) = GALLERY.iter().find(|(known, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
        frame-src 'self'; form-action 'self'; base-uri 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html.as_str())).into_response()
}

#[derive(Deserialize)]
struct Colour {
    color: String,
}

async fn brand(Query(colour): Query<Colour>) -> Response {
    ([(header::CONTENT_TYPE, "text/css")], brand_css(&colour.color).unwrap_or_default()).into_response()
}

async fn file(Path(name): Path<String>) -> Response {
    if name == "returning.js" {
        // The page would post its form and be gone before anybody has looked at it.
        return ([(header::CONTENT_TYPE, "text/javascript")], "").into_response();
    }
    match asset(&name) {
        Some(asset) => ([(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::test]
async fn on_a_phone_every_page_is_for_everybody() {
    every_page(Eyes::PHONE).await;
}

#[tokio::test]
async fn on_a_desktop_every_page_is_for_everybody() {
    every_page(Eyes::DESKTOP).await;
}

async fn every_page(eyes: Eyes) {
    let (names, url) = shown().await;
    for names in names.chunks(AT_ONCE) {
        walk_at(&url, "page", eyes, async |browser| {
            for name in names {
                browser.open(&format!("/page/{name}")).await?;
                browser.looks(name).await?;
                if *name != "docs" {
                    browser.has_room(name, "as it is").await?;
                    browser.is_for_fingers(name).await?;
                    if browser.does(UNFOLDED).await? == json!(true) {
                        browser.has_room(name, "unfolded").await?;
                        browser.is_for_fingers(name).await?;
                        browser.is_judged(&format!("{name} unfolded")).await?;
                    }
                }
            }
            Ok(())
        })
        .await;
    }
}

/// WCAG 2.2, 1.4.4 and 1.4.10: letters of twice the size, and a screen of 320 pixels; and languages that are
/// written leftward.
#[tokio::test]
async fn with_large_letters_on_a_small_screen_and_from_right_to_left_every_page_fits() {
    let (names, url) = shown().await;
    for names in names.chunks(AT_ONCE) {
        walk_at(&url, "fits", Eyes { width: 320, script: true }, async |browser| {
            for name in names.iter().filter(|name| **name != "docs") {
                browser.open(&format!("/page/{name}")).await?;
                browser.does(UNFOLDED).await?;
                browser.has_room(name, "as it is").await?;
                browser.does("document.documentElement.style.fontSize = '200%'").await?;
                browser.has_room(name, "with large letters").await?;
                browser.keeps_to_its_card(name, "with large letters").await?;
                browser.does("document.querySelector('.aside-note, .photo-side, .question')?.scrollIntoView()").await?;
                browser.shot(&format!("{name}-large")).await?;
                browser
                    .does("document.documentElement.style.fontSize = ''; document.documentElement.dir = 'rtl'")
                    .await?;
                browser.has_room(name, "from right to left").await?;
                browser.shot(&format!("{name}-rtl")).await?;
                browser.is_judged(&format!("{name} from right to left")).await?;
            }
            Ok(())
        })
        .await;
    }
}

#[tokio::test]
async fn with_forced_colours_and_without_motion_every_page_shows_what_it_is() {
    let (names, url) = shown().await;
    walk_at(&url, "forced", Eyes::PHONE, async |browser| {
        let features = json!({"features": [{"name": "forced-colors", "value": "active"},
            {"name": "prefers-reduced-motion", "value": "reduce"}]});
        browser.driver.cdp().send_raw("Emulation.setEmulatedMedia", features).await?;
        for name in names.iter().filter(|name| **name != "docs") {
            browser.open(&format!("/page/{name}")).await?;
            let seen = browser.does(SHOWS).await?;
            assert_eq!(seen, json!([]), "{name}");
        }
        browser.open("/page/landing").await?;
        browser.shot("landing").await?;
        browser.open("/page/answer-wrong").await?;
        browser.shot("answer-wrong").await
    })
    .await;
}

/// What cannot be told from its ground, and what moves.
const SHOWS: &str = "
    const wrong = [];
    for (const button of document.querySelectorAll('.button')) {
        const { borderTopWidth, borderTopStyle } = getComputedStyle(button);
        if (parseFloat(borderTopWidth) < 1 || borderTopStyle === 'none') wrong.push('no edge: ' + button.outerHTML);
    }
    for (const element of document.querySelectorAll('*')) {
        const { transitionDuration, animationName } = getComputedStyle(element);
        if (transitionDuration.split(', ').some((time) => parseFloat(time) > 0) || animationName !== 'none')
            wrong.push('moves: ' + element.outerHTML.slice(0, 80));
    }
    return wrong;";

/// Shows what waits to be unfolded, and what waits for an answer; whether there was any.
const UNFOLDED: &str = "
    const [folded, later] = ['details:not([open])', '[data-shown][hidden]'].map((css) => [...document.querySelectorAll(css)]);
    for (const one of folded) one.open = true;
    for (const one of later) one.hidden = false;
    return folded.length + later.length > 0;";

/// Acts that a thumb would miss (WCAG 2.2, 2.5.5: 44 pixels; links within sentences are as their words are, and
/// what is chosen is chosen by its label). A link that stands alone in its block is in no sentence.
const SMALL: &str = "
    const acts = [...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, a.button, summary')];
    const block = (link) => link.closest('p, li, dd, td, th, nav, div, section, h1, h2, h3') ?? link.parentElement;
    const alone = (link) => block(link).textContent.trim() === link.textContent.trim();
    const links = [...document.querySelectorAll('a[href]:not(.button, .skip)')].filter(alone);
    const whole = (act) => (['radio', 'checkbox'].includes(act.type) && act.closest('label')) || act;
    const size = (act) => whole(act).getBoundingClientRect();
    const small = (act) => size(act).width && (size(act).width < 43.5 || size(act).height < 43.5);
    return [...acts, ...links].filter(small).map((act) => act.outerHTML);";

/// How far it reaches beyond the screen, and what does. On a phone a console's main part scrolls by itself, so
/// what is too wide there does not make the document wide.
const WIDE: &str = "
    const width = document.documentElement.clientWidth;
    const scrolls = (part) => getComputedStyle(part).overflowX !== 'visible';
    const parts = [document.documentElement, ...[...document.querySelectorAll('main')].filter(scrolls)];
    const beyond = parts.map((part) => part.scrollWidth - part.clientWidth).filter((beyond) => beyond > 0);
    if (!beyond.length) return [];
    const cut = (element) => element && element.tagName !== 'MAIN' && (getComputedStyle(element).overflowX !== 'visible' || cut(element.parentElement));
    const all = [...document.querySelectorAll('body *')].filter((element) => {
        const { left, right } = element.getBoundingClientRect();
        return (right > width + 1 || left < -1) && !cut(element.parentElement);
    });
    return [beyond, ...all.map((element) => element.outerHTML.slice(0, 120))];";

/// Cards whose content reaches beyond their edge, by how far, and what does; also where the screen has room for it.
const SPILLS: &str = "
    const spills = (card) => card.scrollWidth > card.clientWidth + 1;
    const edge = (card) => card.getBoundingClientRect().right + 1;
    const reaches = (one) => one.getBoundingClientRect().left + Math.max(one.scrollWidth, one.offsetWidth);
    const over = (card) => [...card.querySelectorAll('*')].filter((one) => reaches(one) > edge(card));
    return [...document.querySelectorAll('.card')].filter(spills).map((card) =>
        [card.scrollWidth - card.clientWidth, ...over(card).map((one) => one.outerHTML.slice(0, 120))]);";

impl Browser {
    async fn does(&self, script: &str) -> WebDriverResult<Value> {
        Ok(self.driver.execute(script, Vec::new()).await?.json().clone())
    }

    async fn has_room(&self, name: &str, how: &str) -> WebDriverResult<()> {
        assert_eq!(self.does(WIDE).await?, json!([]), "{name} {how} is wider than its screen");
        Ok(())
    }

    async fn keeps_to_its_card(&self, name: &str, how: &str) -> WebDriverResult<()> {
        assert_eq!(self.does(SPILLS).await?, json!([]), "{name} {how} is wider than its card");
        Ok(())
    }

    async fn is_for_fingers(&self, name: &str) -> WebDriverResult<()> {
        assert_eq!(self.does(SMALL).await?, json!([]), "{name} has acts that are too small");
        Ok(())
    }
}
