//! The root key: 32 random bytes that every other key follows from. Read from its file, or made
//! on the first start beside the store; never made anew for a store that was sealed with another.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ambient::{Entropy, SystemEntropy};
use crate::config::Config;
use crate::domain::secret::Secret;

/// Reads the root key, or makes it where this is the store's first start.
pub(super) fn load(config: &Config) -> anyhow::Result<Secret> {
    let named = &config.secrets.root_key_file;
    if !named.as_os_str().is_empty() {
        return read(named).with_context(|| format!("secrets.root_key_file {}", named.display()));
    }
    let beside = beside(&config.store.path);
    if beside.exists() {
        return read(&beside).with_context(|| format!("the root key {}", beside.display()));
    }
    let used = std::fs::read_dir(&config.store.path).is_ok_and(|mut entries| entries.next().is_some());
    if used {
        bail!(
            "the root key {} is missing, and the store {} was sealed with it: put the file back, or name another store.path",
            beside.display(),
            config.store.path.display()
        );
    }
    make(&beside).with_context(|| format!("the root key {} could not be written", beside.display()))
}

/// Reads the root key of a store that is not there yet: it is never made.
pub(super) fn existing(config: &Config) -> anyhow::Result<Secret> {
    let beside = beside(&config.store.path);
    if config.secrets.root_key_file.as_os_str().is_empty() && !beside.exists() {
        bail!("the root key {} is missing: put back the one that the backup was sealed with", beside.display());
    }
    load(config)
}

/// `countersign-data` → `countersign-data.key`.
fn beside(store: &Path) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_os_string();
    name.push(".key");
    store.with_file_name(name)
}

fn read(file: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(file)?;
    let bytes = STANDARD.decode(text.trim()).context("must hold base64")?;
    if bytes.len() != 32 {
        bail!("must hold 32 bytes in base64, not {}: head -c 32 /dev/urandom | base64", bytes.len());
    }
    if std::fs::metadata(file)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(file = %file.display(), "the root key can be read by others: chmod 600");
    }
    Ok(Secret::new(bytes))
}

fn make(file: &Path) -> anyhow::Result<Secret> {
    let mut bytes = vec![0; 32];
    SystemEntropy::default().fill(&mut bytes);
    if let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(out, "{}", STANDARD.encode(&bytes))?;
    out.sync_all()?;
    tracing::info!(file = %file.display(), "made a root key: keep a copy of it apart from the store");
    Ok(Secret::new(bytes))
}
