//! Races: 64 callers want the same thing at the same moment, and one of them gets it.
//!
//! Each race is run on one node in memory, on one node on Redis, and through two nodes on one
//! Redis. It knows what the contract promises, and where the attack catalogue says otherwise the contract
//! has won: a spent link is `link-used`, a repeated assertion `replayed` (A005, A006).

use std::sync::Arc;

use axum::body::Body;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::length::{figure, rounds, size};
use crate::world::{Browser, Reply, Team, URL, Visit, World, hidden, worlds};

mod codes;

/// So many want it at once.
const CALLERS: usize = 64;

/// Rounds of each race at each place: a thousand in all where the build is optimised.
const SHORT: usize = if cfg!(debug_assertions) { 6 } else { 38 };

/// The long form has ten thousand races for one winner on one node, and two thousand on two.
const LONG: usize = 834;

/// The characters of confirmation codes.
const LETTERS: &[u8] = b"BCDFGHJKMNPQRTVWXZ";

/// A team that every node of a place knows; caller `n` comes to one of them.
struct Place {
    nodes: Vec<Team>,
}

impl Place {
    /// Everywhere that a race is run.
    async fn all() -> Vec<Self> {
        let mut places = Vec::new();
        for (n, world) in worlds().await.into_iter().enumerate() {
            places.push(Self { nodes: vec![world.team("acme").await] });
            if n > 0 {
                let team = world.team("beta").await;
                let second = Team { world: world.second_node(), ..team.clone() };
                places.push(Self { nodes: vec![team, second] });
            }
        }
        places
    }

    fn team(&self) -> &Team {
        &self.nodes[0]
    }

    fn node(&self, caller: usize) -> Team {
        self.nodes[caller % self.nodes.len()].clone()
    }

    /// Everybody does it at once: nobody begins before all are ready.
    async fn race<F>(&self, act: impl Fn(usize, Team) -> F) -> Vec<Reply>
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let ready = Arc::new(Barrier::new(CALLERS));
        let callers: Vec<_> = (0..CALLERS)
            .map(|n| {
                let (ready, acting) = (ready.clone(), act(n, self.node(n)));
                tokio::spawn(async move {
                    ready.wait().await;
                    acting.await
                })
            })
            .collect();
        let mut replies = Vec::with_capacity(CALLERS);
        for caller in callers {
            replies.push(caller.await.expect("nobody panics"));
        }
        replies
    }

    /// How often something was told of each of these conversations.
    async fn told(&self, kind: &str, chats: &[String]) -> Vec<usize> {
        let events = self.team().events().await;
        let of = |chat: &String| events.iter().filter(|e| e["type"] == kind && e["interaction"] == **chat).count();
        chats.iter().map(of).collect()
    }

    /// A login that waits for its code: the conversation and the code.
    async fn waiting(&self, conversation: &str) -> (String, String) {
        let team = self.team();
        let chat = team.open("sms", conversation).await;
        let told = team.log_in(&chat, "cust-42").await;
        let code = Browser::of(&team.world, &told).code(text(&told["continue_url"])).await;
        (chat, code)
    }
}

/// The rounds of one race at one place.
fn races(what: &'static str) -> impl Iterator<Item = usize> {
    rounds(what, SHORT, LONG)
}

