//! The address of a conversation, as the person who chats there knows it: a phone number, a mail address, or
//! nothing that anybody knows by heart.

use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

use crate::base::country;

/// Whether that is the whole address of the conversation: a phone number, however it is written, or a mail
/// address. Where it is neither, that the person says it is theirs has to do (`mine`). None: it cannot be an
/// address at all.
pub fn is_own_address(conversation: &str, said: &str) -> Option<bool> {
    match AddressKind::of(conversation) {
        AddressKind::Phone => country::same_number(conversation, said),
        AddressKind::Mail => {
            let plain = |text: &str| text.trim().nfkc().flat_map(char::to_lowercase).collect::<String>();
            let said = plain(said);
            said.contains('@').then(|| plain(conversation).as_bytes().ct_eq(said.as_bytes()).into())
        }
        AddressKind::Other => (said == "mine").then_some(true),
    }
}

/// What people know a conversation's address as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// A phone number.
    Phone,
    /// A mail address.
    Mail,
    /// Nothing that a person knows by heart.
    Other,
}

impl AddressKind {
    /// Of a conversation.
    pub fn of(conversation: &str) -> Self {
        if country::of(conversation).is_some() {
            return Self::Phone;
        }
        let mail = conversation.split_once('@').is_some_and(|(name, domain)| {
            let plain = |text: &str| !text.is_empty() && !text.contains(['@', ':', '/', ' ']);
            plain(name) && plain(domain) && domain.contains('.')
        });
        if mail { Self::Mail } else { Self::Other }
    }
}
