//! Races for challenges: guesses beside each other, and one right answer that many bring.
//! Where a race is run is its parent's affair.

use serde_json::{Value, json};

use super::{CALLERS, Place, SHORT, count, outcomes, races, ran};
use crate::doors::form;
use crate::length::{figure, rounds};
use crate::world::{Browser, Team};

/// A conversation of a customer whose failure limit counts, with a live code.
async fn asked(place: &Place, conversation: &str, phone: &str) -> (String, Value, String) {
    let team = place.team();
    let chat = team.open_for(conversation, json!({"phone": phone})).await;
    let live = team.otp(&chat).await;
    let code = team.code(&chat, 0).await;
    (chat, live, code)
}

/// As many answers as there are callers, all of them wrong.
fn wrong(code: &str) -> Vec<String> {
    (0..).map(|n| format!("{n:06}")).filter(|guess| guess != code).take(CALLERS).collect()
}

/// What becomes of answers, each caller's to a challenge, that are given at once.
async fn at_once(place: &Place, answer: impl Fn(usize) -> (Value, String)) -> Vec<String> {
    let replies = place.race(|n, team| {
        let (live, text) = answer(n);
        async move { team.answers(&live, &text).await }
    });
    outcomes(&replies.await)
}

/// A021: of 64 wrong answers at once three are judged, and three count at the customer's failure limit:
/// thirty-three such races, and one wrong answer more, are what a hundred wrong answers are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a021_of_64_wrong_answers_three_are_judged() {
    for place in Place::all().await {
        place.team().set(json!({"lockout": {"threshold": 100}})).await;
        for round in races("wrong answers") {
            let (_, live, code) = asked(&place, &format!("wrong-{round}"), &format!("+3725551{round:04}")).await;
            let guesses = wrong(&code);
            let told = at_once(&place, |n| (live.clone(), guesses[n].clone())).await;
            assert_eq!((count(&told, "wrong"), count(&told, "exhausted")), (3, CALLERS - 3), "{told:?}");
            assert_eq!(place.team().outcome(&live, &code).await, "exhausted");
        }
    }
    ran("0 guesses over the limit", "64 wrong answers to one code");
}

/// A035: of 64 right answers at once one passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a035_of_64_right_answers_one_passes() {
    for place in Place::all().await {
        let mut chats = Vec::new();
        for round in races("right answers") {
            let (chat, live, code) = asked(&place, &format!("right-{round}"), "+37255512345").await;
            let told = at_once(&place, |_| (live.clone(), code.clone())).await;
            assert_eq!((count(&told, "passed"), count(&told, "already_used")), (1, CALLERS - 1), "{told:?}");
            chats.push(chat);
        }
        assert!(place.told("participant.authenticated", &chats).await.iter().all(|n| *n == 1));
    }
    ran("1 code, 1 flag", "64 right answers to one code");
}

/// A025: 64 wrong answers at once, each at an address of its own, are 64 at the failure limit: of another
/// 64 thirty-six are judged, and the customer is banned once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a025_of_128_addresses_at_once_a_hundred_are_judged() {
    for place in Place::all().await {
        let phone = "+37255587654";
        let mut judged = 0;
        let mut chats = Vec::new();
        for half in 0..2 {
            let mut asked_all = Vec::new();
            for n in 0..CALLERS {
                let (chat, live, code) = asked(&place, &format!("failure_limit-{half}-{n}"), phone).await;
                asked_all.push((live, Team::wrong(&code)));
                chats.push(chat);
            }
            judged += count(&at_once(&place, |n| asked_all[n].clone()).await, "wrong");
        }
        let tripped: usize = place.told("participant.banned", &chats).await.iter().sum();
        assert!((99..=100).contains(&(judged + tripped)) && tripped >= 1, "{judged} wrong, {tripped} bans");
    }
}

