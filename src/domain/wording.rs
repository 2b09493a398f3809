//! What the gateway's own messages say, by language, and how a text message is made to need few
//! parts. It knows words and their length; where they go, and by whom, is not its affair.
//!
//! Nothing that a customer or a bot wrote stands in a message: a name that reads like an address
//! of a web page would turn our word into a phisher's.

use url::Url;

use super::link::Purpose;

/// The place of the code in a team's words.
const PIN: &str = "#PIN#";

/// A text message as the platform is given it. `#PIN#` stands where the code goes.
pub fn code_by_sms(message: &str, public_url: &str, code_length: usize) -> String {
    let message = plainer(message);
    let Some(host) = bound_host(public_url) else { return message };
    // Phones fill the code in on our own pages alone where the last line says whose it is
    // (origin-bound one-time codes, WICG). A carrier's footer would hide it; nothing follows it.
    let line = format!("@{host} #{PIN}");
    let sized = |text: &str| parts(&text.replace(PIN, &"0".repeat(code_length)));
    let (wide, narrow) = (format!("{message}\n\n{line}"), format!("{message}\n{line}"));
    if sized(&narrow) < sized(&wide) { narrow } else { wide }
}

/// The host that a code may be bound to: a page of ours behind https, on the usual port.
fn bound_host(public_url: &str) -> Option<String> {
    let url = Url::parse(public_url).ok()?;
    let usual = url.scheme() == "https" && url.port().is_none();
    url.host_str().filter(|_| usual).map(str::to_owned)
}

/// How many parts a text message takes: 160 septets of GSM 03.38 or 70 units of UCS-2 in one,
/// 153 or 67 in each of several. Nothing is no message.
pub fn parts(text: &str) -> usize {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    match septets {
        Some(sizes) => count(&sizes, 160, 153),
        None => count(&text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

/// Characters of two units are not torn apart between parts.
fn count(sizes: &[usize], alone: usize, each: usize) -> usize {
    if sizes.iter().sum::<usize>() <= alone {
        return usize::from(!sizes.is_empty());
    }
    let (mut parts, mut filled) = (1, 0);
    for size in sizes {
        if filled + size > each {
            (parts, filled) = (parts + 1, 0);
        }
        filled += size;
    }
    parts
}

const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// What a character takes of GSM 03.38's default alphabet; none where it is not in it.
fn septets(c: char) -> Option<usize> {
    if BASIC.contains(c) {
        return Some(1);
    }
    EXTENDED.contains(c).then_some(2)
}

/// The text with typographer's marks as a typewriter has them, where that alone spares parts: one
/// curly quote makes a text message more than twice as long.
fn plainer(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| match c {
            '‘' | '’' | '‚' | '′' => '\'',
            '“' | '”' | '„' | '″' => '"',
            '–' | '—' | '‑' | '−' => '-',
            '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
            '…' => '.',
            other => other,
        })
        .collect();
    if parts(&plain) < parts(text) { plain } else { text.to_owned() }
}

/// The line above a mail that brings a code.
pub fn code_subject(locale: &str, brand: Option<&str>) -> String {
    named(brand, words(locale).code_subject)
}

/// The text of a mail that brings a code.
pub fn code_by_mail(message: &str, locale: &str) -> String {
    format!("{message}\n\n{}\n", words(locale).code_warning)
}

/// The words before a login link's URL.
pub fn link(purpose: Purpose, locale: &str, brand: Option<&str>) -> String {
    let words = words(locale);
    let text = match purpose {
        Purpose::PreChat => words.link_pre_chat,
        Purpose::MidChat => words.link_mid_chat,
        Purpose::Entry => words.link_entry,
    };
    plainer(&named(brand, text))
}

/// The line above a mail that brings a link.
pub fn link_subject(locale: &str, brand: Option<&str>) -> String {
    named(brand, words(locale).link_subject)
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
        trial: "See on proovikiri. Kanal töötab.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_message_is_counted_as_carriers_count_it() {
        for (text, expected) in [
            (String::new(), 0),
            ("a".into(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            // A two-septet character is not torn: 76 of them in 153 septets.
            ("€".repeat(153), 3),
            ("õ".repeat(70), 1),
            ("õ".repeat(71), 2),
            ("õ".repeat(134), 2),
            ("õ".repeat(135), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            // 33 pairs in 67 units.
            ("😀".repeat(67), 3),
            (format!("{}õ", "a".repeat(70)), 2),
            ("ü{}".into(), 1),
        ] {
            assert_eq!(parts(&text), expected, "{} × {:?}", text.chars().count(), text.chars().next());
        }
    }

    #[test]
    fn the_last_line_binds_the_code_to_our_pages() {
        let text = code_by_sms("#PIN# is your verification code.", "https://auth.example.com", 6);
        assert_eq!(text, "#PIN# is your verification code.\n\n@auth.example.com ##PIN#");
        assert_eq!(parts(&text), 1);
        for elsewhere in ["http://127.0.0.1:8080", "https://auth.example.com:8443", ""] {
            assert_eq!(code_by_sms("#PIN#", elsewhere, 6), "#PIN#", "{elsewhere}");
        }
    }

    #[test]
    fn no_part_is_spent_on_an_empty_line_or_a_curly_quote() {
        let bound = "\n@auth.example.com #000000".chars().count();
        let message = format!("{}#PIN#", "a".repeat(160 - bound - 6));
        let text = code_by_sms(&message, "https://auth.example.com", 6);
        assert!(!text.contains("\n\n"));
        assert_eq!(parts(&text.replace(PIN, "123456")), 1);
        let curly = "#PIN# is your code. Don’t tell anybody “who asks” – never; nobody of ours will ask you for it…";
        assert!(parts(curly) > 1 && parts(&plainer(curly)) == 1);
        assert_eq!(plainer("#PIN# – õ"), "#PIN# – õ", "what saves nothing changes nothing");
    }

    /// A056: the longest text that a team can set stays far below what a platform cuts off.
    #[test]
    fn a056_the_longest_message_fits_a_platform() {
        let longest = format!("{}#PIN#", "õ".repeat(497));
        let text = code_by_sms(&longest, &format!("https://{}.example.com", "a".repeat(60)), 10);
        assert!(text.replace(PIN, "0123456789").chars().count() <= 1600);
    }

    #[test]
    fn every_language_says_everything_and_by_sms_in_one_part() {
        let url = format!("https://auth.example.com/l/{}", "A".repeat(47));
        for words in WORDS {
            let all = [words.code_subject, words.code_warning, words.link_subject, words.trial];
            assert!(all.iter().all(|text| !text.is_empty()), "{}", words.language);
            for purpose in [Purpose::PreChat, Purpose::MidChat] {
                let text = format!("{}\n{url}", link(purpose, words.language, Some("A shop")));
                assert_eq!(parts(&text), 1, "{}: {text}", words.language);
            }
        }
        assert_eq!(link(Purpose::MidChat, "tlh", None), "Log in to continue your chat:");
        assert!(link(Purpose::MidChat, "DE-at", None).starts_with("Melden"));
    }
}
