//! Putting a challenge to a participant. The new one ends the live one; what was guessed wrong
//! before goes on counting.

use crate::base::id::{IntentName, ParticipantId};
use crate::base::method::Method;
use crate::base::way::DeliverTo;
use crate::conversation::context::{Context, Decision, challenge_data};
use crate::conversation::destination::Destination;
use crate::event::EventKind;
use crate::messaging::sending::{Kind, What};
use crate::proof::challenge::{Challenge, ChallengeEnd, ExpectedAnswer, Otp, Pin};
use crate::proof::page_proof::PageProof;
use crate::providers::identity::{CheckStage, IdDocument};
use crate::refusal::Refusal;
use crate::rules::messages::send::Ready;
use crate::settings::{BindingRule, Settings};

pub use crate::rules::flag::binding::PageWay;
use crate::rules::flag::binding::opener_tag;
use crate::rules::flag::binding::rule_for;
use crate::rules::flag::binding::with_opener;

/// A bot's or an agent's request for a challenge.
#[derive(Clone, Debug)]
pub struct ChallengeRequest {
    /// The proof that is requested.
    pub wanted: RequestedProof,
    /// Whom; the primary where nobody is named.
    pub participant: Option<ParticipantId>,
    /// The way to the person who gets the code.
    pub deliver_to: DeliverTo,
    /// The intent that it is for.
    pub intent: Option<IntentName>,
    /// The bot's own words.
    pub state: Option<String>,
    /// From where its page is reached.
    pub way: PageWay,
}

/// A proof that can be requested.
#[derive(Clone, Debug)]
pub enum RequestedProof {
    /// A code that the gateway makes.
    Otp,
    /// A number that agent and customer agreed on.
    Pin(Pin),
    /// Questions about facts that only the customer should know.
    Questions,
    /// A document, with a face or without.
    Document {
        /// Whether a face is to be shown with it.
        selfie: bool,
    },
}

impl ChallengeRequest {
    /// Whether a message may follow from it: a PIN is agreed on, and an agent reads what they tell.
    pub fn may_be_sent(&self) -> bool {
        matches!(self.wanted, RequestedProof::Otp) && self.deliver_to != DeliverTo::Agent
    }
}

impl RequestedProof {
    fn method(&self) -> Method {
        match self {
            Self::Otp => Method::Otp,
            Self::Pin(_) => Method::Pin,
            Self::Questions => Method::Kba,
            Self::Document { selfie: false } => Method::PhotoId,
            Self::Document { selfie: true } => Method::PhotoIdSelfie,
        }
    }
}

/// Puts a challenge; a live one of the same participant ends.
pub fn ask(mut context: Context<'_>, request: &ChallengeRequest) -> Decision<Challenge> {
    match put(&mut context, request) {
        Ok(challenge) => context.done(challenge),
        Err(refusal) => context.refuse(refusal),
    }
}

/// The same within a transaction that does more.
pub(crate) fn put(context: &mut Context<'_>, request: &ChallengeRequest) -> Result<Challenge, Refusal> {
    let at = permitted(context, request)?;
    let rule = rule_for(context, at, request.way)?;
    let challenge = made(context, at, request, rule);
    let ready = deliver(context, at, &challenge)?;
    context.interaction.challenges_made = challenge.number;
    context.end_challenge(at, ChallengeEnd::Superseded);
    context.participant(at).challenge = Some(challenge.clone());
    context.queue_code(ready, &challenge);
    context.touch();
    let data = challenge_data(context.interaction.id, &challenge);
    context.tell(EventKind::ChallengeStarted, Some(challenge.participant.clone()), data);
    Ok(challenge)
}

fn permitted(context: &mut Context<'_>, request: &ChallengeRequest) -> Result<usize, Refusal> {
    context.must_be_open()?;
    let at = context.find(request.participant.as_ref())?;
    context.look_up(at);
    context.admit(at, request.wanted.method().guarded())?; // a locked person is sent no code
    if matches!(request.wanted, RequestedProof::Document { .. }) && context.environment.provider.is_none() {
        return Err(Refusal::MethodMissing);
    }
    if matches!(request.wanted, RequestedProof::Questions) {
        let (prepared, facts) = (context.environment.questions.ok_or(Refusal::MethodMissing)?, &context.interaction);
        if !prepared.is_for(&facts.participants[at], context.environment.keys, &facts.team) {
            return Err(Refusal::AnotherPerson);
        }
    }
    if context.interaction.challenges_made == u16::MAX {
        return Err(Refusal::Full);
    }
    Ok(at)
}

