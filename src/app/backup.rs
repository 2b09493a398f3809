//! Backup and restore of an embedded store. What a file holds is the adapter's, what a new epoch
//! ends is the domain's; here they meet, and what cannot be known again is put into words.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use countersign_channels::built_in::recorder::Recorder;

use super::{over, root_key};
use crate::ambient::{Clock, SystemClock};
use crate::config::{Config, StoreKind};
use crate::domain::team::SecurityKey;
use crate::domain::time::Moment;
use crate::services::Gateway;
use crate::services::events::audit::Trail;
use crate::services::maintenance::reapply::{Reapplied, Trails};
use crate::store::embedded::{Embedded, backup};

/// Told now and then: what is done, so many bytes of so many.
pub type BackupProgress<'p> = &'p mut dyn FnMut(&str, u64, u64);

/// Copies the store to a new file; what the copy says of itself, as JSON.
pub fn make(config: &Config, file: &Path, progress: BackupProgress<'_>) -> anyhow::Result<String> {
    let path = embedded(config, "its own backups (BGSAVE, or copies of its append-only files) are the way")?;
    let now = SystemClock::default().now();
    let made = backup::make(path, file, now, &mut |done, all| progress("copied", done, all))?;
    Ok(serde_json::to_string(&made)?)
}

/// Puts a backup back, begins a new epoch, does again what the trails say, and says the rest.
pub async fn restore(
    config: &Config,
    file: &Path,
    trails: &[PathBuf],
    progress: BackupProgress<'_>,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let path = embedded(config, "stop every gateway, put its own backup back, and start one with --accept-loss")?;
    // All that can be refused is, before anything is put in place.
    let root = root_key::existing(config)?;
    let trails = trails.iter().map(|trail| page(trail)).collect::<anyhow::Result<Vec<Trail>>>()?;
    let manifest = backup::verify(file, &mut |done, all| progress("verified", done, all))?;
    let made_at = Moment(manifest.made_at).to_string();
    backup::put_back(file, path, &made_at, &mut |done, all| progress("put back", done, all))?;
    let outcome = Box::pin(async {
        let store = Arc::new(Embedded::open(path)?);
        store.proved().await?;
        let gateway = over(store.clone(), config, &root, String::new(), Recorder::default())?;
        let recognised = gateway.maintenance.recognise(false).await;
        recognised.context("the backup was sealed with another root key: name the one that belongs to it")?;
        let done = begin(&gateway, &store, trails).await?;
        Ok::<_, anyhow::Error>((gateway, done))
    });
    match outcome.await {
        Ok((gateway, done)) => tell(&gateway, &made_at, &done, say).await,
        Err(error) => {
            backup::take_away(path).context("what was put back could not be taken away again")?;
            Err(error)
        }
    }
}

type Done = Vec<(crate::domain::base::id::TeamName, Reapplied)>;

async fn begin(gateway: &Gateway, store: &Embedded, pages: Vec<Trail>) -> anyhow::Result<Done> {
    let trails = Trails::of(pages);
    let (mut done, mut after): (Done, Option<String>) = (Vec::new(), None);
    loop {
        let teams = gateway.teams.list_teams(after.as_deref(), 100).await?;
        let Some((last, _)) = teams.last() else { break };
        after = Some(last.to_string());
        for (team, _) in teams {
            let told =
                gateway.restore.adopt(&team, &trails).await.with_context(|| format!("the audit trail of {team}"))?;
            done.push((team, told));
        }
    }
    for (team, told) in &mut done {
        gateway.restore.reapply(team, told).await.with_context(|| format!("the audit trail of {team}"))?;
    }
    let why = store.data_loss()?.unwrap_or_else(|| "a backup was put back".to_owned());
    gateway.maintenance.begin_epoch(&why).await?;
    store.heal()?;
    Ok(done)
}

/// What the operator must know.
async fn tell(gateway: &Gateway, made_at: &str, done: &Done, say: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    say(&format!("The store is as it was at {made_at}, in its epoch {}.", gateway.engine.epoch().number));
    say("Every flag is down, every link has ended, and no identity token from before counts.");
    say("Interactions, teams and failed answers since then are not known any more; teams deleted since are back.");
    for (team, told) in done {
        say(&format!("\nteam {team}"));
        let (end, head) = told.end;
        match told.entries {
            0 => say(&format!(
                "  unknown  what happened after its audit entry {end}: give its trail with --audit where you have it"
            )),
            entries => say(&format!("  good     {entries} entries of its audit trail were taken, up to entry {end}")),
        }
        if head > end {
            say(&format!("  unknown  entries {} to {head} of its trail were not given", end + 1));
        }
        for (action, times) in &told.done {
            say(&format!("  again    {action}: {times}"));
        }
        for left in &told.left {
            say(&format!("  gone     {left}"));
        }
        for key in gateway.teams.api_keys(team).await? {
            say(&format!("  counts   API key {} ({:?}, {}), made {}", key.id, key.role, key.name, key.created_at));
        }
        let keys = gateway.teams.security_keys(team).await?;
        for key in &keys {
            say(&format!("  counts   security key {}, {:?}, made {}", key.kid, key.status, key.created_at));
        }
        if keys.iter().any(SecurityKey::can_sign) && !keys.iter().any(SecurityKey::signs) {
            say("  missing  no security key signs: make one and activate it, or no login link works");
        }
    }
    say("\nRevoke every key above that was revoked since and is not known to be; then start the gateway.");
    Ok(())
}

/// One page of a trail, verified.
fn page(file: &Path) -> anyhow::Result<Trail> {
    let named = || format!("--audit {}", file.display());
    let text = std::fs::read_to_string(file).with_context(named)?;
    let trail: Trail =
        serde_json::from_str(&text).context("not what GET /v1/teams/TEAM/audit gives").with_context(named)?;
    trail.verify().with_context(named)?;
    Ok(trail)
}

fn embedded<'c>(config: &'c Config, otherwise: &str) -> anyhow::Result<&'c Path> {
    match config.store.kind {
        StoreKind::Embedded => Ok(&config.store.path),
        StoreKind::Redis => bail!("the store is Redis: {otherwise}"),
    }
}
