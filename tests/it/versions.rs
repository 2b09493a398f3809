//! A142: two releases on one store, as in every rolling upgrade. What a newer node has written an
//! older one reads whole or not at all: it never drops what it does not know, be it a ban, and
//! says 503 instead. What an older release wrote is read by this one.

use std::sync::Arc;

use bytes::Bytes;
use countersign::services::events::audit::Broken;
use countersign::store::{Batch, CommitId, CommitOutcome, Expect, Put, RecordKey};
use serde_json::{Value, json};

use crate::simulation::sealed::Seal;
use crate::simulation::truth::Truth;
use crate::stores::modelled;
use crate::world::{Browser, OWNER, Reply, Team, World};

/// A store that a newer release writes to beside us.
struct Newer {
    truth: Arc<Truth>,
    seal: Seal,
    written: std::cell::Cell<u64>,
}

impl Newer {
    fn new() -> (Self, World) {
        // As several nodes use it: without a board that one process keeps.
        let truth = Arc::new(Truth::new(false));
        let world = World::on(modelled(truth.clone()));
        (Self { truth, seal: Seal::of_tests(), written: std::cell::Cell::new(0) }, world)
    }

    /// Names of all records of a kind.
    fn named(&self, kind: &str) -> Vec<RecordKey> {
        self.truth.look().records.keys().filter(|key| key.name.starts_with(kind)).cloned().collect()
    }

    /// A record's content.
    fn read(&self, key: &RecordKey) -> Value {
        let kept = self.truth.look().records[key].record.clone();
        let plain = self.seal.record(&key.name, kept.version, &kept.bytes).expect("it opens");
        serde_json::from_slice(&plain).expect("JSON")
    }

    fn version(&self, key: &RecordKey) -> CommitId {
        self.truth.look().records[key].record.version
    }

    /// Writes a record as a release of another day would.
    fn write(&self, key: &RecordKey, content: &Value) -> CommitId {
        self.written.set(self.written.get() + 1);
        let mut id = [0xA1; 16];
        id[8..].copy_from_slice(&self.written.get().to_be_bytes());
        let (id, kept) = (CommitId(id), self.truth.look().records[key].clone());
        let bytes = Bytes::from(self.seal.seal_record(&key.name, id, content.to_string().as_bytes()));
        let put = Put { name: key.name.clone(), bytes, version_index: false, alarm: kept.alarm, expires: kept.expires };
        let expect = vec![(key.name.clone(), Expect::Version(kept.record.version))];
        let batch = Batch { expect, put: vec![put], ..Batch::new(id, key.partition) };
        assert_eq!(self.truth.apply(&batch), CommitOutcome::Committed);
        id
    }
}

/// Objects whose names are data and no fields: there a new name is a new entry, not a new meaning.
const MAPS: [&str; 10] =
    ["budgets", "vouched", "proofs", "private_data", "overrides", "data", "taken", "channels", "account", "secrets"];

/// The content with an unknown field in each of its objects, one at a time.
fn enriched(content: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    objects(content, String::new(), &mut places);
    let with = |pointer: &String| {
        let mut newer = content.clone();
        let object = newer.pointer_mut(pointer).and_then(Value::as_object_mut).expect("it was found");
        object.insert("hard_ban".to_owned(), json!({"until": "for ever"}));
        newer
    };
    places.iter().map(|pointer| (pointer.clone(), with(pointer))).collect()
}

fn objects(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let last = at.rsplit('/').next().unwrap_or_default();
            // A kind with its content is an object of one member, and not a set of fields.
            let kind = members.len() == 1 && members.keys().all(|name| KINDS.contains(&name.as_str()));
            if !MAPS.contains(&last) && !kind {
                found.push(at.clone());
            }
            for (name, inner) in members {
                objects(inner, format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| objects(item, format!("{at}/{n}"), found)),
        _ => {}
    }
}

/// Names of kinds that carry something.
const KINDS: [&str; 16] = [
    "otp", "pin", "api_key", "raised", "lowered", "expired", "opened", "used", "reported", "shared", "public",
    "retired", "closed", "queued", "code", "link",
];

