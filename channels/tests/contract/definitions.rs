//! What is wrong with a definition is told when it is read: where, and what would be right. No account
//! and no message is needed for that.

use countersign_channels::platform::check::load;
use countersign_channels::platform::shipped::SOURCES;

const RIGHT: &str = include_str!("../../definitions/telegram.toml");

/// The line, and what is said, after a change of a definition that is right.
fn told(from: &str, to: &str) -> (usize, String) {
    assert!(RIGHT.contains(from), "{from}");
    let source = RIGHT.replacen(from, to, 1);
    let wrong = load("x.toml", &source).map(drop).expect_err(to);
    let line = source.lines().nth(wrong.line - 1).unwrap_or_default();
    // What is wrong is in the line that is told, or the line heads it.
    let part = to.split('\n').find(|part| line.contains(part.trim()) && !part.trim().is_empty());
    assert!(part.is_some() || line.starts_with('['), "{to}: line {}: {line}", wrong.line);
    (wrong.line, wrong.to_string())
}

/// A change of what is right, and what is said of it.
const FAULTS: &[(&str, &str, &str)] = &[
    ("encoding = \"json\"", "encoding = \"xml\"", "expected one of `json`, `form`, `query`"),
    ("[can]", "[can]\nfly = true", "unknown field `fly`, expected one of `initiate`"),
    (
        "path = \"/bot{secrets.token}",
        "path = \"/bot{secrets.tokn}",
        "there is no secret `tokn`; there are: token, webhook_secret",
    ),
    ("path = \"/bot{secrets.token}", "path = \"/bot{account.bt}", "the account has no field `bt`; there are: bot,"),
    ("path = \"/bot{secrets.token}", "path = \"bot{secrets.token}", "must be a path that begins with `/`"),
    ("path = \"/bot{secrets.token}", "path = \"/bot", "no secret stands in `send.path`"),
    ("chat_id = \"{to}\"", "chat_id = \"{too}\"", "unknown placeholder `{too}`; there are: to,"),
    ("chat_id = \"{to}\"", "chat_id = \"{to.room}\"", "the address has no part `room`"),
    ("chat_id = \"{to}\"", "chat_id = \"{to|upper}\"", "unknown filter `upper`"),
    ("chat_id = \"{to}\"", "chat_id = \"{code}\"", "only a code's form has a code"),
    ("body = { text = \"{plain}\" }", "body = { text = \"{text}\" }", "it must hold {plain}"),
    ("body = { text = \"{plain}\" }", "body = { text = \"{plain} {url}\" }", "only a link's form has a URL"),
    ("class = \"retry\"", "class = \"again\"", "expected one of `retry`"),
    ("reason = \"rate\"", "reason = \"busy\"", "expected one of `not-reachable`"),
    (
        "[answer]\nsuccess = [{ pointer = \"/ok\", is = [true] }]",
        "[answer]\nsuccess = []",
        "how a message that was taken is known",
    ),
    ("success = [{ pointer = \"/ok\", is = [true] }]", "success = []", "how a message that is gone is known"),
    ("pointer = \"/ok\"", "pointer = \"ok\"", "must begin with `/`"),
    ("is = [true]", "is = [[]]", "a text, a number, a range"),
    ("name = \"telegram\"", "name = \"Tele gram\"", "a-z, 0-9 and -"),
    ("secret = \"webhook_secret\"", "secret = \"webhook\"", "there is no secret `webhook`"),
    (
        "accept_if = [{ pointer = \"/message/text\", present = true },",
        "accept_if = [{ pointer = \"/message/text\" },",
        "say what must be found there",
    ),
    ("audience.direct-if", "audience.alone-if", "unknown variant `alone-if`"),
    (
        "return_link = \"https://t.me/{account.bot}?start={code}\"",
        "return_link = \"https://t.me/{account.bot}\"",
        "write `{code}`",
    ),
    ("return_link = \"https:", "return_link = \"http:", "a URL that begins with `https://`"),
    ("kind = \"path\"", "kind = \"magic\"", "expected one of `none`, `basic`"),
    ("limits = { plain = 4096 }", "limits = { plane = 4096 }", "unknown field `plane`"),
    ("[[send.text]]", "[[send.txt]]", "unknown field `txt`"),
    (
        "[[inbound.message]]",
        "[inbound.members]\nask = { path = \"/{to.room}\", success = [{ status = [200] }] }\nmembers = \"/a\"\nmost = 2\n\n[[inbound.message]]",
        "the address has no part `room`",
    ),
    (
        "[[inbound.message]]",
        "[inbound.members]\nask = { path = \"/a\", success = [] }\nmembers = \"/a\"\nmost = 2\n\n[[inbound.message]]",
        "how an answer that says who is there is known",
    ),
];

#[test]
fn what_is_wrong_is_told_with_its_line_and_what_would_be_right() {
    for (from, to, says) in FAULTS {
        let (_, told) = told(from, to);
        assert!(told.starts_with("x.toml:") && told.contains(says), "{to}: {told}");
    }
}

#[test]
fn a_signature_that_leaves_the_body_out_is_refused() {
    let shared = "kind = \"shared\"\nsecret = \"webhook_secret\"\nplace.header = \"X-Telegram-Bot-Api-Secret-Token\"";
    let hmac = "kind = \"hmac\"\nhash = \"sha256\"\nsecret = \"webhook_secret\"\nover = \"{url}\"\nsignature = { header = \"x\", encoding = \"hex\" }";
    let (_, told) = told(shared, hmac);
    assert!(told.contains("must cover the body"), "{told}");
}

#[test]
fn a_row_that_is_wrong_is_told_apart_from_the_others() {
    let (line, told) = told("when = { status = [401, 404] }", "when = { present = true }");
    assert!(told.contains("need `pointer` or `element`"), "{told}");
    let before = RIGHT.lines().take(line - 1).filter(|line| line.starts_with("[[errors]]")).count();
    assert_eq!(before, 4);
}

/// What the page teaches can be loaded, and is refused in the words that it quotes.
#[test]
fn the_pages_example_is_right() {
    let page = include_str!("../../README.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    load("pigeon-post.toml", example).unwrap_or_else(|wrong| panic!("{wrong}"));
    let wrong = load("pigeon-post.toml", &example.replace("{account.loft}", "{account.lof}")).unwrap_err();
    assert!(page.contains(&wrong.to_string()), "{wrong}");
}

/// Every word of the format stands on the page that teaches it.
#[test]
fn the_page_names_what_there_is() {
    let page = include_str!("../../README.md");
    for (name, source) in SOURCES {
        let table: toml::Table = toml::from_str(source).unwrap();
        let kinds = |table: &toml::Table, name: &str| {
            let all = table.get(name).and_then(toml::Value::as_array).cloned().unwrap_or_default();
            all.into_iter().filter_map(|one| Some(one.get("kind")?.as_str()?.to_owned())).collect::<Vec<_>>()
        };
        let inbound = table.get("inbound").and_then(toml::Value::as_table).map(|inbound| kinds(inbound, "verify"));
        for kind in kinds(&table, "auth").into_iter().chain(inbound.unwrap_or_default()) {
            assert!(page.contains(&format!("`{kind}`")), "{name}: `{kind}` is not on the page");
        }
    }
}
