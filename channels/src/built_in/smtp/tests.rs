//! The fields that an account on a mail server must have, and how each error is told. Nothing is sent here:
//! `tests/contract/mail.rs` does that.

use serde_json::{Value, json};

use super::*;
use crate::ambient::Still;

fn judged(fields: Value, password: Option<&str>, may_reach: bool) -> Vec<String> {
    let smtp = Smtp::new(EgressPolicy::new(move |_| may_reach), Arc::new(Still::default()));
    let secrets = password.map(|password| ("password".to_owned(), password.to_owned().into())).into_iter().collect();
    let account = Account { fields: fields.as_object().unwrap().clone(), secrets };
    let wrong = smtp.open(&account).err().unwrap_or_default();
    wrong.into_iter().map(|wrong| format!("{}: {}", wrong.pointer, wrong.error.detail)).collect()
}

#[test]
fn what_is_right_is_taken() {
    for fields in [
        json!({"host": "smtp.example.com", "from": "no-reply@example.com"}),
        json!({"host": "smtp.example.com", "from": "no-reply@õun.ee", "from_name": "Õun", "tls": "implicit"}),
        json!({"host": "1.1.1.1", "from": "a@example.com", "port": 2525, "max_per_minute": 30}),
        json!({"host": "2606:4700::1111", "from": "a@example.com", "port": "25"}),
    ] {
        assert_eq!(judged(fields.clone(), None, false), Vec::<String>::new(), "{fields}");
    }
    let with_login = json!({"host": "smtp.example.com", "from": "a@example.com", "username": "a"});
    assert!(judged(with_login, Some("demo secret"), false).is_empty());
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let fields = json!({"tls": "none", "port": 0, "from": "no address", "from_name": "a\r\nBcc: x@evil.example",
        "username": "a\0b", "colour": "red", "max_per_minute": 0, "button": 7, "certificate": "x"});
    let wrong = judged(fields, None, false);
    for says in [
        "/account/colour: no such field; there are: host, port,",
        "/account/host: is missing",
        "/account/tls: must be one of: starttls, implicit",
        "/account/port: must be a number from 1 to 65535",
        "/account/from: must be a mail address",
        "/account/from_name: must be one line",
        "/account/username: must be one line",
        "/account/button: must be a text",
        "/account/max_per_minute: must be a number",
    ] {
        assert!(wrong.iter().any(|wrong| wrong.starts_with(says)), "{says}: {wrong:#?}");
    }
    let host = |fields| judged(fields, None, false);
    assert!(host(json!({"host": "a.example", "from": "a@a.example", "certificate": "x"}))[0].contains("PEM"));
    let login = json!({"host": "a.example", "from": "a@a.example", "username": "a"});
    assert!(judged(login, None, false)[0].starts_with("/secrets/password: is missing"));
    let nobody = json!({"host": "a.example", "from": "a@a.example"});
    assert!(judged(nobody, Some("x"), false)[0].starts_with("/account/username: is missing"));
}

/// A113: a server inside is spoken to only where the operator allows it, however it is written.
#[test]
fn a113_a_server_inside_is_none() {
    for host in ["127.0.0.1", "localhost", "10.0.0.1", "[::1]", "::1", "2130706433", "0x7f.1", "169.254.169.254"] {
        let fields = json!({"host": host, "from": "a@example.com"});
        assert!(judged(fields.clone(), None, false)[0].contains("public address"), "{host}");
        assert!(judged(fields, None, true).is_empty(), "{host}");
    }
    for host in [
        "a.example:25",
        "a.example:443",
        "a@b.example",
        "a.example/x",
        "a b.example",
        "",
        "a.example?x",
        "a%2e.example",
    ] {
        let fields = json!({"host": host, "from": "a@example.com"});
        assert!(judged(fields, None, true)[0].starts_with("/account/host: must"), "{host}");
    }
}