/// Every kind of record that a decision reads, with what somebody asks that needs it.
async fn of_every_kind(world: &World) -> (Team, String, String, String) {
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let ended = team.link(&chat).await["url"].as_str().expect("a URL").to_owned();
    team.authenticate(&chat, "cust-42").await;
    let waiting = team.log_in(&chat, "cust-42").await;
    assert_eq!(waiting["status"], "accepted");
    team.says(&chat, "wrong", "Z9Z9ZZ").await.expect(200);
    team.link(&chat).await;
    team.otp(&chat).await;
    let live = team.otp(&chat).await;
    assert_eq!(team.outcome(&live, &Team::wrong(&team.code(&chat, 0).await)).await, "wrong");
    let token = team.identity_token("cust-42");
    (team, chat, ended, token)
}

async fn opened_with(team: &Team, token: &str) -> Reply {
    let body = json!({"channel": "sms", "conversation": "vouched", "identity_token": token,
        "participants": [{"role": "primary"}]});
    team.world.call(&team.bot, "POST", "/v1/interactions", body).await
}

/// A142: a field that an older node does not know, wherever it stands, is never dropped: nothing
/// that reads the record is answered, and the record stays as the newer node wrote it.
#[tokio::test]
async fn a142_what_an_older_node_does_not_know_it_refuses_and_leaves_as_it_is() {
    let (newer, world) = Newer::new();
    let (team, chat, ended, token) = of_every_kind(&world).await;
    opened_with(&team, &token).await.expect(201);
    let mut tried = 0;
    for kind in ["i/", "a/", "e/", "f/", "n/", "t/", "j/"] {
        let keys: Vec<RecordKey> = newer.named(kind);
        let of_chat = |key: &&RecordKey| ["j/", "t/", "n/", "a/"].contains(&kind) || key.name.contains(&chat);
        for key in keys.iter().filter(of_chat) {
            let before = newer.read(key);
            for (pointer, content) in enriched(&before) {
                let version = newer.write(key, &content);
                world.clock.advance(std::time::Duration::from_secs(1)); // what was known of teams is old
                let reply = match kind {
                    "j/" => opened_with(&team, &token).await,
                    "e/" => Browser::new(&world).get(&ended).await,
                    // The customer's failure limit: nothing of hers is sent or compared without it.
                    "n/" => team.asks(&team.bot, &chat, json!({"method": "otp", "deliver_to": "agent"})).await,
                    "f/" => team.attends(&team.bot, "GET", &json!({"id": format!("{chat}.c1")}), "", Value::Null).await,
                    "a/" if before["vouched"] != Value::Null => opened_with(&team, &token).await,
                    _ => team.bot("POST", &chat, "/login-links", json!({"purpose": "pre_chat"})).await,
                };
                let own = kind != "e/" || key.name.ends_with("/1");
                assert!(!own || reply.status == 503, "{} {pointer}: {} {}", key.name, reply.status, reply.text());
                world.gateway.maintenance.ring().await.expect("an alarm that cannot be judged comes again");
                assert_eq!(newer.version(key), version, "{} {pointer} was written over", key.name);
                newer.write(key, &before);
                tried += usize::from(own);
            }
        }
    }
    assert!(tried >= 15, "{tried} objects were tried");
    world.clock.advance(std::time::Duration::from_secs(1));
    team.bot("POST", &chat, "/login-links", json!({"purpose": "pre_chat"})).await.expect(201);
}

/// A142: the ban stands in a record that a newer release has enriched elsewhere.
#[tokio::test]
async fn a142_a_ban_beside_an_unknown_field_lets_nobody_in() {
    let (newer, world) = Newer::new();
    let team = world.team("acme").await;
    team.set(json!({"lockout": {"threshold": 1, "max_lockouts": 1}})).await;
    let chat = team.open("sms", "+37255512345").await;
    let told = team.log_in(&chat, "cust-42").await;
    Browser::of(&world, &told).finish(told["continue_url"].as_str().expect("a URL")).await;
    assert_eq!(team.says(&chat, "wrong", "Z9Z9ZZ").await.expect(200)["outcome"], "banned");
    let address = newer.named("a/").remove(0);
    let mut content = newer.read(&address);
    content["budgets"]["login"]["seen_from"] = json!("eu");
    newer.write(&address, &content);
    for _ in 0..2 {
        let asked = team.bot("POST", &chat, "/login-links", json!({"purpose": "mid_chat"})).await;
        assert_eq!(asked.status, 503, "{}", asked.text());
        world.gateway.maintain().await.expect("the store is there");
    }
    assert_eq!(newer.read(&address)["budgets"]["login"], content["budgets"]["login"]);
    // A kind that is not known is no lesser one.
    let kind = newer.named("i/").remove(0);
    let mut content = newer.read(&kind);
    content["status"] = json!("quarantined");
    newer.write(&kind, &content);
    assert_eq!(team.bot("GET", &chat, "/authentication", Value::Null).await.status, 503);
}

