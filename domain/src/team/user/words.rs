//! The words of the mail that invites somebody to the consoles, by language. How a mail leaves, others say;
//! English answers for every language that is not here.

#[rustfmt::skip] // a language is one row
const WORDS: [(&str, &str, &str); 5] = [
    ("en", "Your access to {team}", "You can now sign in to {team}. Choose your password here within 72 hours: {url}"),
    ("de", "Ihr Zugang zu {team}", "Sie können sich jetzt bei {team} anmelden. Wählen Sie hier innerhalb von 72 Stunden Ihr Passwort: {url}"),
    ("fr", "Votre accès à {team}", "Vous pouvez désormais vous connecter à {team}. Choisissez ici votre mot de passe dans les 72 heures : {url}"),
    ("es", "Su acceso a {team}", "Ya puede iniciar sesión en {team}. Elija aquí su contraseña en un plazo de 72 horas: {url}"),
    ("et", "Sinu juurdepääs: {team}", "Saad nüüd sisse logida: {team}. Vali siin 72 tunni jooksul endale parool: {url}"),
];

/// Subject and text of an invitation.
pub fn invitation(locale: &str, team: &str, url: &str) -> (String, String) {
    let main = locale.split(['-', '_']).next().unwrap_or_default();
    let row = WORDS.iter().find(|(language, ..)| language.eq_ignore_ascii_case(main)).unwrap_or(&WORDS[0]);
    let fill = |text: &str| text.replace("{team}", team).replace("{url}", url);
    (fill(row.1), fill(row.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_says_to_what_and_where() {
        for locale in ["en-GB", "de", "fr", "es", "et", "tlh"] {
            let (subject, text) = invitation(locale, "A shop", "https://auth.example.com/signin/set/x");
            assert!(subject.contains("A shop") && text.ends_with("https://auth.example.com/signin/set/x"), "{locale}");
        }
    }
}
