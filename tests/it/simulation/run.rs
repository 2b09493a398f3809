//! One run: a world is made, people act in it while things break, then everything heals, time
//! passes, and what is left is looked at. Nothing in it depends on anything but the seed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign::domain::base::id::TeamName;
use countersign::domain::event::Actor;
use countersign::domain::secret::base64url;
use countersign::domain::settings::precondition::Precondition;
use countersign::domain::team::Material;
use countersign::domain::team::Role;
use countersign::services::engine::Execution;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::book::Book;
use super::cluster::Cluster;
use super::people::{People, TeamFacts};

const TEAMS: [&str; 2] = ["acme", "beta"];
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Acts that may be under way at once.
const AT_ONCE: usize = 12;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Lines of the trace, and the number that they come to.
    pub trace: (u64, u64),
    /// Changes of the store.
    pub changes: u64,
    pub faults: u64,
    pub kills: u64,
    /// How often each kind of event happened.
    pub kinds: std::collections::BTreeMap<&'static str, u64>,
}

/// A run that went wrong: what was wrong, and the last of what happened.
#[derive(Debug)]
pub struct Failure {
    pub what: String,
    pub trace: String,
}

/// Runs a seed for so many steps.
pub fn run(seed: u64, steps: u64) -> Result<Report, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let places = [1, 2, 3, 3][usize::try_from(seed % 4).expect("0 to 3")];
        let cluster = Arc::new(Cluster::new(seed, places));
        let teams = found(&cluster).await;
        let mut run = Run {
            people: Arc::new(People::new(cluster.clone(), teams)),
            cluster,
            acting: Vec::new(),
            listening: Vec::new(),
            kills: 0,
        };
        run.begin();
        for _ in 0..steps {
            run.step().await;
            run.judge()?;
        }
        run.heal().await;
        run.judge()?;
        let report = run.report();
        run.age().await;
        run.judge()?;
        Ok(report)
    })
}

/// Two teams with rules of the seed's choice.
async fn found(cluster: &Arc<Cluster>) -> Vec<TeamFacts> {
    let (gateway, chance) = (cluster.faultless(), &cluster.chance);
    gateway.maintenance.recognise(false).await.expect("an empty store");
    let (timeout, ceiling) = [(15, 480), (1, 1), (15, 20), (5, 5)][chance.below(4) as usize];
    let (threshold, lockouts) = [(5, 3), (1, 0), (2, 2), (3, 1)][chance.below(4) as usize];
    {
        let mut book = cluster.book();
        (book.timeouts, book.threshold) = ((timeout, ceiling), threshold);
    }
    let mut teams = Vec::new();
    for name in TEAMS {
        let binding = if chance.odds(600) { "code" } else { "none" };
        let patch = json!({
            "authentication_url": "https://login.example.com/in",
            "authentication_timeout_minutes": timeout,
            "absolute_timeout_minutes": ceiling,
            "binding": binding,
            "otp": {"show_to_agents": true},
            "lockout": {"threshold": threshold, "max_lockouts": lockouts},
        });
        let name: TeamName = name.parse().expect("a name");
        gateway.maintenance.put_team(&name, "A shop", Precondition::None, &Actor::Owner).await.expect("no faults");
        let patch = patch.as_object().expect("an object");
        gateway.teams.patch_team(&name, patch, &Actor::Owner).await.expect("good settings");
        let made = gateway.teams.add_security_key(&name, None, &Actor::Owner, None).await.expect("no faults");
        let Execution::Executed(made) = made else { unreachable!("nothing was remembered") };
        let Material::Shared(secret) = &made.material else { unreachable!("a shared key was made") };
        let signing = vec![(made.kid.clone(), base64url(secret.expose()))];
        let key = gateway.teams.add_api_key(&name, Role::Bot, "bot", &Actor::Owner, None).await.expect("no faults");
        let Execution::Executed((_, key)) = key else { unreachable!("nothing was remembered") };
        let key = String::from_utf8_lossy(key.expose()).into_owned();
        teams.push(TeamFacts { name, key, signing, passing: Vec::new() });
    }
    teams
}

struct Run {
    cluster: Arc<Cluster>,
    people: Arc<People>,
    acting: Vec<JoinHandle<()>>,
    listening: Vec<JoinHandle<()>>,
    kills: u64,
}

impl Run {
    fn begin(&mut self) {
        for place in 0..self.cluster.places() {
            self.cluster.start(place);
        }
        self.listening = (0..TEAMS.len()).map(|at| tokio::spawn(self.people.clone().listen(at))).collect();
    }

    fn judge(&self) -> Result<(), Failure> {
        match self.cluster.book().violation() {
            None => Ok(()),
            Some(what) => Err(Failure { what: what.to_owned(), trace: self.cluster.trace.end() }),
        }
    }

    fn report(&self) -> Report {
        let book = self.cluster.book();
        Report {
            trace: self.cluster.trace.sum(),
            changes: book.step,
            faults: self.cluster.weather.faults.load(Ordering::SeqCst),
            kills: self.kills,
            kinds: book.kinds.clone(),
        }
    }

