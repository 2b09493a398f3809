//! Names and ids, parsed once at the edge: a value of these types is a good one.
//! That a name is well-formed says nothing of whether it exists: `gateway` looks that up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::validation::ValidationError;
use crate::base::validation;
use crate::time::Moment;

/// Why a text is not the name it was meant to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidName(pub &'static str);

impl From<InvalidName> for ValidationError {
    fn from(invalid: InvalidName) -> Self {
        validation::told(invalid.0)
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $rule:expr, $ok:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let good: fn(&str) -> bool = $ok;
                if good(text) { Ok(Self(text.to_owned())) } else { Err(InvalidName($rule)) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn slug(text: &str, longest: usize, also: &[u8]) -> bool {
    (1..=longest).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || also.contains(&b))
}

/// The name of something new. Browsers and proxies take `.` and `..` out of a path (RFC 3986 §5.2.4), so neither
/// is given any more; what was called so before is read, and can be removed.
///
/// # Errors
/// `InvalidName`, with the rule that it breaks.
pub fn new_name<T: FromStr<Err = InvalidName>>(text: &str) -> Result<T, InvalidName> {
    if matches!(text, "." | "..") {
        return Err(InvalidName(validation::DOTS.says));
    }
    text.parse()
}

/// Printable, without control characters, at most `longest` bytes; nor is there any that ends a line,
/// cannot be seen, or turns the direction of reading, so that no text looks like another. The two
/// joiners stay: Persian and Hindi are written with them.
pub fn plain_text(text: &str, longest: usize) -> bool {
    let deceives = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    !text.is_empty() && text.len() <= longest && !text.chars().any(|c| c.is_control() || deceives(c))
}

name! {
    /// A team's name, part of paths and keys.
    TeamName, validation::TEAM_NAME.says,
    |t| slug(t, 63, b"-") && !t.starts_with('-')
}
name! {
    /// A channel's name within its team.
    ChannelName, validation::CHANNEL_NAME.says, |t| slug(t, 32, b"-")
}
name! {
    /// The platform's own id of the conversation.
    Conversation, "a conversation is 1 to 256 bytes without control characters", |t| plain_text(t, 256)
}
name! {
    /// An intent's name.
    IntentName, validation::INTENT_NAME.says, |t| slug(t, 64, b"_-")
}
name! {
    /// A participant within an interaction: `p1`, `p2`, …
    ParticipantId, "a participant's id is p and a number",
    |t| t.strip_prefix('p').is_some_and(|n| n.len() <= 5 && !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}
name! {
    /// The name of a team's own opening screen.
    ScreenName, validation::SCREEN_NAME.says,
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}
name! {
    /// A webhook's name within its team.
    WebhookName, validation::WEBHOOK_NAME.says,
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}
name! {
    /// The name of somebody who works with the consoles, within her team.
    UserName, validation::USER_NAME.says,
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'+' | b'@'))
}
name! {
    /// The name of somebody who checks documents, within the team.
    ProviderName, "a provider's name is 1 to 64 of letters, digits, _, - and .",
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}
name! {
    /// A security key's id, as it stands in a JWT header.
    Kid, "a kid is 1 to 32 of A-Z, a-z, 0-9, _ and -",
    |t| (1..=32).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
name! {
    /// The id of an API key; not secret.
    ApiKeyId, "an API key's id is 1 to 32 of a-z and 0-9", |t| slug(t, 32, b"")
}
name! {
    /// The bot's id of a message that a person typed.
    MessageId, "a message id is 1 to 200 bytes without control characters", |t| plain_text(t, 200)
}
name! {
    /// The company's own id of a customer.
    CustomerId, validation::CUSTOMER_ID.says,
    |t| plain_text(t, 255)
}

impl ParticipantId {
    /// The n-th participant's id.
    pub fn nth(n: u16) -> Self {
        Self(format!("p{n}"))
    }
}

/// An interaction's id: a UUIDv7 (RFC 9562 §5.7) whose last byte is its partition, so that the
/// id alone says where everything of the interaction lies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InteractionId(Uuid);

impl InteractionId {
    /// Made of a moment, chance and the partition.
    pub fn new(now: Moment, chance: [u8; 10], partition: u8) -> Self {
        let mut chance = chance;
        chance[9] = partition;
        Self(uuid::Builder::from_unix_timestamp_millis(now.0, &chance).into_uuid())
    }

    /// Where everything of this interaction lies.
    pub fn partition(self) -> u8 {
        self.0.as_bytes()[15]
    }

    /// The id's 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// From 16 bytes, where they are a UUIDv7.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let id = Uuid::from_bytes(bytes);
        (id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122).then_some(Self(id))
    }
}

impl FromStr for InteractionId {
    type Err = InvalidName;

