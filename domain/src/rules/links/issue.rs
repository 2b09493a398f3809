//! Making a login link.
//! The new one ends the live one of the same participant and purpose; whether the team can sign
//! at all is seen to by `gateway::links`.

use url::Url;

use crate::base::id::{IntentName, ParticipantId};
use crate::base::role::ParticipantRole;
use crate::base::way::DeliverTo;
use crate::conversation::context::{Context, budgets, link_data};
use crate::conversation::destination::Destination;
use crate::event::EventData;
use crate::messaging::sending::{Kind, What};
use crate::proof::challenge::ChallengeEnd;
use crate::proof::link;
use crate::proof::link::{Link, LinkEnd, LinkPurpose};
use crate::proof::page_proof::PageProof;
use crate::refusal::Refusal;
use crate::rules::flag::binding::PageWay;
use crate::rules::flag::binding::opener_tag;
use crate::rules::flag::binding::rule_for;
use crate::rules::flag::binding::with_opener;
use crate::rules::messages::send::Ready;
use crate::secret::token::{Token, TokenKind};
use crate::secret::{Secret, base64url};
use crate::settings::{BindingRule, LandingSetting, Settings};

/// What a bot or an agent asks for.
#[derive(Clone, Debug)]
pub struct LinkRequest {
    /// Why.
    pub purpose: LinkPurpose,
    /// Whom; the primary where nobody is named.
    pub participant: Option<ParticipantId>,
    /// What it is for.
    pub intent: Option<IntentName>,
    /// The bot's own words.
    pub state: Option<String>,
    /// False asks for the signed URL itself.
    pub landing: bool,
    /// Where the done page leads back to.
    pub return_url: Option<String>,
    /// Whether the gateway is to send it, where it can.
    pub deliver: bool,
}

/// A link that was made. Its token is told once and kept nowhere.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The link as it is kept.
    pub link: Link,
    /// The token of its URL.
    pub token: Token,
    /// The handle, where the landing page is left out.
    pub handle: Option<Token>,
    /// For the chat's widget alone.
    pub opener_secret: Option<Secret>,
}

/// Makes a link; a live one of the same participant and purpose ends.
pub fn issue(context: &mut Context<'_>, request: &LinkRequest) -> Result<Issued, Refusal> {
    let (at, rule) = permitted(context, request)?;
    let ready = delivery(context, at, request)?;
    let (keys, settings, now) = (context.environment.keys, context.environment.settings, context.environment.now);
    let id = context.interaction.id;
    context.interaction.links_made += 1;
    let seed = context.draws.take();
    let token = Token::of_seed(TokenKind::Link, &seed, id, context.interaction.links_made, &keys.handle);
    let opener_secret = with_opener(context, rule).then(|| token.opener(&keys.handle));
    let opener = opener_secret.as_ref().map(|secret| opener_tag(context, &base64url(secret.expose())));
    let mut link = Link {
        number: token.number,
        participant: context.interaction.participants[at].id.clone(),
        purpose: request.purpose,
        tag: token.tag(&keys.link),
        issued_at: now,
        expires_at: settings.link.ttl_minutes.after(now),
        intent: request.intent.clone(),
        state: request.state.clone(),
        return_url: request.return_url.clone(),
        handle: None,
        invitation: None,
        page: PageProof::new(rule, opener),
    };
    let handle = (!request.landing).then(|| link.direct_handle(id, context.draws.take(), &keys.handle));
    link.handle = handle.as_ref().map(|handle| handle.tag(&keys.link));
    supersede(context, at, request.purpose);
    void_logins(context, at);
    context.participant(at).links.push(link.clone());
    if let Some(ready) = ready {
        context.queue(ready, What::Link { link: link.number, seed: Some(seed) });
    }
    context.touch();
    let participant = context.interaction.participants[at].id.clone();
    context.tell(EventData::LinkIssued(link_data(id, &link)), Some(participant));
    Ok(Issued { link, token, handle, opener_secret })
}

