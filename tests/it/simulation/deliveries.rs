//! Messages and webhooks in simulated clusters, by seed: platforms and receivers fail, hang and forget to
//! answer, nodes die, the store loses questions and answers. What was promised is sent or its failure is
//! told, never after its end and with the same words; where only platforms fail, at most three times and by
//! one node at a time. Each event reaches the webhook, in the order of its interaction.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign::domain::accounts::channel::ChannelInput as Account;
use countersign::domain::base::id::ChallengeId;
use countersign::domain::base::id::InteractionId;
use countersign::domain::base::id::TeamName;
use countersign::domain::base::role::ParticipantRole;
use countersign::domain::base::way::DeliverTo;
use countersign::domain::conversation::interaction::Person;
use countersign::domain::event::Actor;
use countersign::domain::event::EventData;
use countersign::domain::event::EventKind;
use countersign::domain::event::webhook::EventSelection as Execution;
use countersign::domain::event::webhook::WebhookInput;
use countersign::domain::proof::methods::one_time_code::OneTimeCode;
use countersign::domain::rules::challenges::ask::ChallengeRequest;
use countersign::domain::rules::challenges::ask::PageWay;
use countersign::domain::rules::flag::open::NewInteraction;
use countersign::domain::settings::precondition::Precondition;
use countersign::services::conversations::snapshots::Acting;
use countersign::services::engine::Execution as Done;
use serde_json::{Map, json};
use tokio::time::sleep;

use super::cluster::{Cluster, Node};
use super::outside::Outside;
use crate::length::{figure, rounds, seed, size};

const STEPS: u64 = 70;

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    asked: u64,
    sent: u64,
    repeated: u64,
    heard: u64,
    kills: u64,
}

struct Run {
    cluster: Arc<Cluster>,
    outside: Arc<Outside>,
    team: TeamName,
    /// Codes that were asked for, as far as anybody was told.
    codes: Vec<ChallengeId>,
    tally: Tally,
}

fn run(seed: u64) -> Result<Tally, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let (places, strict) = ([1, 2, 3][usize::try_from(seed % 3).expect("0 to 2")], seed.is_multiple_of(2));
        let cluster = Arc::new(Cluster::new(seed, places));
        let outside = Outside::new(seed, cluster.time.clone(), cluster.shared_book(), strict);
        cluster.reaches(outside.clone());
        let team = found(&cluster).await;
        (0..places).for_each(|place| cluster.start(place));
        let mut run = Run { cluster, outside, team, codes: Vec::new(), tally: Tally::default() };
        for _ in 0..STEPS {
            run.step().await;
            run.judge()?;
        }
        run.heal().await;
        run.judge()?;
        run.tally.asked = run.outside.asked.load(Ordering::SeqCst);
        Ok(run.tally)
    })
}

/// A team with two ways to its customers, and with somebody who hears all of it.
async fn found(cluster: &Cluster) -> TeamName {
    let gateway = cluster.faultless();
    gateway.maintenance.recognise(false).await.expect("an empty store");
    let team: TeamName = "acme".parse().expect("a name");
    gateway.maintenance.put_team(&team, "A shop", Precondition::None, &Actor::Owner).await.expect("no faults");
    let most = json!({"per_interaction": 1000, "per_destination_hour": 1000, "per_destination_day": 1000,
        "resend_after_seconds": 0});
    let patch = json!({"send_budget": most, "delivery": {"order": ["sms", "email"]}});
    gateway.teams.patch_team(&team, patch.as_object().expect("a map"), &Actor::Owner).await.expect("good settings");
    for name in ["sms", "email"] {
        let writing = Account { definition: "post".to_owned(), account: Map::new(), secrets: None };
        gateway
            .channels
            .put_channel(&team, &name.parse().expect("a name"), &writing, Precondition::None, &Actor::Owner)
            .await
            .expect("no faults");
    }
    let (url, hook) = ("https://hook.example.com/".to_owned(), "hook".parse().expect("a name"));
    let writing = WebhookInput { url, events: vec![Execution::All], signature: None };
    gateway.webhooks.put_webhook(&team, &hook, &writing, Precondition::None, &Actor::Owner).await.expect("no faults");
    team
}