    /// Only the canonical spelling: lower case, with hyphens.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = InvalidName("an interaction's id is a lower-case UUID");
        let Ok(id) = Uuid::try_parse(text) else { return Err(wrong) };
        // Of the spellings that are a UUID only the canonical one has 36 characters.
        let canonical = text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase());
        Self::from_bytes(*id.as_bytes()).filter(|_| canonical).ok_or(wrong)
    }
}

impl fmt::Display for InteractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hyphenated())
    }
}

impl fmt::Debug for InteractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A challenge's public id, `INTERACTION.cN`: not secret, opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengeId {
    /// The interaction that it belongs to.
    pub interaction: InteractionId,
    /// Its number within it.
    pub number: u16,
}

impl fmt::Display for ChallengeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.c{}", self.interaction, self.number)
    }
}

impl FromStr for ChallengeId {
    type Err = InvalidName;

    /// Only the canonical spelling.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = InvalidName("a challenge's id is an interaction's, .c and a number");
        let (interaction, number) = text.split_once(".c").ok_or(wrong.clone())?;
        let number: u16 = number.parse().map_err(|_| wrong.clone())?;
        let id = Self { interaction: interaction.parse()?, number };
        if id.to_string() == text { Ok(id) } else { Err(wrong) }
    }
}

/// A link's public id, `INTERACTION.N`: not secret, opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkId {
    /// The interaction that it belongs to.
    pub interaction: InteractionId,
    /// Its number within it.
    pub number: u16,
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.interaction, self.number)
    }
}

impl FromStr for LinkId {
    type Err = InvalidName;

    /// Only the canonical spelling.
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = InvalidName("a link's id is an interaction's, . and a number");
        let (interaction, number) = text.split_once('.').ok_or(wrong.clone())?;
        let number: u16 = number.parse().map_err(|_| wrong.clone())?;
        let id = Self { interaction: interaction.parse()?, number };
        if id.to_string() == text { Ok(id) } else { Err(wrong) }
    }
}

macro_rules! as_text {
    ($($id:ident)+) => {
        $(impl Serialize for $id {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        })+
    };
}

as_text! { InteractionId ChallengeId LinkId }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interaction_id_carries_its_partition_and_its_time() {
        let id = InteractionId::new(Moment(1_700_000_000_000), [7; 10], 201);
        assert_eq!(id.partition(), 201);
        assert_eq!(id.to_string().parse::<InteractionId>().unwrap(), id);
        assert!(id.to_string() < InteractionId::new(Moment(1_700_000_000_001), [0; 10], 0).to_string());
    }

    #[test]
    fn names_that_are_not() {
        assert!("Acme".parse::<TeamName>().is_err());
        assert!("".parse::<ChannelName>().is_err());
        assert!("a\nb".parse::<Conversation>().is_err());
        assert!("a\u{202e}b".parse::<Conversation>().is_err());
        assert!("../../dev/null".parse::<Kid>().is_err());
        assert!("0199A0B0-0000-7000-8000-000000000000".parse::<InteractionId>().is_err());
        assert!("p".parse::<ParticipantId>().is_err());
    }

    #[test]
    fn no_name_in_a_path_is_taken_away_on_the_way() {
        for dots in [".", ".."] {
            let refused = [
                new_name::<TeamName>(dots).is_err(),
                new_name::<ChannelName>(dots).is_err(),
                new_name::<ScreenName>(dots).is_err(),
                new_name::<WebhookName>(dots).is_err(),
                new_name::<UserName>(dots).is_err(),
                new_name::<ProviderName>(dots).is_err(),
                new_name::<CustomerId>(dots).is_err(),
                new_name::<Kid>(dots).is_err(),
            ];
            assert_eq!(refused, [true; 8], "{dots}");
            assert!(dots.parse::<WebhookName>().is_ok(), "one that is there can be removed");
            let kept = serde_json::json!(dots);
            assert!(serde_json::from_value::<ScreenName>(kept.clone()).is_ok(), "and is read");
            assert!(serde_json::from_value::<CustomerId>(kept).is_ok());
        }
        assert!(new_name::<ScreenName>("...").is_ok() && new_name::<CustomerId>(".a").is_ok());
    }

    #[test]
    fn a089_no_text_holds_what_cannot_be_seen_or_turns_it() {
        let unseen = "\u{ad}\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{206f}\u{feff}\u{fffb}\u{e0061}\u{85}";
        for sign in unseen.chars() {
            assert!(!plain_text(&format!("Demo{sign}Customer"), 200), "{sign:?}");
        }
        for name in ["Demo Customer", "Õnne", "مشتری\u{200c}ها", "ग्राहक", "👩\u{200d}💻"] {
            assert!(plain_text(name, 200), "{name}");
        }
    }
}
