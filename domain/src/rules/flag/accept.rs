//! An accepted proof of a page: it waits for its done page, raises the flag, or ends without having counted.
//! Which browser it takes is decided elsewhere.

use crate::base::binding::{Binding, PageSource};
use crate::base::id::Kid;
use crate::conversation::context::{Context, budgets, challenge_data, link_data};
use crate::event::EventData;
use crate::event::data::links::PageProofData;
use crate::proof::challenge::ChallengeEnd;
use crate::proof::flag::{Bound, Proof, Reason};
use crate::proof::link::{Link, LinkEnd, PostBackStatus};
use crate::proof::page_proof::{PendingProof, PendingStep, RETURN_MINUTES};
use crate::refusal::Refusal;
use crate::rules::flag::binding::rule_now;
use crate::rules::flag::open::RaiseRequest;
use crate::rules::flag::open::may_raise;
use crate::rules::flag::open::raise;
use crate::secret::Tag;
use crate::settings::BindingRule;

/// A proof that was accepted on a page.
pub(crate) struct NewProof {
    /// The proof; none of a document that a provider is still to judge.
    pub proof: Option<Proof>,
    /// Of the done address that the browser is told.
    pub done: Tag,
    /// The security key that signed it, where one did.
    pub kid: Option<Kid>,
    /// The invitation at whose door it was made.
    pub invitation: Option<u16>,
}

/// A proof was accepted on a page: where the team asks for no binding the flag is raised, else it waits for
/// the form of its done page. What waited of the participant's other pages is void.
pub(crate) fn accept(
    context: &mut Context<'_>,
    at: usize,
    source: PageSource,
    new: NewProof,
) -> Result<PostBackStatus, Refusal> {
    let (now, rule) = (context.environment.now, rule_now(context, at, source));
    let expires_at = new.proof.is_some().then(|| now.plus_minutes(RETURN_MINUTES));
    let NewProof { proof, done, kid, invitation } = new;
    let (is_whole, is_invitation_page) = (proof.is_some(), invitation.is_some());
    let pending = PendingProof { proof, accepted_at: now, kid, invitation, step: PendingStep::Form, expires_at };
    let page = context.page_mut(at, source);
    (page.answered, page.pending) = (Some(done), Some(Box::new(pending)));
    if is_whole {
        void_others(context, at, source);
    }
    // A door lets in the browser that comes back, and nobody knows yet which that is.
    if rule == BindingRule::None && is_whole && !is_invitation_page {
        return raise_pending(context, at, source, Binding::None, None).map(|()| PostBackStatus::Authenticated);
    }
    context.touch();
    Ok(PostBackStatus::Accepted)
}

/// The newest accepted proof counts. A document that is still judged is none.
pub(crate) fn void_others(context: &mut Context<'_>, at: usize, source: PageSource) {
    let participant = &context.interaction.participants[at];
    let waits = |link: &&Link| link.page.pending.is_some() && PageSource::Link(link.number) != source;
    let links: Vec<u16> = participant.links.iter().filter(waits).map(|link| link.number).collect();
    let challenge = participant
        .challenge
        .as_ref()
        .filter(|challenge| challenge.page.is_answered() && PageSource::Challenge(challenge.number) != source);
    let ends_challenge = challenge.is_some();
    for number in links {
        end(context, at, PageSource::Link(number), AcceptedBy::Superseded);
    }
    if ends_challenge {
        context.end_challenge(at, ChallengeEnd::Superseded);
    }
}

/// Looks at everything again before what waits counts, be it for the flag or for a door. Where it cannot count any
/// more, it ends.
///
/// # Errors
///
/// `BadAssertion` where its key was revoked, `LinkExpired` where a flag of its time would not stand any more, and
/// as `may_raise`.
pub(crate) fn look_again(
    context: &mut Context<'_>,
    at: usize,
    source: PageSource,
    binding: Binding,
) -> Result<(), Refusal> {
    budgets::look_up(context, at);
    let (now, settings) = (context.environment.now, context.environment.settings);
    let pending = context.page(at, source).and_then(|page| page.pending.as_deref()).expect("the caller saw it wait");
    let Some(proof) = &pending.proof else { return Err(Refusal::NotFound("proof")) };
    let is_revoked = pending.kid.as_ref().is_some_and(|kid| !context.environment.security_keys.contains(kid));
    let in_time = context.interaction.participants[at].flag.would_stand(pending.accepted_at, settings, now);
    let looked = match (is_revoked, in_time) {
        (true, _) => Err(Refusal::BadAssertion("revoked")),
        (_, false) => Err(Refusal::LinkExpired),
        _ => may_raise(context, at, proof, binding).map(drop),
    };
    if let Err(refusal) = &looked {
        let reason = match refusal {
            Refusal::SubjectConflict => "subject_conflict",
            Refusal::BadAssertion(_) => "key_revoked",
            Refusal::NoMatchingRecord => "no_matching_record",
            Refusal::Locked(_) | Refusal::Banned => "locked",
            _ => "timeout",
        };
        end(context, at, source, AcceptedBy::Void(reason));
    }
    looked
}

