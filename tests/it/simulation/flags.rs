//! Judges each change of an interaction: no flag goes up without its proof, stands past its time
//! or falls unsaid; no link, handle or code is spent twice; what is closed stays closed.

use countersign::domain::event::{Event, EventKind};
use countersign::domain::flag::{Binding, Flag, Raised};
use countersign::domain::id::ParticipantId;
use countersign::domain::interaction::{Interaction, Participant, Status};
use countersign::domain::link::{LinkEnd, PostBackStatus, Progress};
use countersign::domain::method::Method;

use super::book::Book;

/// What is told of one participant in one commit.
pub(super) struct Of<'a> {
    events: &'a [Event],
    who: &'a ParticipantId,
}

impl Of<'_> {
    pub(super) fn count(&self, kinds: &[EventKind]) -> usize {
        let ours = |e: &&Event| kinds.contains(&e.kind) && e.participant.as_ref() == Some(self.who);
        self.events.iter().filter(ours).count()
    }
}

impl Book {
    /// An interaction as it is from now on.
    pub fn interaction_put(&mut self, after: &Interaction, events: &[Event]) {
        let (id, step) = (after.id, self.step);
        let events: Vec<Event> = events.iter().filter(|e| e.interaction == Some(id)).cloned().collect();
        let count = |kind: EventKind| events.iter().filter(|e| e.kind == kind).count();
        let before = self.interaction(id).cloned();
        let resurrected = before.is_none() && self.interactions.contains_key(&id);
        self.must(!resurrected, || format!("{id} came back after it was erased"));
        let opened = usize::from(before.is_none());
        self.must(count(EventKind::InteractionOpened) == opened, || format!("{id}: opened unsaid, or said so twice"));
        let made = after.links_made - before.as_ref().map_or(0, |b| b.links_made);
        self.must(count(EventKind::LinkIssued) == usize::from(made), || format!("{id}: {made} links were made unsaid"));
        let was_open = before.as_ref().is_none_or(|b| b.status == Status::Open);
        let closes = was_open && after.status != Status::Open;
        self.must(was_open || before.as_ref().is_some_and(|b| b.status == after.status), || {
            format!("{id} is open again")
        });
        self.must(count(EventKind::InteractionClosed) == usize::from(closes), || format!("{id}: closed unsaid"));
        for participant in &after.participants {
            let earlier = before.as_ref().and_then(|b| b.participant(&participant.id));
            let of = Of { events: &events, who: &participant.id };
            self.flag_put(after, participant, earlier, &of);
            self.links_put(after, participant, earlier);
            self.confirmation_put(after, participant, earlier, &of);
            let made = before.as_ref().map_or(0, |b| b.challenges_made);
            self.challenge_put(after, participant, earlier, made, &of);
        }
        self.interactions.entry(id).or_default().push(step, Some(after.clone()));
    }

    fn flag_put(&mut self, at: &Interaction, after: &Participant, before: Option<&Participant>, of: &Of<'_>) {
        let name = format!("{} {}", at.id, after.id);
        let raises = of.count(&[EventKind::Authenticated]);
        let falls = of.count(&[EventKind::Expired, EventKind::SignedOut]);
        let warnings = of.count(&[EventKind::Expiring]);
        let stood = match before.map(|b| &b.flag) {
            Some(Flag::Raised(raised)) => Some(raised.as_ref()),
            _ => None,
        };
        let Flag::Raised(raised) = &after.flag else {
            self.must(raises == 0, || format!("{name} was said to be up, and is not"));
            let stood = usize::from(stood.is_some());
            return self
                .must(falls == stood, || format!("{name} stood {stood} times and was said to fall {falls} times"));
        };
        let same = stood.is_some_and(|s| Raised { warned: raised.warned, ..s.clone() } == **raised);
        if same {
            let warned = raised.warned && stood.is_some_and(|s| !s.warned);
            self.must(raises + falls == 0, || format!("{name} stands, and something else is said"));
            return self.must(warnings == usize::from(warned), || format!("{name}: {warnings} warnings"));
        }
        self.must(raises == 1, || format!("{name} went up, and was said so {raises} times"));
        self.must(falls <= usize::from(stood.is_some()), || format!("{name} fell oftener than it stood"));
        let first = stood.filter(|_| falls == 0).map_or(raised.since, |s| s.first_since);
        self.must(raised.first_since == first, || format!("{name}: its ceiling moved"));
        let end = raised.since.plus_minutes(self.timeouts.0).min(first.plus_minutes(self.timeouts.1));
        self.must(raised.expires_at <= end, || format!("{name} stands past its time"));
        let latest = self.time.latest();
        self.must(raised.since.0 <= latest, || format!("{name} is up since a moment that no clock has shown"));
        self.must(at.status == Status::Open, || format!("{name} is up in a closed conversation"));
        if of.count(&[EventKind::ChallengePassed]) == 1 {
            // What a login proved meanwhile stands beside it.
            let login = stood.filter(|_| falls == 0).and_then(|s| s.by_link);
            return self.must(raised.by_link == login, || format!("{name} went up by a code, and says a link did it"));
        }
        self.proved(&name, at, raised);
    }

