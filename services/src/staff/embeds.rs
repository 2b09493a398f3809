//! Frames that show one interaction on somebody else's page: a link that is good once and for a minute, and
//! the session that it is changed for. What a frame may do is at most what whoever asked for it may.

use super::Callers;
use super::caller::Caller;
use super::callers::FRAME;
use crate::conversations::snapshots::Acting;
use crate::engine::Error;
use countersign_domain::base::id::TeamName;
use countersign_domain::refusal::Refusal;
use countersign_domain::team::Role;
use countersign_domain::team::session::{FrameGuest, LINK, MAX_LIFETIME, Session, SessionOwner, Voucher};
use countersign_domain::time::Moment;

/// A link into a frame.
#[derive(Clone, Debug)]
pub struct Embed {
    /// The link's secret.
    pub token: String,
    /// Its address.
    pub url: String,
    /// Its end.
    pub until: Moment,
}

impl Callers {
    /// Makes a link into a frame that shows that interaction.
    pub async fn embed(&self, acting: Acting<'_>, caller: &Caller) -> Result<Embed, Error> {
        let snapshot = self.conversations.flag(acting.id, acting.team).await?;
        let team = snapshot.interaction.team.clone();
        let by = match (&caller.who, &caller.team, &caller.actor) {
            (Some(who), ..) => Voucher::Person(who.clone()),
            (None, Some(of), countersign_domain::event::Actor::ApiKey(id)) => {
                let id = id.parse().map_err(|_| Refusal::Forbidden)?;
                Voucher::Key { team: of.clone(), id }
            }
            (None, ..) => Voucher::Owner,
        };
        let guest = FrameGuest { team, interaction: acting.id, role: caller.role.min(Role::Agent), by };
        let until = self.engine.now().plus(LINK);
        let token = self.users.keep_session(SessionOwner::Link(guest), LINK).await?;
        let url = format!("{}/embed/{token}", self.urls.public_url());
        Ok(Embed { token, url, until })
    }

    /// What a link leads to, while it is good.
    pub async fn embedded(&self, token: &str) -> Result<Option<FrameGuest>, Error> {
        match self.users.session(token).await? {
            Some(Session { of: SessionOwner::Link(guest), .. }) => {
                Ok(self.users.vouched_role(&guest).await?.map(|_| guest))
            }
            _ => Ok(None),
        }
    }

    /// Changes a link, once, for a session that the frame's page shows as a bearer.
    pub async fn enter_frame(&self, token: &str) -> Result<Option<(String, FrameGuest)>, Error> {
        if self.embedded(token).await?.is_none() {
            return Ok(None);
        }
        let Some(Session { of: SessionOwner::Link(guest), .. }) = self.users.take_session(token).await? else {
            return Ok(None);
        };
        let session = self.users.keep_session(SessionOwner::Frame(guest.clone()), MAX_LIFETIME).await?;
        Ok(Some((format!("{FRAME}{session}"), guest)))
    }

    /// Origins that may stand around a team's frames, and whether agents see codes in them.
    pub async fn embedding(&self, team: &TeamName) -> Result<(Vec<String>, bool), Error> {
        let view = self.teams.team(team).await?.ok_or(Refusal::NotFound("team"))?;
        let settings = &view.effective.settings;
        Ok((settings.allowed_origins.clone(), settings.otp.show_to_agents))
    }
}
