//! Judges what people are answered: what was answered is in the store, a flag that is read is the
//! one that stood while it was asked for, and what counts no more is taken by nobody.

use countersign::domain::base::id::InteractionId;
use countersign::domain::base::id::Kid;
use countersign::domain::base::id::TeamName;
use countersign::domain::conversation::interaction::Interaction;
use countersign::domain::secret::token::Token;
use countersign::domain::team::KeyStatus;
use countersign::domain::time::Moment;

use super::book::{Book, History};

/// After so long, in milliseconds, no node takes a key any more that was said to count no more.
const MAX_CACHE_AGE: u64 = 1000;

/// What a node's clock showed around a question, and which change was the last before it.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    pub step: u64,
    /// True time.
    pub asked: u64,
    pub earliest: u64,
    pub latest: u64,
    /// How often clocks had been set.
    pub sets: u64,
}

impl Book {
    /// The same question is answered the same way for a day after it was first asked; the answer is
    /// told `now`, however long it was on its way.
    pub fn answered_again(&mut self, key: &str, answer: &str, asked: u64, now: u64) {
        let (at, first) = self.told.first.entry(key.to_owned()).or_insert_with(|| (asked, answer.to_owned())).clone();
        let long_ago = now.saturating_sub(at) > 23 * 3_600_000;
        if long_ago {
            self.told.first.insert(key.to_owned(), (asked, answer.to_owned()));
        }
        self.must(long_ago || first == answer, || format!("{key} was answered {first}, and then {answer}"));
    }

    /// An interaction was told.
    pub fn was_opened(&mut self, id: InteractionId) {
        let there = self.interactions.contains_key(&id);
        self.must(there, || format!("{id} was told, and was never saved"));
    }

    /// A link was told.
    pub fn was_issued(&mut self, token: &Token) {
        let tag = token.tag(&self.seal.keys.link);
        let live = |i: &Interaction| i.participants.iter().flat_map(|p| &p.links).any(|l| l.tag == tag);
        let there = self.interactions.get(&token.interaction).is_some_and(|history| history.ever(live));
        self.must(there, || format!("{token:?} was told, and was never saved"));
    }

    /// Continue led to the login page.
    pub fn was_continued(&mut self, handle: &Token) {
        let tag = handle.tag(&self.seal.keys.link);
        let opened = |i: &Interaction| i.participants.iter().flat_map(|p| &p.links).any(|l| l.handle == Some(tag));
        let there = self.interactions.get(&handle.interaction).is_some_and(|history| history.ever(opened));
        self.must(there, || format!("{handle:?} was told, and was never saved"));
    }

    /// A post-back was taken, with the key that signed it; `done` is the token of its done page.
    pub fn was_taken(
        &mut self,
        handle: &Token,
        jti: &str,
        done: &Token,
        (team, kid): (&TeamName, &Kid),
        around: Around,
    ) {
        let name = handle.tag(&self.seal.keys.link).name();
        if let Some(first) = self.told.taken.insert(name, jti.to_owned()) {
            self.wrong(format!("{handle:?} was answered twice, by {first} and by {jti}"));
        }
        let answer = Some(done.tag(&self.seal.keys.link));
        let waits = |i: &Interaction| i.participants.iter().flat_map(|p| &p.links).any(|l| l.page.answered == answer);
        let waited = self.interactions.get(&handle.interaction).is_some_and(|history| history.ever(waits));
        let used = waited || self.spent.get(&(handle.interaction, handle.number)) == answer.as_ref();
        self.must(used, || format!("{handle:?} was taken, and that was never saved"));
        self.counts_still(self.told.revoked.get(&(team.clone(), kid.clone())).copied(), kid.as_str(), around);
    }

    /// A key was taken.
    pub fn counts_still(&mut self, ended: Option<u64>, key: &str, around: Around) {
        let late = ended.is_some_and(|ended| around.asked > ended + MAX_CACHE_AGE);
        self.must(!late, || format!("the key {key} was taken {} ms after its end", around.asked - ended.unwrap_or(0)));
    }

    /// A text was judged; the answer lies beside what it did.
    pub fn was_heard(&mut self, id: InteractionId, message: &str) {
        let tag = self.seal.keys.replay.tag(&[b"message", id.as_bytes(), message.as_bytes()]);
        let name = format!("m/{}", tag.name());
        let there = self.ever.contains(&name);
        self.must(there, || format!("{message} was judged, and that was never saved"));
    }

    /// An act was told: some version that stood since it was asked for shows it.
    pub fn shows(&mut self, id: InteractionId, around: Around, what: &str, is: impl Fn(&Interaction) -> bool) {
        let shown = match self.interactions.get(&id) {
            Some(history) => history.since(around.step).any(|version| version.is_none_or(&is)),
            None => false,
        };
        self.must(shown, || format!("{id} was told to be {what}, and never was"));
    }

    /// A flag was read.
    pub fn was_read(&mut self, id: InteractionId, around: Around, up: Option<bool>) {
        let Some(history) = self.interactions.get(&id) else {
            return self.wrong(format!("{id} was asked for before it was saved"));
        };
        let stands = |version: Option<&Interaction>, at: u64| {
            version.map(|i| i.is_open(Moment(at)) && i.primary().flag.raised(Moment(at)).is_some())
        };
        let fits = history.since(around.step).any(|version| match up {
            Some(true) => stands(version, around.earliest) == Some(true),
            Some(false) => stands(version, around.latest) == Some(false),
            None => version.is_none(),
        });
        self.must(fits, || format!("{id} was read as {up:?}, and that was never so; {around:?}"));
    }

    /// A security key was said to sign: in the same commit no other did.
    pub fn was_activated(&mut self, team: &TeamName, kid: &Kid, signing: Option<&Kid>) {
        self.must(signing == Some(kid), || format!("{team}: {kid} was said to be activated, and {signing:?} signs"));
        let kept = self.teams.get(team).and_then(History::now);
        let began = kept.and_then(|team| team.security_keys.iter().find(|key| key.kid == *kid));
        let began = began.is_some_and(|key| key.activated_at.is_some());
        self.must(began, || format!("{team}: {kid} was said to be activated, and never was"));
    }

    /// A security key was said to count no more.
    pub fn was_revoked(&mut self, team: &TeamName, kid: &Kid, now: u64) {
        let key = self.teams.get(team).and_then(History::now);
        let key = key.and_then(|team| team.security_keys.iter().find(|key| key.kid == *kid));
        let revoked = key.is_some_and(|key| matches!(key.status, KeyStatus::Revoked(_)));
        self.must(revoked, || format!("{kid} was said to be revoked, and is not"));
        self.told.revoked.entry((team.clone(), kid.clone())).or_insert(now);
    }

    /// A setting was said to hold.
    pub fn was_set(&mut self, team: &TeamName, name: &str, around: Around) {
        let shows = |team: Option<&countersign::domain::team::Team>| {
            team.is_some_and(|team| team.overrides.json()["brand"]["name"] == name)
        };
        let held = self.teams.get(team).is_some_and(|history| history.since(around.step).any(shows));
        self.must(held, || format!("{team}'s brand was said to be {name}, and never was"));
    }
}
