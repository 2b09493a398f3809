//! What people do in conversations: bots, customers with their browsers, and login pages, among
//! them some who try what they must not.

use countersign::domain::base::id::InteractionId;
use countersign::domain::base::id::ParticipantId;
use countersign::domain::base::role::ParticipantRole;
use countersign::domain::conversation::interaction::InteractionStatus;
use countersign::domain::conversation::interaction::Person;
use countersign::domain::event::Actor;
use countersign::domain::proof::link::LinkPurpose;
use countersign::domain::refusal::Refusal;
use countersign::domain::rules::flag::open::NewInteraction;
use countersign::domain::rules::links::issue::LinkRequest;
use countersign::domain::rules::pages::bind::Finish;
use countersign::domain::rules::pages::finish::FinishForm;
use countersign::domain::rules::pages::finish::shown_code;
use countersign::domain::secret::Tag;
use countersign::domain::secret::token::Token;
use countersign::services::Snapshot;
use countersign::services::conversations::snapshots::Acting;
use countersign::services::engine::Error;
use countersign::services::engine::Execution;
use countersign::services::engine::IdempotencyRecord;
use serde_json::json;

use super::cluster::Node;
use super::people::{Answer, Assertion, OpeningSent, People};
use crate::world::{URL, jwt};

/// Customers; the second is mostly somebody else.
const CUSTOMERS: [&str; 4] = ["cust-1", "cust-1", "cust-1", "cust-2"];