/// Raises the flag by what waits, where it still counts.
pub(crate) fn raise_pending(
    context: &mut Context<'_>,
    at: usize,
    source: PageSource,
    binding: Binding,
    browser: Option<&Tag>,
) -> Result<(), Refusal> {
    look_again(context, at, source, binding)?;
    let asked = asked(context, at, source);
    let pending = context.page_mut(at, source).pending.take().expect("it was looked at");
    let proof = pending.proof.expect("it was looked at");
    let browser = browser.copied().filter(|_| binding == Binding::Browser);
    let bound = Bound { binding, browser, source: Some(source), accepted_at: pending.accepted_at };
    let raised = raise(context, at, proof, bound, Some(asked));
    end(context, at, source, AcceptedBy::Done);
    raised
}

fn asked(context: &Context<'_>, at: usize, source: PageSource) -> RaiseRequest {
    let participant = &context.interaction.participants[at];
    match source {
        PageSource::Link(number) => {
            let link = participant.links.iter().find(|link| link.number == number).expect("the caller found it live");
            RaiseRequest { at: Some(link.issued_at), intent: link.intent.clone(), state: link.state.clone() }
        }
        PageSource::Challenge(_) => {
            let challenge = participant.challenge.as_ref().expect("the caller found it live");
            let (intent, state) = (challenge.intent.clone(), challenge.state.clone());
            RaiseRequest { at: Some(challenge.started_at), intent, state }
        }
    }
}

/// A document that was found good, of a browser that is bound already: whether it counts. The door is the photo
/// rule's to open.
pub(crate) fn bind_document(
    context: &mut Context<'_>,
    at: usize,
    source: PageSource,
    binding: Binding,
    browser: &Tag,
) -> bool {
    if rule_now(context, at, source) == BindingRule::AdmitOnly {
        end(context, at, source, AcceptedBy::Done);
        return true;
    }
    raise_pending(context, at, source, binding, Some(browser)).is_ok()
}

/// How a link or challenge ends whose proof was accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AcceptedBy {
    /// The flag was raised, or the browser let in.
    Done,
    /// A newer proof took its place.
    Superseded,
    /// Another browser came back.
    OtherBrowser,
    /// It could not count any more, for that reason.
    Void(&'static str),
}

/// Ends a live link or challenge, and tells it where its answer has not.
pub(crate) fn end(context: &mut Context<'_>, at: usize, source: PageSource, how: AcceptedBy) {
    tell_end(context, at, source, how);
    match source {
        PageSource::Link(number) => {
            let participant = context.participant(at);
            let Some(place) = participant.links.iter().position(|link| link.number == number) else { return };
            let link = participant.links.remove(place);
            let end = match how {
                AcceptedBy::Done => LinkEnd::Used(PostBackStatus::Authenticated),
                AcceptedBy::Superseded => LinkEnd::Superseded,
                AcceptedBy::OtherBrowser => LinkEnd::OtherBrowser,
                AcceptedBy::Void(_) => LinkEnd::Void,
            };
            context.end_link(link, end);
        }
        PageSource::Challenge(_) => {
            let end = match how {
                AcceptedBy::Done => ChallengeEnd::Passed,
                AcceptedBy::Superseded => ChallengeEnd::Superseded,
                AcceptedBy::OtherBrowser => ChallengeEnd::OtherBrowser,
                AcceptedBy::Void(_) => ChallengeEnd::Unconfirmed,
            };
            context.end_challenge(at, end);
        }
    }
}

pub(crate) fn tell_end(context: &mut Context<'_>, at: usize, source: PageSource, how: AcceptedBy) {
    let (participant, interaction) = (&context.interaction.participants[at], context.interaction.id);
    let who = participant.id.clone();
    let (data, reason) = match (how, source) {
        (AcceptedBy::OtherBrowser, _) => {
            (EventData::ProofOtherBrowser(proof_data(context, at, source)), Some(Reason::OtherBrowser))
        }
        (AcceptedBy::Superseded, PageSource::Link(number)) => {
            let Some(link) = participant.links.iter().find(|link| link.number == number) else { return };
            (EventData::LinkSuperseded(link_data(interaction, link)), None)
        }
        (AcceptedBy::Void(reason), PageSource::Link(_)) => {
            let data = proof_data(context, at, source).because(reason);
            (EventData::ConfirmationExpired(data), Some(Reason::Void))
        }
        // How a challenge ends, its own event tells.
        (AcceptedBy::Void(_), PageSource::Challenge(_)) => return context.participant(at).flag.explain(Reason::Void),
        (AcceptedBy::Done, _) | (AcceptedBy::Superseded, PageSource::Challenge(_)) => return,
    };
    if let Some(reason) = reason {
        context.participant(at).flag.explain(reason);
    }
    context.tell(data, Some(who));
}

/// The event's data about the link or challenge.
pub(crate) fn proof_data(context: &Context<'_>, at: usize, source: PageSource) -> PageProofData {
    let (participant, interaction) = (&context.interaction.participants[at], context.interaction.id);
    let data = match source {
        PageSource::Link(number) => {
            participant.links.iter().find(|link| link.number == number).map(|link| link_data(interaction, link).into())
        }
        PageSource::Challenge(_) => {
            participant.challenge.as_ref().map(|challenge| challenge_data(interaction, challenge).into())
        }
    };
    data.unwrap_or(PageProofData::UNKNOWN)
}
