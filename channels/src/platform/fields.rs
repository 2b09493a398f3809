//! An account judged by its definition: every field that must be there is, each looks as it
//! should, and nothing else is there. What is right becomes `KnownAccount`; what is wrong is all told at
//! once, each with its pointer.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use crate::account::form::RequestedField;
use crate::account::{
    Account, BASE_URL, BEFORE, FORWARD_URL, FieldDefinition, FieldShape, MAX_PER_MINUTE, SecretField, at,
    max_per_minute, only,
};
use crate::egress::EgressPolicy;
use crate::engine::file::File;
use crate::format::template::values::KnownAccount;
use crate::validation::{self, FieldError, ValidationError};

/// A field is at most so long.
const MAX_BYTES: usize = 4096;

/// Judges an account.
pub fn judge(file: &File, account: &Account, egress: &EgressPolicy) -> Result<KnownAccount, Vec<FieldError>> {
    let mut wrong = surplus(file, account);
    let mut known = KnownAccount::default();
    for (name, field) in &file.account {
        match account.fields.get(name) {
            None | Some(Value::Null) => match &field.default {
                Some(default) => drop(known.fields.insert(name.clone(), default.clone())),
                None if field.optional || is_one_of_several(file, name) => {}
                None => {
                    wrong.push(at("account", name, validation::MISSING.saying(format!("is missing: {}", field.about))))
                }
            },
            Some(value) => match read(field, value, egress) {
                Ok(text) => drop(known.fields.insert(name.clone(), text)),
                Err(error) => wrong.push(at("account", name, error)),
            },
        }
    }
    base_url(file, account, egress, &mut known, &mut wrong);
    wrong.extend(forward_url(account, egress));
    wrong.extend(max_per_minute(account).err());
    for names in &file.platform.one_of {
        if names.iter().filter(|name| known.fields.contains_key(*name)).count() != 1 {
            wrong.push(at("account", &names[0], validation::ONE_OF_SEVERAL.with([("names", &names.join(", "))])));
        }
    }
    known.secrets = secrets(file, account, &mut wrong);
    if wrong.is_empty() { Ok(known) } else { Err(wrong) }
}

/// What an account may say, in the order in which it is asked: secrets last.
pub fn asked(file: &File) -> Vec<RequestedField> {
    let own =
        file.account.iter().map(|(name, field)| RequestedField::of_field(name, field, is_one_of_several(file, name)));
    let every = [RequestedField::base(file.platform.origin.is_none()), RequestedField::rate_limit()];
    let forward = file.inbound.is_some().then(RequestedField::forward);
    let secrets = file.secrets.iter().flat_map(|(name, secret)| RequestedField::of_secret(name, secret));
    let mut all: Vec<RequestedField> = own.chain(every).chain(forward).chain(secrets).collect();
    all.sort_by_key(|asked| (asked.secret, asked.optional));
    all
}

fn is_one_of_several(file: &File, name: &str) -> bool {
    file.platform.one_of.iter().flatten().any(|one| one == name)
}

fn surplus(file: &File, account: &Account) -> Vec<FieldError> {
    let own = [BASE_URL, FORWARD_URL, MAX_PER_MINUTE];
    let fields: Vec<&str> = file.account.keys().map(String::as_str).chain(own).collect();
    let secrets = secret_names(file);
    only(account, &fields, &secrets.iter().map(String::as_str).collect::<Vec<_>>())
}

fn secret_names(file: &File) -> Vec<String> {
    let both = |(name, field): (&String, &SecretField)| {
        let before = field.rotates.then(|| format!("{name}{BEFORE}"));
        [Some(name.clone()), before]
    };
    file.secrets.iter().flat_map(both).flatten().collect()
}

fn base_url(
    file: &File,
    account: &Account,
    egress: &EgressPolicy,
    known: &mut KnownAccount,
    wrong: &mut Vec<FieldError>,
) {
    match account.fields.get(BASE_URL) {
        None | Some(Value::Null) if file.platform.origin.is_some() => {}
        None | Some(Value::Null) => {
            wrong.push(at(
                "account",
                BASE_URL,
                validation::MISSING.saying("is missing: where this platform's server is"),
            ));
        }
        Some(value) => {
            match value.as_str().ok_or_else(|| ValidationError::from(&validation::TEXT)).and_then(|t| url(t, egress)) {
                Ok(url) => drop(known.fields.insert(BASE_URL.into(), url.trim_end_matches('/').to_owned())),
                Err(error) => wrong.push(at("account", BASE_URL, error)),
            }
        }
    }
}

