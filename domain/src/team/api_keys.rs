//! A team's API keys: what callers of the API prove themselves with. Of each its text's tag is kept, the text
//! is told once.

use serde::{Deserialize, Serialize};

use super::{MAX_KEYS, Role, Team};
use crate::base::id::{ApiKeyId, TeamName};
use crate::refusal::Refusal;
use crate::secret::{MacKey, Secret, Tag, base64url};
use crate::time::Moment;

/// A caller's key. Its text is told once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Its id, part of its text.
    pub id: ApiKeyId,
    /// What it may do.
    pub role: Role,
    /// What people call it.
    pub name: String,
    /// Of its secret.
    pub tag: Tag,
    /// Since when.
    pub created_at: Moment,
}

impl Team {
    /// Adds an API key; its text is `csk_TEAM_ID_SECRET`.
    pub fn add_api_key(
        &mut self,
        role: Role,
        name: String,
        draw: [u8; 40],
        mac: &MacKey,
        now: Moment,
    ) -> Result<(ApiKey, Secret), Refusal> {
        if self.api_keys.len() >= MAX_KEYS {
            return Err(Refusal::TooManyKeys);
        }
        let id: String = draw[..8].iter().map(|b| format!("{b:02x}")).collect();
        let id: ApiKeyId = id.parse().expect("16 hex digits are an id");
        let secret = base64url(&draw[8..]);
        let tag = api_key_tag(mac, &self.name, &id, &secret);
        let text = format!("csk_{}_{id}_{secret}", self.name);
        let key = ApiKey { id, role, name, tag, created_at: now };
        self.api_keys.push(key.clone());
        Ok((key, Secret::new(text.into_bytes())))
    }

    /// Takes an API key away.
    pub fn remove_api_key(&mut self, id: &ApiKeyId) -> Result<ApiKey, Refusal> {
        let at = self.api_keys.iter().position(|key| key.id == *id).ok_or(Refusal::NotFound("API key"))?;
        Ok(self.api_keys.remove(at))
    }
}

/// An API key's text, taken apart. What it claims is not proved yet.
pub struct Presented<'a> {
    /// The team that it claims.
    pub team: TeamName,
    /// Its id.
    pub id: ApiKeyId,
    secret: &'a str,
}

impl<'a> Presented<'a> {
    /// `csk_TEAM_ID_SECRET`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("csk_")?.splitn(3, '_');
        let (team, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { team: team.parse().ok()?, id: id.parse().ok()?, secret })
    }

    /// The team's key, where this is its text.
    pub fn verify<'t>(&self, team: &'t Team, mac: &MacKey) -> Option<&'t ApiKey> {
        let key = team.api_keys.iter().find(|key| key.id == self.id)?;
        (key.tag == api_key_tag(mac, &self.team, &self.id, self.secret)).then_some(key)
    }
}

fn api_key_tag(mac: &MacKey, team: &TeamName, id: &ApiKeyId, secret: &str) -> Tag {
    mac.tag(&[team.as_str().as_bytes(), id.as_str().as_bytes(), secret.as_bytes()])
}
