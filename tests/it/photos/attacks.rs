//! Files that are no pictures, or worse, as they come to the page; and forms that this browser was not shown.
//! What is wrong inside a file is `pictures`' own to test.

use super::provider::Provider;
use super::{Person, ask, budget, card, front, picture, team};
use crate::world::World;

/// A049: refused quickly, with words, counted for nothing, and nobody is asked.
#[tokio::test]
async fn a049_bombs_and_what_is_no_picture_are_refused_quickly() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    let chat = team.open("session", "conv-1").await;
    let (_, url) = ask(&team, &chat, "photo_id").await;
    let mut person = Person::at(&world, &url).await;
    let mut bomb = card(true);
    bomb[16..24].copy_from_slice(&[0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50]); // 50,000 by 50,000
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec();
    for (file, status, words) in [
        (bomb, 413, "too large"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), 415, "Only JPEG and PNG"),
        (b"GIF89a=1;alert(document.cookie)".to_vec(), 415, "Only JPEG and PNG"),
        (heic, 415, "Only JPEG and PNG"),
        (picture(300, 200, true), 422, "too small"),
        (card(true)[..900].to_vec(), 422, "damaged"),
    ] {
        assert_eq!(person.hands_in(&[("front", file)]).await, status, "{words}");
        person.sees(status, words);
    }
    assert_eq!(person.hands_in(&[("front", vec![0; 8 << 20])]).await, 413);
    person.sees(413, "too large");
    assert!(provider.got().is_empty() && budget(&team, &chat).await.is_null());
}

/// Only the browser that was shown the form, from our own page, hands anything in.
#[tokio::test]
async fn a_form_that_was_not_shown_to_this_browser_is_none() {
    let (world, provider) = (World::new().await, Provider::start().await);
    let team = team(&world, &provider).await;
    let chat = team.open("session", "conv-1").await;
    let (_, url) = ask(&team, &chat, "photo_id").await;
    let person = Person::at(&world, &url).await;
    let mut foreign = person.clone();
    foreign.browser.cookie = None;
    assert_eq!(foreign.sends(&front(true)).await.status, 403);
    let other = person.posts("application/x-www-form-urlencoded", b"nonce=a".to_vec()).await;
    other.refused(415, "unsupported-media-type");
    assert_eq!(person.posts("multipart/form-data; boundary=xYz", b"nothing".to_vec()).await.status, 403);
    let mut elsewhere = person.clone();
    elsewhere.url = elsewhere.url.replace("/c/", "/c/x");
    assert_eq!(elsewhere.sends(&front(true)).await.status, 404);
    assert!(provider.got().is_empty());
    // "This wasn't me" closes the page for pictures, too.
    let nonce = crate::world::hidden(&person.page.text(), "nonce");
    let reported = person.browser.post(&url, &[("act", "report"), ("nonce", &nonce)]).await;
    assert_eq!(reported.status, 200);
    assert_eq!(person.sends(&front(true)).await.status, 410);
    assert!(provider.got().is_empty());
}
