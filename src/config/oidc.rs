//! `[oidc]`: the OpenID provider that staff sign in by, and what its groups may do. Only the words; whether the
//! provider is there is found out when somebody signs in.

use serde::Deserialize;
use url::Url;

use super::ConfigError;

/// `[oidc]`
#[derive(Clone, Deserialize)]
pub struct Oidc {
    /// Empty: nobody signs in so.
    pub issuer: String,
    /// What the provider calls this gateway.
    pub client_id: String,
    /// Empty: a public client.
    pub client_secret: String,
    /// Asked for.
    pub scopes: Vec<String>,
    /// The claim that names a person's groups.
    pub groups_claim: String,
    /// What they may do.
    pub groups: Vec<Group>,
}

impl std::fmt::Debug for Oidc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Oidc({}, {} groups)", self.issuer, self.groups.len())
    }
}

/// What the people of a group may do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The provider's name of it.
    pub group: String,
    /// What they may do.
    pub role: GroupRole,
    /// In which team; owners are in none.
    pub team: Option<String>,
}

/// A role that a group may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupRole {
    /// A team's conversations, and codes that may be shown.
    Agent,
    /// Also its settings and people.
    Admin,
    /// Everything.
    Owner,
}

impl Oidc {
    /// Whether it can be followed.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |name: &str, why: &str| Err(ConfigError::Value(format!("oidc.{name}"), why.to_owned()));
        if self.issuer.is_empty() {
            return match self.client_id.is_empty() && self.groups.is_empty() {
                true => Ok(()),
                false => wrong("issuer", "must name the provider, or nothing else of [oidc] is set"),
            };
        }
        let Ok(issuer) = Url::parse(&self.issuer) else { return wrong("issuer", "must be a URL") };
        let local = match issuer.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        if issuer.scheme() != "https" && !(issuer.scheme() == "http" && local) {
            return wrong("issuer", "must be https:// (http:// only with a loopback host)");
        }
        if issuer.query().is_some() || issuer.fragment().is_some() {
            return wrong("issuer", "has neither query nor fragment (OpenID Connect Core 1.0 §2)");
        }
        if self.client_id.is_empty() {
            return wrong("client_id", "must be what the provider calls this gateway");
        }
        if self.groups_claim.is_empty() {
            return wrong("groups_claim", "must name a claim");
        }
        for group in &self.groups {
            match (group.role, &group.team) {
                (GroupRole::Owner, Some(_)) => return wrong("groups", "an owner is owner of all teams: name none"),
                (GroupRole::Agent | GroupRole::Admin, None) => {
                    return wrong("groups", "an agent and an admin are of a team: name it");
                }
                _ => {}
            }
        }
        Ok(())
    }
}