impl Run {
    fn judge(&self) -> Result<(), String> {
        self.cluster.book().violation().map_or(Ok(()), |what| Err(format!("{}\n{what}", self.cluster.trace.end())))
    }

    async fn step(&mut self) {
        let (cluster, strict) = (self.cluster.clone(), self.outside.strict);
        let place = usize::try_from(cluster.chance.below(cluster.places() as u64)).unwrap_or(0);
        match cluster.chance.below(100) {
            0..4 if !strict => self.tally.kills += u64::from(cluster.kill(place)),
            4..14 => cluster.start(place),
            14..18 if !strict => cluster.weather.lost.store(cluster.chance.below(80), Ordering::SeqCst),
            18..22 if !strict => cluster.weather.unanswered.store(cluster.chance.below(120), Ordering::SeqCst),
            22..30 => self.outside.storm.store(cluster.chance.odds(700), Ordering::SeqCst),
            30..36 => sleep(Duration::from_secs(cluster.chance.below(60))).await,
            36..70 => self.wants_code().await,
            _ => sleep(Duration::from_millis(cluster.chance.below(3000))).await,
        }
    }

    /// Somebody new is to get a code.
    async fn wants_code(&mut self) {
        let Some(node) = self.cluster.any() else { return };
        let number = self.codes.len();
        let asked = tokio::select! {
            () = node.died.cancelled() => None,
            asked = ask(&node, &self.team, number) => asked,
        };
        self.codes.extend(asked);
    }

    /// Everything heals; what is asked for then arrives, and all of it is told.
    async fn heal(&mut self) {
        self.cluster.trace.say(format_args!("everything heals"));
        self.cluster.weather.clear();
        self.outside.storm.store(false, Ordering::SeqCst);
        (0..self.cluster.places()).for_each(|place| self.cluster.start(place));
        sleep(Duration::from_secs(70)).await; // a channel that was down is tried once a minute
        let before = self.codes.len();
        for _ in 0..4 {
            self.wants_code().await;
        }
        assert_eq!(self.codes.len(), before + 4, "nothing is in the way of asking");
        sleep(Duration::from_secs(100)).await;
        self.look(before);
        // What the receiver did not take waits for up to two hours, and goes on as if nothing had been.
        for _ in 0..4 {
            self.cluster.jump(Duration::from_secs(3 * 3600));
            sleep(Duration::from_secs(60)).await;
        }
        self.hear_all();
    }

    /// What became of each code: sent, or told to have failed, or over before it could be.
    fn look(&mut self, healed: usize) {
        let mut book = self.cluster.book();
        let streams: Vec<_> = book.streams.values().flat_map(|streams| streams.events.clone()).collect();
        let taken: BTreeSet<String> = self.outside.written().taken.keys().cloned().collect();
        for (at, id) in self.codes.iter().enumerate() {
            let is_told = streams
                .iter()
                .any(|e| matches!(&e.data, EventData::ChallengeSent(data) if data.challenge == Some(*id)));
            let has_left = taken.iter().any(|message| message.starts_with(&format!("{}.m", id.interaction)));
            let failed = streams.iter().any(|e| {
                matches!(&e.data, EventData::ChallengeDeliveryFailed(data)
                    if data.challenge == Some(*id) && data.next.is_none())
            });
            let over =
                streams.iter().any(|e| matches!(&e.data, EventData::ChallengeExpired(data) if data.challenge == *id));
            self.tally.sent += u64::from(is_told);
            book.must(!is_told || has_left, || format!("{id} was told to be sent, and no platform took it"));
            book.must(is_told || failed || over, || format!("{id} was promised, and nothing is told of it"));
            book.must(at < healed || is_told, || format!("{id}: all is well, and it was not sent"));
        }
        drop(book);
        self.tally.repeated = self.outside.written().taken.values().map(|(times, _)| times - 1).sum();
    }

