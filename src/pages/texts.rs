//! Every word of the customer's pages, by language. A language is one table beside `EN`; what it
//! lacks is said in English. `{name}` in a text is filled by the template.

type Texts = &'static [(&'static str, &'static str)];

/// The languages, the fallback first.
pub(super) const LANGUAGES: &[(&str, Texts)] = &[("en", EN)];

/// The language in which `locale` is answered: itself, its main language, else English. It is also
/// the page's `lang`, so that what is read aloud is what is written.
pub(super) fn language(locale: &str) -> &'static str {
    let wanted = locale.to_ascii_lowercase().replace('_', "-");
    let main = wanted.split('-').next().unwrap_or_default();
    let known = |tag: &str| LANGUAGES.iter().map(|(name, _)| *name).find(|name| *name == tag);
    known(&wanted).or_else(|| known(main)).unwrap_or("en")
}

/// The direction in which a language is written.
pub(super) fn direction(language: &str) -> &'static str {
    match language.split('-').next() {
        Some("ar" | "fa" | "he" | "ur") => "rtl",
        _ => "ltr",
    }
}

/// The text of that key in `language`, else in English.
pub(super) fn text(language: &str, key: &str) -> Option<&'static str> {
    let find = |texts: Texts| texts.iter().find(|(name, _)| *name == key).map(|(_, text)| *text);
    let own = LANGUAGES.iter().find(|(name, _)| *name == language).and_then(|(_, texts)| find(texts));
    own.or_else(|| find(EN))
}

