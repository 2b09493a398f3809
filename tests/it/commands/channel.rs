//! `channel list` and `channel verify`, as an operator meets them before anything is configured. The
//! requests that are judged are those that foreign code has signed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;

use serde::Deserialize;

use super::{countersign, run};

/// Signatures that foreign code has made or taken.
#[derive(Deserialize)]
struct Vector {
    name: String,
    definition: String,
    #[serde(default)]
    account: BTreeMap<String, String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    method: String,
    url: String,
    at: u64,
    headers: BTreeMap<String, String>,
    body: String,
    good: bool,
}

fn vectors() -> Vec<Vector> {
    #[derive(Deserialize)]
    struct File {
        vector: Vec<Vector>,
    }
    toml::from_str::<File>(include_str!("../../../channels/tests/vectors.toml")).expect("they are there").vector
}

impl Vector {
    fn verify(&self, secret: &str, more: &[&str]) -> (i32, String, String) {
        let mut command = countersign(&["channel", "verify", &self.definition, "--secret", secret]);
        command.args(["--url", &self.url, "--method", &self.method, "--at", &self.at.to_string()]);
        for (name, value) in &self.headers {
            command.arg("--header").arg(format!("{name}: {value}"));
        }
        asked(command.args(more), &self.body)
    }
}

/// What it says of a body.
fn asked(command: &mut std::process::Command, body: &str) -> (i32, String, String) {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(body.as_bytes()).and_then(|()| std::io::Seek::rewind(&mut file)).expect("it takes a body");
    run(command.stdin(Stdio::from(file)))
}

#[test]
fn all_that_there_is_is_listed_with_what_it_can_do() {
    let (code, told, said) = run(&mut countersign(&["channel", "list"]));
    assert_eq!((code, said.as_str()), (0, ""));
    let names: Vec<&str> =
        told.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(' ').next()).collect();
    for name in [
        "twilio-sms",
        "twilio-whatsapp",
        "whatsapp-cloud",
        "messenger",
        "instagram",
        "telegram",
        "slack",
        "line",
        "matrix",
        "bot-framework",
        "chatwoot",
        "vonage",
        "messagebird",
        "sinch",
        "amazon-sns",
        "kannel",
        "rcs",
        "apple-messages",
        "pega",
        "standard-webhooks",
        "smtp",
        "webchat",
        "recorder",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let of = |name: &str| told.lines().skip_while(|line| !line.starts_with(name)).nth(1).unwrap_or_default().to_owned();
    assert!(of("smtp ").contains("writes first; links as a button; codes in a form of their own"), "{told}");
    assert!(of("smtp ").contains("is not heard") && of("kannel ").contains("says what became of messages"), "{told}");
    assert!(
        of("whatsapp-cloud ").contains("freely for 24 h") && of("matrix ").contains("takes what people typed back"),
        "{told}"
    );
}

#[test]
fn a_request_is_taken_or_refused_as_foreign_code_says() {
    let of_one_secret = |vector: &Vector| vector.secrets.len() == 1 && vector.account.is_empty();
    let mut count = [0, 0];
    for vector in vectors().into_iter().filter(of_one_secret) {
        let secret = vector.secrets.values().next().expect("it has one");
        let (code, told, said) = vector.verify(secret, &[]);
        let (begins, exit) = if vector.good { ("taken: ", 0) } else { ("refused: ", 1) };
        assert_eq!((code, said.as_str()), (exit, ""), "{}: {told}", vector.name);
        assert!(told.starts_with(begins), "{}: {told}", vector.name);
        count[usize::from(vector.good)] += 1;
        if vector.good && vector.definition == "slack" {
            let (code, told, _) = vector.verify("another", &["--secret", secret]);
            assert_eq!((code, told.starts_with("taken")), (0, true), "one of several");
            let (code, told, _) = vector.verify("another", &[]);
            assert!(code == 1 && told.contains("the signature does not match"), "{told}");
            let late = (vector.at + 301).to_string();
            let mut command = countersign(&["channel", "verify", "slack", "--secret", secret, "--at", &late]);
            for (name, value) in &vector.headers {
                command.arg("--header").arg(format!("{name}:{value}"));
            }
            let (code, told, _) = asked(&mut command, &vector.body);
            assert!(code == 1 && told.contains("300 s are taken"), "{told}");
        }
    }
    assert!(count[0] >= 3 && count[1] >= 5, "{count:?}");
}

#[test]
fn what_is_missing_is_said() {
    let said = |arguments: &[&str]| {
        let (code, told, said) = asked(countersign(&["channel", "verify"]).args(arguments), "{}");
        assert_ne!(code, 0, "{arguments:?}: {told}");
        format!("{told}{said}")
    };
    assert!(said(&["slak", "--secret", "x"]).contains("is it slack?"));
    assert!(said(&["pigeon-post", "--secret", "x"]).contains("there are: amazon-sns,"));
    assert!(said(&["smtp", "--secret", "x"]).contains("hears nothing"));
    assert!(said(&["slack"]).contains("say --secret"));
    assert!(said(&["slack", "--secret", ""]).contains("--secret is empty"));
    assert!(said(&["slack", "--secret", "x", "--header", "no colon"]).contains("no colon"));
    assert!(said(&["slack", "--secret", "x"]).contains("refused: the header"));
    assert!(said(&["slack", "--secret", "x", "--method", "A B"]).contains("--method"));
    assert!(said(&[]).contains("DEFINITION") || said(&[]).contains("definition"));
}
