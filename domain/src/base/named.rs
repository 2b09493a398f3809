//! Enums whose variants have names: in records, in events, in settings and in the API.
//! The enum says what a variant means.

/// An enum with a name for each of its variants: `named! { pub enum Role { Bot = "bot", … } }`.
///
/// It can be copied and compared; serde reads and writes it by its names; `ALL` are its variants in their order,
/// `NAMES` their names, and `as_str` tells the name of one. An enum may derive more.
#[macro_export]
macro_rules! named {
    (
        $(#[$attribute:meta])*
        pub enum $Enum:ident {
            $($(#[$of_variant:meta])* $Variant:ident = $name:literal,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $Enum {
            $($(#[$of_variant])* #[serde(rename = $name)] $Variant,)*
        }

        impl $Enum {
            /// All of them, in their order.
            pub const ALL: [Self; Self::NAMES.len()] = [$(Self::$Variant,)*];

            /// The names of all of them.
            pub const NAMES: [&'static str; [$($name,)*].len()] = [$($name,)*];

            /// Its name, as programs read it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $name,)*
                }
            }
        }
    };
}
