//! Round trips to a Redis server and commits of an embedded store, operation by operation.
//! A node that saw what was last written decides on what it remembers: then the commit is the only
//! round trip. What a wrong memory costs stands here, too.

use std::sync::Arc;
use std::time::Duration;

use countersign::store::embedded::Embedded;
use countersign::store::redis::{Redis, RedisAddress, RedisOptions};
use serde_json::{Value, json};

use crate::stores::{self, RedisServer};
use crate::world::{Browser, OWNER, Team, Visit, World};

/// A world that counts.
struct Counted {
    store: Arc<Redis>,
    team: Team,
    _server: RedisServer,
}

impl Counted {
    /// On a server of its own: what other tests do to theirs would be counted, too.
    async fn on_redis() -> Option<Self> {
        let server = RedisServer::start(&[])?;
        let options = RedisOptions::new(RedisAddress::Single(server.url()));
        let store = Arc::new(Redis::connect(&options).await.expect("our server is fit"));
        let world = World::on(stores::standing(store.clone()));
        // Where the system has no settings of its own, that there are none is asked twice.
        world.call(OWNER, "PATCH", "/v1/settings", json!({"locale": "en"})).await.expect(200);
        let team = bank(&world).await;
        Some(Self { store, team, _server: server })
    }

    /// Round trips since `before`.
    fn since(&self, before: u64) -> u64 {
        self.store.round_trips() - before
    }
}

/// A team that no operation has to look up first. That its key is used has been noted in this hour.
async fn bank(world: &World) -> Team {
    let team = world.team("bank").await;
    team.set(json!({"binding": "code"})).await;
    let chat = team.open("whatsapp", "+37255500000").await;
    team.authenticate(&chat, "customer-41").await;
    team
}

async fn issued(team: &Team, interaction: &str) -> String {
    team.link(interaction).await["url"].as_str().expect("a URL").to_owned()
}

async fn continued(team: &Team, link: &str) -> Visit {
    Browser::new(&team.world).continues(link).await
}

#[tokio::test]
async fn a_flag_is_one_round_trip_and_the_team_is_confirmed_four_times_a_second() {
    let Some(counted) = Counted::on_redis().await else { return };
    let id = counted.team.open("whatsapp", "+37255512345").await;
    for _ in 0..3 {
        let before = counted.store.round_trips();
        counted.team.flag(&id).await;
        assert_eq!(counted.since(before), 1);
    }
    counted.team.world.clock.advance(Duration::from_millis(250));
    let before = counted.store.round_trips();
    counted.team.flag(&id).await;
    assert_eq!(counted.since(before), 3, "the flag, the team and the system's settings");
}

#[tokio::test]
async fn a_login_on_one_node_is_one_round_trip_for_each_of_its_steps() {
    let Some(counted) = Counted::on_redis().await else { return };
    let team = &counted.team;
    let id = team.open("whatsapp", "+37255512345").await;

    let before = counted.store.round_trips();
    let link = issued(team, &id).await;
    assert_eq!(counted.since(before), 1, "a link");

    let before = counted.store.round_trips();
    let visit = continued(team, &link).await;
    assert_eq!(counted.since(before), 2, "the page, which is one reading, and Continue");

    let assertion = team.assertion(&visit, "customer-42");
    let before = counted.store.round_trips();
    let told = team.post_back(&visit, &assertion).await.expect(200);
    assert_eq!(counted.since(before), 1, "a post-back");

    let before = counted.store.round_trips();
    let code = Browser::of(&team.world, &told).code(told["continue_url"].as_str().expect("a URL")).await;
    assert_eq!(counted.since(before), 2, "the done page, which is one reading, and its form");

    let before = counted.store.round_trips();
    assert_eq!(team.says(&id, "m-1", &code).await.expect(200)["outcome"], "passed");
    assert_eq!(counted.since(before), 1, "a code");
    assert_eq!(team.flag(&id).await["authenticated"], true);
}

/// A customer who is known has a failure limit in a partition of its own: it is asked for before anything is
/// sent or compared, and counted before a wrong answer is saved. Who is not known costs none of that.
#[tokio::test]
async fn a_code_costs_its_commit_and_what_the_customers_failure_limit_takes() {
    let Some(counted) = Counted::on_redis().await else { return };
    let team = &counted.team;
    team.shows_codes().await;
    let known = team.open_for("known", json!({"phone": "+37255512345"})).await;
    let unknown = team.open("sms", "unknown").await;
    for (id, expected) in [(unknown, UNKNOWN), (known, KNOWN)] {
        let before = counted.store.round_trips();
        let live = team.otp(&id).await;
        let asked = counted.since(before);

        let code = team.code(&id, 0).await;
        let before = counted.store.round_trips();
        assert_eq!(team.outcome(&live, &Team::wrong(&code)).await, "wrong");
        let wrong = counted.since(before);

        let before = counted.store.round_trips();
        assert_eq!(team.outcome(&live, &code).await, "passed");
        let right = counted.since(before);
        assert_eq!([asked, wrong, right], expected, "a code, a wrong answer, a right one");
    }
}