    /// Which proof it was, and that it counts for the first time.
    fn proved(&mut self, name: &str, at: &Interaction, raised: &Raised) {
        let Some(number) = raised.by_link else {
            // Which word it was is with the address.
            // It reads as the weaker of the two where a code stands beside it.
            let word = raised.binding == Binding::Token || raised.proofs.contains_key(&Method::Otp);
            return self.must(word, || format!("{name} went up without a link or a word"));
        };
        let link = (at.id, number);
        let spent = self.ended.get(&link).is_some_and(|ended| match &ended.end {
            LinkEnd::Used { status, .. } => {
                (*status == PostBackStatus::ConfirmationRequired) == (raised.binding == Binding::Code)
            }
            _ => false,
        });
        self.must(spent, || format!("{name} went up by link {number}, which was not spent"));
        let named = raised.customer.as_ref().map(|customer| customer.id.clone());
        let sent = named.is_some_and(|named| self.sent.proofs.contains(&(at.id, number, named)));
        self.must(sent, || format!("{name} went up by link {number}, and no login page vouched"));
        let code = raised.binding != Binding::Code || self.sent.codes.contains(&link);
        self.must(code, || format!("{name} went up by link {number}, and nobody said its code"));
        let first = self.raised.insert(link);
        self.must(first, || format!("{name} went up by link {number} a second time"));
    }

    fn links_put(&mut self, at: &Interaction, after: &Participant, before: Option<&Participant>) {
        for link in &after.links {
            let name = format!("{} link {}", at.id, link.number);
            let ended = self.ended.contains_key(&(at.id, link.number));
            self.must(!ended && link.number <= at.links_made, || format!("{name} is live after its end"));
            let earlier = before.and_then(|b| b.links.iter().find(|l| l.number == link.number));
            if let Some(Progress::Opened { .. }) = earlier.map(|l| &l.progress) {
                let kept = earlier.is_some_and(|l| l.progress == link.progress);
                self.must(kept, || format!("{name} went to another browser"));
            }
        }
        let gone =
            before.iter().flat_map(|b| &b.links).filter(|l| !after.links.iter().any(|now| now.number == l.number));
        for link in gone.map(|l| l.number).collect::<Vec<_>>() {
            let ended = self.ended.contains_key(&(at.id, link));
            self.must(ended, || format!("{} link {link} is gone, and nothing says how", at.id));
        }
    }

    fn confirmation_put(&mut self, at: &Interaction, after: &Participant, before: Option<&Participant>, of: &Of<'_>) {
        let name = format!("{} {}", at.id, after.id);
        let wrong = of.count(&[EventKind::ConfirmationWrong]);
        let waited = before.and_then(|b| b.confirmation.as_ref());
        self.must(wrong <= usize::from(waited.is_some()), || format!("{name}: {wrong} wrong codes in one commit"));
        if let (Some(b), Some(a)) = (waited, &after.confirmation)
            && b.link == a.link
        {
            let counted = usize::from(b.tries_left) == usize::from(a.tries_left) + wrong;
            self.must(counted && a.nonce == b.nonce, || {
                format!("{name}: tries went from {} to {}", b.tries_left, a.tries_left)
            });
        }
        if let Some(a) = after.confirmation.as_ref().filter(|a| waited.is_none_or(|b| b.link != a.link)) {
            let used = self.ended.get(&(at.id, a.link)).is_some_and(|e| matches!(e.end, LinkEnd::Used { .. }));
            let first = !self.raised.contains(&(at.id, a.link));
            self.must(used && first, || format!("{name} waits for a code of link {}, which was not spent now", a.link));
        }
    }
}
