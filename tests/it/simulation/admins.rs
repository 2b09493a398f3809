//! What agents and admins do: they lift locks, erase, change keys and settings; and somebody who
//! listens to a team's events wherever a node answers.

use std::sync::Arc;
use std::time::Duration;

use countersign::domain::base::id::Kid;
use countersign::domain::base::id::ParticipantId;
use countersign::domain::base::id::TeamName;
use countersign::domain::event::Actor;
use countersign::domain::refusal::Refusal;
use countersign::domain::secret::base64url;
use countersign::domain::team::Material;
use countersign::domain::team::Role;
use countersign::services::conversations::snapshots::Acting;
use countersign::services::engine::Execution;
use serde_json::json;
use tokio::time::sleep;

use super::people::{Answer, People};

/// Minutes for which a key that signed verifies after its successor was activated.
const A_WEEK: u64 = 10_080;

impl People {
    pub(super) async fn unlock(&self) {
        let locked = self.things().locked.pop();
        let Some((at, id)) = locked.or_else(|| self.cluster.chance.recent(&self.things().chats).copied()) else {
            return;
        };
        let (team, who) = (self.team(at).0, ParticipantId::nth(if self.odds(200) { 2 } else { 1 }));
        self.say(format_args!("{who} of {id} is to be unlocked"));
        for attempt in self.attempts() {
            let Some((node, _)) = self.node(attempt).await else { continue };
            let acting = Acting { id, team: Some(&team), actor: Actor::Owner };
            match self.perform(&node, node.gateway.conversations.unlock(acting, &who, None, "asked", true)).await {
                Answer::Unknown => {}
                Answer::Execution(_) | Answer::Refused(_) => return,
            }
        }
    }

    pub(super) async fn erase(&self) {
        let Some((at, id)) = self.cluster.chance.recent(&self.things().chats).copied() else { return };
        let team = self.team(at).0;
        self.say(format_args!("{id} is to be erased"));
        for attempt in self.attempts() {
            let Some((node, around)) = self.node(attempt).await else { continue };
            let acting = Acting { id, team: Some(&team), actor: Actor::Owner };
            match self.perform(&node, node.gateway.maintenance.erase(acting)).await {
                Answer::Execution(()) => {
                    let now = self.after(&node, around);
                    return self.book().was_read(id, now, None);
                }
                Answer::Refused(_) => return,
                Answer::Unknown => {}
            }
        }
    }

    /// A new key for the login page, which then signs, and sometimes the end of one before it.
    pub(super) async fn change_security_keys(&self) {
        let at = usize::from(self.odds(300));
        let team = self.team(at).0;
        let Some((node, _)) = self.node(0).await else { return };
        if self.things().teams[at].signing.len() < 8 {
            let made = self.perform(&node, node.gateway.teams.add_security_key(&team, None, &Actor::Owner, None)).await;
            let Answer::Execution(Execution::Executed(key)) = made else { return };
            let Material::Shared(secret) = &key.material else { return };
            self.say(format_args!("{team} has the new key {}", key.kid));
            self.things().teams[at].signing.push((key.kid.clone(), base64url(secret.expose())));
        }
        let newest = self.things().teams[at].signing.last().expect("a team has a key").0.clone();
        if !self.activates(&team, &newest).await {
            return; // the one before it may still be the one that signs
        }
        let old = {
            let things = self.things();
            let others: Vec<&Kid> =
                things.teams[at].signing.iter().map(|(kid, _)| kid).filter(|kid| **kid != newest).collect();
            self.cluster.chance.pick(&others).map(|kid| (*kid).clone())
        };
        let Some(old) = old else { return };
        for attempt in self.attempts() {
            let Some((node, _)) = self.node(attempt).await else { continue };
            match self.perform(&node, node.gateway.teams.revoke_key(&team, &old, &Actor::Owner)).await {
                Answer::Execution(_) => {
                    self.say(format_args!("{} revoked {old}", node.name));
                    let now = self.cluster.time.now();
                    return self.book().was_revoked(&team, &old, now);
                }
                Answer::Refused(_) => return,
                Answer::Unknown => {}
            }
        }
    }

