//! What callers read of an interaction. Addresses are masked for everybody; private data are
//! for agents.

use std::collections::BTreeMap;

use challenge::ChallengeView;
use lockout::LockoutView;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::base::id::{LinkId, ParticipantId};
use crate::domain::conversation::interaction::{Interaction, InteractionStatus, Participant};
use crate::domain::messaging::sending::What;
use crate::domain::proof::flag::{Flag, IntentDecision};
use crate::domain::secret::keys::Keys;
use crate::domain::settings::Settings;
use crate::domain::team::Role;
use crate::domain::time::Moment;
use crate::services::Snapshot;

pub mod challenge;
mod lockout;
pub(crate) mod method_names;
mod setting_schemas;
pub mod settings;

/// A conversation, its participants and the primary's flag.
#[derive(Serialize, ToSchema)]
pub struct InteractionView {
    /// A UUIDv7.
    id: String,
    team: String,
    channel: String,
    conversation: String,
    /// `open` or `closed`.
    status: &'static str,
    opened_at: String,
    closed_at: Option<String>,
    participants: Vec<ParticipantView>,
    /// The primary's.
    authentication: AuthenticationView,
    /// The primary's newest live link.
    login_link: Option<LinkView>,
    /// The primary's live challenge.
    challenge: Option<ChallengeView>,
}

/// A person in an interaction.
#[derive(Serialize, ToSchema)]
pub struct ParticipantView {
    /// `p1`, `p2`, …
    id: String,
    /// `primary` or `cosigner`.
    #[schema(value_type = String)]
    role: crate::domain::base::role::ParticipantRole,
    name: Option<String>,
    /// Masked.
    phone: Option<String>,
    /// Masked.
    email: Option<String>,
    authentication: AuthenticationView,
    login_link: Option<LinkView>,
    challenge: Option<ChallengeView>,
    entry: EntryView,
    lockout: LockoutView,
}

/// The flag.
#[derive(Serialize, ToSchema)]
pub struct AuthenticationView {
    /// True only while the flag stands.
    pub authenticated: bool,
    /// `unauthenticated`, `pending`, `authenticated` or `expired`.
    status: &'static str,
    #[schema(schema_with = method_names::proved_methods)]
    methods: Vec<crate::domain::proof::flag::Method>,
    /// The weakest of the proofs' bindings: `none`, `browser`, `typed`, `code`, `platform`, `opener` or `token`.
    #[schema(value_type = Option<String>)]
    binding: Option<crate::domain::base::binding::Binding>,
    /// An agent saw the code.
    assisted: bool,
    customer: Option<CustomerView>,
    since: Option<String>,
    expires_at: Option<String>,
    /// Why it is down, where that is known.
    reason: Option<Value>,
    /// The answer to `?intent=`.
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<IntentView>,
}

/// Who was proved to be there, or, where the method names nobody, whom the bot said it is.
#[derive(Serialize, ToSchema)]
pub struct CustomerView {
    /// The company's id.
    id: Option<String>,
    name: Option<String>,
    /// What the login page passed on; for agents.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_data: Option<BTreeMap<String, String>>,
}

/// Whether an intent may run now.
#[derive(Serialize, ToSchema)]
pub struct IntentView {
    name: String,
    allowed: bool,
    /// `unauthenticated`, `expired`, `too_old`, `method_not_accepted`, `binding_not_accepted` or `unknown_intent`.
    reason: Option<&'static str>,
    /// Methods that would do.
    #[schema(value_type = Vec<String>)]
    accept: Vec<crate::domain::proof::flag::Method>,
}

/// A live link, without anything that opens it.
#[derive(Serialize, ToSchema)]
pub struct LinkView {
    id: String,
    #[schema(value_type = String)]
    purpose: crate::domain::proof::link::LinkPurpose,
    /// `issued`, `opened` (Continue was pressed), or `answered` (a login was accepted and waits for its browser).
    status: &'static str,
    expires_at: Option<String>,
}

/// How a participant came in.
#[derive(Serialize, ToSchema)]
struct EntryView {
    /// `none`, `invited`, `waiting`, `admitted` or `offline`.
    status: &'static str,
    /// What was proved when coming in last.
    #[schema(value_type = Option<String>)]
    method: Option<crate::domain::base::method::Method>,
    entered_at: Option<String>,
}

/// A message that the gateway sends.
#[derive(Serialize, ToSchema)]
pub struct DeliveryView {
    /// The team's channel that it goes over.
    channel: String,
    /// Masked.
    to: Option<String>,
    /// `queued`, `sent`, `delivered` or `failed`.
    status: &'static str,
}

/// The message about something.
pub fn delivery_of(interaction: &Interaction, about: impl Fn(&What) -> bool) -> Option<DeliveryView> {
    let sending = interaction.sendings.iter().find(|sending| about(&sending.what))?;
    let participant = interaction.participant(&sending.participant)?;
    Some(DeliveryView {
        channel: sending.way.channel(interaction).to_string(),
        to: sending.way.address(interaction, participant).map(mask),
        status: sending.state.as_str(),
    })
}

/// Whose eyes, and when.
#[derive(Clone, Copy)]
pub struct Viewer<'a> {
    /// The caller's role.
    pub role: Role,
    /// The moment.
    pub now: Moment,
    /// What lockouts end by.
    pub earliest: Moment,
    /// For the names of cosigners' budgets, and for the addresses of challenges' pages.
    pub keys: &'a Keys,
    /// What those addresses start with.
    pub public_url: &'a str,
}

