//! A proved document read into what it tells: what people said, what became of messages, whose
//! link was opened. What a definition does not accept is not there.

use serde_json::Value;

use super::{DeliveryReceipt, DeliveryStatus, Happening, MessageAudience, OpenedLink, Raw, SpokenMessage};
use crate::MessageAddress;
use crate::format::inbound::request::BodyFormat;
use crate::format::inbound::shared::{SecretLocation, SharedSecretProof};
use crate::format::inbound::take::{Item, Take};
use crate::format::inbound::verify::VerifyFormat;
use crate::format::inbound::{AudienceRule, InboundFormat, LinkedFormat, MessageFormat, ReceiptFormat, words};
use crate::format::matching::{Condition, TestedDocument};

impl InboundFormat {
    /// Everything that a document tells.
    pub fn read(&self, document: &Value) -> Vec<Happening> {
        let mut happenings = Vec::new();
        for shape in &self.linked {
            let items = accepted(document, shape.each.as_ref().map(|each| each.as_str()), &shape.accept_if);
            happenings.extend(items.iter().filter_map(|item| opened(shape, item)).map(Happening::Opened));
        }
        for shape in &self.message {
            let items = accepted(document, shape.each.as_ref().map(|each| each.as_str()), &shape.accept_if);
            let heard = items.iter().filter_map(|item| heard(shape, item, &self.keys_in_query()));
            happenings.extend(heard.map(Happening::Heard));
        }
        for shape in &self.receipt {
            let items = accepted(document, shape.each.as_ref().map(|each| each.as_str()), &shape.accept_if);
            happenings
                .extend(items.iter().filter_map(|item| delivery_receipt(shape, item)).map(Happening::DeliveryReceipt));
        }
        happenings
    }

    /// The values of the query that prove a request, where the query is what is read.
    fn keys_in_query(&self) -> Vec<&str> {
        let proofs = self.verify.iter().filter(|_| self.format != BodyFormat::Json);
        let keys = proofs.filter_map(|proof| match proof {
            VerifyFormat::Shared(SharedSecretProof { place: SecretLocation::Query(name), .. }) => Some(name.as_str()),
            _ => None,
        });
        keys.collect()
    }
}

/// The items that a shape names and accepts.
pub(super) fn accepted<'a>(document: &'a Value, each: Option<&str>, accept_if: &[Condition]) -> Vec<Item<'a>> {
    let mut items = Item::each(document, each);
    items.retain(|item| all_hold(accept_if, item));
    items
}

fn all_hold(tests: &[Condition], item: &Item<'_>) -> bool {
    let nothing = TestedDocument { status: None, json: Value::Null, text: String::new() };
    tests.iter().all(|test| test.looks(&nothing, |pointer| item.at(pointer)))
}

fn heard(shape: &MessageFormat, item: &Item<'_>, keys: &[&str]) -> Option<SpokenMessage> {
    let sender = shape.sender.text(item)?;
    let conversation = match &shape.conversation {
        Some(take) => take.text(item)?,
        None => sender.clone(),
    };
    // A conversation that is named by its sender, too, has no other.
    let names_sender = |take: &Take| shape.sender.any.iter().any(|pointer| take.all.contains(pointer));
    let is_own = shape.one_sender || conversation == sender || shape.conversation.as_ref().is_some_and(names_sender);
    let text = words::edited(shape.text.value(item)?, &shape.edit)?;
    let audience = match &shape.audience {
        AudienceRule::Direct => MessageAudience::Alone,
        AudienceRule::DirectIf(tests) if all_hold(tests, item) => MessageAudience::Alone,
        AudienceRule::DirectIf(_) => MessageAudience::Group,
        AudienceRule::Unknown => MessageAudience::Unknown,
    };
    Some(SpokenMessage {
        message_id: shape.id.text(item)?,
        sender: MessageAddress::new(sender),
        conversation: MessageAddress::new(conversation),
        text: text.into(),
        audience,
        is_own,
        raw: raw(item, keys),
    })
}

fn raw(item: &Item<'_>, keys: &[&str]) -> Raw {
    let mut raw = item.at("").cloned().unwrap_or_default();
    if let Value::Object(members) = &mut raw {
        members.retain(|name, _| !keys.contains(&name.as_str()));
    }
    Raw(raw)
}

