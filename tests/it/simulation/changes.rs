//! Judges each change of the store as it happens: what may become of a record, given what it was
//! and what is told with it. Interactions are `flags`', streams `streams`'.

use countersign::domain::base::id::InteractionId;
use countersign::domain::base::id::ParticipantId;
use countersign::domain::conversation::address::Address;
use countersign::domain::conversation::interaction::Interaction;
use countersign::domain::event::Event;
use countersign::domain::event::EventKind;
use countersign::domain::proof::link::EndedLink;
use countersign::domain::proof::link::LinkEnd;
use countersign::domain::proof::lockout::Budget;
use countersign::domain::team::KeyStatus;
use countersign::domain::team::Team;
use countersign::store::{Batch, Put};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::book::{Book, History};
use super::truth::Change;

impl Book {
    /// One change.
    pub fn changed(&mut self, change: Change<'_>) {
        match change {
            Change::Committed { batch, first } => self.committed(batch, first),
            Change::Swept { name } => self.swept(name),
            Change::Trimmed { tag, seq } => self.trimmed(tag, seq),
        }
    }

    fn committed(&mut self, batch: &Batch, first: u64) {
        self.step += 1;
        let mut events = Vec::new();
        for sealed in &batch.events {
            match self.seal.entry::<Event>("outbox", sealed) {
                Some(event) => events.push(event),
                None => self.wrong("an event cannot be read"),
            }
        }
        for event in &events {
            *self.kinds.entry(event.kind().as_str()).or_default() += 1;
        }
        // What was counted stands with the address; one that is not put has counted nothing.
        let wrong = |event: &Event| matches!(event.kind(), EventKind::ChallengeWrong | EventKind::ConfirmationWrong);
        let counts = batch.put.iter().any(|put| put.name.starts_with("a/"));
        self.must(counts || !events.iter().any(wrong), || "a wrong answer was told and not counted".to_owned());
        // What ended first: it is asked for by the interaction of the same commit.
        let order = |put: &&Put| !(put.name.starts_with("e/") || put.name.starts_with("f/"));
        let mut puts: Vec<&Put> = batch.put.iter().collect();
        puts.sort_by_key(order);
        for put in puts {
            self.put(batch, put, &events);
        }
        for name in &batch.delete {
            self.deleted(name, &events);
        }
        self.told_waiting(batch.partition.tag(), first, &events);
        self.entered(batch);
    }

    fn put(&mut self, batch: &Batch, put: &Put, events: &[Event]) {
        let is_new = self.names.insert(put.name.clone());
        self.ever.insert(put.name.clone());
        let Some(plain) = self.seal.record(&put.name, batch.id, &put.bytes) else {
            return self.wrong(format!("{} cannot be opened", put.name));
        };
        let Some((kind, rest)) = put.name.split_once('/') else { return };
        match kind {
            "i" => {
                if let Some(interaction) = self.decoded::<Interaction>(&put.name, &plain) {
                    self.must(put.alarm.map(|at| at <= interaction.idle_until.0) != Some(false), || {
                        format!("{} has its alarm after its end", put.name)
                    });
                    self.interaction_put(&interaction, events);
                }
            }
            "a" => {
                if let Some(address) = self.decoded::<Address>(&put.name, &plain) {
                    self.address_put(&put.name, address, events);
                }
            }
            "e" => {
                if let Some(ended) = self.decoded::<EndedLink>(&put.name, &plain) {
                    self.ended_put(rest, ended);
                }
            }
            "t" => {
                if let Some(team) = self.decoded::<Team>(&put.name, &plain) {
                    self.team_put(team, events);
                }
            }
            "h" => {
                if let Some(head) = self.decoded::<Value>(&put.name, &plain) {
                    self.head_put(&put.name, head);
                }
            }
            "f" => self.must(is_new, || format!("{} ended twice", put.name)),
            "j" => self.must(is_new, || format!("{} was reserved twice", put.name)),
            "m" => self.must(is_new, || format!("{}: a message was judged twice", put.name)),
            _ => {}
        }
    }

