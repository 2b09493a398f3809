//! Tickets: where a customer is logged in. Each is a family of refresh tokens of which only the newest
//! counts; an older one that comes again was stolen from somebody, and ends the family (RFC 9700 §4.14.2).
//!
//! No token is kept: each follows from the family's nonce, its number and a key outside the store. What an
//! access token says is `gateway::tickets`' affair.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::LoginTag;
use crate::base::id::TeamName;
use crate::secret::{MacKey, base64url, from_base64url, hex};
use crate::time::Moment;

/// A customer is logged in at so many places; the one that was used longest ago gives way.
const MAX_TICKETS: usize = 20;

/// How a refresh token begins, so that whoever finds one knows what it is.
const PREFIX: &str = "csr_";

/// One place where a customer is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Its number among the customer's.
    pub number: u32,
    nonce: [u8; 16],
    /// Which of its refresh tokens is the newest.
    issue: u32,
    /// Since when.
    pub began: Moment,
    used: Moment,
    /// The end, where it is not refreshed before.
    pub expires_at: Moment,
    /// How she showed who she is (RFC 8176).
    pub amr: Vec<String>,
}

/// The places where a customer is logged in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tickets {
    live: Vec<Ticket>,
    /// Tickets so far: the newest one's number.
    made: u32,
}

/// Why a refresh token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshRefusal {
    /// It is none of a ticket that stands.
    Unknown,
    /// It was used before: its ticket has ended.
    Reused,
}

/// A refresh token, taken apart. What it claims is not proved yet.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Whose record.
    pub of: LoginTag,
    number: u32,
    issue: u32,
    proof: [u8; 16],
}

impl Tickets {
    /// Nobody ever was.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What time has ended goes.
    pub fn settle(&mut self, now: Moment) {
        self.live.retain(|ticket| now < ticket.expires_at);
    }

    /// How many stand.
    pub fn count(&self) -> usize {
        self.live.len()
    }

    /// Ends all of them; numbers are not given out again.
    pub fn end_all(&mut self) -> usize {
        std::mem::take(&mut self.live).len()
    }

    /// The ticket of that number, while it stands.
    pub fn get(&self, number: u32) -> Option<&Ticket> {
        self.live.iter().find(|ticket| ticket.number == number)
    }

    /// Another place.
    pub fn begin(&mut self, nonce: [u8; 16], amr: Vec<String>, now: Moment, expires_at: Moment) -> &Ticket {
        if self.live.len() >= MAX_TICKETS {
            let oldest = (0..self.live.len()).min_by_key(|at| self.live[*at].used);
            oldest.map(|at| self.live.remove(at));
        }
        self.made = self.made.wrapping_add(1);
        self.live.push(Ticket { number: self.made, nonce, issue: 0, began: now, used: now, expires_at, amr });
        self.live.last().expect("it was pushed just now")
    }

    /// Whether that is the last that was given of a ticket that stands.
    pub fn is_newest(&self, token: &RefreshToken, team: &TeamName, key: &MacKey) -> bool {
        self.find(token, team, key).is_some_and(|at| self.live[at].issue == token.issue)
    }

    /// The next refresh token takes the place of this one, which is the last that was given.
    pub fn refresh(
        &mut self,
        token: &RefreshToken,
        team: &TeamName,
        key: &MacKey,
        now: Moment,
        expires_at: Moment,
    ) -> Result<&Ticket, RefreshRefusal> {
        let at = self.find(token, team, key).ok_or(RefreshRefusal::Unknown)?;
        if self.live[at].issue != token.issue {
            self.live.remove(at);
            return Err(RefreshRefusal::Reused);
        }
        let ticket = &mut self.live[at];
        (ticket.issue, ticket.used, ticket.expires_at) = (ticket.issue + 1, now, expires_at);
        Ok(ticket)
    }

    /// Ends the ticket that a refresh token belongs to, whichever of its tokens it is.
    pub fn end(&mut self, token: &RefreshToken, team: &TeamName, key: &MacKey) -> bool {
        let found = self.find(token, team, key);
        found.map(|at| self.live.remove(at)).is_some()
    }

    /// Ends the ticket of that number, where it stands.
    pub fn end_number(&mut self, number: u32) -> bool {
        let found = self.live.iter().position(|ticket| ticket.number == number);
        found.map(|at| self.live.remove(at)).is_some()
    }

    fn find(&self, token: &RefreshToken, team: &TeamName, key: &MacKey) -> Option<usize> {
        let at = self.live.iter().position(|ticket| ticket.number == token.number)?;
        let right: bool = proof(&self.live[at], token.issue, token.of, team, key).ct_eq(&token.proof).into();
        (right && token.issue <= self.live[at].issue).then_some(at)
    }
}

impl Ticket {
    /// What access tokens call it. Numbers begin again where a customer was erased and comes back, so the
    /// number alone would not do.
    pub fn id(&self, of: LoginTag, team: &TeamName, key: &MacKey) -> String {
        let number = self.number.to_be_bytes();
        let made = key.tag(&[b"ticket", team.as_str().as_bytes(), of.as_bytes(), &self.nonce, &number]);
        format!("{}.{}.{}", of.name(), self.number, hex(&made.as_bytes()[..8]))
    }

    /// Its newest refresh token.
    pub fn token(&self, of: LoginTag, team: &TeamName, key: &MacKey) -> RefreshToken {
        let proof = proof(self, self.issue, of, team, key);
        RefreshToken { of, number: self.number, issue: self.issue, proof }
    }
}

fn proof(ticket: &Ticket, issue: u32, of: LoginTag, team: &TeamName, key: &MacKey) -> [u8; 16] {
    let (number, issue) = (ticket.number.to_be_bytes(), issue.to_be_bytes());
    key.tag(&[b"refresh", team.as_str().as_bytes(), of.as_bytes(), &ticket.nonce, &number, &issue]).first_half()
}

impl RefreshToken {
    /// As it is given to the storefront.
    pub fn text(&self) -> String {
        let parts = [&self.proof[..], self.of.as_bytes(), &self.number.to_be_bytes(), &self.issue.to_be_bytes()];
        format!("{PREFIX}{}", base64url(&parts.concat()))
    }

    /// Takes only the one canonical spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 40] = from_base64url(text.strip_prefix(PREFIX)?)?.try_into().ok()?;
        let (proof, rest) = bytes.split_first_chunk::<16>()?;
        let (of, rest) = rest.split_first_chunk::<16>()?;
        let (number, issue) = rest.split_first_chunk::<4>()?;
        let issue = u32::from_be_bytes(issue.try_into().ok()?);
        Some(Self { of: LoginTag::from_bytes(*of), number: u32::from_be_bytes(*number), issue, proof: *proof })
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken({})", self.number)
    }
}