/// Round trips for a code that is put, a wrong answer and a right one after it.
const UNKNOWN: [u64; 3] = [1, 1, 1];
const KNOWN: [u64; 3] = [3, 2, 4];

#[tokio::test]
async fn what_another_node_wrote_costs_a_reading() {
    let Some(counted) = Counted::on_redis().await else { return };
    let first = &counted.team;
    let second = Team { world: first.world.second_node(), ..first.clone() };
    let id = first.open("whatsapp", "+37255512345").await;

    second.flag(&id).await;
    let before = counted.store.round_trips();
    let link = issued(&second, &id).await;
    assert_eq!(counted.since(before), 2, "it has seen the interaction, and reads what it decides on");

    let visit = continued(&second, &link).await;
    let assertion = first.assertion(&visit, "customer-42");
    let before = counted.store.round_trips();
    first.post_back(&visit, &assertion).await.expect(200);
    assert_eq!(counted.since(before), 2, "it remembers no such link, so it reads, and commits");

    let before = counted.store.round_trips();
    issued(&second, &id).await;
    assert_eq!(counted.since(before), 3, "a memory that was wrong, a reading, and the commit");
}

#[tokio::test]
async fn what_is_refused_is_refused_on_what_the_store_has() {
    let Some(counted) = Counted::on_redis().await else { return };
    let first = &counted.team;
    let second = Team { world: first.world.second_node(), ..first.clone() };
    let id = first.open("whatsapp", "+37255512345").await;
    let visit = continued(first, &issued(first, &id).await).await;
    second.flag(&id).await;

    // The first node remembers an open link; the second has taken its answer meanwhile.
    let assertion = first.assertion(&visit, "customer-42");
    second.post_back(&visit, &assertion).await.expect(200);
    first.post_back(&visit, &assertion).await.refused(409, "replayed");

    // It remembers an open interaction; the second has closed it.
    second.bot("POST", &id, "/close", json!({})).await.expect(200);
    let asked = json!({"purpose": "mid_chat"});
    first.bot("POST", &id, "/login-links", asked).await.refused(409, "interaction-closed");
}

#[tokio::test]
async fn each_step_of_a_login_is_one_commit_and_a_flag_is_none() {
    let stand = stores::on_disk();
    let store: Arc<Embedded> = stand.store.clone();
    let team = bank(&World::on(stand.any())).await;
    let so_far = || (store.commits(), store.flushes());
    let (mut commits, mut flushes) = so_far();
    let mut costs = |what: &str, most: u64| {
        let now = so_far();
        assert_eq!((now.0 - commits, now.1 - flushes), (most, most), "{what}");
        (commits, flushes) = now;
    };

    let id = team.open("whatsapp", "+37255512345").await;
    costs("an opening", 1);
    let link = issued(&team, &id).await;
    costs("a link", 1);
    let visit = continued(&team, &link).await;
    costs("Continue", 1);
    let told = team.post_back(&visit, &team.assertion(&visit, "customer-42")).await.expect(200);
    costs("a post-back", 1);
    let code = Browser::of(&team.world, &told).code(told["continue_url"].as_str().expect("a URL")).await;
    costs("the done page's form", 1);
    assert_eq!(team.says(&id, "m-1", &code).await.expect(200)["outcome"], "passed");
    costs("a code", 1);
    team.bot("GET", &id, "/authentication", Value::Null).await.expect(200);
    costs("a flag", 0);
}

/// That a key is used is written down with the first post-back of an hour, and with no other.
#[tokio::test]
async fn use_of_a_key_is_one_commit_an_hour() {
    let stand = stores::on_disk();
    let store: Arc<Embedded> = stand.store.clone();
    let team = bank(&World::on(stand.any())).await;
    for (minutes, commits) in [(0, 1), (59, 1), (1, 2), (0, 1), (30, 1), (600, 2)] {
        team.world.clock.advance(Duration::from_secs(minutes * 60));
        let id = team.open("whatsapp", &format!("+3725551{:04}", crate::world::unique())).await;
        let visit = continued(&team, &issued(&team, &id).await).await;
        let before = store.commits();
        team.post_back(&visit, &team.assertion(&visit, "customer-42")).await.expect(200);
        assert_eq!(store.commits() - before, commits, "{minutes} minutes later");
    }
}

/// A103: a wrong password at the consoles is one commit and one flush, whether or not there is such a user.
#[tokio::test]
async fn a103_a_guess_at_nobody_costs_what_a_guess_at_somebody_does() {
    let stand = stores::on_disk();
    let store: Arc<Embedded> = stand.store.clone();
    let world = World::on(stand.any());
    let team = world.team("acme").await;
    team.staff("demo", "agent").await;
    for (team, name) in [("acme", "demo"), ("acme", "nobody"), ("nobody", "demo"), ("", "")] {
        let before = (store.commits(), store.flushes());
        let step = world.gateway.sign_in.sign_in(team, name, "wrong lamp 1234").await.unwrap();
        assert_eq!(step, countersign::services::staff::signing_in::SignInState::No);
        assert_eq!((store.commits() - before.0, store.flushes() - before.1), (1, 1), "{team}/{name}");
    }
}