    /// Whether the key was said to sign. It is refused where another admin has activated a newer one.
    async fn activates(&self, team: &TeamName, kid: &Kid) -> bool {
        for attempt in self.attempts() {
            let Some((node, _)) = self.node(attempt).await else { continue };
            match self.perform(&node, node.gateway.teams.activate_key(team, kid, A_WEEK, &Actor::Owner)).await {
                Answer::Execution(change) => {
                    self.say(format_args!("{} activated {kid}", node.name));
                    self.book().was_activated(team, kid, change.signing.as_ref());
                    return true;
                }
                Answer::Refused(_) => return false,
                Answer::Unknown => {}
            }
        }
        false
    }

    /// A caller's key comes, or goes.
    pub(super) async fn change_api_keys(&self) {
        let team = self.team(0).0;
        let Some((node, _)) = self.node(0).await else { return };
        let goes = self.cluster.chance.recent(&self.things().teams[0].passing).cloned().filter(|_| self.odds(500));
        let Some(text) = goes else {
            let made = node.gateway.teams.add_api_key(&team, Role::Bot, "passing", &Actor::Owner, None);
            if let Answer::Execution(Execution::Executed((_, secret))) = self.perform(&node, made).await {
                let text = String::from_utf8_lossy(secret.expose()).into_owned();
                self.things().teams[0].passing.push(text);
            }
            return;
        };
        let id = text.split('_').nth(2).expect("csk_TEAM_ID_SECRET").parse().expect("a key's id");
        for attempt in self.attempts() {
            let Some((node, _)) = self.node(attempt).await else { continue };
            match self.perform(&node, node.gateway.teams.remove_api_key(&team, &id, Role::Owner, &Actor::Owner)).await {
                // Gone already: an earlier attempt did it, or somebody else.
                Answer::Execution(()) | Answer::Refused(Refusal::NotFound(_)) => {
                    self.say(format_args!("{} removed the key {id}", node.name));
                    let now = self.cluster.time.now();
                    self.book().told.removed.entry(text).or_insert(now);
                    return;
                }
                Answer::Refused(_) => return,
                Answer::Unknown => {}
            }
        }
    }

    /// Somebody comes with a key that may be gone.
    pub(super) async fn use_passing_key(&self) {
        let Some(text) = self.cluster.chance.pick(&self.things().teams[0].passing).cloned() else { return };
        let Some((node, around)) = self.node(0).await else { return };
        if let Answer::Execution(Some(caller)) = self.perform(&node, node.gateway.callers.caller(&text)).await {
            let ended = self.book().told.removed.get(&text).copied();
            self.book().counts_still(ended, &format!("of {:?}", caller.actor), around);
        }
    }

    pub(super) async fn change_settings(&self) {
        let at = usize::from(self.odds(300));
        let (team, name) = (self.team(at).0, format!("shop {}", self.things().fresh()));
        let patch = json!({"brand": {"name": name}});
        let patch = patch.as_object().expect("an object");
        self.say(format_args!("{team} is to be called {name}"));
        for attempt in self.attempts() {
            let Some((node, around)) = self.node(attempt).await else { continue };
            match self.perform(&node, node.gateway.teams.patch_team(&team, patch, &Actor::Owner)).await {
                Answer::Execution(()) => return self.book().was_set(&team, &name, around),
                Answer::Refused(_) => return,
                Answer::Unknown => {}
            }
        }
    }

    /// Listens until the end: what is told is what the stream holds, number by number.
    pub async fn listen(self: Arc<Self>, at: usize) {
        let team = self.team(at).0;
        let mut last = 0;
        loop {
            sleep(Duration::from_millis(300)).await;
            let Some((node, _)) = self.node(0).await else { continue };
            let mut listener = match self.perform(&node, node.gateway.event_log.listen(&team, Some(last))).await {
                Answer::Execution(listener) => listener,
                Answer::Refused(Refusal::EventsGone) => {
                    let held = self.book().heads.get(&format!("h/{team}")).map(|head| head["gone"].as_u64());
                    last = held.flatten().unwrap_or(last).max(last);
                    continue;
                }
                _ => continue,
            };
            while let Answer::Execution(numbered) = self.perform(&node, listener.next()).await {
                last += 1;
                let mut book = self.book();
                let index = usize::try_from(last - 1).expect("few events");
                let held = book.streams.get(&team).and_then(|streams| streams.events.get(index)).cloned();
                let good = numbered.number == last && held.as_ref() == Some(&numbered.event);
                book.must(good, || format!("{team}: a listener got {} where {last} was next", numbered.number));
            }
        }
    }
}