fn made(context: &mut Context<'_>, at: usize, request: &ChallengeRequest, rule: BindingRule) -> Challenge {
    let (settings, now, keys, id) =
        (context.environment.settings, context.environment.now, context.environment.keys, context.interaction.id);
    // A PIN and questions have no tries of their own: the method's lockout ends them.
    let (check, expires_at, tries_left) = match &request.wanted {
        RequestedProof::Pin(pin) => (ExpectedAnswer::Pin(pin.clone()), None, settings.lockout.threshold),
        RequestedProof::Questions => {
            let questions = context.environment.questions.expect("it is not permitted without").questions.clone();
            let end = now.plus_minutes(settings.kba.expires_minutes);
            (ExpectedAnswer::Questions(Box::new(questions)), Some(end), settings.lockout.threshold)
        }
        RequestedProof::Document { selfie } => {
            let provider = context.environment.provider.expect("it is not permitted without").clone();
            let quality_left = context.tries_left(at, CheckStage::Quality);
            let (selfie, attempts, undecided, checking, last) = (*selfie, 0, 0, None, None);
            let document = IdDocument { selfie, provider, quality_left, attempts, undecided, checking, last };
            (ExpectedAnswer::Document(Box::new(document)), None, context.tries_left(at, CheckStage::Authentication))
        }
        RequestedProof::Otp => {
            let lifetime = settings.otp.expires_minutes;
            let resend_at = settings.send_budget.resend_after(now);
            let otp = Otp { length: settings.otp.length, issue: 1, lifetime, resend_at };
            (ExpectedAnswer::Otp(otp), lifetime.after(now), settings.otp.max_tries)
        }
    };
    let mut challenge = Challenge {
        number: context.interaction.challenges_made + 1,
        participant: context.interaction.participants[at].id.clone(),
        nonce: context.draws.take(),
        check,
        started_at: now,
        started_by: context.actor.clone(),
        expires_at,
        tries_left,
        deliver_to: request.deliver_to,
        arrived: None,
        page: PageProof::new(rule, None),
        revealed_to: Vec::new(),
        intent: request.intent.clone(),
        state: request.state.clone(),
    };
    if with_opener(context, rule) {
        challenge.page.opener = Some(opener_tag(context, &challenge.opener_secret(id, keys)));
    }
    challenge
}

/// The message to pay for before the challenge is put; nothing where no message goes, or where it
/// cannot be put at all.
pub fn payable(context: &mut Context<'_>, request: &ChallengeRequest) -> Option<Destination> {
    let at = permitted(context, request).ok()?;
    let rule = rule_for(context, at, request.way).ok()?;
    let challenge = made(context, at, request, rule);
    to_pay(context, at, &challenge)
}

/// The destination that the challenge's next message is charged to.
pub(crate) fn to_pay(context: &Context<'_>, at: usize, challenge: &Challenge) -> Option<Destination> {
    let to = receiver(context, challenge).ok()??;
    context.plan_to_send(at, to, Kind::Code).ok().map(|(_, destination)| destination)
}

/// How the challenge's code finds its way: a new challenge's, and the next one's of a challenge that
/// is sent again. Nothing is sent of a PIN, which is agreed, nor of a code that the agent tells: one
/// that no way leads to the customer for is such, where the agent may see it.
pub(crate) fn deliver(context: &Context<'_>, at: usize, challenge: &Challenge) -> Result<Option<Ready>, Refusal> {
    let Some(to) = receiver(context, challenge)? else { return Ok(None) };
    match context.ready_to_send(at, to, Kind::Code) {
        Err(refusal) if leads_nowhere(&refusal) && waits_for_agent(context, to) => Ok(None),
        ready => ready.map(Some),
    }
}

/// Whether a code could be told to the participant as things are now: by an agent, or by a message that
/// has somewhere to go. What a spent budget refuses passes.
pub(crate) fn can_be_told(context: &Context<'_>, at: usize, to: DeliverTo) -> Result<(), Refusal> {
    let Some(to) = recipient(context.environment.settings, to)? else { return Ok(()) };
    match context.plan_to_send(at, to, Kind::Code) {
        Err(refusal) if leads_nowhere(&refusal) && !waits_for_agent(context, to) => Err(refusal),
        _ => Ok(()),
    }
}

/// Whether no way leads to the customer.
fn leads_nowhere(refusal: &Refusal) -> bool {
    use Refusal::{CountryNotAllowed, NoAddress, NoChannel, PrivateChannelRequired};
    matches!(refusal, NoChannel | NoAddress | PrivateChannelRequired | CountryNotAllowed)
}

/// Whether an agent tells a code that no message can bring.
fn waits_for_agent(context: &Context<'_>, to: DeliverTo) -> bool {
    to == DeliverTo::Auto && context.environment.settings.otp.show_to_agents
}

fn receiver(context: &Context<'_>, challenge: &Challenge) -> Result<Option<DeliverTo>, Refusal> {
    match challenge.check {
        ExpectedAnswer::Pin(_) | ExpectedAnswer::Questions(_) | ExpectedAnswer::Document(_) => Ok(None),
        ExpectedAnswer::Otp(_) => recipient(context.environment.settings, challenge.deliver_to),
    }
}

/// Where a code's message goes; nowhere where an agent tells it. Refused where nobody could be told.
fn recipient(settings: &Settings, to: DeliverTo) -> Result<Option<DeliverTo>, Refusal> {
    let otp = &settings.otp;
    match to {
        _ if otp.reaches_nobody() => Err(Refusal::MethodMissing),
        DeliverTo::Agent if !otp.show_to_agents => Err(Refusal::NotShown),
        DeliverTo::Agent => Ok(None),
        DeliverTo::Auto if !otp.send_to_customer => Ok(None),
        to => Ok(Some(to)),
    }
}

impl Context<'_> {
    /// Queues the live code of a challenge.
    pub(crate) fn queue_code(&mut self, ready: Option<Ready>, challenge: &Challenge) {
        if let (Some(ready), Some(issue)) = (ready, challenge.issue()) {
            self.queue(ready, What::Code { challenge: challenge.number, issue });
        }
    }
}