/// A race was run everywhere, and every round ended as it must.
fn ran(target: &str, what: &str) {
    let each = size(SHORT, LONG);
    figure(
        target,
        format_args!(
            "{what}: {CALLERS} callers {each} times each in memory, on Redis and on two nodes, none over the limit"
        ),
    );
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn with_status(replies: &[Reply], status: u16) -> usize {
    replies.iter().filter(|reply| reply.status == status).count()
}

/// Wrong codes, each another one, that look like right ones.
fn wrong_codes(right: &str) -> Vec<String> {
    let pairs = LETTERS.iter().flat_map(|a| LETTERS.iter().map(move |b| (char::from(*a), char::from(*b))));
    pairs.map(|(a, b)| format!("B2D3{a}{b}")).filter(|code| code != right).take(CALLERS).collect()
}

/// What became of each text that was said.
fn outcomes(replies: &[Reply]) -> Vec<String> {
    let outcome = |reply: &Reply| reply.expect(200)["outcome"].as_str().unwrap_or("conversation").to_owned();
    replies.iter().map(outcome).collect()
}

fn count(outcomes: &[String], outcome: &str) -> usize {
    outcomes.iter().filter(|o| *o == outcome).count()
}

/// A005: of 64 browsers five begin; the sixth ends the link, which was handed on too often.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a005_of_64_browsers_five_begin_and_the_link_is_over() {
    for place in Place::all().await {
        let mut chats = Vec::new();
        for round in races("browsers that continue") {
            let chat = place.team().open("sms", &format!("race-{round}")).await;
            let link = place.team().link(&chat).await;
            let url = Arc::new(text(&link["url"]).to_owned());
            let mut browsers = Vec::new();
            for n in 0..CALLERS {
                let mut browser = Browser::new(&place.node(n).world);
                let nonce = hidden(&browser.get(&url).await.text(), "nonce");
                browsers.push((browser, nonce));
            }
            let pressed = place.race(|n, _| {
                let ((browser, nonce), url) = (browsers[n].clone(), url.clone());
                async move { browser.post(&url, &[("act", "continue"), ("nonce", &nonce), ("opener", "")]).await }
            });
            let replies = pressed.await;
            assert_eq!((with_status(&replies, 303), with_status(&replies, 410)), (5, CALLERS - 5));
            // The sixth has ended the link, and nothing that was made before is good.
            for begun in replies.iter().filter(|reply| reply.status == 303) {
                let visit = Visit::of(&begun.header("location"));
                let told = place.team().post_back(&visit, &place.team().assertion(&visit, "cust-42")).await;
                assert!([404, 410].contains(&told.status), "{}", told.text());
            }
            chats.push(chat);
        }
        assert_eq!(place.told("link.opened", &chats).await, vec![5; chats.len()]);
    }
    ran("T4", "browsers that continue");
}

/// A005: one browser that presses 64 times (two tabs, an impatient finger) gets one handle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a005_one_browser_that_presses_64_times_gets_one_handle() {
    for place in Place::all().await {
        let mut chats = Vec::new();
        for round in races("one browser that presses") {
            let chat = place.team().open("sms", &format!("race-{round}")).await;
            let link = place.team().link(&chat).await;
            let url = Arc::new(text(&link["url"]).to_owned());
            let mut browser = Browser::new(&place.team().world);
            let nonce = hidden(&browser.get(&url).await.text(), "nonce");
            let pressed = place.race(|_, _| {
                let (browser, nonce, url) = (browser.clone(), nonce.clone(), url.clone());
                async move { browser.post(&url, &[("act", "continue"), ("nonce", &nonce), ("opener", "")]).await }
            });
            let replies = pressed.await;
            assert_eq!(with_status(&replies, 303), CALLERS);
            let first = replies[0].header("location");
            assert!(replies.iter().all(|reply| reply.header("location") == first));
            chats.push(chat);
        }
        assert_eq!(place.told("link.opened", &chats).await, vec![1; chats.len()]);
    }
    ran("T4", "one browser that presses");
}

/// A006: 64 times the same assertion is one login and 63 replays, which are told how it went.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a006_the_same_assertion_64_times_counts_once() {
    for place in Place::all().await {
        place.team().set(json!({"binding": "none"})).await;
        let mut chats = Vec::new();
        for round in races("the same assertion") {
            let chat = place.team().open("sms", &format!("race-{round}")).await;
            let link = place.team().link(&chat).await;
            let visit = Browser::new(&place.team().world).continues(text(&link["url"])).await;
            let assertion = place.team().assertion(&visit, "cust-42");
            let posted = place.race(|_, team| {
                let (visit, assertion) = (visit.clone(), assertion.clone());
                async move { team.post_back(&visit, &assertion).await }
            });
            let replies = posted.await;
            assert_eq!(with_status(&replies, 200), 1);
            for reply in replies.iter().filter(|reply| reply.status != 200) {
                assert_eq!(reply.refused(409, "replayed")["first_status"], "authenticated");
            }
            chats.push(chat);
        }
        assert_eq!(place.told("participant.authenticated", &chats).await, vec![1; chats.len()]);
    }
    ran("T4", "the same assertion");
}