impl People {
    fn opening(&self) -> OpeningSent {
        let again = self.odds(200);
        let mut things = self.things();
        let earlier = self.cluster.chance.recent(&things.openings).cloned();
        if let Some(earlier) = earlier.filter(|_| again) {
            return earlier;
        }
        let team = usize::from(self.odds(300));
        let conversation = format!("c{}", self.cluster.chance.below(5));
        let key = self.odds(500).then(|| format!("open-{}", things.fresh()));
        let token = self.odds(350).then(|| {
            let reused = self.odds(600).then(|| self.cluster.chance.recent(&things.words).cloned()).flatten();
            reused.unwrap_or_else(|| {
                let (now, jti) = (self.cluster.time.now() / 1000, things.fresh());
                let (kid, secret) = things.teams[team].signing.last().expect("a team has a key");
                let claims = json!({"iss": "shop", "aud": format!("{URL}/v1/interactions"), "sub": "cust-1",
                    "jti": format!("{jti:0>22}"), "iat": now, "exp": now + 200});
                let word = jwt(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}), &claims, secret);
                (team, word)
            })
        });
        things.words.extend(token.clone());
        let token = token.map(|(_, word)| word);
        let opening = OpeningSent { team, conversation, key, token };
        things.openings.push(opening.clone());
        opening
    }

    pub(super) async fn open(&self) {
        let sent = self.opening();
        self.say(format_args!("somebody opens {}/{} under {:?}", sent.team, sent.conversation, sent.key));
        for attempt in self.attempts() {
            let Some((node, around)) = self.node(attempt).await else { continue };
            match self.perform(&node, self.ask_to_open(&node, &sent)).await {
                Answer::Execution(id) => {
                    self.say(format_args!("{} opened {id}", node.name));
                    self.book().was_opened(id);
                    if let Some(key) = &sent.key {
                        self.book().answered_again(key, &id.to_string(), around.asked, self.cluster.time.now());
                    }
                    let mut things = self.things();
                    if !things.chats.contains(&(sent.team, id)) {
                        things.chats.push((sent.team, id));
                    }
                    return;
                }
                Answer::Refused(Refusal::IdempotencyRunning) | Answer::Unknown => {}
                Answer::Refused(refusal) => return self.say(format_args!("not opened: {refusal}")),
            }
        }
    }

    async fn ask_to_open(&self, node: &Node, sent: &OpeningSent) -> Result<InteractionId, Error> {
        let (team, key) = self.team(sent.team);
        let caller = self.caller(node, &key).await?;
        let body = format!("{} {:?}", sent.conversation, sent.token);
        let place = match &sent.key {
            Some(key) => Some(node.gateway.engine.reserve(&caller.mark, key, body.as_bytes()).await?),
            None => None,
        };
        let opening = NewInteraction {
            team,
            channel: "sms".parse().expect("a channel"),
            conversation: sent.conversation.parse().expect("a conversation"),
            participants: vec![
                (ParticipantRole::Primary, Person::default()),
                (ParticipantRole::Cosigner, Person::default()),
            ],
            device: None,
        };
        let render = |held: &Snapshot<bool>| held.interaction.id.to_string().into_bytes();
        let remember = place.clone().map(|place| IdempotencyRecord::new(place, &render));
        match node.gateway.conversations.open(&opening, sent.token.as_deref(), &caller.actor, remember.as_ref()).await {
            Ok(Execution::Executed(held)) => Ok(held.interaction.id),
            Ok(Execution::Replayed(bytes)) => {
                Ok(String::from_utf8_lossy(&bytes).parse().expect("what was remembered is an id"))
            }
            Err(error) => {
                if let (Some(place), Error::Refused(_)) = (&place, &error) {
                    node.gateway.engine.release(place).await;
                }
                Err(error)
            }
        }
    }

    fn chat(&self) -> Option<(usize, InteractionId)> {
        self.cluster.chance.recent(&self.things().chats).copied()
    }

    pub(super) async fn issue(&self) {
        let Some((at, id)) = self.chat() else { return };
        let key = self.odds(400).then(|| format!("link-{}", self.things().fresh()));
        let purpose = if self.odds(300) { LinkPurpose::PreChat } else { LinkPurpose::MidChat };
        let participant = self.odds(200).then(|| ParticipantId::nth(2));
        let request = LinkRequest {
            purpose,
            participant,
            intent: None,
            state: None,
            landing: true,
            return_url: None,
            deliver: false,
        };
        self.say(format_args!("a bot wants a link in {id} under {key:?}"));
        for attempt in self.attempts() {
            let Some((node, around)) = self.node(attempt).await else { continue };
            let asking = async {
                let (team, bot) = self.team(at);
                let caller = self.caller(&node, &bot).await?;
                let place = match &key {
                    Some(key) => Some(node.gateway.engine.reserve(&caller.mark, key, b"").await?),
                    None => None,
                };
                let render = |held: &Snapshot<countersign::domain::rules::links::issue::Issued>| {
                    held.outcome.token.text().into_bytes()
                };
                let remember = place.clone().map(|place| IdempotencyRecord::new(place, &render));
                let told =
                    node.gateway.links.issue_link(id, Some(&team), &caller.actor, &request, remember.as_ref()).await;
                match told {
                    Ok(Execution::Executed(held)) => Ok(held.outcome.token),
                    Ok(Execution::Replayed(text)) => {
                        Ok(Token::parse(&String::from_utf8_lossy(&text)).expect("a token's text"))
                    }
                    Err(error) => {
                        if let (Some(place), Error::Refused(_)) = (&place, &error) {
                            node.gateway.engine.release(place).await;
                        }
                        Err(error)
                    }
                }
            };
            match self.perform(&node, asking).await {
                Answer::Execution(token) => {
                    self.say(format_args!("{} made {token:?}", node.name));
                    self.book().was_issued(&token);
                    if let Some(key) = &key {
                        self.book().answered_again(key, &token.text(), around.asked, self.cluster.time.now());
                    }
                    return self.things().links.push((at, token));
                }
                Answer::Refused(Refusal::IdempotencyRunning) | Answer::Unknown => {}
                Answer::Refused(refusal) => return self.say(format_args!("no link: {refusal}")),
            }
        }
    }

    pub(super) async fn press(&self) {
        let Some((at, token)) = self.cluster.chance.recent(&self.things().links).cloned() else { return };
        let is_other = self.odds(200);
        self.say(format_args!("a browser, another: {is_other}, continues with {token:?}"));
        for attempt in self.attempts() {
            let Some((node, _)) = self.node(attempt).await else { continue };
            let browser = browser(&node, is_other);
            match self.perform(&node, node.gateway.links.continue_link(&token, &browser, None)).await {
                Answer::Execution(held) => {
                    let handle = held.outcome.handle.clone();
                    self.say(format_args!("{} leads on with {handle:?}", node.name));
                    self.book().was_continued(&handle);
                    return self.things().handles.push((at, handle));
                }
                Answer::Refused(refusal) => return self.say(format_args!("not continued: {refusal}")),
                Answer::Unknown => {}
            }
        }
    }

    /// A login page's answer: a good one, one of a key that is revoked, one that is signed by
    /// nobody, one for another link, or an earlier one again.
    fn assertion(&self) -> Option<(usize, Assertion)> {
        let (earlier, fault) = (self.odds(200), self.cluster.chance.below(10));
        let mut things = self.things();
        if earlier && let Some(found) = self.cluster.chance.recent(&things.assertions).cloned() {
            return Some(found);
        }
        let (at, handle) = self.cluster.chance.recent(&things.handles).cloned()?;
        let keys = &things.teams[at].signing;
        let (kid, secret) = if fault == 0 { self.cluster.chance.pick(keys) } else { keys.last() }.cloned()?;
        let secret = if fault == 1 { "AAAA".to_owned() } else { secret };
        let other = things.handles.iter().find(|(_, other)| *other != handle).filter(|_| fault == 2);
        let nonce = other.map_or_else(|| handle.text(), |(_, other)| other.text());
        let customer = *self.cluster.chance.pick(&CUSTOMERS)?;
        let jti = format!("{:0>22}", things.fresh());
        let now = self.cluster.time.now() / 1000;
        let mut claims = json!({"iss": "login", "aud": format!("{URL}/p/{nonce}"), "sub": customer, "nonce": nonce,
            "jti": jti, "iat": now, "exp": now + 120});
        if fault == 3 {
            claims["outcome"] = json!("denied");
        }
        let jwt = jwt(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}), &claims, &secret);
        let good = fault != 1 && nonce == handle.text();
        if good && fault != 3 {
            let customer = customer.parse().expect("a customer's id");
            self.book().sent.proofs.insert((handle.interaction, handle.number, customer));
        }
        let assertion = Assertion { handle, jwt, jti, kid, good };
        things.assertions.push((at, assertion.clone()));
        Some((at, assertion))
    }

    pub(super) async fn post_back(&self) {
        let Some((at, sent)) = self.assertion() else { return };
        let Assertion { handle, jwt, jti, kid, good } = sent;
        let (team, _) = self.team(at);
        self.say(format_args!("a login page posts {jti}{} to {handle:?}", if good { "" } else { " (bad)" }));
        for attempt in self.attempts() {
            let Some((node, around)) = self.node(attempt).await else { continue };
            match self.perform(&node, node.gateway.links.post_back(&handle.text(), &jwt)).await {
                Answer::Execution(held) => {
                    self.say(format_args!("{} took {jti}: {}", node.name, held.outcome.status.as_str()));
                    self.book().must(good, || format!("{jti} was taken, and is not good"));
                    let done = held.outcome.done.clone();
                    self.book().was_taken(&handle, &jti, &done, (&team, &kid), around);
                    self.things().dones.push((at, done.clone()));
                    return self.see_done(at, &done).await;
                }
                Answer::Refused(Refusal::Replayed(_) | Refusal::Repeated(_)) => {
                    self.book().must(good, || format!("{jti} was taken before, and is not good"));
                    let done = node.gateway.links.done_of(&handle, &jwt);
                    return self.see_done(at, &done).await;
                }
                Answer::Refused(refusal) => return self.say(format_args!("{jti} not taken: {refusal}")),
                Answer::Unknown => {}
            }
        }
    }

    /// A browser arrives at the done page and posts its form; it may be asked for the chat's address, and shown
    /// a code.
    async fn see_done(&self, at: usize, done: &Token) {
        if self.odds(100) {
            return;
        }
        let is_other = self.odds(250);
        let mut said = FinishForm::Nothing;
        for attempt in self.attempts() {
            let Some((node, _)) = self.node(attempt).await else { continue };
            let browser = browser(&node, is_other);
            let Answer::Execution(held) = self.perform(&node, node.gateway.links.finish(done, &browser, said)).await
            else {
                continue;
            };
            self.say(format_args!("{} shows {done:?} {:?}, another: {is_other}", node.name, held.outcome.how));
            if matches!(held.outcome.how, Finish::Address(_)) {
                said = FinishForm::Address("mine");
                continue;
            }
            let participant = &held.interaction.participants[held.outcome.at];
            if held.outcome.how == Finish::Code
                && let Some((waiting, _)) = shown_code(participant, held.outcome.source)
            {
                let code = waiting.code(done.interaction, &node.gateway.engine.keys().confirmation);
                self.things().codes.push((at, (done.interaction, done.number), code));
            }
            return;
        }
    }

    pub(super) async fn read(&self) {
        let Some((at, id)) = self.chat() else { return };
        let (team, _) = self.team(at);
        let Some((node, before)) = self.node(0).await else { return };
        let answer = self.perform(&node, node.gateway.conversations.flag(id, Some(&team))).await;
        let around = self.after(&node, before);
        let now = node.gateway.engine.now();
        let up = match answer {
            Answer::Execution(held) => {
                let there = held.interaction.is_open(now) && held.interaction.primary().flag.raised(now).is_some();
                Some(there)
            }
            Answer::Refused(Refusal::NotFound(_)) => None,
            _ => return,
        };
        self.say(format_args!("{} read {id} as {up:?}", node.name));
        self.book().was_read(id, around, up);
    }

    pub(super) async fn sign_out(&self) {
        self.lower("signed out", |i| !i.primary().flag.raised_at_all()).await;
    }

    pub(super) async fn close(&self) {
        self.lower("closed", |i| i.status != InteractionStatus::Open).await;
    }

    async fn lower(
        &self,
        what: &str,
        is: impl Fn(&countersign::domain::conversation::interaction::Interaction) -> bool + Copy,
    ) {
        let Some((at, id)) = self.chat() else { return };
        self.say(format_args!("{id} is to be {what}"));
        for attempt in self.attempts() {
            let Some((node, around)) = self.node(attempt).await else { continue };
            let (team, _) = self.team(at);
            let acting = Acting { id, team: Some(&team), actor: Actor::Owner };
            let asking = async {
                match what {
                    "closed" => node.gateway.conversations.close(acting).await,
                    _ => node.gateway.conversations.sign_out(acting, None).await,
                }
            };
            match self.perform(&node, asking).await {
                Answer::Execution(_) => return self.book().shows(id, around, what, is),
                Answer::Refused(_) => return,
                Answer::Unknown => {}
            }
        }
    }

    /// "This wasn't me", on a landing page or a done page.
    pub(super) async fn report(&self) {
        let done = self.odds(500);
        let things = |people: &Self| {
            let things = people.things();
            people.cluster.chance.recent(if done { &things.dones } else { &things.links }).cloned()
        };
        let Some((_, token)) = things(self) else { return };
        self.say(format_args!("{token:?} is reported"));
        for attempt in self.attempts() {
            let Some((node, around)) = self.node(attempt).await else { continue };
            let reporting = async {
                match done {
                    true => node.gateway.links.report_done(&token, &browser(&node, false)).await,
                    false => node.gateway.links.report_link(&token).await,
                }
            };
            match self.perform(&node, reporting).await {
                Answer::Execution(_) => {
                    let dead = |i: &countersign::domain::conversation::interaction::Interaction| {
                        i.participants.iter().all(|p| p.links.iter().all(|l| l.number != token.number))
                    };
                    return self.book().shows(token.interaction, around, "rid of a reported link", dead);
                }
                Answer::Refused(_) => return,
                Answer::Unknown => {}
            }
        }
    }

    /// She goes offline or comes back.
    pub(super) async fn attend(&self) {
        let Some((at, id)) = self.chat() else { return };
        let (team, online) = (self.team(at).0, self.odds(500));
        let Some((node, _)) = self.node(0).await else { return };
        let acting = Acting { id, team: Some(&team), actor: Actor::Owner };
        let _ = self.perform(&node, node.gateway.conversations.presence(acting, None, online)).await;
    }
}

/// What records know a browser by: the customer's, or another.
fn browser(node: &Node, is_other: bool) -> Tag {
    node.gateway.engine.keys().form.tag(&[b"browser", &[u8::from(is_other)]])
}