fn delivery_receipt(shape: &ReceiptFormat, item: &Item<'_>) -> Option<DeliveryReceipt> {
    let state = shape.state.text(item)?;
    let statuses = [
        (&shape.delivered, DeliveryStatus::Delivered),
        (&shape.read, DeliveryStatus::Read),
        (&shape.failed, DeliveryStatus::Failed),
    ];
    let status = statuses.into_iter().find(|(words, _)| words.contains(&state))?.1;
    let ours = shape.ours.as_ref().and_then(|ours| ours.text(item));
    Some(DeliveryReceipt { platform_id: shape.id.text(item)?, ours, status })
}

fn opened(shape: &LinkedFormat, item: &Item<'_>) -> Option<OpenedLink> {
    let sender = shape.sender.text(item)?;
    let conversation = match &shape.conversation {
        Some(take) => take.text(item)?,
        None => sender.clone(),
    };
    let token = shape.token.text(item)?.into();
    Some(OpenedLink { sender: MessageAddress::new(sender), conversation: MessageAddress::new(conversation), token })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::check::load;
    use proptest::prelude::*;

    /// Documents made of the words that definitions look for, in any order and depth.
    fn documents() -> impl Strategy<Value = Value> {
        let words = prop_oneof![
            Just("entry"),
            Just("changes"),
            Just("value"),
            Just("messages"),
            Just("messaging"),
            Just("events"),
            Just("message"),
            Just("event"),
            Just("text"),
            Just("from"),
            Just("sender"),
            Just("id"),
            Just("type"),
            Just("source"),
            Just("userId"),
            Just("body"),
            Just("payload"),
            Just("content"),
            Just("conversation"),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z<>@&|/=+]{0,9}|message|text|482913".prop_map(Value::from),
        ];
        leaf.prop_recursive(8, 64, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(words.clone().prop_map(str::to_owned), inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// How each shipped definition tells whose conversation it is; a new one is looked at by a person.
    #[test]
    fn a_sender_is_compared_with_the_conversation_everywhere() {
        let way = |shape: &MessageFormat| match &shape.conversation {
            None => "the conversation is the sender",
            Some(_) if shape.one_sender => "one sender",
            Some(take) if shape.sender.any.iter().any(|pointer| take.all.contains(pointer)) => "named by the sender",
            Some(_) => "compared",
        };
        for (name, source) in crate::platform::shipped::SOURCES {
            let expected = match name.trim_end_matches(".toml") {
                "chatwoot" => "one sender",
                "bot-framework" | "matrix" => "named by the sender",
                "line" | "telegram" | "standard-webhooks" => "compared",
                _ => "the conversation is the sender",
            };
            let inbound = load(name, source).unwrap().inbound.unwrap();
            assert!(inbound.message.iter().all(|shape| way(shape) == expected), "{name}");
        }
        let others = serde_json::json!({"type": "message.received", "data":
            {"id": "m1", "from": "user-2", "conversation": "user-1", "text": "416210"}});
        let (name, source) =
            crate::platform::shipped::SOURCES.iter().find(|(name, _)| *name == "standard-webhooks.toml").unwrap();
        let heard = load(name, source).unwrap().inbound.unwrap().read(&others);
        assert!(matches!(&heard[..], [Happening::Heard(heard)] if !heard.is_own), "{heard:?}");
    }

    proptest! {
        #[test]
        fn no_document_brings_a_definition_down(document in documents()) {
            static ALL: std::sync::LazyLock<Vec<InboundFormat>> = std::sync::LazyLock::new(|| {
                let inbound = |(name, source): &(&str, &str)| load(name, source).unwrap().inbound.unwrap();
                crate::platform::shipped::SOURCES.iter().map(inbound).collect()
            });
            for inbound in ALL.iter() {
                for happening in inbound.read(&document) {
                    if let Happening::Heard(heard) = happening {
                        prop_assert!(!heard.message_id.is_empty() && !heard.sender.as_str().is_empty());
                    }
                }
            }
        }
    }
}
