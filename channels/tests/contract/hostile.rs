//! What people write stays in its place: quotes, braces, line ends, mark-up, letters that turn the
//! line around. The platform takes each request apart and finds the same places with the same
//! texts, save where the text itself stands.

use countersign_channels::DeliveryError;
use countersign_channels::engine::units::is_gsm;
use countersign_channels::format::template::escape;

use crate::case::{Kind, all};
use crate::decoded::texts;
use crate::server::{Answer, Server};

const PLAIN: &str = "Demo-text";

fn hostile() -> Vec<String> {
    let fixed = [
        "\"}],\"to\":\"+1\",\"x\":[{\"",
        "a&To=%2B1&Body=x=y;z+%00",
        "{code} {{secrets.token}} {url} #PI {0} ${x}",
        "line\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1",
        "</text><b onload='x'>&amp;<!channel> <@U1|x>",
        "../../etc/passwd?x#y \\ \u{0} \u{7f} \u{1b}[2J",
        "\u{202e}txet\u{2066} \u{200b}😀👩‍👩‍👧 \u{feff}é\u{301} ￾",
        "*bold* _it_ ~s~ `code` [a](https://evil.example)",
    ];
    fixed.into_iter().map(str::to_owned).chain(["x".repeat(10_000), "€😀".repeat(5_000)]).collect()
}

#[tokio::test]
async fn no_text_leaves_its_place() {
    let server = Server::start().await;
    for (platform, case) in all() {
        let name = &platform.file().platform.name;
        server.answers([Answer { status: case.taken.status, body: case.taken.body.clone(), ..Answer::default() }]);
        let channel = case.channel(&platform, &server.url, &[]);
        for kind in [Kind::Text, Kind::Link, Kind::Code] {
            channel.send(&case.message(kind, PLAIN)).await.unwrap_or_else(|error| panic!("{name}, {kind:?}: {error}"));
            let wanted = texts(&server.asked()[0]);
            for text in hostile() {
                let outcome = channel.send(&case.message(kind, &text)).await;
                let asked = server.asked();
                if outcome == Err(DeliveryError::Permanent("too-long")) {
                    assert!(text.chars().count() > 300 && asked.is_empty(), "{name}, {kind:?}: {text:?}");
                    continue;
                }
                outcome.unwrap_or_else(|error| panic!("{name}, {kind:?}, {text:?}: {error}"));
                let found = texts(&asked[0]);
                if found.iter().map(|(place, _)| place).ne(wanted.iter().map(|(place, _)| place)) {
                    // Longer, or of another alphabet: another form, which the other tests look at.
                    assert!(text.chars().count() > 300 || !is_gsm(&text), "{name}, {kind:?}, {text:?}: {found:?}");
                    continue;
                }
                for ((place, found), (_, wanted)) in found.iter().zip(&wanted) {
                    let escaped = [text.clone(), escape::entities(&text), escape::markup(&text)];
                    let fits = escaped.iter().any(|text| *found == wanted.replace(PLAIN, text));
                    assert!(fits, "{name}, {kind:?}, {place}: {found:?} for {text:?}");
                }
            }
        }
    }
}

/// Neither does an address, which a person may have had a hand in.
#[tokio::test]
async fn no_address_leaves_its_place() {
    let server = Server::start().await;
    for (platform, mut case) in all() {
        let name = platform.file().platform.name.clone();
        let parts = platform.file().platform.address.len().max(1);
        server.answers([Answer { status: case.taken.status, body: case.taken.body.clone(), ..Answer::default() }]);
        let whole = case.to.clone();
        let channel = case.channel(&platform, &server.url, &[]);
        channel.send(&case.message(Kind::Text, PLAIN)).await.unwrap();
        let wanted = texts(&server.asked()[0]);
        for to in [
            "..",
            ".",
            "",
            "a/../b",
            "?x=1&to=2",
            "#x",
            "a%2Fb",
            "\"}],{\"",
            "x\r\nX-Evil:\u{a0}1",
            "\u{202e}é",
            "a\0b",
        ] {
            case.to = vec![to; parts].join(" ");
            let outcome = channel.send(&case.message(Kind::Text, PLAIN)).await;
            let asked = server.asked();
            if outcome == Err(DeliveryError::Permanent("bad-address")) {
                assert!(asked.is_empty(), "{name}: {to:?}");
                continue;
            }
            assert!(outcome.is_ok(), "{name}: {to:?}: {outcome:?}");
            assert!(asked[0].headers.get("x-evil").is_none(), "{name}");
            let replaced = |text: &str| whole.split(' ').fold(text.to_owned(), |text, part| text.replace(part, to));
            let wanted: Vec<_> = wanted.iter().map(|(place, text)| (place.clone(), replaced(text))).collect();
            assert_eq!(texts(&asked[0]), wanted, "{name}: {to:?}");
        }
        case.to = format!("{whole} more");
        if parts > 1 {
            let outcome = channel.send(&case.message(Kind::Text, PLAIN)).await;
            assert_eq!(outcome, Err(DeliveryError::Permanent("bad-address")), "{name}");
        }
    }
}

/// Where texts are mark-up, that they are is no accident.
#[tokio::test]
async fn mark_up_is_taken_for_words() {
    let server = Server::start().await;
    let text = "<!channel> & \"Demo\"";
    for (name, kind, place, found) in [
        ("slack", Kind::Text, "body/text", "&lt;!channel&gt; &amp; \"Demo\""),
        ("slack", Kind::Link, "body/blocks/0/text/text", "&lt;!channel&gt; &amp; \"Demo\""),
        (
            "matrix",
            Kind::Link,
            "body/formatted_body",
            "&lt;!channel&gt; &amp; &quot;Demo&quot;<br><a href=\"https://gate.example/l/AbC-1_x?a=1&amp;b=2\">https://gate.example/l/AbC-1_x?a=1&amp;b=2</a>",
        ),
        ("matrix", Kind::Text, "body/body", text),
        ("bot-framework", Kind::Link, "body/attachments/0/content/text", "&lt;!channel&gt; &amp; &quot;Demo&quot;"),
    ] {
        let (platform, case) = all().into_iter().find(|(platform, _)| platform.file().platform.name == name).unwrap();
        server.answers([Answer { status: case.taken.status, body: case.taken.body.clone(), ..Answer::default() }]);
        case.channel(&platform, &server.url, &[]).send(&case.message(kind, text)).await.unwrap();
        let texts = texts(&server.asked()[0]);
        assert_eq!(
            texts.iter().find(|(known, _)| known == place).map(|(_, text)| text.as_str()),
            Some(found),
            "{name}"
        );
    }
}