const EN: Texts = &[
    ("preview.title", "Confirm that it’s you"),
    ("preview.text", "Open this page to continue your conversation."),
    ("brand.unnamed", "Secure login"),
    ("landing.title.pre_chat", "Log in to start your chat"),
    ("landing.title.mid_chat", "Log in to continue your chat"),
    ("landing.title.entry", "You are invited to a conversation"),
    ("landing.title.code", "Confirm that it’s you"),
    ("landing.lead.pre_chat", "Continue only if you are about to start this chat yourself."),
    ("landing.lead.mid_chat", "Continue only if this is your own chat and you asked for this link there."),
    ("landing.lead.entry", "Continue only if you expected this invitation."),
    (
        "landing.lead.code",
        "Continue only if you expected to be asked for this in your chat. A code or a number is asked for on the next page.",
    ),
    ("landing.continue", "Continue"),
    (
        "landing.warning",
        "Did somebody else send you this link, or tell you to open it? Then press “This wasn’t me”. If you continued, they could act in your name.",
    ),
    ("opener.connecting", "Connecting to your chat…"),
    ("opener.connected", "Connected to your chat"),
    ("opener.missing", "This page could not reach your chat. Go back to the chat and open the link from there."),
    ("opener.no_script", "This link works only in the browser where your chat is open, with JavaScript turned on."),
    ("report.button", "This wasn’t me"),
    ("facts.label", "Who is asking"),
    ("facts.business", "Business"),
    ("facts.channel", "Chat"),
    ("facts.address", "Address"),
    ("facts.customer", "Name"),
    ("facts.intent", "For"),
    ("facts.asked", "Asked for"),
    ("facts.until", "Valid until"),
    ("ago.now", "just now"),
    ("ago.one", "1 minute ago"),
    ("ago.many", "{count} minutes ago"),
    ("ago.hours", "{count} hours ago"),
    ("screen.title", "A note from the business"),
    ("answer.title.sent", "Enter your code"),
    ("answer.title.told", "Enter your code"),
    ("answer.title.pin", "Enter your number"),
    ("answer.lead.sent", "A code of {digits} digits is on its way to you."),
    ("answer.lead.sent_to", "A code of {digits} digits is on its way to"),
    ("answer.lead.told", "The person who helps you can tell you a code of {digits} digits."),
    ("answer.lead.pin", "Enter the number that you agreed on with the business, digits only."),
    ("answer.label.sent", "Code"),
    ("answer.label.told", "Code"),
    ("answer.label.pin", "Number"),
    ("answer.send", "Confirm"),
    ("answer.tries.one", "This is the last try."),
    ("answer.tries.many", "{count} tries left."),
    ("answer.until", "Valid until"),
    ("answer.error.wrong", "That was not right. Look at it once more and try again."),
    ("answer.error.not_a_code", "That does not look like it: enter digits only, all of them."),
    ("answer.error.over", "This code no longer works. Ask for a new one."),
    ("answer.error.too_early", "A code was sent a moment ago. Please wait a little before you ask for another."),
    ("answer.error.no_more_codes", "No more codes can be sent for now. Go back to your chat and ask for help there."),
    ("answer.resend", "Send a new code"),
    ("answer.wait", "You can ask for another code in {seconds} seconds."),
    ("answer.wait_left", "You can ask for another code in {time}."),
    ("answer.wait_over", "Nothing came? You can ask for another code now."),
    (
        "answer.warning.sent",
        "Enter the code only here or in your own chat, and never read it to anyone. Nobody who helps you will ask for it.",
    ),
    ("answer.warning.told", "Enter the code only if you called the business yourself, or know who is helping you."),
    ("answer.warning.pin", "Never tell this number to anyone who calls or writes to you and asks for it."),
    ("code.title", "Send this code in your chat"),
    ("code.lead", "You are logged in. To show that the chat is yours, send this code there yourself."),
    ("code.return", "Send the code back to the chat"),
    ("code.copy", "Copy the code"),
    ("code.copied", "Copied"),
    ("code.valid", "Valid for {seconds} seconds, until"),
    ("code.left", "Valid for {time}"),
    ("code.over", "This code has expired. Ask for a new link in your chat."),
    (
        "code.warning",
        "Never read this code to anyone and never send it to another chat. Nobody who helps you will ask for it.",
    ),
    ("done.authenticated.title", "It’s confirmed"),
    ("done.authenticated.text", "You are logged in. Go back to your chat; you can close this page."),
    ("done.passed.title", "It’s confirmed"),
    ("done.passed.text", "Thank you. Go back to your chat; you can close this page."),
    ("done.entered.title", "You are in"),
    ("done.entered.text", "Your conversation can go on now. You can close this page."),
    ("done.denied.title", "The login was not confirmed"),
    (
        "done.denied.text",
        "The login page could not confirm that it’s you. Go back to your chat to try again or to go on without it.",
    ),
    ("done.cancelled.title", "You stopped the login"),
    ("done.cancelled.text", "Nothing was confirmed. Go back to your chat to try again or to go on without it."),
    ("done.reported.title", "Thank you for telling us"),
    (
        "done.reported.text",
        "We stopped this link: nobody can use it any more. If you typed a password or a code after opening it, tell the business at once.",
    ),
    ("done.ended.title", "That’s all"),
    ("done.ended.text", "There is nothing more to do here. Go back to your chat."),
    ("done.return", "Back to the chat"),
    ("notice.expired.title", "This link has expired"),
    ("notice.expired.text", "Links work only for a short time, to keep you safe."),
    ("notice.expired.hint", "Go back to your chat and ask for a new link."),
    ("notice.used.title", "This link has been used"),
    ("notice.used.text", "A link works only once, and only in the browser that opened it first."),
    (
        "notice.used.hint",
        "If that wasn’t you, say so in your chat. If you still need to log in, ask there for a new link.",
    ),
    ("notice.superseded.title", "There is a newer link"),
    ("notice.superseded.text", "A new link was sent after this one, so this one no longer works."),
    ("notice.superseded.hint", "Open the newest link in your chat."),
    ("notice.reported.title", "This link was stopped"),
    ("notice.reported.text", "Somebody reported it with “This wasn’t me”, so nobody can use it any more."),
    ("notice.reported.hint", "If you still need to log in, ask for a new link in your chat."),
    ("notice.unknown.title", "This link does not work"),
    ("notice.unknown.text", "It may be incomplete, or it has ended."),
    ("notice.unknown.hint", "Go back to your chat and open the link from there, or ask for a new one."),
    ("notice.too_many.title", "Too many tries"),
    ("notice.too_many.text", "This page was asked for too often in a short time."),
    ("notice.too_many.hint", "Wait a minute, then try again."),
    ("notice.locked.title", "Please wait a while"),
    ("notice.locked.text", "There were too many failed tries, so checks are paused for a while."),
    ("notice.locked.hint", "You can go on in your chat meanwhile. Try again later."),
    ("notice.banned.title", "We cannot check this here"),
    ("notice.banned.text", "There were too many failed tries."),
    ("notice.banned.hint", "Go back to your chat and ask for a person to help you."),
    ("notice.stale.title", "Please open the link again"),
    ("notice.stale.text", "This page was open for too long, or your browser did not keep its cookie."),
    (
        "notice.stale.hint",
        "Open the link from your chat once more. If that does not help, allow cookies for this page.",
    ),
    ("notice.not_confirmed.title", "The login was not confirmed"),
    ("notice.not_confirmed.text", "What the login page answered could not be accepted. Nothing was changed."),
    ("notice.not_confirmed.hint", "Go back to your chat and ask for a new link."),
    ("notice.unavailable.title", "Please try again in a moment"),
    ("notice.unavailable.text", "We cannot do this right now. Nothing was lost."),
    ("notice.unavailable.hint", "Wait a little, then open the link again."),
    ("notice.code_over.title", "This code is over"),
    ("notice.code_over.text", "It was used, took too long, or was tried too often."),
    ("notice.code_over.hint", "Go back to your chat. If you still need a code, ask for a new one there."),
    ("notice.entry_over.title", "This invitation has ended"),
    ("notice.entry_over.text", "The conversation is over, or the invitation is past its time."),
    ("notice.entry_over.hint", "Ask whoever invited you for a new one."),
    ("notice.until", "You can try again from"),
    ("channel.apple", "Messages for Business"),
    ("channel.email", "Email"),
    ("channel.instagram", "Instagram"),
    ("channel.line", "LINE"),
    ("channel.matrix", "Matrix"),
    ("channel.messenger", "Messenger"),
    ("channel.rcs", "RCS message"),
    ("channel.slack", "Slack"),
    ("channel.sms", "Text message (SMS)"),
    ("channel.telegram", "Telegram"),
    ("channel.viber", "Viber"),
    ("channel.webchat", "Chat on the website"),
    ("channel.whatsapp", "WhatsApp"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_locale_falls_back_to_its_language_and_then_to_english() {
        assert_eq!(language("en-GB"), "en");
        assert_eq!(language("EN_us"), "en");
        assert_eq!(language("tlh"), "en");
        assert_eq!(language("\"><script>"), "en");
        assert_eq!(text("tlh", "landing.continue"), Some("Continue"));
        assert_eq!(text("en", "no.such.text"), None);
    }

    #[test]
    fn keys_are_unique_and_known_to_english() {
        let english: BTreeSet<_> = EN.iter().map(|(key, _)| *key).collect();
        for (language, texts) in LANGUAGES {
            let keys: BTreeSet<_> = texts.iter().map(|(key, _)| *key).collect();
            assert_eq!(keys.len(), texts.len(), "{language} says something twice");
            assert!(keys.is_subset(&english), "{language} has keys that nobody asks for");
        }
    }
}