/// What is wrong with where an account has what is heard passed on to.
pub fn forward_url(account: &Account, egress: &EgressPolicy) -> Option<FieldError> {
    let value = account.fields.get(FORWARD_URL).filter(|value| !value.is_null())?;
    let url = value.as_str().filter(|text| text.len() <= MAX_BYTES).and_then(|text| Url::parse(text).ok());
    let error = match url {
        None => validation::HTTPS.saying("must be a URL that begins with https://"),
        Some(url) if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() => {
            validation::URL_BARE.saying("must be a URL without user and fragment")
        }
        Some(url) => egress.admit(&url).err()?.into(),
    };
    Some(at("account", FORWARD_URL, error))
}

fn secrets(file: &File, account: &Account, wrong: &mut Vec<FieldError>) -> BTreeMap<String, SecretString> {
    let mut known = BTreeMap::new();
    for (name, field) in &file.secrets {
        if !account.secrets.contains_key(name) && !field.optional {
            wrong.push(at("secrets", name, validation::MISSING.saying(format!("is missing: {}", field.about))));
        }
    }
    for name in secret_names(file) {
        match account.secrets.get(&name) {
            Some(secret) if secret.expose_secret().is_empty() => wrong.push(at("secrets", &name, &validation::EMPTY)),
            Some(secret) => drop(known.insert(name, secret.clone())),
            None => {}
        }
    }
    known
}

fn read(field: &FieldDefinition, value: &Value, egress: &EgressPolicy) -> Result<String, ValidationError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if field.shape == FieldShape::Number => number.to_string(),
        _ => return Err(validation::TEXT.saying(format!("must be a text: {}", field.about))),
    };
    if !field.choices.is_empty() && !field.choices.contains(&text) {
        return Err(validation::ONE_OF.with([("words", &field.choices.join(", "))]));
    }
    if text.is_empty() || text.len() > MAX_BYTES {
        return Err(validation::LENGTH.with([("most", &MAX_BYTES)]));
    }
    match field.shape {
        FieldShape::Url => url(&text, egress),
        shape if shape.takes(&text) => Ok(text),
        shape => Err(shape.error().saying(format!("{}: {}", shape.error().says, field.about))),
    }
}

