//! What a server must be like, by its own words: refused is one that would forget what it was
//! given or cannot do what is asked; of what is only dangerous it is warned.
//!
//! Pure functions over the text of `INFO`.

use std::net::IpAddr;

use crate::StoreError;

/// Whether the server may be used. `mode`: what `redis_mode` has to be.
pub(super) fn judged(info: &str, mode: &str) -> Result<(), StoreError> {
    let version = said(info, "redis_version");
    if numbers(version) < [7, 0, 0] {
        return Err(refused(&format!("it is version {version:?}: functions need Redis 7 or newer")));
    }
    match (said(info, "redis_mode"), mode) {
        ("sentinel", _) => return Err(refused("it is a Sentinel: add ?sentinel=NAME to its URL")),
        ("cluster", "standalone") => {
            return Err(refused("it runs in cluster mode: give the URLs of several of its nodes"));
        }
        ("standalone", "cluster") => {
            return Err(refused("it does not run in cluster mode: give one URL, or ?sentinel=NAME"));
        }
        _ => {}
    }
    if said(info, "role") == "slave" {
        return Err(StoreError::Away("the Redis server is a replica, not a primary".to_owned()));
    }
    let policy = said(info, "maxmemory_policy");
    if policy != "noeviction" {
        return Err(refused(&format!(
            "its maxmemory-policy is {policy:?}, so it may drop lockouts and flags: set `maxmemory-policy noeviction`"
        )));
    }
    Ok(())
}

/// What is dangerous about a server that may be used. `saves`: whether it writes snapshots.
pub(super) fn dangers(info: &str, host: &str, tls: bool, password: bool, saves: bool) -> Vec<&'static str> {
    let mut dangers = Vec::new();
    if said(info, "aof_enabled") == "0" {
        dangers.push(if saves {
            "it keeps no append-only file: a crash forgets what came after its last snapshot (set `appendonly yes`)"
        } else {
            "it persists nothing: a restart forgets everything (set `appendonly yes`)"
        });
    }
    let far = host != "localhost" && host.parse::<IpAddr>().map_or(true, |ip| !ip.is_loopback());
    if far && !tls {
        dangers
            .push("it is spoken to without TLS: whoever listens on the way reads and writes with us (use rediss://)");
    }
    if far && !password {
        dangers
            .push("it asks for no password: whoever reaches it may write what it likes (set a user or `requirepass`)");
    }
    if !mended(info) {
        dangers.push(
            "its version has known holes in Lua (CVE-2025-49844 and others), unless its distributor mended them: \
             take 7.2.11, 7.4.6, 8.0.4, 8.2.2 or newer",
        );
    }
    dangers
}

/// Whether the holes that were found in 2025 are closed in this version.
fn mended(info: &str) -> bool {
    let valkey = said(info, "valkey_version");
    if !valkey.is_empty() {
        return match numbers(valkey) {
            [7, 2, patch] => patch >= 11,
            [8, 0, patch] => patch >= 6,
            [8, 1, patch] => patch >= 4,
            [major, ..] => major >= 9,
        };
    }
    match numbers(said(info, "redis_version")) {
        [6, 2, patch] => patch >= 20,
        [7, 2, patch] => patch >= 11,
        [7, 4, patch] => patch >= 6,
        [8, 0, patch] => patch >= 4,
        [8, 2, patch] => patch >= 2,
        [major, minor, _] => (major, minor) >= (8, 3),
    }
}

fn said<'a>(info: &'a str, name: &str) -> &'a str {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map_or("", str::trim)
}

/// Major, minor, patch.
fn numbers(version: &str) -> [u32; 3] {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

fn refused(why: &str) -> StoreError {
    StoreError::Damaged(format!("this Redis server cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: &str) -> String {
        format!(
            "redis_version:{version}\r\nredis_mode:standalone\r\nrole:master\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n"
        )
    }

    #[test]
    fn a_server_that_is_another_kind_of_server_is_told_how_it_would_be_right() {
        let of = |info: &str, mode| judged(info, mode).map_err(|error| error.to_string());
        let good = info("8.2.2");
        assert_eq!(of(&good, "standalone"), Ok(()));
        assert!(of(&good, "cluster").unwrap_err().contains("one URL"));
        assert!(of(&good.replace("standalone", "cluster"), "standalone").unwrap_err().contains("several"));
        assert!(of(&good.replace("standalone", "sentinel"), "standalone").unwrap_err().contains("?sentinel=NAME"));
        assert!(of(&info("6.2.20"), "standalone").unwrap_err().contains("Redis 7"));
        assert!(of(&good.replace("master", "slave"), "standalone").unwrap_err().contains("replica"));
        assert!(of(&good.replace("noeviction", "volatile-ttl"), "standalone").unwrap_err().contains("noeviction"));
    }

    #[test]
    fn a129_holes_missing_tls_and_missing_passwords_are_told() {
        let of = |info: &str, host: &str, tls, password| dangers(info, host, tls, password, true).join("\n");
        for version in ["7.0.15", "7.2.10", "7.4.5", "8.0.3", "8.1.0", "8.2.1"] {
            assert!(of(&info(version), "::1", false, false).contains("CVE-2025-49844"), "{version}");
        }
        for version in ["7.2.11", "7.4.6", "8.0.4", "8.2.2", "8.4.0", "9.0.0"] {
            assert_eq!(of(&info(version), "localhost", false, false), "", "{version}");
        }
        let valkey = |version: &str| format!("{}valkey_version:{version}\r\n", info("7.2.4"));
        assert!(of(&valkey("8.1.3"), "127.0.0.1", false, false).contains("CVE-2025-49844"));
        assert_eq!(of(&valkey("8.1.4"), "127.0.0.1", false, false), "");
        let far = |tls, password| of(&info("8.2.2"), "10.0.0.7", tls, password);
        assert!(far(false, true).contains("TLS") && !far(false, true).contains("password"));
        assert!(far(true, false).contains("password") && !far(true, false).contains("TLS"));
        assert_eq!(far(true, true), "");
        assert!(
            dangers(&info("8.2.2").replace("aof_enabled:1", "aof_enabled:0"), "::1", true, true, false)[0]
                .contains("nothing")
        );
    }
}
