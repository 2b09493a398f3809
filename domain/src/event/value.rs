//! The values in the data of events: how each is written, read back and described.
//! Which fields there are, `data` says.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::Error;
use serde::de::{self, DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, forward_to_deserialize_any};

use crate::base::binding::Binding;
use crate::base::id::{
    ApiKeyId, ChallengeId, ChannelName, CustomerId, IntentName, Kid, LinkId, ProviderName, TeamName, UserName,
    WebhookName,
};
use crate::base::method::{Guarded, Method};
use crate::base::role::{ParticipantRole, Role};
use crate::base::way::Way;
use crate::secret::Secret;
use crate::secret::customer_tag::CustomerTag;
use crate::time::Moment;

/// How a value reads in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueShape {
    /// Any text.
    Text,
    /// Any of these words.
    Words(&'static [&'static str]),
    /// A moment, as RFC 3339 writes it.
    Moment,
    /// A whole number.
    Number,
    /// true or false.
    Boolean,
    /// A list of such values.
    List(Box<Self>),
}

/// A value in the data of an event.
pub trait EventValue: Serialize + DeserializeOwned {
    /// Whether it may be `null`.
    const MAY_BE_NULL: bool = false;

    /// How it reads in JSON.
    fn shape() -> ValueShape;

    /// Writes it.
    ///
    /// # Errors
    /// The serializer's.
    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.serialize(s)
    }

    /// Reads it back.
    ///
    /// # Errors
    /// The deserializer's, and where it is no such value.
    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::deserialize(d)
    }
}

macro_rules! values {
    ($($shape:expr => $($type:ty)+;)*) => {
        $($(impl EventValue for $type {
            fn shape() -> ValueShape {
                $shape
            }
        })+)*
    };
}

values! {
    ValueShape::Text => String Cow<'static, str> ApiKeyId ChallengeId ChannelName CustomerId CustomerTag IntentName
        Kid LinkId ProviderName TeamName UserName WebhookName;
    ValueShape::Number => u8 u16 u32 u64 usize;
    ValueShape::Boolean => bool;
}

/// Enums whose words are the names that they are serialized by.
macro_rules! words {
    ($($type:ty),* $(,)?) => {
        $(impl $crate::event::value::EventValue for $type {
            fn shape() -> $crate::event::value::ValueShape {
                $crate::event::value::ValueShape::Words($crate::event::value::words_of::<Self>())
            }
        })*
    };
}

pub(crate) use words;

words! {
    Binding,
    Guarded,
    Method,
    ParticipantRole,
    Role,
    Way,
    crate::accounts::directory::DirectoryKind,
    crate::proof::challenge::ChallengeEnd,
    crate::proof::flag::Reason,
    crate::proof::link::LinkPurpose,
    crate::providers::identity::CheckStage,
    crate::providers::identity::Flaw,
}

impl EventValue for Moment {
    fn shape() -> ValueShape {
        ValueShape::Moment
    }

    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }

    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// A code or an address, told in plain text to whoever sends the code. It does not print.
impl EventValue for Secret {
    fn shape() -> ValueShape {
        ValueShape::Text
    }

    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&String::from_utf8_lossy(self.expose()))
    }

    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(|text| Self::new(text.into_bytes()))
    }
}

impl<T: EventValue> EventValue for Vec<T> {
    fn shape() -> ValueShape {
        ValueShape::List(Box::new(T::shape()))
    }
}

impl<T: EventValue> EventValue for Option<T> {
    const MAY_BE_NULL: bool = true;

    fn shape() -> ValueShape {
        T::shape()
    }

    fn write<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(s),
            None => s.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Option::<Value<T>>::deserialize(d)?.map(|Value(value)| value))
    }
}

/// A value that reads itself back as `EventValue` says.
struct Value<T>(T);

impl<'de, T: EventValue> Deserialize<'de> for Value<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        T::read(d).map(Self)
    }
}

/// Fields that are always there.
pub(crate) mod required {
    use super::{Deserializer, EventValue, Serializer};

    pub(crate) fn serialize<T: EventValue, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
        value.write(s)
    }

    pub(crate) fn deserialize<'de, T: EventValue, D: Deserializer<'de>>(d: D) -> Result<T, D::Error> {
        T::read(d)
    }
}

/// Fields that are left out where they have no value.
pub(crate) mod optional {
    use super::{Deserializer, EventValue, Serializer};

    pub(crate) fn serialize<T: EventValue, S: Serializer>(value: &Option<T>, s: S) -> Result<S::Ok, S::Error> {
        value.write(s)
    }

    pub(crate) fn deserialize<'de, T: EventValue, D: Deserializer<'de>>(d: D) -> Result<Option<T>, D::Error> {
        T::read(d).map(Some)
    }
}

/// The words of an enum without data, as serde knows them.
pub(crate) fn words_of<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut words: &'static [&'static str] = &[];
    let _ = T::deserialize(VariantNames(&mut words)); // it is asked for its names alone
    words
}

/// Hears which variants an enum asks for, and gives it none.
struct VariantNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for VariantNames<'_> {
    type Error = Error;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = variants;
        Err(de::Error::custom("only its names"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("no enum"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A field of an event's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataField {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its meaning, in a sentence.
    pub meaning: &'static str,
    /// How its value reads.
    pub shape: ValueShape,
    /// Whether its value may be `null`.
    pub may_be_null: bool,
    /// Whether it may be left out.
    pub may_be_absent: bool,
}

impl fmt::Display for ValueShape {
    /// In words, for a reader of the catalogue.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Moment => f.write_str("time"),
            Self::Number => f.write_str("number"),
            Self::Boolean => f.write_str("true or false"),
            Self::List(inner) => write!(f, "list of {inner}"),
            Self::Words(words) => {
                for (place, word) in words.iter().enumerate() {
                    write!(f, "{}`{word}`", if place == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}