    /// Each event of the team was heard.
    fn hear_all(&mut self) {
        let heard: BTreeSet<u64> = self.outside.written().heard.values().flatten().copied().collect();
        self.tally.heard = heard.len() as u64;
        let mut book = self.cluster.book();
        let streams = book.streams.get(&self.team).map(|streams| streams.events.clone()).unwrap_or_default();
        // A webhook is not told that it fails itself. It began after the first events: the team, its
        // settings, its channels and itself.
        let to_hear = (1_u64..).zip(&streams).filter(|(_, event)| event.kind() != EventKind::WebhookFailing);
        let missing: Vec<u64> = to_hear.map(|(number, _)| number).filter(|number| !heard.contains(number)).collect();
        let told = streams.len();
        let from = heard.first().copied().unwrap_or(0);
        book.must(missing.iter().all(|number| *number < from), || format!("{missing:?} of {told} were never heard"));
        book.must(from <= 6, || format!("the first event that was heard is {from}"));
    }
}

async fn ask(node: &Node, team: &TeamName, number: usize) -> Option<ChallengeId> {
    let person = Person {
        phone: Some(format!("+372555{number:05}")),
        email: Some(format!("c{number}@example.com")),
        ..Person::default()
    };
    let opening = NewInteraction {
        team: team.clone(),
        channel: "shop".parse().expect("a channel"),
        conversation: format!("c{number}").parse().expect("a conversation"),
        participants: vec![(ParticipantRole::Primary, person)],
        device: None,
    };
    let opened = node.gateway.conversations.open(&opening, None, &Actor::Owner, None).await.ok()?;
    let Done::Executed(held) = opened else { unreachable!("nothing was remembered") };
    let id: InteractionId = held.interaction.id;
    let request = ChallengeRequest {
        method: &OneTimeCode,
        agreed: None,
        participant: None,
        deliver_to: DeliverTo::Auto,
        intent: None,
        state: None,
        way: PageWay::Landing,
    };
    let acting = Acting { id, team: Some(team), actor: Actor::Owner };
    match node.gateway.challenges.ask(acting, &request, None).await.ok()? {
        Done::Executed(held) => Some(ChallengeId { interaction: id, number: held.outcome.number }),
        Done::Replayed(_) => unreachable!("nothing was remembered"),
    }
}

#[track_caller]
fn hold(seed: u64) -> Tally {
    run(seed).unwrap_or_else(|what| panic!("{what}\nTEST_SEED={seed}"))
}

/// A114, A115: what a gateway promised leaves it, whatever fails around.
#[test]
fn whatever_platforms_and_receivers_do_what_was_promised_is_sent_and_told() {
    let first = seed();
    let given = std::env::var_os("TEST_SEED").is_some();
    let runs = if given { 1 } else { size(6, 1000) };
    let mut sum = Tally::default();
    for n in rounds("simulated deliveries", runs, runs) {
        let Tally { asked, sent, repeated, heard, kills } = hold(first.wrapping_add(n as u64));
        sum = Tally {
            asked: sum.asked + asked,
            sent: sum.sent + sent,
            repeated: sum.repeated + repeated,
            heard: sum.heard + heard,
            kills: sum.kills + kills,
        };
    }
    let reaches = sum.sent > 0 && sum.heard > 0 && (runs < 5 || sum.repeated > 0);
    assert!(reaches, "the simulation reaches what it is to try: {sum:?}");
    figure("deliveries", format_args!("{runs} seeds from {first}: no promise broken; {sum:?}"));
}

#[test]
fn a_seed_of_deliveries_is_the_same_run_each_time() {
    assert_eq!(hold(5), hold(5));
}
