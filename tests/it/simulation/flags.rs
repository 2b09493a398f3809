//! Judges each change of an interaction: no flag goes up without its proof, stands past its time
//! or falls unsaid; no link, handle or code is spent twice; what is closed stays closed.

use countersign::domain::base::binding::Binding;
use countersign::domain::base::id::ParticipantId;
use countersign::domain::conversation::interaction::Interaction;
use countersign::domain::conversation::interaction::InteractionStatus;
use countersign::domain::conversation::interaction::Participant;
use countersign::domain::event::Event;
use countersign::domain::event::EventKind;
use countersign::domain::proof::flag::Flag;
use countersign::domain::proof::flag::Method;
use countersign::domain::proof::flag::Raised;
use countersign::domain::proof::link::Link;
use countersign::domain::proof::link::LinkEnd;
use countersign::domain::proof::link::PostBackStatus;
use countersign::domain::settings::BindingRule;

use super::book::Book;

/// What is told of one participant in one commit.
pub(super) struct Of<'a> {
    events: &'a [Event],
    who: &'a ParticipantId,
}

impl Of<'_> {
    pub(super) fn count(&self, kinds: &[EventKind]) -> usize {
        let ours = |e: &&Event| kinds.contains(&e.kind()) && e.participant.as_ref() == Some(self.who);
        self.events.iter().filter(ours).count()
    }
}