/// A142: how a customer logs in, with something in it that this release does not know: nobody logs in by
/// half of it, and it stays as it is.
#[tokio::test]
async fn a142_a_login_of_a_newer_release_lets_nobody_in_and_stays_as_it_is() {
    let (newer, world) = Newer::new();
    let team = world.team("acme").await;
    let customer = json!({"username": "demo", "password": "vexed lamp 7"});
    world.call(&team.admin, "PUT", "/v1/teams/acme/customers/cust-42", customer).await.expect(201);
    let enters = async |password: &str| {
        let body = json!({"username": "demo", "password": password, "fingerprint": "f1"});
        world.call(&team.bot, "POST", "/api/commerce/customer/authtickets", body).await
    };
    enters("vexed lamp 7").await.expect(200);
    enters("wrong 1234").await.refused(401, "login-failed");
    let key = newer.named("login/acme/").remove(0);
    let before = newer.read(&key);
    let places = enriched(&before);
    assert!(places.len() >= 4, "{before}");
    for (pointer, content) in places {
        let version = newer.write(&key, &content);
        world.clock.advance(std::time::Duration::from_secs(1));
        assert_eq!(enters("vexed lamp 7").await.status, 503, "{pointer}");
        assert_eq!(newer.version(&key), version, "{pointer} was written over");
        newer.write(&key, &before);
    }
    world.clock.advance(std::time::Duration::from_secs(1));
    enters("vexed lamp 7").await.expect(200);
}

/// What an earlier release left out means what it meant then.
#[tokio::test]
async fn records_of_an_earlier_release_are_read() {
    let (newer, world) = Newer::new();
    let team = world.team("acme").await;
    let chat = team.open("sms", "+37255512345").await;
    let told = team.log_in(&chat, "cust-42").await;
    Browser::of(&world, &told).finish(told["continue_url"].as_str().expect("a URL")).await;
    for (kind, field) in [("t/", "leaving"), ("a/", "vouched"), ("i/", "device")] {
        let key = newer.named(kind).remove(0);
        let mut content = newer.read(&key);
        content.as_object_mut().expect("an object").remove(field);
        newer.write(&key, &content);
    }
    world.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(team.says(&chat, "wrong", "Z9Z9ZZ").await.expect(200)["outcome"], "wrong");
}

/// `.` and `..` were names once. None is given any more, and who has one is read and loses it.
#[tokio::test]
async fn names_that_no_path_carries_are_read_and_removed() {
    let (newer, world) = Newer::new();
    let team = world.team("acme").await;
    let hook = json!({"url": "https://crm.example.com/", "events": ["*"]});
    let path = |rest: &str| format!("/v1/teams/acme/{rest}");
    world.call(&team.admin, "PUT", &path("webhooks/crm"), hook.clone()).await.expect(201);
    let record = newer.named("t/acme").remove(0);
    let mut content = newer.read(&record);
    content["webhooks"][".."] = content["webhooks"]["crm"].clone();
    content["screens"] = json!(["."]);
    newer.write(&record, &content);
    world.clock.advance(std::time::Duration::from_secs(1));
    team.open("sms", "one").await;
    for (at, body) in [("webhooks/..", hook), ("customers/.", json!({"name": "Demo Customer"}))] {
        world.call(&team.admin, "PUT", &path(at), body).await.refused(422, "invalid");
    }
    for at in ["webhooks/..", "screens/."] {
        assert_eq!(world.call(&team.admin, "DELETE", &path(at), Value::Null).await.status, 204, "{at}");
    }
    let left = newer.read(&record);
    assert_eq!(
        (left["webhooks"].as_object().map(serde_json::Map::len), left.get("screens")),
        (Some(1), None),
        "{left}"
    );
}