/// A021, A035: of 63 wrong answers and the right one at once no more are judged than the code takes,
/// and the right one passes only among them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a021_a035_a_right_answer_among_63_wrong_ones_passes_only_in_time() {
    let (mut rounds_run, mut in_time) = (0, 0);
    for place in Place::all().await {
        place.team().set(json!({"lockout": {"threshold": 100}})).await;
        let mut chats = Vec::new();
        for round in rounds("a right answer among wrong ones", SHORT, 1000) {
            let (chat, live, code) = asked(&place, &format!("mixed-{round}"), &format!("+3725552{round:04}")).await;
            let mut guesses = wrong(&code);
            guesses[(round * 29) % CALLERS].clone_from(&code);
            let told = at_once(&place, |n| (live.clone(), guesses[n].clone())).await;
            let (passed, wrong) = (count(&told, "passed"), count(&told, "wrong"));
            assert!(if passed == 1 { wrong < 3 } else { (passed, wrong) == (0, 3) }, "{told:?}");
            let late = if passed == 1 { "already_used" } else { "exhausted" };
            assert_eq!(count(&told, late), CALLERS - passed - wrong, "{told:?}");
            assert_eq!(place.node(1).flag(&chat).await["authenticated"], passed == 1);
            (rounds_run, in_time) = (rounds_run + 1, in_time + passed);
            chats.push((chat, passed));
        }
        let (chats, passed): (Vec<_>, Vec<_>) = chats.into_iter().unzip();
        assert_eq!(place.told("participant.authenticated", &chats).await, passed);
    }
    figure(
        "0 guesses over the limit",
        format_args!("{rounds_run} times 63 wrong answers and a right one, {in_time} in time"),
    );
}

/// The form that asks for a code at the door of an invitation: where it goes, and what else is in it.
async fn at_a_door(place: &Place, chat: &str) -> (Browser, String, Vec<(String, String)>) {
    let team = place.team();
    let path = format!("/v1/interactions/{chat}/invitations");
    let made = team.world.call(&team.agent, "POST", &path, json!({"via": "chat"})).await.expect(201);
    let mut browser = Browser::new(&team.world);
    let opening = browser.get(made["url"].as_str().expect("a URL")).await.text();
    let (to, hidden) = form(&opening, "continue").expect("an opening screen");
    let hidden: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let shown = browser.post(&to, &hidden).await;
    let page = browser.get(&shown.header("location")).await.text();
    let (to, hidden) = form(&page, "answer").expect("a code page");
    (browser, to, hidden)
}

/// A021, A035: one browser types 63 wrong codes and the right one at a door, all at once and at two nodes:
/// no more are judged than the code takes, and the right one lets in only among them, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a021_a035_of_64_answers_at_a_door_three_are_judged_and_one_enters() {
    let (mut rounds_run, mut in_time) = (0, 0);
    for place in Place::all().await {
        let otp = json!({"send_to_customer": false, "show_to_agents": true});
        let entry = json!({"require_authentication": true, "first": "otp"});
        place.team().set(json!({"otp": otp, "entry": entry, "lockout": {"threshold": 100}})).await;
        let mut chats = Vec::new();
        for round in rounds("answers at a door", SHORT, 1000) {
            let team = place.team();
            let chat = team.open_for(&format!("door-{round}"), json!({"phone": format!("+3725553{round:04}")})).await;
            let (browser, to, hidden) = at_a_door(&place, &chat).await;
            let code = team.code(&chat, 0).await;
            let mut guesses = wrong(&code);
            guesses[(round * 29) % CALLERS].clone_from(&code);
            let replies = place.race(|n, team| {
                let (cookie, to, guess) = (browser.cookie.clone(), to.clone(), guesses[n].clone());
                let mut fields = hidden.clone();
                fields.push(("code".to_owned(), guess));
                async move {
                    let mut typing = Browser::new(&team.world);
                    typing.cookie = cookie;
                    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                    typing.post(&to, &fields).await
                }
            });
            let right: Vec<String> = replies
                .await
                .iter()
                .filter(|reply| reply.status == 303)
                .map(|reply| reply.header("location"))
                .collect();
            for done in &right {
                browser.clone().finish(done).await;
            }
            let let_in = right.len();
            let seen = place.node(1).bot("GET", &chat, "", Value::Null).await.expect(200);
            let entered = seen["participants"][0]["entry"]["status"] == "admitted";
            assert_eq!(let_in, usize::from(entered));
            assert_eq!(seen["authentication"]["authenticated"], false, "the chat has yet to say that it is theirs");
            (rounds_run, in_time) = (rounds_run + 1, in_time + let_in);
            chats.push((chat, let_in));
        }
        let (chats, let_in): (Vec<_>, Vec<_>) = chats.into_iter().unzip();
        assert_eq!(place.told("participant.entered", &chats).await, let_in);
        let judged = place.told("challenge.wrong", &chats).await;
        assert!(judged.iter().zip(&let_in).all(|(wrong, right)| if *right == 1 { *wrong < 3 } else { *wrong == 3 }));
    }
    figure(
        "0 guesses over the limit",
        format_args!("{rounds_run} times 63 wrong answers and a right one at a door, {in_time} in time"),
    );
}
