//! The data of events, one struct for all kinds that tell the same. Only ids, words, numbers, times and pseudonyms: names,
//! addresses, codes and tokens never stand in it. A code stands in `CodeRequestedData` alone, which is kept nowhere.

use super::value::DataField;

/// Data of events that describes its fields.
pub trait EventFields {
    /// The name of its schema.
    const SCHEMA: &'static str;

    /// Its fields, in the order in which they are written.
    fn fields() -> Vec<DataField>;
}

/// Structs of event data, each field with its meaning. `field?: Type` may be left out; `field: Option<Type>` is
/// always there and may be `null`.
macro_rules! event_data {
    ($($(#[doc = $about:literal])+ pub struct $name:ident { $($fields:tt)* })+) => {
        $(event_data!(@field [$(#[doc = $about])+ $name] [] $($fields)*);)+
    };
    (@field $head:tt [$($done:tt)*] $(#[doc = $doc:literal])+ $field:ident?: $type:ty, $($rest:tt)*) => {
        event_data!(@field $head [$($done)* {
            [$($doc)+] $field [Option<$type>] $type, true,
            #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::event::value::optional")]
        }] $($rest)*);
    };
    (@field $head:tt [$($done:tt)*] $(#[doc = $doc:literal])+ $field:ident: $type:ty, $($rest:tt)*) => {
        event_data!(@field $head [$($done)* {
            [$($doc)+] $field [$type] $type, false, #[serde(with = "crate::event::value::required")]
        }] $($rest)*);
    };
    (@field [$(#[doc = $about:literal])+ $name:ident]
        [$({ [$($doc:literal)+] $field:ident [$full:ty] $type:ty, $absent:literal, #[$serde:meta] })*]) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[doc = $doc])+ #[$serde] pub $field: $full,)*
        }

        impl $crate::event::data::EventFields for $name {
            const SCHEMA: &'static str = stringify!($name);

            fn fields() -> Vec<$crate::event::value::DataField> {
                vec![$($crate::event::value::DataField {
                    name: stringify!($field),
                    meaning: concat!($($doc),+).trim_ascii(),
                    shape: <$type as $crate::event::value::EventValue>::shape(),
                    may_be_null: <$type as $crate::event::value::EventValue>::MAY_BE_NULL,
                    may_be_absent: $absent,
                },)*]
            }
        }
    };
}

pub mod accounts;
pub mod challenges;
pub mod conversations;
pub mod links;
pub mod lockouts;
pub mod messages;
pub mod staff;
pub mod teams;