/// What an earlier release's retention took was noted nowhere: that a trail begins later is no tampering there,
/// and is again as soon as it is known.
#[tokio::test]
async fn a_trail_that_an_earlier_release_shortened_is_whole() {
    let (newer, world) = Newer::new();
    let team = world.team("acme").await;
    for tries in 1..=6 {
        team.set(json!({"otp": {"max_tries": tries}})).await;
    }
    team.events().await;
    let name = "acme".parse().expect("a name");
    let whole = world.gateway.event_log.check_audit(&name).await.expect("it is read");
    assert!(whole.broken.is_none() && whole.count > 6, "{whole:?}");
    let taken = |upto: u64| {
        let mut state = newer.truth.look();
        let (_, trail) = state.indexes.iter_mut().find(|((_, index), _)| index == "u/acme").expect("a trail");
        trail.retain(|member, _| member.parse::<u64>().expect("a number") > upto);
    };
    taken(3);
    let checked = async || {
        world.clock.advance(std::time::Duration::from_secs(1));
        world.gateway.event_log.check_audit(&name).await.expect("it is read")
    };
    assert_eq!(checked().await.broken, Some(Broken::Unlinked(4)), "this release's retention took nothing");
    let head = newer.named("h/acme").remove(0);
    let mut content = newer.read(&head);
    assert_eq!(content.as_object_mut().expect("an object").remove("audit_gone"), Some(json!(0)));
    newer.write(&head, &content);
    let later = checked().await;
    assert_eq!((later.broken, later.count), (None, whole.count - 3));
    content["audit_gone"] = json!(3);
    newer.write(&head, &content);
    assert_eq!(checked().await.broken, None);
    taken(4);
    assert_eq!(checked().await.broken, Some(Broken::Unlinked(5)), "retention took less than is missing");
}

/// A142: an event of a kind that is not known waits, with what follows it, for a node that knows
/// it; other conversations' are told meanwhile, and nothing is told twice.
#[tokio::test]
async fn a142_an_event_of_a_newer_release_waits_for_a_newer_node() {
    let (newer, world) = Newer::new();
    let team = world.team("acme").await;
    let chat = team.open("sms", "one").await;
    let other = (0..).map(|n| format!("other {n}"));
    team.event_types().await;
    let key = newer.named("i/").remove(0);
    let now = countersign::ambient::Clock::now(&*world.clock);
    let event = |kind: &str| {
        json!({"type": kind, "at": now, "team": "acme", "interaction": chat, "participant": null,
            "actor": "person", "data": {}})
    };
    let mut batch = Batch::new(CommitId([0xEE; 16]), key.partition);
    let note = Put { name: "note".to_owned(), ..Put::default() };
    batch.put.push(note);
    for kind in ["participant.offline", "participant.quarantined", "participant.offline"] {
        batch.events.push(newer.seal.seal(b"outbox", event(kind).to_string().as_bytes()).into());
    }
    assert_eq!(newer.truth.apply(&batch), CommitOutcome::Committed);
    let mut opened = 0;
    for conversation in other.take(6) {
        let chat: countersign::domain::base::id::InteractionId =
            team.open("sms", &conversation).await.parse().expect("an id");
        opened += usize::from(chat.partition() >> 2 != key.partition.tag());
    }
    for _ in 0..3 {
        world.gateway.maintain().await.expect("what cannot be told holds back nothing else");
    }
    let told = team.event_types().await;
    let count = |told: &[String], kind: &str| told.iter().filter(|t| *t == kind).count();
    assert_eq!(count(&told, "participant.offline"), 1, "what came before it is told, what comes after waits: {told:?}");
    assert!(count(&told, "interaction.opened") > opened, "the others' are told: {told:?}");
    // Who walks the list would miss what waits.
    let erased = async || world.call(&team.admin, "DELETE", "/v1/teams/acme/customers/cust-42", Value::Null).await;
    erased().await.refused(503, "unavailable");
    // The newer node tells its own event.
    let waiting = newer.truth.waiting(9);
    newer.truth.trim(waiting[0].tag, waiting[0].seq);
    let told = team.event_types().await;
    assert_eq!((count(&told, "participant.offline"), count(&told, "interaction.opened")), (2, 7), "{told:?}");
    assert_eq!(erased().await.status, 200);
}

