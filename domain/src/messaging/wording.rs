//! What the gateway's own messages say, by language. Where they go, and by whom, is not its affair.
//!
//! Nothing that a customer or a bot wrote stands in a message: a name that reads like an address
//! of a web page would turn our word into a phisher's.

use crate::proof::link::LinkPurpose;

/// The line above a mail that brings a code.
pub fn code_subject(locale: &str, brand: Option<&str>) -> String {
    named(brand, words(locale).code_subject)
}

/// The text of a mail that brings a code.
pub fn code_by_mail(message: &str, locale: &str) -> String {
    format!("{message}\n\n{}\n", words(locale).code_warning)
}

/// The words before a login link's URL.
pub fn link(purpose: LinkPurpose, locale: &str, brand: Option<&str>) -> String {
    let words = words(locale);
    let text = match purpose {
        LinkPurpose::PreChat => words.link_pre_chat,
        LinkPurpose::MidChat | LinkPurpose::EntryLogin => words.link_mid_chat,
        LinkPurpose::Entry => words.link_entry,
    };
    named(brand, text)
}

/// The line above a mail that brings a link.
pub fn link_subject(locale: &str, brand: Option<&str>) -> String {
    named(brand, words(locale).link_subject)
}

/// The words before the URL of a link to another password.
pub fn reset(locale: &str, brand: Option<&str>) -> String {
    named(brand, words(locale).reset)
}

/// The line above a mail that brings it.
pub fn reset_subject(locale: &str, brand: Option<&str>) -> String {
    named(brand, words(locale).reset_subject)
}

/// What an admin reads who tries a channel out.
pub fn trial(locale: &str, brand: Option<&str>) -> String {
    named(brand, words(locale).trial)
}

fn named(brand: Option<&str>, text: &str) -> String {
    brand.map_or_else(|| text.to_owned(), |brand| format!("{brand}: {text}"))
}

/// The words of one language.
struct Words {
    language: &'static str,
    code_subject: &'static str,
    code_warning: &'static str,
    link_pre_chat: &'static str,
    link_mid_chat: &'static str,
    link_entry: &'static str,
    link_subject: &'static str,
    reset: &'static str,
    reset_subject: &'static str,
    trial: &'static str,
}

/// The words in which `locale` is answered: its main language's, else English.
fn words(locale: &str) -> &'static Words {
    let main = locale.split(['-', '_']).next().unwrap_or_default();
    WORDS.iter().find(|words| words.language.eq_ignore_ascii_case(main)).unwrap_or(&WORDS[0])
}

/// English first: it answers for every language that is not here. What may go by SMS keeps to the
/// alphabet of GSM 03.38.
const WORDS: &[Words] = &[
    Words {
        language: "en",
        code_subject: "Your verification code",
        code_warning: "Nobody who helps you will ever ask for this code. If you did not ask for it, you need not do anything.",
        link_pre_chat: "Log in to start your chat:",
        link_mid_chat: "Log in to continue your chat:",
        link_entry: "You are invited to a conversation:",
        link_subject: "Log in to your chat",
        reset: "Choose a new password (the link works for 72 hours). If you did not ask for it, you need not do anything:",
        reset_subject: "Choose a new password",
        trial: "This is a test message. The channel works.",
    },
    Words {
        language: "de",
        code_subject: "Ihr Bestätigungscode",
        code_warning: "Niemand, der Ihnen hilft, wird je nach diesem Code fragen. Wenn Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun.",
        link_pre_chat: "Melden Sie sich an, um den Chat zu beginnen:",
        link_mid_chat: "Melden Sie sich an, um den Chat fortzusetzen:",
        link_entry: "Sie sind zu einem Gespräch eingeladen:",
        link_subject: "Anmeldung zu Ihrem Chat",
        reset: "Wählen Sie ein neues Passwort (der Link gilt 72 Stunden). Wenn Sie ihn nicht angefordert haben, brauchen Sie nichts zu tun:",
        reset_subject: "Neues Passwort wählen",
        trial: "Dies ist eine Testnachricht. Der Kanal funktioniert.",
    },
    Words {
        language: "fr",
        code_subject: "Votre code de vérification",
        code_warning: "Aucune personne qui vous aide ne vous demandera jamais ce code. Si vous ne l’avez pas demandé, vous n’avez rien à faire.",
        link_pre_chat: "Connectez-vous pour commencer la conversation :",
        link_mid_chat: "Connectez-vous pour continuer la conversation :",
        link_entry: "Vous êtes invité à une conversation :",
        link_subject: "Connexion à votre conversation",
        reset: "Choisissez un nouveau mot de passe (le lien est valable 72 heures). Si vous ne l’avez pas demandé, vous n’avez rien à faire :",
        reset_subject: "Choisir un nouveau mot de passe",
        trial: "Ceci est un message de test. Le canal fonctionne.",
    },
    Words {
        language: "es",
        code_subject: "Su código de verificación",
        code_warning: "Nadie que le ayude le pedirá nunca este código. Si no lo ha solicitado, no tiene que hacer nada.",
        link_pre_chat: "Acceda para empezar el chat:",
        link_mid_chat: "Acceda para continuar el chat:",
        link_entry: "Le invitamos a una conversación:",
        link_subject: "Acceso a su chat",
        reset: "Elija una contraseña nueva (el enlace es válido 72 horas). Si no lo ha solicitado, no tiene que hacer nada:",
        reset_subject: "Elegir una contraseña nueva",
        trial: "Este es un mensaje de prueba. El canal funciona.",
    },
    Words {
        language: "et",
        code_subject: "Teie kinnituskood",
        code_warning: "Keegi, kes teid aitab, ei küsi kunagi seda koodi. Kui te seda ei tellinud, ei pea te midagi tegema.",
        link_pre_chat: "Vestluse alustamiseks logige sisse:",
        link_mid_chat: "Vestluse jätkamiseks logige sisse:",
        link_entry: "Teid on kutsutud vestlusele:",
        link_subject: "Vestlusse sisselogimine",
        reset: "Valige uus parool (link kehtib 72 tundi). Kui te seda ei tellinud, ei pea te midagi tegema:",
        reset_subject: "Uue parooli valimine",
        trial: "See on proovikiri. Kanal töötab.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_everything() {
        for words in WORDS {
            let all = [
                words.code_subject,
                words.code_warning,
                words.link_subject,
                words.reset,
                words.reset_subject,
                words.trial,
            ];
            assert!(all.iter().all(|text| !text.is_empty()), "{}", words.language);
            for purpose in [LinkPurpose::PreChat, LinkPurpose::MidChat, LinkPurpose::Entry] {
                assert!(!link(purpose, words.language, None).is_empty(), "{}", words.language);
            }
        }
        assert_eq!(link(LinkPurpose::MidChat, "tlh", None), "Log in to continue your chat:");
        assert!(link(LinkPurpose::MidChat, "DE-at", None).starts_with("Melden"));
    }
}
