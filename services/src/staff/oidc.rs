//! Signing in to the consoles by OpenID Connect: authorization code with PKCE (RFC 7636), state, nonce and the
//! issuer of the answer (RFC 9207). The provider's documents are fetched and kept here; whether its word is
//! good, and what it is worth, is `domain::oidc`'s.
//!
//! Whatever is wrong ends without a session, and the log says what it was.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, header};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::SignIn;
use super::sessions::SessionGeneration;
use crate::engine::{Effects, Error, Slot};
use crate::teams::team_event;
use countersign_domain::base::id::TeamName;
use countersign_domain::event::data::staff::{SignInProvider, UserSignedInData};
use countersign_domain::event::{Actor, EventData};
use countersign_domain::secret::base64url;
use countersign_domain::team::oidc::{
    Doubt, Metadata, OidcProvider, ProviderKey, Rights, Vouched, groups, judge, keys,
};
use countersign_domain::team::session::{MAX_LIFETIME, STEP, Session, SessionOwner, Who};

/// What the provider says of itself is asked for again after so long.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// A key that is not known is looked for no more often.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What the provider answered with, by way of the browser.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Returned {
    /// What the tokens are asked for with.
    pub code: Option<String>,
    /// What we gave along.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Why nobody is in.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The provider cannot be reached, or answers nothing that can be used.
    #[error("the OpenID provider: {0}")]
    Away(&'static str),
    /// What it said is not good.
    #[error("the OpenID provider's word is not good: {0}")]
    Bad(&'static str),
    /// The provider, or the person there, said no.
    #[error("the OpenID provider refused")]
    Refused,
    /// The browser did not begin this, or too long ago.
    #[error("no sign-in waits for this answer")]
    Stale,
    /// The person may do nothing here.
    #[error("no group of the person has a role here")]
    Nothing,
    /// Ours.
    #[error(transparent)]
    Ours(#[from] Error),
}

/// What this node has fetched.
#[derive(Default)]
pub(crate) struct Fetched(Mutex<Option<Arc<Known>>>);

struct Known {
    at: Duration,
    metadata: Metadata,
    keys: Vec<ProviderKey>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

impl SignIn {
    /// Whether there is a provider to sign in by.
    pub fn has_provider(&self) -> bool {
        self.oidc.is_some()
    }

    /// Where the provider is, as far as its issuer says.
    pub fn provider_origin(&self) -> Option<String> {
        let issuer = Url::parse(&self.oidc.as_ref()?.issuer).ok()?;
        Some(issuer.origin().ascii_serialization())
    }

    /// Sends somebody to the provider: what the browser keeps meanwhile, and where it goes.
    pub async fn go_to_provider(&self) -> Result<(String, String), Failed> {
        let provider = self.oidc.as_ref().ok_or(Failed::Stale)?;
        let known = self.told_by(provider, FRESH).await?;
        let (nonce, verifier) = (base64url(&self.engine.draw::<24>()), base64url(&self.engine.draw::<32>()));
        let challenge = base64url(digest(&SHA256, verifier.as_bytes()).as_ref());
        let of = SessionOwner::Away { nonce: nonce.clone(), verifier, issuer: provider.issuer.clone() };
        let token = self.users.keep_session(of, STEP).await?;
        let endpoint = Url::parse(&known.metadata.authorization_endpoint);
        let mut url = endpoint.map_err(|_| Failed::Away("its authorization endpoint is no URL"))?;
        if url.scheme() != "https" && self.messaging.egress().admit(&url).is_err() {
            return Err(Failed::Away("its authorization endpoint is not https"));
        }
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("scope", &provider.scopes.join(" "))
            .append_pair("state", &self.state_of(&token))
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok((token, url.into()))
    }

    fn redirect_uri(&self) -> String {
        format!("{}/signin/oidc", self.urls.public_url())
    }

    /// Bound to the browser, which alone has the token.
    fn state_of(&self, token: &str) -> String {
        base64url(self.engine.keys.session.tag(&[b"oidc state", token.as_bytes()]).as_bytes())
    }

    /// Judges the answer that a browser brings back. The session before it is over, whatever it says.
    pub async fn come_from_provider(&self, token: &str, returned: &Returned) -> Result<String, Failed> {
        use subtle::ConstantTimeEq as _;
        let state = returned.state.as_deref().unwrap_or_default();
        if !bool::from(self.state_of(token).as_bytes().ct_eq(state.as_bytes())) {
            return Err(Failed::Stale);
        }
        let Some(Session { of: SessionOwner::Away { nonce, verifier, issuer }, .. }) =
            self.users.take_session(token).await?
        else {
            return Err(Failed::Stale);
        };
        let provider = self.oidc.as_ref().filter(|provider| provider.issuer == issuer).ok_or(Failed::Stale)?;
        let known = self.told_by(provider, FRESH).await?;
        match &returned.iss {
            Some(iss) if *iss != issuer => return Err(Failed::Bad("another issuer answers")),
            None if known.metadata.authorization_response_iss_parameter_supported => {
                return Err(Failed::Bad("it does not say who answers"));
            }
            _ => {}
        }
        if returned.error.is_some() {
            return Err(Failed::Refused);
        }
        let code = returned.code.as_deref().ok_or(Failed::Bad("neither code nor error"))?;
        let tokens = self.exchange(provider, &known.metadata, code, &verifier).await?;
        let vouched = self.judged(provider, &known, &tokens.id_token, &nonce).await?;
        self.let_in(provider, &known.metadata, vouched, tokens.access_token.as_deref()).await
    }

    async fn judged(
        &self,
        provider: &OidcProvider,
        known: &Known,
        token: &str,
        nonce: &str,
    ) -> Result<Vouched, Failed> {
        match judge(token, provider, nonce, &known.keys, self.engine.now()) {
            Ok(vouched) => Ok(vouched),
            Err(Doubt::Bad(why)) => Err(Failed::Bad(why)),
            // It may have changed its keys since.
            Err(Doubt::UnknownKey) => {
                let newer = self.told_by(provider, LOOK_AGAIN).await?;
                judge(token, provider, nonce, &newer.keys, self.engine.now()).map_err(|doubt| match doubt {
                    Doubt::Bad(why) => Failed::Bad(why),
                    Doubt::UnknownKey => Failed::Bad("its key is not among the provider's"),
                })
            }
        }
    }

    async fn let_in(
        &self,
        provider: &OidcProvider,
        metadata: &Metadata,
        vouched: Vouched,
        access: Option<&str>,
    ) -> Result<String, Failed> {
        let Vouched { subject, name, groups } = vouched;
        let groups = match (groups, access, &metadata.userinfo_endpoint) {
            (Some(groups), ..) => groups,
            (None, Some(access), Some(endpoint)) => self.told_groups(provider, endpoint, access, &subject).await?,
            _ => Vec::new(),
        };
        let rights = provider.rights(&groups);
        if rights.is_empty() {
            return Err(Failed::Nothing);
        }
        // Only those that mean something here are kept.
        let meant = |group: &String| provider.rules.iter().any(|rule| rule.group == *group);
        let groups: Vec<String> = groups.into_iter().filter(meant).collect();
        let issuer = provider.issuer.clone();
        let actor = Actor::User(format!("oidc:{subject}"));
        let generation = self.note_sign_in(&actor, &issuer, &subject, &rights).await?;
        let who = Who::Provided { issuer, subject, name, groups, generation };
        Ok(self.users.keep_session(SessionOwner::Person(who), MAX_LIFETIME).await?)
    }

    /// Each team of theirs hears it; which generation of sessions counts.
    async fn note_sign_in(&self, actor: &Actor, issuer: &str, subject: &str, rights: &Rights) -> Result<u64, Error> {
        let mut teams = Vec::new();
        for team in rights.teams.keys() {
            if self.teams.team(team).await?.is_some() {
                teams.push(team);
            }
        }
        let note = |generation: &mut Slot<SessionGeneration>, effects: &mut Effects, now| {
            let data = UserSignedInData { user: None, totp: None, by: Some(SignInProvider::Oidc) };
            let tell = |team: &&TeamName| team_event(team, EventData::UserSignedIn(data.clone()), actor, now);
            effects.tell_all(teams.iter().map(tell));
            Ok(generation.get_or_default().0)
        };
        self.engine.transact(&self.users.generation_key(issuer, subject), note).await
    }

    /// The groups, where the provider tells them at another place; of the same person (§5.3.2).
    async fn told_groups(
        &self,
        provider: &OidcProvider,
        endpoint: &str,
        access: &str,
        subject: &str,
    ) -> Result<Vec<String>, Failed> {
        let request = Request::get(endpoint).header(header::AUTHORIZATION, format!("Bearer {access}"));
        let body = self.ask_of(request.body(Vec::new())).await?;
        let told: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&body).map_err(|_| Failed::Bad("what it tells of a person cannot be read"))?;
        if told.get("sub").and_then(serde_json::Value::as_str) != Some(subject) {
            return Err(Failed::Bad("it tells of another person"));
        }
        Ok(groups(&told, &provider.groups_claim).unwrap_or_default())
    }

    /// Changes the code for tokens.
    async fn exchange(
        &self,
        provider: &OidcProvider,
        metadata: &Metadata,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, Failed> {
        let body = self.ask_of(self.exchanging(provider, metadata, code, verifier)).await?;
        serde_json::from_slice(&body).map_err(|_| Failed::Bad("its answer to the code holds no ID token"))
    }

    /// RFC 6749 §4.1.3, with the client's word by HTTP or in the body, as the provider wants it.
    fn exchanging(
        &self,
        provider: &OidcProvider,
        metadata: &Metadata,
        code: &str,
        verifier: &str,
    ) -> http::Result<Request<Vec<u8>>> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("code_verifier", verifier);
        let mut request = Request::post(&metadata.token_endpoint)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        let secret =
            provider.client_secret.as_ref().map(|secret| String::from_utf8_lossy(secret.expose()).into_owned());
        match secret {
            Some(secret) if !metadata.wants_secret_in_body() => {
                let coded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", coded(&provider.client_id), coded(&secret));
                request = request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
            }
            secret => {
                form.append_pair("client_id", &provider.client_id);
                if let Some(secret) = secret {
                    form.append_pair("client_secret", &secret);
                }
            }
        }
        request.body(form.finish().into_bytes())
    }

    /// What the provider says of itself and its keys, not older than that.
    async fn told_by(&self, provider: &OidcProvider, oldest: Duration) -> Result<Arc<Known>, Failed> {
        let mut kept = self.fetched.0.lock().await;
        let now = self.engine.clock.elapsed();
        if let Some(known) = kept.as_ref().filter(|known| now.saturating_sub(known.at) < oldest) {
            return Ok(known.clone());
        }
        let place = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
        let body = self.ask_of(Request::get(place).body(Vec::new())).await?;
        let metadata = Metadata::read(&body, &provider.issuer).map_err(Failed::Bad)?;
        let body = self.ask_of(Request::get(&metadata.jwks_uri).body(Vec::new())).await?;
        let known = Arc::new(Known { at: now, metadata, keys: keys(&body).map_err(Failed::Bad)? });
        *kept = Some(known.clone());
        Ok(known)
    }

    async fn ask_of(&self, request: http::Result<Request<Vec<u8>>>) -> Result<Vec<u8>, Failed> {
        let request = request.map_err(|_| Failed::Away("one of its addresses is no URL"))?;
        let http_client = self.messaging.http_client().ok_or(Failed::Away("nothing can be asked"))?;
        let reply = http_client.carry(request).await.map_err(|_| Failed::Away("it does not answer"))?;
        match reply.status {
            200 => Ok(reply.body),
            500.. => Err(Failed::Away("it answers with an error of its own")),
            _ => Err(Failed::Bad("it refuses what was asked")),
        }
    }
}
