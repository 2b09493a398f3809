//! The wishes that the bot understands in a text, and the proof that each needs.
//!
//! It reads words and calls nothing. It knows that some wishes are an *intent* of the team's settings, and nothing about
//! how one proves who one is: that is asked of the gateway.

use crate::transcript::EntryBody;

/// What a customer may want of the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Something that the gateway must allow.
    Protected(ProtectedRequest),
    /// To be signed out.
    SignOut,
    /// A greeting.
    Hello,
    /// Nothing that the bot understands.
    Unclear,
}

/// A wish that the gateway must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtectedRequest {
    /// The statement of the account.
    Statement,
    /// The balance.
    Balance,
    /// Another address.
    Address,
}

/// What the bot asks for when the gateway says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredProof {
    /// At the bank's login page.
    Login,
    /// From the customer's phone.
    Code,
}

impl Wish {
    /// What `text` asks for, by its words.
    pub fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["sign out", "sign me out", "log out", "logout", "sign-out"]) {
            Self::SignOut
        } else if has(&["statement"]) {
            Self::Protected(ProtectedRequest::Statement)
        } else if has(&["balance"]) {
            Self::Protected(ProtectedRequest::Balance)
        } else if has(&["address", "i have moved", "i moved"]) {
            Self::Protected(ProtectedRequest::Address)
        } else if has(&["hello", "hi ", "good morning", "good evening", "hey"]) {
            Self::Hello
        } else {
            Self::Unclear
        }
    }
}

impl ProtectedRequest {
    /// Its name in the team's settings.
    pub fn intent(self) -> &'static str {
        match self {
            Self::Statement => "statement_copy",
            Self::Balance => "balance",
            Self::Address => "change_address",
        }
    }

    /// Its name in a sentence.
    pub fn spoken(self) -> &'static str {
        match self {
            Self::Statement => "a copy of your statement",
            Self::Balance => "your balance",
            Self::Address => "your new address",
        }
    }

    /// How the bot has it proved; what is enough, the team's settings say.
    pub fn proof(self) -> RequiredProof {
        match self {
            Self::Statement | Self::Balance => RequiredProof::Login,
            Self::Address => RequiredProof::Code,
        }
    }

    /// The answer, for someone who may have it.
    pub fn answer(self) -> EntryBody {
        match self {
            Self::Statement => EntryBody::Statement,
            Self::Balance => EntryBody::Balance,
            Self::Address => EntryBody::Address,
        }
    }
}

/// A sentence of the bot.
pub fn bot(text: impl Into<String>) -> EntryBody {
    EntryBody::Bot { text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_understands_what_the_buttons_say_and_what_people_type() {
        for (text, wish) in [
            ("I would like a copy of my statement, please", Wish::Protected(ProtectedRequest::Statement)),
            ("STATEMENT", Wish::Protected(ProtectedRequest::Statement)),
            ("What is my balance?", Wish::Protected(ProtectedRequest::Balance)),
            ("Please change my address to 12 Linden Row", Wish::Protected(ProtectedRequest::Address)),
            ("Hello", Wish::Hello),
            ("Please sign me out", Wish::SignOut),
            ("B4CD2F", Wish::Unclear),
        ] {
            assert_eq!(Wish::of(text), wish, "{text}");
        }
    }
}