/// What must be paid for before the link is made; nothing where it is not to be sent, or cannot be
/// made at all.
pub fn payable(context: &mut Context<'_>, request: &LinkRequest) -> Option<Destination> {
    let (at, _) = permitted(context, request).ok().filter(|_| request.deliver)?;
    context.plan_to_send(at, way(context, at), Kind::Link).ok().map(|(_, destination)| destination)
}

/// A link goes into the conversation that it is for; to somebody who is not in it, by the team's
/// order. Where no channel leads there it is the bot's to send.
fn delivery(context: &Context<'_>, at: usize, request: &LinkRequest) -> Result<Option<Ready>, Refusal> {
    if !request.deliver {
        return Ok(None);
    }
    match context.ready_to_send(at, way(context, at), Kind::Link) {
        Err(Refusal::NoChannel | Refusal::NoAddress) => Ok(None),
        other => other.map(Some),
    }
}

fn way(context: &Context<'_>, at: usize) -> DeliverTo {
    match context.interaction.participants[at].role {
        ParticipantRole::Primary => DeliverTo::Chat,
        ParticipantRole::Cosigner => DeliverTo::Auto,
    }
}

fn permitted(context: &Context<'_>, request: &LinkRequest) -> Result<(usize, BindingRule), Refusal> {
    context.must_be_open()?;
    let at = context.find(request.participant.as_ref())?;
    let settings = context.environment.settings;
    if settings.authentication_url.is_none() {
        return Err(Refusal::NoAuthenticationUrl);
    }
    if !request.landing && settings.link.landing == LandingSetting::Required {
        return Err(Refusal::LandingRequired);
    }
    let rule = rule_for(context, at, if request.landing { PageWay::Landing } else { PageWay::Direct })?;
    if let Some(url) = &request.return_url {
        let is_text_message = context
            .environment
            .capabilities_of(&context.interaction.channel)
            .is_some_and(|channel| channel.is_text_message);
        may_return(url, settings, is_text_message)?;
    }
    budgets::admit(context, at, link::BUDGET)?; // a locked person is sent nothing that she could not use
    budgets::must_not_be_reported(context, at)?;
    if context.interaction.links_made == u16::MAX {
        return Err(Refusal::Full);
    }
    Ok((at, rule))
}

/// Exactly an allowed origin after WHATWG parsing; `sms:` where the conversation is by text messages.
fn may_return(text: &str, settings: &Settings, is_text_message: bool) -> Result<(), Refusal> {
    if text.len() > 2048 || text.chars().any(|c| c.is_control() || c == '\\' || c.is_whitespace()) {
        return Err(Refusal::ReturnUrl);
    }
    let url = Url::parse(text).map_err(|_| Refusal::ReturnUrl)?;
    if url.scheme() == "sms" && is_text_message {
        return Ok(());
    }
    let origin = url.origin();
    let own = url.username().is_empty() && url.password().is_none() && text.starts_with(&origin.ascii_serialization());
    let allowed = origin.is_tuple() && settings.allowed_origins.contains(&origin.ascii_serialization());
    if own && allowed { Ok(()) } else { Err(Refusal::ReturnUrl) }
}

/// A live link of that purpose gives way to a newer one.
pub(crate) fn supersede(context: &mut Context<'_>, at: usize, purpose: LinkPurpose) {
    let participant = context.participant(at);
    let Some(old) = participant.links.iter().position(|link| link.purpose == purpose) else { return };
    let (id, link) = (participant.id.clone(), participant.links.remove(old));
    let data = link_data(context.interaction.id, &link);
    context.tell(EventData::LinkSuperseded(data), Some(id));
    context.end_link(link, LinkEnd::Superseded);
}

/// What was accepted by another link, or on a challenge's page, waits no longer: the person was asked anew.
fn void_logins(context: &mut Context<'_>, at: usize) {
    if context.participant(at).challenge.as_ref().is_some_and(|challenge| challenge.page.is_answered()) {
        context.end_challenge(at, ChallengeEnd::Superseded);
    }
    let participant = context.participant(at);
    let waits = |link: &Link| link.page.pending.is_some();
    let Some(waiting) = participant.links.iter().find(|link| waits(link)).map(|link| link.purpose) else { return };
    supersede(context, at, waiting);
}