/// A142: where a team's streams stand may be a newer release's; the other teams' go on.
#[tokio::test]
async fn a142_a_head_of_a_newer_release_holds_back_its_own_team_alone() {
    let (newer, world) = Newer::new();
    let (team, other) = (world.team("acme").await, world.team("beta").await);
    team.events().await;
    let head = newer.named("h/acme").remove(0);
    let before = newer.read(&head);
    let mut content = before.clone();
    content["checkpoint"] = json!("signed");
    let version = newer.write(&head, &content);
    team.open("sms", "one").await;
    other.open("sms", "one").await;
    assert!(other.event_types().await.contains(&"interaction.opened".to_owned()));
    assert_eq!(newer.version(&head), version);
    // Who walks the team's list would miss what waits; the other team's lags behind nothing.
    let erased = async |team: &Team| {
        let path = format!("/v1/teams/{}/customers/cust-42", team.name);
        world.call(&team.admin, "DELETE", &path, Value::Null).await
    };
    erased(&team).await.refused(503, "unavailable");
    assert_eq!(erased(&other).await.status, 200);
    newer.write(&head, &before);
    assert_eq!(erased(&team).await.status, 200);
    assert!(team.event_types().await.contains(&"interaction.opened".to_owned()), "it had only waited");
}

/// A142: a setting, or a value of one, that is not known is kept, and nobody is served under half
/// of the rules; whoever runs the gateway can take it away.
#[tokio::test]
async fn a142_settings_of_a_newer_release_are_kept_and_not_followed_by_half() {
    let (newer, world) = Newer::new();
    let team = world.team("acme").await;
    let chat = team.open("sms", "one").await;
    let record = newer.named("t/acme").remove(0);
    let before = newer.read(&record);
    let news = [("passkeys.always", json!(true)), ("binding", json!("passkey")), ("hold", json!(5))];
    for (path, value) in news {
        let mut content = before.clone();
        content["overrides"][path] = value.clone();
        newer.write(&record, &content);
        world.clock.advance(std::time::Duration::from_secs(1));
        for _ in 0..2 {
            let read = team.bot("GET", &chat, "/authentication", Value::Null).await;
            assert_eq!(read.status, 503, "{path}: {}", read.text());
        }
        let at = "/v1/teams/acme/settings";
        let patched = world.call(OWNER, "PATCH", at, json!({"brand": {"name": "B shop"}})).await;
        assert_eq!(patched.status, 422, "{path}: {}", patched.text());
        assert_eq!(newer.read(&record)["overrides"][path], value, "it is kept");
        let away = path.rsplit('.').fold(Value::Null, |inner, name| json!({name: inner}));
        world.call(OWNER, "PATCH", at, away).await.expect(200);
        team.bot("GET", &chat, "/authentication", Value::Null).await.expect(200);
        newer.write(&record, &before);
    }
    world.call(OWNER, "PATCH", "/v1/settings", json!({"locale": "de"})).await.expect(200);
    let system = newer.named("system").remove(0);
    let mut content = newer.read(&system);
    content["two_factor.always"] = json!("passkey");
    newer.write(&system, &content);
    world.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(
        team.bot("GET", &chat, "/authentication", Value::Null).await.status,
        503,
        "no team without the system's"
    );
}

/// What makes all of this so: no type of a record passes over a field.
#[test]
fn every_type_of_a_record_refuses_fields_that_it_does_not_know() {
    let records = [
        "conversation/failure_limit",
        "proof/challenge",
        "proof/challenge/ended",
        "proof/confirmation",
        "event",
        "proof/flag",
        "conversation/interaction",
        "proof/link",
        "proof/lockout",
        "team/login",
        "team/login/codes",
        "team/login/devices",
        "team/login/guesses",
        "team/login/account_messages",
        "team/login/reset",
        "team/login/tickets",
        "providers/provider_questions",
        "proof/methods/one_time_code",
        "proof/methods/questions",
        "team/session",
        "team",
        "team/user",
    ];
    let domain = records.map(|file| format!("domain/src/{file}.rs"));
    let ours = ["services/src/events/event_log.rs", "services/src/engine/replay.rs"].map(str::to_owned);
    for path in domain.iter().chain(&ours) {
        let text = std::fs::read_to_string(path).expect("a source file");
        let lines: Vec<&str> = text.lines().collect();
        for (n, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("#[derive(")) {
            let rest: Vec<&&str> =
                lines[n + 1..].iter().take_while(|l| l.starts_with('#') || l.contains("struct ")).collect();
            let is_struct = rest.iter().any(|l| l.contains("struct ") && l.ends_with('{'));
            let strict = rest.iter().any(|l| l.contains("deny_unknown_fields"));
            assert!(!line.contains("Deserialize") || !is_struct || strict, "{path}:{}: say deny_unknown_fields", n + 1);
        }
    }
}