/// A006: 64 different good assertions for one handle, of 64 customers: one of them it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a006_of_64_good_assertions_for_one_handle_one_counts() {
    for place in Place::all().await {
        place.team().set(json!({"binding": "none"})).await;
        let mut chats = Vec::new();
        for round in races("assertions for one handle") {
            let chat = place.team().open("sms", &format!("race-{round}")).await;
            let link = place.team().link(&chat).await;
            let visit = Browser::new(&place.team().world).continues(text(&link["url"])).await;
            let posted = place.race(|n, team| {
                let assertion = team.assertion(&visit, &format!("cust-{n}"));
                let visit = visit.clone();
                async move { team.post_back(&visit, &assertion).await }
            });
            let replies = posted.await;
            for reply in replies.iter().filter(|reply| reply.status != 200) {
                reply.refused(410, "link-used");
            }
            let winners: Vec<usize> = (0..CALLERS).filter(|n| replies[*n].status == 200).collect();
            let [winner] = winners[..] else { panic!("one wins, not {winners:?}") };
            assert_eq!(place.node(1).flag(&chat).await["customer"]["id"], format!("cust-{winner}"));
            chats.push(chat);
        }
        assert_eq!(place.told("participant.authenticated", &chats).await, vec![1; chats.len()]);
    }
    ran("T4", "assertions for one handle");
}

/// A035: the right code in 64 messages passes once; later it is conversation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a035_the_right_code_said_64_times_passes_once() {
    for place in Place::all().await {
        let mut chats = Vec::new();
        for round in races("the right code") {
            let (chat, code) = place.waiting(&format!("race-{round}")).await;
            let said = place.race(|n, team| {
                let (chat, code) = (chat.clone(), code.clone());
                async move { team.says(&chat, &format!("m{n}"), &code).await }
            });
            let outcomes = outcomes(&said.await);
            assert_eq!((count(&outcomes, "passed"), count(&outcomes, "conversation")), (1, CALLERS - 1));
            chats.push(chat);
        }
        assert_eq!(place.told("participant.authenticated", &chats).await, vec![1; chats.len()]);
        assert_eq!(place.told("confirmation.wrong", &chats).await, vec![0; chats.len()]);
    }
    ran("T4", "the right code");
}

/// A021: of 64 guesses at once three are compared, and the right one passes only among them.
/// the attack catalogue has the others refused with 429; by the contract they are conversation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a021_of_64_guesses_at_once_three_are_compared() {
    for place in Place::all().await {
        let (mut chats, mut wrongs) = (Vec::new(), Vec::new());
        for round in races("guesses") {
            let (chat, right) = place.waiting(&format!("race-{round}")).await;
            let mut guesses = wrong_codes(&right);
            if round % 2 == 1 {
                guesses[(round * 29) % CALLERS] = right;
            }
            let said = place.race(|n, team| {
                let (chat, code) = (chat.clone(), guesses[n].clone());
                async move { team.says(&chat, &format!("m{n}"), &code).await }
            });
            let outcomes = outcomes(&said.await);
            let (passed, wrong) = (count(&outcomes, "passed"), count(&outcomes, "wrong"));
            assert!(if passed == 1 { wrong < 3 } else { (passed, wrong) == (0, 3) }, "{passed} passed, {wrong} wrong");
            // A code that comes too late is nobody's to read; after the right one a text is conversation.
            let unjudged = count(&outcomes, "conversation") + count(&outcomes, "code_in_text");
            assert_eq!(unjudged, CALLERS - passed - wrong);
            assert_eq!(place.team().flag(&chat).await["authenticated"], passed == 1);
            chats.push(chat);
            wrongs.push(wrong);
        }
        assert_eq!(place.told("confirmation.wrong", &chats).await, wrongs);
    }
    ran("T3", "guesses");
}