    /// Something happens: mostly somebody acts.
    async fn step(&mut self) {
        self.acting.retain(|act| !act.is_finished());
        let cluster = self.cluster.clone();
        let place = usize::try_from(cluster.chance.below(cluster.places() as u64)).unwrap_or(0);
        match cluster.chance.below(1000) {
            0..20 => self.kills += u64::from(cluster.kill(place)),
            20..70 => cluster.start(place),
            70..85 => cluster.isolate(place, true),
            85..120 => cluster.isolate(place, false),
            120..135 => cluster.set_clock(place),
            135..160 => self.change_weather(),
            160..180 => {
                let spans = [5, 20, 30, 61, 2 * MINUTE, 4 * MINUTE, 14 * MINUTE, 15 * MINUTE, 31 * MINUTE, 25 * HOUR];
                cluster.jump(Duration::from_secs(*cluster.chance.pick(&spans).unwrap_or(&1)));
            }
            180..400 => sleep(Duration::from_millis(cluster.chance.below(1500))).await,
            _ if self.acting.len() < AT_ONCE => {
                self.acting.push(tokio::spawn(self.people.clone().act()));
                sleep(Duration::from_millis(cluster.chance.below(60))).await;
            }
            _ => sleep(Duration::from_millis(200)).await,
        }
    }

    fn change_weather(&self) {
        let (chance, weather) = (&self.cluster.chance, &self.cluster.weather);
        let odds = |most: u64| if chance.odds(400) { 0 } else { chance.below(most) };
        weather.lost.store(odds(100), Ordering::SeqCst);
        weather.unanswered.store(odds(150), Ordering::SeqCst);
        weather.twice.store(odds(200), Ordering::SeqCst);
        weather.slow.store(odds(60), Ordering::SeqCst);
        weather.full.store(chance.odds(80), Ordering::SeqCst);
        self.cluster.trace.say(format_args!("the weather changes"));
    }

    /// Everything heals, and time passes until nothing is left to be done.
    async fn heal(&mut self) {
        self.cluster.weather.clear();
        self.cluster.trace.say(format_args!("everything heals"));
        for place in 0..self.cluster.places() {
            self.cluster.isolate(place, false);
            self.cluster.start(place);
        }
        for act in self.acting.drain(..) {
            let _ = act.await;
        }
        // Leases of those who died last ten seconds; so may a question that was under way.
        for span in [0, 32 * MINUTE, 2 * HOUR] {
            self.cluster.jump(Duration::from_secs(span));
            sleep(Duration::from_secs(13)).await;
        }
        self.listening.drain(..).for_each(|listener| listener.abort());
        let (now, step) = (self.cluster.time.now(), self.cluster.book().step);
        let left: Vec<String> = {
            let state = self.cluster.truth.look();
            let late = state.records.iter().filter(|(_, kept)| kept.alarm.is_some_and(|alarm| alarm <= now));
            late.map(|(key, _)| key.name.clone()).collect()
        };
        let mut book = self.cluster.book();
        book.must(left.is_empty(), || format!("nobody looked after {left:?}, {step} changes in"));
        let waiting = self.cluster.truth.look().outbox.len();
        book.must(waiting == 0, || format!("{waiting} events were never told"));
        let unheard: usize = book.streams.values().flat_map(|s| s.waiting.values()).map(|queue| queue.len()).sum();
        book.must(unheard == 0, || format!("{unheard} events are in no stream"));
        let open = book.interactions.values().filter_map(|h| h.now()).filter(|i| i.deadline().is_some()).count();
        book.must(open == 0, || format!("{open} conversations never ended"));
    }

    /// A faultless node tells what became of everything; then all of it grows old and goes.
    async fn age(&mut self) {
        for place in 0..self.cluster.places() {
            self.cluster.kill(place);
        }
        let gateway = self.cluster.faultless();
        for name in TEAMS {
            let team = name.parse().expect("a name");
            let mut after = 0;
            loop {
                let trail = gateway.event_log.audit(&team, after, 500).await.expect("no faults");
                let sound = trail.verify();
                self.cluster.book().must(sound.is_ok(), || format!("{name}: {sound:?}"));
                let Some(next) = trail.next_cursor else { break };
                after = next.parse().expect("a number");
            }
            let (listed, _) =
                gateway.maintenance.list(&team, &Default::default(), None, 10_000).await.expect("no faults");
            let mut book = self.cluster.book();
            let kept = |book: &Book| {
                book.interactions.values().filter_map(|h| h.now()).filter(|i| i.team.as_str() == name).count()
            };
            let (kept, listed) = (kept(&book), listed.len());
            book.must(kept == listed, || format!("{name}: {listed} conversations are listed of {kept}"));
        }
        self.cluster.jump(Duration::from_secs(45 * 24 * HOUR));
        gateway.maintenance.keep_house().await.expect("no faults");
        let locked = |book: &Book, name: &str| book.addresses.get(name).is_some_and(|a| !a.budgets.is_empty());
        let mut book = self.cluster.book();
        let state = self.cluster.truth.look();
        let stays = |name: &str| match name.split_once('/') {
            // A customer's wrong answers are remembered for a year, whoever was erased meanwhile.
            Some(("t" | "h" | "z" | "marker" | "n", _)) => true,
            Some(("a", _)) => locked(&book, name),
            Some(_) => false,
            None => ["system", "sealed-with", "clock", "epoch"].contains(&name),
        };
        let left = state.records.keys().map(|key| &key.name).filter(|name| !stays(name));
        let left: Vec<_> = left.map(|name| (name, book.addresses.get(name))).collect();
        let entries = |kind: &str| -> usize {
            state
                .indexes
                .iter()
                .filter(|((_, index), _)| index.starts_with(kind))
                .map(|(_, members)| members.len())
                .sum()
        };
        let (left, streams, lists) = (format!("{left:?}"), entries("s/"), entries("x/"));
        drop(state);
        book.must(left == "[]", || format!("past retention there are still {left}"));
        book.must(streams + lists == 0, || {
            format!("{streams} events and {lists} listed conversations outlive retention")
        });
    }
}
