//! Clocks that are set, forward and back, under a gateway and between two of its lives (A078): no
//! lockout ends early, no flag stands beyond its limit, and nothing panics. What is true is what
//! really passed, which the test alone knows.

use std::time::Duration;

use countersign::ambient::{Clock, Entropy, SystemClock};
use serde_json::{Value, json};

use crate::length::{figure, rounds, seed};
use crate::stores;
use crate::world::ambient::SeededEntropy;
use crate::world::{Browser, Team, World};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
const YEAR: u64 = 365 * DAY;

/// How long flags, lockouts and links last here.
const SPAN: u64 = 15 * MINUTE;

/// A flag falls within a thousandth of its time: so fast a lead is given back to the wall.
const SLACK: u64 = SPAN / 1000 + 1;

/// Numbers that can be drawn again.
struct Chance(SeededEntropy);

impl Chance {
    fn below(&self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }

    /// From a second to a year, short ones as often as long ones.
    fn step(&self) -> i64 {
        let most = [10_000, 5 * MINUTE, 60 * MINUTE, DAY, YEAR][usize::try_from(self.below(5)).unwrap()];
        let by = (1000 + self.below(most)).cast_signed();
        if self.below(2) == 0 { by } else { -by }
    }
}

/// A chat and the moment, counted in what really passed, at which something began there.
struct Began {
    chat: String,
    at: u64,
}

struct Scene {
    world: World,
    /// Its flags go up by a login alone.
    open: Team,
    /// One wrong code locks.
    strict: Team,
    passed: u64,
    chats: u32,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let (open, strict) = (world.team("open").await, world.team("strict").await);
        let idle = json!({"interaction_timeout_minutes": 10_080, "link": {"ttl_minutes": 15}, "binding": "none"});
        open.set(idle).await;
        let lockout = json!({"threshold": 1, "duration_minutes": 15, "growth": 1, "max_lockouts": 0});
        strict.set(json!({"lockout": lockout, "interaction_timeout_minutes": 10_080})).await;
        Self { world, open, strict, passed: 0, chats: 0 }
    }

    async fn chat(&mut self, strict: bool) -> String {
        self.chats += 1;
        let team = if strict { &self.strict } else { &self.open };
        team.open("whatsapp", &format!("+372{:08}", self.chats)).await
    }

    /// A login by the gateway's own time: whoever signs has a clock that agrees with it.
    async fn log_in(&self, team: &Team, chat: &str) -> Value {
        let link = team.link(chat).await;
        let visit = Browser::new(&self.world).continues(link["url"].as_str().unwrap()).await;
        let mut claims = team.claims(&visit, "cust-42");
        let now = self.world.gateway.engine.now().0 / 1000;
        (claims["iat"], claims["exp"]) = (json!(now), json!(now + 300));
        team.post_back(&visit, &team.sign(&claims)).await.expect(200)
    }

    async fn raise(&mut self) -> Began {
        let chat = self.chat(false).await;
        assert_eq!(self.log_in(&self.open, &chat).await["status"], "authenticated");
        Began { chat, at: self.passed }
    }

    async fn lock(&mut self) -> Began {
        let chat = self.chat(true).await;
        let told = self.log_in(&self.strict, &chat).await;
        Browser::of(&self.world, &told).finish(told["continue_url"].as_str().unwrap()).await;
        assert_eq!(self.strict.says(&chat, "m1", "B2C3D4").await.expect(200)["outcome"], "locked");
        Began { chat, at: self.passed }
    }

    async fn link(&mut self) -> Began {
        let chat = self.chat(false).await;
        let url = self.open.link(&chat).await["url"].as_str().unwrap().to_owned();
        Began { chat: url, at: self.passed }
    }

    async fn is_up(&self, flag: &Began) -> bool {
        self.open.flag(&flag.chat).await["authenticated"] == true
    }

    async fn is_locked(&self, lock: &Began) -> bool {
        let seen = self.strict.bot("GET", &lock.chat, "", Value::Null).await.expect(200);
        let asked = self.strict.bot("POST", &lock.chat, "/login-links", json!({"purpose": "mid_chat"})).await;
        let locked = seen["participants"][0]["lockout"]["status"] == "locked";
        if seen["status"] == "open" {
            assert_eq!(locked, asked.status == 423, "{seen}");
        }
        locked
    }

    async fn is_live(&self, link: &Began) -> bool {
        Browser::new(&self.world).get(&link.chat).await.status == 200
    }

    fn pass(&mut self, ms: u64) {
        self.passed += ms;
        self.world.clock.advance(Duration::from_millis(ms));
    }

    /// A gateway that goes on from what the store knows.
    async fn restart(&mut self) {
        self.world = self.world.restarted(false).await;
        (self.open.world, self.strict.world) = (self.world.clone(), self.world.clone());
    }
}