/// An address that the gateway may speak to, without what would change the paths put behind it.
fn url(text: &str, egress: &EgressPolicy) -> Result<String, ValidationError> {
    let url = Url::parse(text).map_err(|_| validation::HTTPS.saying("must be a URL that begins with https://"))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(ValidationError::from(&validation::URL_BARE));
    }
    egress.admit(&url)?;
    Ok(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::check::load;
    use serde_json::json;

    fn judged(definition: &str, fields: Value, secrets: &[&str]) -> Result<KnownAccount, Vec<String>> {
        let (name, source) = crate::platform::shipped::SOURCES.iter().find(|(name, _)| *name == definition).unwrap();
        let fields = fields.as_object().unwrap().clone();
        let secrets = secrets.iter().map(|name| ((*name).to_owned(), "s".to_owned().into())).collect();
        let account = Account { fields, secrets };
        let judged = judge(&load(name, source).unwrap(), &account, &EgressPolicy::new(|ip| ip.is_loopback()));
        judged.map_err(|wrong| {
            wrong.into_iter().map(|wrong| format!("{}: {}", wrong.pointer, wrong.error.detail)).collect()
        })
    }

    #[test]
    fn each_field_that_an_account_may_have_is_asked_for_once() {
        for (name, source) in crate::platform::shipped::SOURCES {
            let file = load(name, source).unwrap();
            let asked = asked(&file);
            let (secrets, fields): (Vec<&RequestedField>, Vec<&RequestedField>) =
                asked.iter().partition(|asked| asked.secret);
            let account = Account {
                fields: fields.iter().map(|asked| (asked.name.clone(), "x".into())).collect(),
                secrets: secrets.iter().map(|asked| (asked.name.clone(), "x".to_owned().into())).collect(),
            };
            assert_eq!(surplus(&file, &account), [], "{name} asks for what it does not know");
            let of_all = file.account.len() + 2 + usize::from(file.inbound.is_some());
            assert_eq!((account.fields.len(), fields.len()), (of_all, of_all), "{name}");
            assert_eq!(
                (account.secrets.len(), secrets.len()),
                (secret_names(&file).len(), account.secrets.len()),
                "{name}"
            );
            assert!(asked.iter().all(|asked| !asked.about.is_empty()), "{name}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let fields = json!({"account_sid": "AC 1", "to": "x", "validity_seconds": "soon", "max_per_minute": 0,
            "base_url": "http://a.example"});
        let wrong = judged("twilio-sms.toml", fields, &["api_key"]).unwrap_err();
        for says in [
            "/account/account_sid: must be an id",
            "/account/to: no such field; there are: account_sid,",
            "/account/validity_seconds: must be digits",
            "/account/base_url: must begin with https://",
            "/account/max_per_minute: must be a number from 1 to 60000",
            "/account/from: exactly one of these must be there: from, messaging_service_sid",
            "/secrets/auth_token: is missing",
            "/secrets/api_key: no such field; there are:",
        ] {
            assert!(wrong.iter().any(|wrong| wrong.starts_with(says)), "{says}: {wrong:#?}");
        }
    }

    #[test]
    fn what_is_right_is_known_with_its_defaults() {
        let fields = json!({"account_sid": "AC1", "from": "+372", "base_url": "http://127.0.0.1:1/", "validity_seconds": 60, "forward_url": "https://bot.example/in?a=b"});
        let known = judged("twilio-sms.toml", fields, &["auth_token", "auth_token_before"]).unwrap();
        assert_eq!(known.fields["validity_seconds"], "60");
        assert_eq!(known.fields[BASE_URL], "http://127.0.0.1:1");
        assert_eq!(known.secrets.len(), 2);
        let both = json!({"account_sid": "AC1", "from": "+372", "messaging_service_sid": "MG1"});
        assert!(judged("twilio-sms.toml", both, &["auth_token"]).unwrap_err()[0].contains("exactly one"));
    }

    #[test]
    fn a_server_of_ones_own_must_be_named_and_may_be_reached() {
        for (base_url, says) in [
            (json!(null), "is missing"),
            (json!("https://10.0.0.1"), "must be a public address"),
            (json!("https://u:p@a.example"), "without user"),
            (json!("https://a.example/?b"), "without user, query"),
            (json!("hs.example"), "https://"),
            (json!(7), "must be a text"),
        ] {
            let wrong = judged("matrix.toml", json!({"base_url": base_url}), &["access_token"]).unwrap_err();
            assert!(wrong[0].contains(says), "{base_url}: {wrong:?}");
        }
        assert!(judged("matrix.toml", json!({"base_url": "https://hs.example/"}), &["access_token"]).is_ok());
    }

    #[test]
    fn what_is_heard_is_passed_on_to_whom_the_gateway_may_speak_to() {
        for (url, says) in [
            (json!("bot.example"), "must be a URL"),
            (json!(7), "must be a URL"),
            (json!("http://bot.example/"), "must begin with https://"),
            (json!("https://169.254.169.254/"), "must be a public address"),
            (json!("https://u:p@bot.example/"), "without user"),
            (json!("https://bot.example/#a"), "without user and fragment"),
        ] {
            let fields = json!({"account_sid": "AC1", "from": "+372", "forward_url": url});
            let wrong = judged("twilio-sms.toml", fields, &["auth_token"]).unwrap_err();
            assert!(wrong[0].starts_with("/account/forward_url") && wrong[0].contains(says), "{url}: {wrong:?}");
        }
        let none = json!({"account_sid": "AC1", "from": "+372", "forward_url": null});
        assert!(judged("twilio-sms.toml", none, &["auth_token"]).is_ok());
    }

    #[test]
    fn fields_look_as_they_should() {
        for (phone, is_right) in
            [("+37255512345", true), ("37255512345", false), ("+0123456", false), ("+372 555", false)]
        {
            assert_eq!(FieldShape::Phone.takes(phone), is_right, "{phone}");
        }
        let choice = json!({"project_id": "p", "app_id": "a", "key_id": "k", "region": "mars"});
        assert!(judged("sinch.toml", choice, &["key_secret"]).unwrap_err()[0].contains("one of: us, eu, br"));
        let line = json!({"instagram_id": "1", "button": "a\nb"});
        assert!(judged("instagram.toml", line, &["access_token"]).unwrap_err()[0].contains("one line"));
    }
}
