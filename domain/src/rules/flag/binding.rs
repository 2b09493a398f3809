//! What binds a proof on a page to the chat: one way for links, invitations, the hosted login and challenges.
//!
//! A page proves who is at a browser. The flag says who is in a conversation. So an accepted proof waits until
//! the browser that finished it is shown to be the chat's; what shows it was decided when the page was made.

use crate::base::binding::PageSource;
use crate::base::role::ParticipantRole;
use crate::conversation::context::Context;
use crate::conversation::interaction::Participant;
use crate::proof::link::LinkPurpose;
use crate::proof::page_proof::PageProof;
use crate::refusal::Refusal;
use crate::secret::Tag;
use crate::settings::{BindingRule, OtherBrowser};

/// How a page is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageWay {
    /// By a page of ours with Continue on it.
    Landing,
    /// By the signed URL itself: nobody knows the browser.
    Direct,
    /// From an invitation.
    Door,
}

impl Context<'_> {
    /// The page of a live link or challenge of the participant.
    pub(crate) fn page(&self, at: usize, source: PageSource) -> Option<&PageProof> {
        let participant = &self.interaction.participants[at];
        match source {
            PageSource::Link(number) => {
                participant.links.iter().find(|link| link.number == number).map(|link| &link.page)
            }
            PageSource::Challenge(number) => {
                participant.challenge.as_ref().filter(|challenge| challenge.number == number).map(|c| &c.page)
            }
        }
    }

    pub(crate) fn page_mut(&mut self, at: usize, source: PageSource) -> &mut PageProof {
        let participant = self.participant(at);
        let page = match source {
            PageSource::Link(number) => {
                participant.links.iter_mut().find(|link| link.number == number).map(|link| &mut link.page)
            }
            PageSource::Challenge(number) => {
                participant.challenge.as_mut().filter(|challenge| challenge.number == number).map(|c| &mut c.page)
            }
        };
        page.expect("the caller found it live")
    }

    /// Whether what is typed in the conversation can be the participant's: a cosigner is not in it, and a session
    /// of pages carries no messages.
    pub(crate) fn can_write(&self, at: usize) -> bool {
        let is_session = self.environment.sessions.contains(&self.interaction.channel);
        !is_session && self.interaction.participants[at].role == ParticipantRole::Primary
    }
}

/// What must bind a proof that is made on a page.
///
/// # Errors
///
/// `BindingNotPossible` where only the chat's own window counts and there is none; `LandingRequired` where a
/// browser must be known that nobody would know.
pub(crate) fn rule_for(context: &Context<'_>, at: usize, way: PageWay) -> Result<BindingRule, Refusal> {
    let settings = context.environment.settings;
    let rule = match (settings.binding, way) {
        (BindingRule::None, _) => return Ok(BindingRule::None),
        // No window of the chat's can have opened that page.
        (BindingRule::Opener, PageWay::Door) => BindingRule::AdmitOnly,
        (BindingRule::Opener, _) if !context.can_write(at) => return Err(Refusal::BindingNotPossible),
        _ if !context.can_write(at) => BindingRule::Browser,
        (rule, _) => rule,
    };
    let browser_counts = matches!(rule, BindingRule::Opener | BindingRule::Browser);
    if way == PageWay::Direct && (browser_counts || settings.other_browser == OtherBrowser::Refuse) {
        return Err(Refusal::LandingRequired);
    }
    Ok(rule)
}

/// The rule that holds now: one that was made while the team asked for none is judged by what it asks for since.
pub(crate) fn rule_now(context: &Context<'_>, at: usize, source: PageSource) -> BindingRule {
    let rule = context.page(at, source).map_or(BindingRule::Code, |page| page.rule);
    let way = if is_invitation_page(&context.interaction.participants[at], source) {
        PageWay::Door
    } else {
        PageWay::Landing
    };
    match (rule, context.environment.settings.binding) {
        (BindingRule::None, BindingRule::None) => rule,
        (BindingRule::None, _) => rule_for(context, at, way).unwrap_or(BindingRule::Opener),
        _ => rule,
    }
}

/// Whether the page is one that an invitation leads through.
pub(crate) fn is_invitation_page(participant: &Participant, source: PageSource) -> bool {
    match source {
        PageSource::Link(number) => {
            participant.links.iter().any(|own| own.number == number && own.purpose == LinkPurpose::EntryLogin)
        }
        PageSource::Challenge(number) => participant.entry.challenge == Some(number),
    }
}

/// The chat's own window can vouch for a page only on the web.
pub(crate) fn with_opener(context: &Context<'_>, rule: BindingRule) -> bool {
    let channel = &context.interaction.channel;
    let web = context.environment.web_chats.contains(channel) || channel.as_str().starts_with("webchat");
    match rule {
        BindingRule::Opener => true,
        BindingRule::Auto => web && !context.environment.settings.allowed_origins.is_empty(),
        BindingRule::Code | BindingRule::None | BindingRule::Browser | BindingRule::AdmitOnly => false,
    }
}

/// What is kept of an opener secret.
pub(crate) fn opener_tag(context: &Context<'_>, secret: &str) -> Tag {
    context.environment.keys.link.tag(&[b"opener", context.interaction.id.as_bytes(), secret.as_bytes()])
}

/// Whether a proof there would have to be finished by another browser than this one. None: it is this one's, or
/// none is asked for. Else whether naming the chat's address lets this one go on.
pub(crate) fn starts_elsewhere(context: &Context<'_>, at: usize, source: PageSource, browser: &Tag) -> Option<bool> {
    let rule = rule_now(context, at, source);
    if rule == BindingRule::None || context.page(at, source).is_some_and(|page| page.was_started_by(browser)) {
        return None;
    }
    let asks = context.environment.settings.other_browser == OtherBrowser::Ask;
    Some(asks && matches!(rule, BindingRule::Auto | BindingRule::Code))
}
