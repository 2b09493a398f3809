//! How what comes in is proved and read, judged: each proof has its secret and covers the body,
//! and each shape looks at the document that comes.

use super::holes::{TemplateKind, known, secrets};
use super::{ErrorAt, error_at, outgoing, sound_of_account};
use crate::engine::file::File;
use crate::format::inbound::InboundFormat;
use crate::format::inbound::handshake::HandshakeProof;
use crate::format::inbound::verify::VerifyFormat;

/// What comes in.
pub(super) fn inbound(file: &File) -> Result<(), ErrorAt> {
    let Some(inbound) = &file.inbound else { return Ok(()) };
    if inbound.verify.is_empty() {
        return error_at("[inbound]", "`verify` must say how what comes in is proved");
    }
    let told = inbound.handshake.iter().filter_map(|handshake| match &handshake.proof {
        HandshakeProof::Secret(told) => Some(told.name.as_str()),
        HandshakeProof::Signature => None,
    });
    for name in inbound.verify.iter().filter_map(|verify| verify.secret()).chain(told) {
        if !file.secrets.contains_key(name) {
            return error_at(
                format!("\"{name}\""),
                format!("there is no secret `{name}`; there are: {}", secrets(file)),
            );
        }
    }
    for verify in &inbound.verify {
        for template in verify.templates() {
            known(file, template, TemplateKind::Account, "[inbound]")?;
        }
        if let VerifyFormat::Hmac(keyed) = verify
            && !keyed.over.covers_body()
            && keyed.body_hash_in_query.is_none()
        {
            return error_at("over", "the signature must cover the body: `{body}`, `{form}`, or `body_hash_in_query`");
        }
    }
    if file.linking.is_none() && !inbound.linked.is_empty() {
        return error_at("[[inbound.linked]]", "nothing leads there: `[linking]` must say where the browser goes");
    }
    accepting(file, inbound)?;
    for invited in &inbound.invited {
        outgoing::call(
            file,
            &invited.join,
            TemplateKind::Message,
            "[[inbound.invited]]",
            "an invitation that is accepted",
        )?;
    }
    match &inbound.members {
        Some(members) => outgoing::call(
            file,
            &members.ask,
            TemplateKind::Message,
            "[inbound.members]",
            "an answer that says who is there",
        ),
        None => Ok(()),
    }
}

/// What is accepted: it looks at the document, and compares no more than an account has.
fn accepting(file: &File, inbound: &InboundFormat) -> Result<(), ErrorAt> {
    let messages = inbound.message.iter().flat_map(|shape| &shape.accept_if);
    let receipts = inbound.receipt.iter().flat_map(|shape| &shape.accept_if);
    let linked = inbound.linked.iter().flat_map(|shape| &shape.accept_if);
    let invited = inbound.invited.iter().flat_map(|shape| &shape.accept_if);
    for when in messages.chain(receipts).chain(linked).chain(invited) {
        sound_of_account(when, "accept_if")?;
        for template in when.templates() {
            known(file, template, TemplateKind::Account, "accept_if")?;
        }
        if !when.status.is_empty() || when.element.is_some() || when.pointer.is_none() {
            return error_at("accept_if", "what comes in has no status and no elements: look at a `pointer`");
        }
    }
    Ok(())
}