/// A109: one message that the platform delivers 64 times is one guess, and everybody is told the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a109_one_message_delivered_64_times_is_one_guess() {
    for place in Place::all().await {
        let mut chats = Vec::new();
        for round in races("one message") {
            let (chat, right) = place.waiting(&format!("race-{round}")).await;
            let wrong = wrong_codes(&right).remove(0);
            let said = place.race(|_, team| {
                let (chat, wrong) = (chat.clone(), wrong.clone());
                async move { team.says(&chat, "m1", &wrong).await }
            });
            let replies = said.await;
            assert_eq!(replies[0].expect(200)["outcome"], "wrong");
            assert!(replies.iter().all(|reply| reply.bytes == replies[0].bytes));
            chats.push(chat);
        }
        assert_eq!(place.told("confirmation.wrong", &chats).await, vec![1; chats.len()]);
    }
    ran("T3", "one message");
}

/// 64 bots open one conversation: one opens it, the others find it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_that_open_one_conversation_one_opens_it() {
    for place in Place::all().await {
        let mut chats = Vec::new();
        for round in races("bots that open") {
            let body = json!({"channel": "sms", "conversation": format!("race-{round}"), "participants": [{"role": "primary"}]});
            let opened = place.race(|_, team| {
                let body = body.clone();
                async move { team.world.call(&team.bot, "POST", "/v1/interactions", body).await }
            });
            let replies = opened.await;
            assert_eq!((with_status(&replies, 201), with_status(&replies, 200)), (1, CALLERS - 1));
            let id = replies[0].json()["id"].clone();
            assert!(replies.iter().all(|reply| reply.json()["id"] == id));
            chats.push(text(&id).to_owned());
        }
        assert_eq!(place.told("interaction.opened", &chats).await, vec![1; chats.len()]);
    }
    ran("T4", "bots that open");
}

/// 64 identical requests under one `Idempotency-Key`: one effect, and one reply for all that got one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_requests_under_one_idempotency_key_one_has_an_effect() {
    for place in Place::all().await {
        let mut chats = Vec::new();
        for round in races("one idempotency key") {
            let chat = place.team().open("sms", &format!("race-{round}")).await;
            let asked = place.race(|_, team| {
                let chat = chat.clone();
                async move { keyed_link(&team.world, &team.bot, &chat).await }
            });
            let replies = asked.await;
            let made: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 201).collect();
            assert!(made.iter().all(|reply| reply.bytes == made[0].bytes) && !made.is_empty());
            for reply in replies.iter().filter(|reply| reply.status != 201) {
                reply.refused(409, "idempotency-running");
            }
            let later = keyed_link(&place.node(1).world, &place.team().bot, &chat).await;
            assert_eq!((later.status, &later.bytes), (201, &made[0].bytes));
            let url = made[0].json()["url"].as_str().expect("a URL").to_owned();
            assert!(url.starts_with(URL) && Browser::new(&place.team().world).get(&url).await.status == 200);
            chats.push(chat);
        }
        assert_eq!(place.told("link.issued", &chats).await, vec![1; chats.len()]);
    }
    ran("T4", "one idempotency key");
}

/// Asks for a login link under an idempotency key of that conversation.
async fn keyed_link(world: &World, key: &str, chat: &str) -> Reply {
    let request = ::http::Request::post(format!("/v1/interactions/{chat}/login-links"))
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .header("idempotency-key", format!("ask-{chat}"))
        .body(Body::from(json!({"purpose": "mid_chat"}).to_string()))
        .expect("the request is well-formed");
    world.send(request).await
}