    fn decoded<T: DeserializeOwned>(&mut self, name: &str, plain: &[u8]) -> Option<T> {
        let read = serde_json::from_slice(plain);
        read.map_err(|error| self.wrong(format!("{name} cannot be read: {error}"))).ok()
    }

    fn deleted(&mut self, name: &str, events: &[Event]) {
        let Some((kind, rest)) = name.split_once('/') else { return };
        match kind {
            "a" => self.address_put(name, Address::default(), events),
            "i" => {
                let erased = events.iter().any(|e| e.kind() == EventKind::InteractionErased);
                self.must(erased, || format!("{name} went without a word"));
                if let Ok(id) = rest.parse::<InteractionId>() {
                    let step = self.step;
                    self.interactions.entry(id).or_default().push(step, None);
                }
            }
            "e" => {
                let erased = events.iter().any(|e| e.kind() == EventKind::InteractionErased);
                self.must(erased, || format!("{name} went without a word"));
                if let Some(link) = link_id(rest) {
                    self.ended.remove(&link);
                }
            }
            _ => {}
        }
    }

    fn swept(&mut self, name: &str) {
        self.step += 1;
        self.names.remove(name);
        let Some((kind, rest)) = name.split_once('/') else { return };
        match kind {
            "a" => self.address_put(name, Address::default(), &[]),
            "i" => {
                if let Ok(id) = rest.parse::<InteractionId>() {
                    let step = self.step;
                    self.interactions.entry(id).or_default().push(step, None);
                }
            }
            "e" => {
                if let Some(link) = link_id(rest) {
                    self.ended.remove(&link);
                }
            }
            _ => {}
        }
    }

    /// Counters, locks and bans move only by what is told with them; words are each heard once.
    fn address_put(&mut self, name: &str, after: Address, events: &[Event]) {
        let before = self.addresses.get(name).cloned().unwrap_or_default();
        let budgets = before.budgets.keys().chain(after.budgets.keys()).cloned().collect::<Vec<_>>();
        for budget in budgets {
            let none = Budget::default();
            let (b, a) = (before.budgets.get(&budget).unwrap_or(&none), after.budgets.get(&budget).unwrap_or(&none));
            let (method, who) = budget.split_once(':').unwrap_or((&budget, "p1"));
            self.budget_put(&format!("{name} {budget}"), (b, a), method, who, events);
        }
        for word in after.vouched.keys().filter(|word| !before.vouched.contains_key(*word)) {
            let first = self.vouched.entry(word.clone()).or_insert_with(|| name.to_owned()).clone();
            self.must(first == name, || format!("the word {word} was taken at {first} and at {name}"));
            let raised = events.iter().filter(|e| e.kind() == EventKind::Authenticated).count();
            self.must(raised == 1, || format!("the word {word} was taken and {raised} flags went up"));
        }
        self.addresses.insert(name.to_owned(), after);
    }

    fn budget_put(
        &mut self,
        name: &str,
        (before, after): (&Budget, &Budget),
        method: &str,
        who: &str,
        events: &[Event],
    ) {
        let who: ParticipantId = who.parse().expect("a participant's id");
        let of = |kind: EventKind| {
            events.iter().filter(|e| e.kind() == kind && e.participant.as_ref() == Some(&who)).count()
        };
        if of(EventKind::Unlocked) + of(EventKind::Unbanned) > 0 {
            return; // an agent or an admin did it, and the trail says so
        }
        let (by_code, raised) = (of(EventKind::ChallengePassed), of(EventKind::Authenticated));
        let (wrong, right) = match method {
            "otp" => (of(EventKind::ChallengeWrong), by_code),
            _ => (of(EventKind::ConfirmationWrong), raised - by_code.min(raised)),
        };
        if wrong + right == 0 {
            return self.must(before == after, || format!("{name} moved from {before:?} to {after:?} by itself"));
        }
        let admitted = !before.banned && before.locked_until.is_none_or(|until| until.0 <= self.time.latest());
        self.must(admitted, || format!("{name}: something was compared under {before:?}"));
        let good = if right > 0 {
            after.failures == 0 && after.lockouts == before.lockouts && !after.banned
        } else {
            let counted = after.failures == before.failures + 1 && after.lockouts == before.lockouts;
            let locked = after.failures == 0
                && after.lockouts == before.lockouts + 1
                && (after.banned || after.locked_until.is_some());
            wrong == 1 && ((counted && !after.banned && after.failures < self.threshold) || locked)
        };
        self.must(good, || format!("{name}: from {before:?} to {after:?} by {wrong} wrong and {right} right answers"));
    }

