//! Each row of each table of errors means what it says, by what the platform really answers; and
//! no row stands there that nothing reaches.

use std::collections::BTreeSet;

use countersign_channels::engine::outcome::{Headers, refused};
use countersign_channels::format::matching::TestedDocument;

use crate::case::{Kind, NOW, Refusal, TEXT, all};
use crate::server::{Answer, Server};

fn row(platform: &countersign_channels::platform::Platform, refusal: &Refusal) -> Option<usize> {
    let headers: Headers =
        refusal.headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let document = TestedDocument::of_reply(refusal.status, refusal.body.as_bytes());
    refused(&platform.file().errors, &document, &headers, NOW, platform.file().send.idempotent).row
}

#[tokio::test]
async fn each_refusal_means_what_its_platform_says() {
    let server = Server::start().await;
    for (platform, case) in all() {
        let name = &platform.file().platform.name;
        for refusal in &case.refusal {
            let headers = refusal.headers.clone().into_iter().collect();
            server.answers([Answer { status: refusal.status, headers, body: refusal.body.clone() }]);
            let channel = case.channel(&platform, &server.url, &[]);
            let outcome = channel.send(&case.message(Kind::Text, TEXT)).await;
            assert_eq!(outcome.unwrap_err().to_string(), refusal.means, "{name}: {} {}", refusal.status, refusal.body);
        }
    }
}

#[test]
fn every_row_is_reached() {
    for (platform, case) in all() {
        let reached: BTreeSet<usize> = case.refusal.iter().filter_map(|refusal| row(&platform, refusal)).collect();
        let missing: Vec<usize> = (0..platform.file().errors.len()).filter(|row| !reached.contains(row)).collect();
        let name = &platform.file().platform.name;
        assert!(missing.is_empty(), "{name}: no refusal reaches rows {missing:?} of [[errors]], from 0");
    }
}
