//! Putting a challenge to a participant. The new one ends the live one; what was guessed wrong
//! before goes on counting.

use crate::base::id::{IntentName, ParticipantId};
use crate::base::way::DeliverTo;
use crate::conversation::context::{Context, budgets, challenge_data};
use crate::conversation::destination::Destination;
use crate::conversation::prepared_questions::Prepared;
use crate::event::EventData;
use crate::messaging::sending::{Kind, What};
use crate::proof::challenge::{Challenge, ChallengeEnd};
use crate::proof::methods::pin::Pin;
use crate::proof::methods::{AnswerForm, ProofMethod, StartInputs, StartedCheck, code_rules};
use crate::proof::page_proof::PageProof;
use crate::refusal::Refusal;
use crate::rules::messages::send::Ready;
use crate::settings::{BindingRule, OtpRules};

pub use crate::rules::flag::binding::PageWay;
use crate::rules::flag::binding::opener_tag;
use crate::rules::flag::binding::rule_for;
use crate::rules::flag::binding::with_opener;

/// A bot's or an agent's request for a challenge.
#[derive(Clone, Debug)]
pub struct ChallengeRequest {
    /// The method of the proof that is requested.
    pub method: &'static dyn ProofMethod,
    /// The number that agent and customer agreed on, where the method asks for one.
    pub agreed: Option<Pin>,
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

impl ChallengeRequest {
    /// Whether a message may follow from it: only codes are sent, and an agent reads what they tell.
    pub fn may_be_sent(&self) -> bool {
        self.method.form() == AnswerForm::Code && self.deliver_to != DeliverTo::Agent
    }
}

/// Puts a challenge; a live one of the same participant ends.
pub fn ask(context: &mut Context<'_>, request: &ChallengeRequest) -> Result<Challenge, Refusal> {
    let (at, started) = permitted(context, request)?;
    let rule = rule_for(context, at, request.way)?;
    let challenge = made(context, at, request, started, rule);
    let ready = deliver(context, at, &challenge)?;
    context.interaction.challenges_made = challenge.number;
    context.end_challenge(at, ChallengeEnd::Superseded);
    context.participant(at).challenge = Some(challenge.clone());
    context.queue_code(ready, &challenge);
    context.touch();
    let data = challenge_data(context.interaction.id, &challenge);
    context.tell(EventData::ChallengeStarted(data), Some(challenge.participant.clone()));
    Ok(challenge)
}

fn permitted(context: &mut Context<'_>, request: &ChallengeRequest) -> Result<(usize, StartedCheck), Refusal> {
    context.must_be_open()?;
    let at = context.find(request.participant.as_ref())?;
    budgets::look_up(context, at);
    let guarded = request.method.method().guarded();
    budgets::admit(context, at, guarded)?; // a locked person is sent no code
    let (environment, facts) = (&context.environment, &context.interaction);
    let is_theirs = |prepared: &&Prepared| prepared.is_for(&facts.participants[at], environment.keys, &facts.team);
    let questions = match environment.questions {
        None => Err(Refusal::MethodMissing),
        Some(prepared) if !is_theirs(&prepared) => Err(Refusal::AnotherPerson),
        Some(prepared) => Ok(&prepared.questions),
    };
    let started = request.method.start(&StartInputs {
        settings: environment.settings,
        now: environment.now,
        agreed: request.agreed.as_ref(),
        questions,
        provider: environment.provider,
        budget: budgets::budget(context, at, guarded),
    })?;
    if context.interaction.challenges_made == u16::MAX {
        return Err(Refusal::Full);
    }
    Ok((at, started))
}

fn made(
    context: &mut Context<'_>,
    at: usize,
    request: &ChallengeRequest,
    started: StartedCheck,
    rule: BindingRule,
) -> Challenge {
    let (now, keys, id) = (context.environment.now, context.environment.keys, context.interaction.id);
    let StartedCheck { check, expires_at, tries_left } = started;
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
    let (at, started) = permitted(context, request).ok()?;
    let rule = rule_for(context, at, request.way).ok()?;
    let challenge = made(context, at, request, started, rule);
    to_pay(context, at, &challenge)
}

/// The destination that the challenge's next message is charged to.
pub(crate) fn to_pay(context: &Context<'_>, at: usize, challenge: &Challenge) -> Option<Destination> {
    let rules = code_rules(challenge.method(), context.environment.settings)?;
    let to = recipient(rules, challenge.deliver_to).ok()??;
    context.plan_to_send(at, to, Kind::Code).ok().map(|(_, destination)| destination)
}

/// How the challenge's code finds its way: a new challenge's, and the next one's of a challenge that
/// is sent again. Nothing is sent of a PIN, which is agreed, nor of a code that the agent tells: one
/// that no way leads to the customer for is such, where the agent may see it.
pub(crate) fn deliver(context: &Context<'_>, at: usize, challenge: &Challenge) -> Result<Option<Ready>, Refusal> {
    let Some(rules) = code_rules(challenge.method(), context.environment.settings) else { return Ok(None) };
    let Some(to) = recipient(rules, challenge.deliver_to)? else { return Ok(None) };
    match context.ready_to_send(at, to, Kind::Code) {
        Err(refusal) if leads_nowhere(&refusal) && waits_for_agent(rules, to) => Ok(None),
        ready => ready.map(Some),
    }
}

/// Whether a code of these rules could be told to the participant as things are now: by an agent, or by a message that
/// has somewhere to go. What a spent budget refuses passes.
pub(crate) fn can_be_told(context: &Context<'_>, at: usize, rules: &OtpRules, to: DeliverTo) -> Result<(), Refusal> {
    let Some(to) = recipient(rules, to)? else { return Ok(()) };
    match context.plan_to_send(at, to, Kind::Code) {
        Err(refusal) if leads_nowhere(&refusal) && !waits_for_agent(rules, to) => Err(refusal),
        _ => Ok(()),
    }
}

/// Whether no way leads to the customer.
fn leads_nowhere(refusal: &Refusal) -> bool {
    use Refusal::{CountryNotAllowed, NoAddress, NoChannel, PrivateChannelRequired};
    matches!(refusal, NoChannel | NoAddress | PrivateChannelRequired | CountryNotAllowed)
}

/// Whether an agent tells a code that no message can bring.
fn waits_for_agent(rules: &OtpRules, to: DeliverTo) -> bool {
    to == DeliverTo::Auto && rules.show_to_agents
}

/// Where a code's message goes; nowhere where an agent tells it. Refused where nobody could be told.
fn recipient(rules: &OtpRules, to: DeliverTo) -> Result<Option<DeliverTo>, Refusal> {
    match to {
        _ if rules.reaches_nobody() => Err(Refusal::MethodMissing),
        DeliverTo::Agent if !rules.show_to_agents => Err(Refusal::NotShown),
        DeliverTo::Agent => Ok(None),
        DeliverTo::Auto if !rules.send_to_customer => Ok(None),
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