    /// A link that ended stays ended, and as it ended; only a report comes after.
    fn ended_put(&mut self, rest: &str, after: EndedLink) {
        let Some(link) = link_id(rest) else { return self.wrong(format!("a strange link: {rest}")) };
        if let Some(before) = self.ended.get(&link).filter(|before| **before != after) {
            let reported = after.end == LinkEnd::Reported && before.end != LinkEnd::Reported;
            let text = format!("link {rest} ended again: {:?}, then {:?}", before.end, after.end);
            self.must(reported, || text);
        }
        if let LinkEnd::Used(_) = after.end {
            let answer = after.link.page.answered;
            let one = answer.is_some_and(|answer| *self.spent.entry(link).or_insert(answer) == answer);
            self.must(one, || format!("link {rest} was used by no answer, or by two"));
        }
        self.ended.insert(link, after);
    }

    /// Nothing of a team changes unsaid; what is revoked stays so, and nobody's key gets lost.
    fn team_put(&mut self, team: Team, events: &[Event]) {
        let (step, name) = (self.step, team.name.clone());
        let before = self.teams.get(&name).and_then(History::now).cloned();
        if let Some(before) = before {
            let told = |kind: EventKind| events.iter().any(|e| e.kind() == kind);
            for key in &before.security_keys {
                let kept = team.security_keys.iter().find(|now| now.kid == key.kid);
                self.must(kept.is_some(), || format!("{name} lost its security key {}", key.kid));
                let back = matches!(key.status, KeyStatus::Revoked(_))
                    && kept.is_some_and(|now| !matches!(now.status, KeyStatus::Revoked(_)));
                self.must(!back, || format!("{name}: the revoked key {} is back", key.kid));
                let signs_again = matches!(key.status, KeyStatus::Retired(_)) && kept.is_some_and(|now| now.signs());
                self.must(!signs_again, || format!("{name}: the retired key {} signs again", key.kid));
                let became = kept.filter(|now| now.status != key.status).map(|now| match now.status {
                    KeyStatus::Pending | KeyStatus::Active => EventKind::KeyActivated,
                    KeyStatus::Retired(_) => EventKind::KeyRetired,
                    KeyStatus::Revoked(_) => EventKind::KeyRevoked,
                });
                self.must(became.is_none_or(told), || format!("{name}: {} became {became:?} unsaid", key.kid));
            }
            for key in &before.api_keys {
                let gone = !team.api_keys.iter().any(|now| now.id == key.id);
                self.must(!gone || told(EventKind::KeyRevoked), || format!("{name} lost its API key {}", key.id));
            }
            let signing = team.security_keys.iter().filter(|key| key.signs()).count();
            self.must(signing <= 1, || format!("{name}: {signing} keys sign"));
            let changed = before.overrides != team.overrides;
            self.must(!changed || told(EventKind::SettingsChanged), || format!("{name}: settings changed unsaid"));
        }
        self.teams.entry(name).or_default().push(step, Some(team));
    }
}

/// `ID/N`.
fn link_id(rest: &str) -> Option<(InteractionId, u16)> {
    let (id, number) = rest.split_once('/')?;
    Some((id.parse().ok()?, number.parse().ok()?))
}
