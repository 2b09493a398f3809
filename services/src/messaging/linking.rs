//! Logins that the chat's own platform vouches for: the browser that has logged in is led there, and
//! the platform tells in the chat's account whose browser it was.
//!
//! What is carried leaves this house in the browser that has logged in, and in no message: whoever was
//! sent a link of somebody else's is known to the platform as herself, and raises nothing there.

use countersign_channels::{DeliveryError, Linking, MessageAddress};
use secrecy::{ExposeSecret as _, SecretString};

use super::Messaging;
use crate::conversations::snapshots::Snapshot;
use crate::engine::Error;
use crate::teams::TeamView;
use countersign_domain::base::id::ChannelName;
use countersign_domain::base::role::ParticipantRole;
use countersign_domain::conversation::interaction::Interaction;
use countersign_domain::proof::confirmation::Confirmation;
use countersign_domain::refusal::Refusal;
use countersign_domain::rules::pages::finish::Finished;
use countersign_domain::rules::pages::finish::shown_code;
use countersign_domain::secret::Tag;
use countersign_domain::secret::token::Token;

/// How the browser that has logged in gets the platform to say whose it is.
pub struct WayToPlatform {
    /// What people call the platform.
    pub platform: String,
    /// Where it is; none: it is asked for when the person wants to go.
    pub url: Option<String>,
}

impl Messaging {
    /// The way to the platform, from the done page of a login that waits for its code.
    pub fn way_to_platform(&self, snapshot: &Snapshot<Finished>) -> Option<WayToPlatform> {
        let (team, interaction) = (&snapshot.team, &snapshot.interaction);
        let confirmation = waiting(snapshot)?;
        let nonce = self.nonce_of(interaction, confirmation);
        let url = match self.channels.driver(team, &interaction.channel)?.linking(&nonce)? {
            Linking::To(url) => Some(url.expose_secret().to_owned()),
            Linking::Asked => None,
        };
        Some(WayToPlatform { platform: self.platform_of(team, &interaction.channel)?, url })
    }

    /// The same, now that the person wants to go there.
    ///
    /// # Errors
    ///
    /// `NotFound` where no login of that page waits, or there is no such way; `Away` where the platform
    /// does not give it now.
    pub async fn go_to_platform(&self, done: &Token, browser: &Tag) -> Result<String, Error> {
        let snapshot = self.links.done_page_by_token(done, browser).await?;
        let nowhere = || Error::Refused(Refusal::NotFound("link"));
        let interaction = &snapshot.interaction;
        let nonce = self.nonce_of(interaction, waiting(&snapshot).ok_or_else(nowhere)?);
        let driver = self.channels.driver(&snapshot.team, &interaction.channel).ok_or_else(nowhere)?;
        let url = match driver.linking(&nonce).ok_or_else(nowhere)? {
            Linking::To(url) => url,
            Linking::Asked => {
                let to = MessageAddress::new(interaction.conversation.as_str());
                driver.ask_to_link(&to, &nonce).await.map_err(|error| unwilling(&snapshot.team, interaction, &error))?
            }
        };
        Ok(url.expose_secret().to_owned())
    }

    fn nonce_of(&self, interaction: &Interaction, confirmation: &Confirmation) -> SecretString {
        let carried = confirmation.carried(interaction.id, &self.engine.keys.confirmation);
        SecretString::from(String::from_utf8_lossy(carried.expose()).into_owned())
    }

    /// What people call the platform of a team's channel.
    fn platform_of(&self, team: &TeamView, channel: &ChannelName) -> Option<String> {
        let definition = &team.team.channels.get(channel)?.definition;
        Some(self.drivers.registry().find(definition)?.features().title)
    }
}

/// The proof that waits, of the one who chats: a cosigner is not in the chat.
fn waiting(snapshot: &Snapshot<Finished>) -> Option<&Confirmation> {
    let Finished { at, source, .. } = &snapshot.outcome;
    let participant = snapshot
        .interaction
        .participants
        .get(*at)
        .filter(|participant| participant.role == ParticipantRole::Primary)?;
    shown_code(participant, *source).map(|(confirmation, _)| confirmation)
}

fn unwilling(team: &TeamView, interaction: &Interaction, error: &DeliveryError) -> Error {
    let (team, channel) = (&team.team.name, &interaction.channel);
    tracing::warn!(%team, %channel, %error, "the platform gave no way to link an account");
    Error::Away("the platform cannot be reached now".into())
}