impl Viewer<'_> {
    /// An interaction with all its participants.
    pub fn interaction<T>(self, snapshot: &Snapshot<T>) -> InteractionView {
        let interaction = &snapshot.interaction;
        let participant = |p: &Participant| ParticipantView {
            id: p.id.to_string(),
            role: p.role,
            name: p.person.name.clone(),
            phone: p.person.phone.as_deref().map(mask),
            email: p.person.email.as_deref().map(mask),
            authentication: self.authentication(interaction, p),
            login_link: self.link(interaction, p),
            challenge: self.live_challenge(interaction, p),
            entry: EntryView {
                status: p.entry.status.as_str(),
                method: p.entry.proved.as_ref().map(|proof| proof.method),
                entered_at: p.entry.entered_at.map(|at| at.to_string()),
            },
            lockout: self.lockout(p, &snapshot.address),
        };
        let closed_at = match interaction.status {
            InteractionStatus::Open => None,
            InteractionStatus::Closed(at) => Some(at.to_string()),
        };
        InteractionView {
            id: interaction.id.to_string(),
            team: interaction.team.to_string(),
            channel: interaction.channel.to_string(),
            conversation: interaction.conversation.to_string(),
            status: if closed_at.is_none() { "open" } else { "closed" },
            opened_at: interaction.opened_at.to_string(),
            closed_at,
            participants: interaction.participants.iter().map(participant).collect(),
            authentication: self.authentication(interaction, interaction.primary()),
            login_link: self.link(interaction, interaction.primary()),
            challenge: self.live_challenge(interaction, interaction.primary()),
        }
    }

    /// The flag of a participant; with the answer where an intent is asked for.
    pub fn flag<T>(
        self,
        snapshot: &Snapshot<T>,
        who: Option<&ParticipantId>,
        intent: Option<&str>,
    ) -> Option<AuthenticationView> {
        let participant = snapshot.interaction.named(who)?;
        let mut view = self.authentication(&snapshot.interaction, participant);
        view.intent = intent.map(|name| self.answer(name, &participant.flag, &snapshot.team.effective.settings));
        Some(view)
    }

    fn authentication(self, interaction: &Interaction, participant: &Participant) -> AuthenticationView {
        let raised = participant.flag.raised(self.now).filter(|_| interaction.is_open(self.now));
        let waits = participant.is_awaited(self.now);
        let reason = match &participant.flag {
            Flag::Lowered(reason) => *reason,
            Flag::Expired(_, reason) => Some(*reason),
            Flag::Raised(_) => None,
        };
        let status = match (raised, &participant.flag) {
            (Some(_), _) => "authenticated",
            (None, _) if waits => "pending",
            (None, Flag::Lowered(_)) => "unauthenticated",
            (None, Flag::Expired(..) | Flag::Raised(_)) => "expired",
        };
        AuthenticationView {
            authenticated: raised.is_some(),
            status,
            methods: raised.map(|r| r.methods().into_iter().collect()).unwrap_or_default(),
            binding: raised.map(|r| r.binding),
            assisted: raised.is_some_and(|r| r.assisted),
            customer: raised.map(|r| CustomerView {
                id: r.customer.as_ref().map(|c| &c.id).or(participant.known_as()).map(ToString::to_string),
                name: r.customer.as_ref().map_or_else(|| participant.person.name.clone(), |c| c.name.clone()),
                private_data: (self.role >= Role::Agent).then(|| r.private_data.clone()),
            }),
            since: raised.map(|r| r.since.to_string()),
            expires_at: raised.map(|r| r.expires_at.to_string()),
            reason: reason.map(|r| serde_json::json!(r)),
            intent: None,
        }
    }

    fn answer(self, name: &str, flag: &Flag, settings: &Settings) -> IntentView {
        let intent = settings.intents.get(name);
        let (allowed, reason) = match flag.answer(intent, self.now) {
            IntentDecision::Allowed => (true, None),
            IntentDecision::Refused(reason) => (false, Some(reason)),
        };
        let accept = intent.map(|i| i.accept.clone()).unwrap_or_default();
        IntentView { name: name.to_owned(), allowed, reason, accept }
    }

    fn link(self, interaction: &Interaction, participant: &Participant) -> Option<LinkView> {
        let link = participant.newest_link().filter(|link| link.is_live(self.now))?;
        Some(LinkView {
            id: LinkId { interaction: interaction.id, number: link.number }.to_string(),
            purpose: link.purpose,
            status: link.status(),
            expires_at: link.expires_at.map(|end| end.to_string()),
        })
    }
}

/// Hides the middle of an address: `+372•••••345`, `c•••@example.com`, `c•••••1`. What is hidden
/// shows its length only where the form of a phone number would tell it anyway.
pub fn mask(text: &str) -> String {
    if let Some((name, domain)) = text.split_once('@') {
        return format!("{}•••@{domain}", name.chars().next().unwrap_or('•'));
    }
    let chars: Vec<char> = text.chars().collect();
    let ends = |from: usize, to: usize, hidden: usize| {
        let (start, end): (String, String) = (chars[..from].iter().collect(), chars[to..].iter().collect());
        format!("{start}{}{end}", "•".repeat(hidden))
    };
    match chars.len() {
        n if text.starts_with('+') && n > 7 => ends(4, n - 3, n - 7),
        n if n > 3 => ends(1, n - 1, 5),
        _ => "•••".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn addresses_show_their_ends_only() {
        assert_eq!(mask("+37255512345"), "+372•••••345");
        assert_eq!(mask("customer@example.com"), "c•••@example.com");
        assert_eq!(mask("conv-1"), "c•••••1");
        assert_eq!(mask("ab"), "•••");
    }
}
