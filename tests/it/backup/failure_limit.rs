//! A ban over all of a customer's addresses that fell after a backup was made: the trail of her team
//! brings it back, and takes with it what an admin said afterwards.

use reqwest::Method;
use serde_json::{Value, json};

use super::{backup, lose, restore, trails};
use crate::crash::people::Outsiders;
use crate::crash::process::Site;

const PHONE: &str = "+37255512345";

/// A conversation of hers at some address.
async fn opens(team: &Outsiders, conversation: &str) -> String {
    let body = json!({"channel": "sms", "conversation": conversation,
        "participants": [{"role": "primary", "phone": PHONE}]});
    let opened = team.call(Method::POST, "/v1/interactions", body).await.unwrap().expect(201);
    opened["id"].as_str().unwrap().to_owned()
}

async fn asked(team: &Outsiders, conversation: &str) -> crate::crash::people::Answer {
    let path = format!("/v1/interactions/{}/challenges", opens(team, conversation).await);
    team.call(Method::POST, &path, json!({"method": "otp", "deliver_to": "agent"})).await.unwrap()
}

/// A025, A120: a hundred wrong answers after the backup ban her after it was put back, too, and an
/// admin's word that is in the trail lifts that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a025_a120_a_ban_at_the_failure_limit_outlives_a_restore() {
    let (site, other) = (Site::embedded(), Site::embedded());
    for (site, lifted) in [(&site, false), (&other, true)] {
        let life = site.serve();
        let team = Outsiders::meet(&site.url(), "acme", "none").await;
        let many = json!({"otp": {"max_tries": 100, "length": 10, "show_to_agents": true}});
        team.call(Method::PATCH, "/v1/teams/acme/settings", many).await.unwrap().expect(200);
        let file = site.store().with_extension("backup");
        tokio::task::block_in_place(|| backup(site, &file));
        let live = asked(&team, "first").await.expect(202);
        let path = format!("/v1/challenges/{}/answers", live["id"].as_str().unwrap());
        let mut last = Value::Null;
        for n in 0..100 {
            let guess = json!({"answer": format!("{n:010}")});
            last = team.call(Method::POST, &path, guess).await.unwrap().expect(200);
        }
        assert_eq!(last["outcome"], "banned");
        assert_eq!(asked(&team, "second").await.status, 403, "banned at each of her addresses");
        if lifted {
            let path = format!("/v1/interactions/{}/participants/p1/unlock", opens(&team, "for the admin").await);
            team.call(Method::POST, &path, json!({"reason": "she called"})).await.unwrap().expect(200);
        }
        let audits = trails(site, &[("acme", &team)]).await;
        life.kill();
        lose(site);
        let told = restore(site, &file, &audits);
        assert!(told.contains("participant.banned: 1"), "{told}");
        let life = site.serve();
        let status = asked(&team.again(), "third").await.status;
        assert_eq!(status, if lifted { 202 } else { 403 }, "{told}");
        drop(life);
    }
}
