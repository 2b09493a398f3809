//! The customer's pages speak the team's language, the refusals among them; a language that has no
//! table is answered in English.

use serde_json::json;

use super::{Visitor, code, invited, open, team};
use crate::world::{Browser, World};

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