impl Book {
    /// An interaction as it is from now on.
    pub fn interaction_put(&mut self, after: &Interaction, events: &[Event]) {
        let (id, step) = (after.id, self.step);
        let events: Vec<Event> = events.iter().filter(|e| e.interaction == Some(id)).cloned().collect();
        let count = |kind: EventKind| events.iter().filter(|e| e.kind() == kind).count();
        let before = self.interaction(id).cloned();
        let resurrected = before.is_none() && self.interactions.contains_key(&id);
        self.must(!resurrected, || format!("{id} came back after it was erased"));
        let opened = usize::from(before.is_none());
        self.must(count(EventKind::InteractionOpened) == opened, || format!("{id}: opened unsaid, or said so twice"));
        let made = after.links_made - before.as_ref().map_or(0, |b| b.links_made);
        self.must(count(EventKind::LinkIssued) == usize::from(made), || format!("{id}: {made} links were made unsaid"));
        let was_open = before.as_ref().is_none_or(|b| b.status == InteractionStatus::Open);
        let closes = was_open && after.status != InteractionStatus::Open;
        self.must(was_open || before.as_ref().is_some_and(|b| b.status == after.status), || {
            format!("{id} is open again")
        });
        self.must(count(EventKind::InteractionClosed) == usize::from(closes), || format!("{id}: closed unsaid"));
        for participant in &after.participants {
            let earlier = before.as_ref().and_then(|b| b.participant(&participant.id));
            let of = Of { events: &events, who: &participant.id };
            self.flag_put(after, participant, earlier, &of);
            self.links_put(after, participant, earlier);
            self.confirmations_put(after, participant, earlier, &of);
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
        // No flag is made of two browsers.
        let goes_on = stood.filter(|s| {
            let id = |raised: &Raised| raised.customer.as_ref().map(|customer| customer.id.clone());
            let another = raised.browser.is_some() && s.customer.is_some() && id(s) != id(raised);
            falls == 0 && (s.browser.is_none() || s.browser == raised.browser) && !another
        });
        let first = goes_on.map_or(raised.since, |s| s.first_since);
        self.must(raised.first_since == first, || format!("{name}: its ceiling moved"));
        let end = raised.since.plus_minutes(self.timeouts.0).min(first.plus_minutes(self.timeouts.1));
        self.must(raised.expires_at <= end, || format!("{name} stands past its time"));
        let latest = self.time.latest();
        self.must(raised.since.0 <= latest, || format!("{name} is up since a moment that no clock has shown"));
        self.must(at.status == InteractionStatus::Open, || format!("{name} is up in a closed conversation"));
        if of.count(&[EventKind::ChallengePassed]) == 1 {
            // What a login proved meanwhile stands beside it.
            let login = goes_on.and_then(|s| s.login_link());
            return self
                .must(raised.login_link() == login, || format!("{name} went up by a code, and says a link did it"));
        }
        self.proved(&name, at, raised);
    }

    /// Which proof it was, and that it counts for the first time.
    fn proved(&mut self, name: &str, at: &Interaction, raised: &Raised) {
        let Some(number) = raised.login_link() else {
            // Which word it was is with the address.
            let word = raised.proofs.get(&Method::Login).is_some_and(|login| login.binding == Binding::Token);
            return self.must(word, || format!("{name} went up without a link or a word"));
        };
        let link = (at.id, number);
        let binding = raised.proofs.get(&Method::Login).map(|login| login.binding);
        let ended = self.ended.get(&link).filter(|e| e.end == LinkEnd::Used(PostBackStatus::Authenticated)).cloned();
        let finisher = ended.as_ref().and_then(|ended| ended.link.page.finished_by);
        let starter = ended.as_ref().and_then(|ended| ended.link.page.start).map(|start| start.fingerprint);
        let is_asked = ended.as_ref().is_some_and(|ended| ended.link.page.rule != BindingRule::None);
        let came = finisher.is_some() || !is_asked;
        self.must(came, || format!("{name} went up by link {number}, and no browser came back from it"));
        let bound = match binding {
            Some(Binding::Code) => self.sent.codes.contains(&link),
            // A cosigner is not in the chat: the browser alone is known, and it is the one that was sent there.
            Some(Binding::Browser) => finisher == starter && raised.browser == finisher,
            Some(Binding::None) => !is_asked,
            _ => false,
        };
        self.must(bound, || format!("{name} went up by link {number} as {binding:?}, and nothing binds it"));
        let named = raised.customer.as_ref().map(|customer| customer.id.clone());
        let sent = named.is_some_and(|named| self.sent.proofs.contains(&(at.id, number, named)));
        self.must(sent, || format!("{name} went up by link {number}, and no login page vouched"));
        let first = self.raised.insert(link);
        self.must(first, || format!("{name} went up by link {number} a second time"));
    }

    fn links_put(&mut self, at: &Interaction, after: &Participant, before: Option<&Participant>) {
        for link in &after.links {
            let name = format!("{} link {}", at.id, link.number);
            let ended = self.ended.contains_key(&(at.id, link.number));
            self.must(!ended && link.number <= at.links_made, || format!("{name} is live after its end"));
            let earlier = before.and_then(|b| b.links.iter().find(|l| l.number == link.number));
            let Some(earlier) = earlier.filter(|earlier| *earlier != link) else { continue };
            let (b, a) = (&earlier.page, &link.page);
            let stands = a.start == b.start && a.starts == b.starts && link.handle == earlier.handle;
            self.must(stands || a.starts > b.starts, || format!("{name} went to another browser, and nobody began"));
            self.must(stands || a.pending.is_none(), || format!("{name} began anew, and what waited goes on"));
            let replaced = stands && b.answered.is_some() && b.answered != a.answered;
            self.must(!replaced, || format!("{name} took two answers"));
        }
        let gone =
            before.iter().flat_map(|b| &b.links).filter(|l| !after.links.iter().any(|now| now.number == l.number));
        for link in gone.map(|l| l.number).collect::<Vec<_>>() {
            let ended = self.ended.contains_key(&(at.id, link));
            self.must(ended, || format!("{} link {link} is gone, and nothing says how", at.id));
        }
    }

    /// Of every code that a browser is shown: what waits for it was accepted, and each wrong one is counted.
    fn confirmations_put(&mut self, at: &Interaction, after: &Participant, before: Option<&Participant>, of: &Of<'_>) {
        let name = format!("{} {}", at.id, after.id);
        let wrong = of.count(&[EventKind::ConfirmationWrong]);
        let waited: Vec<&Link> = before.iter().flat_map(|b| &b.links).filter(|l| l.shows_code()).collect();
        self.must(wrong <= waited.len(), || format!("{name}: {wrong} wrong codes in one commit"));
        for link in after.links.iter().filter(|l| l.shows_code()) {
            let Some((a, _)) = link.page.confirmation() else { continue };
            let earlier = waited.iter().find(|b| b.number == link.number).and_then(|b| b.page.confirmation());
            let Some((b, _)) = earlier else {
                let taken = link.page.answered.is_some() && !self.raised.contains(&(at.id, link.number));
                self.must(taken, || format!("{name} waits for a code of link {}, which took no answer", link.number));
                continue;
            };
            let counted = usize::from(b.tries_left) == usize::from(a.tries_left) + wrong;
            self.must(counted && a.nonce == b.nonce && a.browser == b.browser, || {
                format!("{name}: tries went from {} to {}", b.tries_left, a.tries_left)
            });
        }
    }
}