/// T18. Between two lives only what cannot be a night passes for one: a clock set forward by less
/// than a day while nothing runs is believed.
#[tokio::test]
async fn a078_a_stepping_clock_frees_nobody_and_lengthens_nothing() {
    let (chance, mut scene) = (Chance(SeededEntropy::new(seed())), Scene::new().await);
    let (mut flags, mut locks, mut links) = (Vec::new(), Vec::new(), Vec::new());
    let (mut steps, mut restarts) = (0, 0);
    for n in rounds("clock steps", 300, 10_000) {
        if flags.len() < 2 {
            flags.push(scene.raise().await);
            locks.push(scene.lock().await);
            links.push(scene.link().await);
        }
        scene.world.clock.step(chance.step());
        scene.pass(chance.below(4 * MINUTE));
        steps += 1;
        if n % 10 == 3 {
            scene.world.gateway.maintenance.keep_time().await.expect("the store is there");
            scene.world.clock.step(-chance.step().abs());
            scene.restart().await;
            restarts += 1;
        }
        if n % 7 == 0 {
            scene.world.gateway.maintain().await.expect("the store is there");
        }
        let now = scene.passed;
        let (mut up, mut locked, mut live) = (Vec::new(), Vec::new(), Vec::new());
        for flag in flags {
            let stands = scene.is_up(&flag).await;
            assert!(!stands || now < flag.at + SPAN + SLACK, "a flag stands {} ms after it was raised", now - flag.at);
            up.extend(stands.then_some(flag));
        }
        for lock in locks {
            let stands = scene.is_locked(&lock).await;
            assert!(stands || now >= lock.at + SPAN, "a lock fell {} ms after it was made", now - lock.at);
            locked.extend(stands.then_some(lock));
        }
        for link in links {
            let stands = scene.is_live(&link).await;
            assert!(!stands || now < link.at + SPAN + SLACK, "a link lives {} ms after it was made", now - link.at);
            live.extend(stands.then_some(link));
        }
        (flags, locks, links) = (up, locked, live);
    }
    figure(
        "T18",
        format_args!(
            "{steps} steps of ±1 s to ±1 y, {restarts} restarts with a clock set back: 0 early unlocks, 0 flags or links beyond their limit, 0 panics"
        ),
    );
}

/// A clock that is set back while nothing runs: time goes on from the mark, until somebody says
/// that the clock is right. Then nothing of before counts, and lockouts still stand.
#[tokio::test]
async fn a078_a_clock_set_back_between_two_lives_is_not_believed_unless_it_is_said() {
    let mut scene = Scene::new().await;
    let (flag, lock) = (scene.raise().await, scene.lock().await);
    scene.pass(10 * MINUTE);
    let now = scene.world.gateway.engine.now();
    scene.world.gateway.maintenance.keep_time().await.expect("the store is there");
    scene.world.clock.step(-YEAR.cast_signed());
    scene.restart().await;
    assert_eq!(scene.world.gateway.engine.now(), now, "time goes on from the mark");
    assert!(scene.is_up(&flag).await && scene.is_locked(&lock).await);
    let late = scene.raise().await;
    scene.pass(5 * MINUTE + SLACK);
    assert!(!scene.is_up(&flag).await && scene.is_up(&late).await && !scene.is_locked(&lock).await);

    let lock = scene.lock().await;
    scene.world.gateway.maintenance.keep_time().await.expect("the store is there");
    scene.world = scene.world.restarted(true).await;
    (scene.open.world, scene.strict.world) = (scene.world.clone(), scene.world.clone());
    assert_eq!(scene.world.gateway.engine.now().0, scene.world.clock.now(), "the wall is believed");
    assert_eq!(scene.open.flag(&late.chat).await["reason"], "restored");
    assert!(!scene.is_up(&late).await && scene.is_locked(&lock).await);
    scene.pass(SPAN - 1);
    assert!(scene.is_locked(&lock).await);
    scene.pass(1);
    assert!(!scene.is_locked(&lock).await);
    let flag = scene.raise().await;
    assert!(scene.is_up(&flag).await, "what is proved now counts");
}

/// More than a day between two lives: flags are over, lockouts go on where they stood.
#[tokio::test]
async fn a078_a_clock_set_far_ahead_between_two_lives_frees_nobody() {
    let mut scene = Scene::new().await;
    let (flag, lock) = (scene.raise().await, scene.lock().await);
    scene.pass(10 * MINUTE);
    scene.world.gateway.maintenance.keep_time().await.expect("the store is there");
    scene.world.clock.step((DAY + 1).cast_signed());
    scene.restart().await;
    assert!(!scene.is_up(&flag).await && scene.is_locked(&lock).await);
    let seen = scene.strict.bot("GET", &lock.chat, "", Value::Null).await.expect(200);
    let until = scene.world.gateway.engine.now().plus_minutes(5).to_string();
    assert_eq!(seen["participants"][0]["lockout"]["by_method"]["login"]["until"], until, "as clocks show it");
    scene.pass(5 * MINUTE);
    assert!(!scene.is_locked(&lock).await);
}

/// On Redis all nodes go by the server's clock, whatever their machines say.
#[tokio::test]
async fn a078_on_redis_the_server_is_the_referee() {
    let Some(stand) = stores::redis().await else { return };
    let world = World::on(stand);
    let first = world.restarted(false).await;
    world.clock.step(YEAR.cast_signed());
    let second = world.restarted(false).await;
    let real = SystemClock::default().now();
    for node in [first, second] {
        let now = node.gateway.engine.now().0;
        assert!(now.abs_diff(real) < 60_000, "{now} is not {real}");
    }
}
