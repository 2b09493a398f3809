//! The customer's pages speak the team's language, the refusals among them; a language that has no
//! table is answered in English.

use serde_json::json;

use super::{Visitor, code, invited, open, team};
use crate::world::{Browser, World};

/// What the browser asks for goes before what the team has chosen, as far as there are words.
#[tokio::test]
async fn pages_speak_the_readers_language_where_her_browser_names_one() {
    let world = World::new().await;
    let team = team(&world, json!({"require_authentication": true, "first": "login"})).await;
    team.set(json!({"locale": "et"})).await;
    let chat = open(&team, "conv-1").await;
    let link = team.link(&chat).await["url"].as_str().unwrap().to_owned();
    let invitation = invited(&team, &chat, json!({"via": "sms"})).await;
    let get = async |url: &str, headers: &[(&str, &str)]| {
        let path = url.strip_prefix(crate::world::URL).unwrap_or(url);
        let request =
            headers.iter().fold(http::Request::get(path), |request, (name, value)| request.header(*name, *value));
        world.send(request.body(axum::body::Body::empty()).unwrap()).await.text()
    };
    for (accepted, language, title) in [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Melden Sie sich an"),
        ("fi,sv;q=0.9", "et", "logige sisse"),
        ("fi,fr;q=0.3,es;q=0.7", "es", "Acceda para"),
        ("*", "et", "logige sisse"),
    ] {
        let page = get(&link, &[("accept-language", accepted)]).await;
        assert!(page.contains(&format!("<html lang=\"{language}\" dir=\"ltr\">")) && page.contains(title), "{page}");
    }
    // Who has no link reads in her own language, too.
    assert!(get("/l/none", &[("accept-language", "fr")]).await.contains("<html lang=\"fr\""));
    assert!(get("/c/none", &[("accept-language", "es")]).await.contains("<html lang=\"es\""));

    let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 361.0";
    for url in [&link, &invitation] {
        let page = get(url, &[("user-agent", agent), ("accept-language", "en")]).await;
        assert!(page.contains("You are in the browser of Instagram"), "{page}");
    }
    team.set(json!({"entry": {"first": "otp"}})).await;
    let page = get(&invitation, &[("user-agent", agent), ("accept-language", "en")]).await;
    assert!(page.contains("data-act=\"continue\"") && !page.contains("data-in-app"), "no login page follows: {page}");
}

#[tokio::test]
async fn pages_speak_the_teams_language() {
    let world = World::new().await;
    let team = team(&world, json!({"require_authentication": true, "first": "otp", "subsequent": "otp"})).await;
    let chat = open(&team, "conv-1").await;
    let mut before = team.link(&chat).await;
    for (locale, language, login, gone, question, wrong) in [
        (
            "de-AT",
            "de",
            "Melden Sie sich an",
            "Es gibt einen neueren Link",
            "Geben Sie Ihren Code ein",
            "nicht richtig",
        ),
        ("fr", "fr", "Connectez-vous", "Il existe un lien plus récent", "Saisissez votre code", "pas le bon"),
        ("es-MX", "es", "Acceda para", "Hay un enlace más reciente", "Introduzca su código", "No es correcto"),
        ("et", "et", "logige sisse", "On olemas uuem link", "Sisestage kood", "ei olnud õige"),
        ("fi", "en", "Log in to", "There is a newer link", "Enter your code", "not right"),
    ] {
        team.set(json!({"locale": locale})).await;
        let link = team.link(&chat).await;
        let mut browser = Browser::new(&world);
        for (address, words) in [(&link, login), (&before, gone)] {
            let page = browser.get(address["url"].as_str().unwrap()).await.text();
            assert!(page.starts_with(&format!("<!doctype html>\n<html lang=\"{language}\"")), "{page}");
            assert!(page.contains(words), "{words}: {page}");
        }
        // A form that the browser was not shown is answered in the language of the page's team, too.
        let url = invited(&team, &chat, json!({"via": "sms", "participant": "p2"})).await;
        for address in [link["url"].as_str().unwrap(), &url] {
            let page = browser.post(address, &[("act", "continue"), ("nonce", "of-another-page")]).await;
            assert_eq!(page.status, 403);
            assert!(page.text().contains(&format!("<html lang=\"{language}\"")), "{}", page.text());
        }
        before = link;

        let mut visitor = Visitor::at(&world, &url).await;
        visitor.goes_on().await.sees(200, question);
        let right = code(&team, &chat, 1).await;
        visitor.types(&super::another(&right)).await.sees(422, wrong);
        visitor.types(&right).await;
        assert_eq!(visitor.page.status, 200);
    }
}
