//! The plan of the house: each module, whom it may know, and why no more.
//!
//! Only the table; how the sources are read against it is its parent's affair.

/// Our crates that are modules of this plan; their sources lie in `NAME/src`.
pub const MEMBERS: [&str; 9] =
    ["ambient", "demo", "directory", "domain", "identity", "pages", "pictures", "services", "store"];

/// Which third-party crates a module may use.
pub enum Crates {
    /// These and no others that Cargo.toml names.
    Only(&'static [&'static str]),
    /// All but these.
    Not(&'static [&'static str]),
}

/// One module of the house.
pub struct Room {
    /// Its path in the crate.
    pub name: &'static str,
    /// Modules of ours that it may know besides itself; `*` is all of them, `services::*` every room of the
    /// services.
    pub modules: &'static [&'static str],
    /// Third-party crates.
    pub crates: Crates,
    /// Told to whoever breaks it.
    pub why: &'static str,
}

/// What speaks HTTP to a caller.
const SERVERS: &[&str] = &["axum", "hyper", "hyper_util", "tower", "tower_http", "utoipa_axum"];

/// What speaks HTTP to a caller, and drivers of stores: no service uses them.
const SERVICE: Crates =
    Crates::Not(&["axum", "hyper", "hyper_util", "redis", "rusqlite", "tower", "tower_http", "utoipa_axum"]);

/// What each room of the services may know, and then the rooms themselves: each knows those before it.
const SERVICES_BEFORE: &[&str] = &[
    "domain",
    "ambient",
    "store",
    "channels",
    "directory",
    "identity",
    "pictures",
    "services::engine",
    "services::names",
    "services::urls",
    "services::config",
    "services::teams",
    "services::customers",
    "services::limits",
    "services::conversations",
    "services::links",
    "services::challenges",
    "services::messaging",
    "services::events",
    "services::accounts",
    "services::inbound",
    "services::lockouts",
    "services::staff",
    "services::maintenance",
];

/// How many of them are no rooms of the services.
const BASE: usize = 11;

/// What the room of that place in the order may know.
const fn before(place: usize) -> &'static [&'static str] {
    SERVICES_BEFORE.split_at(BASE + place).0
}

const ROOMS_IN_ORDER: &str = "use cases know rules, ports and the rooms before them; no adapter, no caller";

/// From the ground floor up.
pub const ROOMS: &[Room] = &[
    Room {
        name: "domain",
        modules: &[],
        crates: Crates::Only(&[
            "ammonia",
            "argon2",
            "aws_lc_rs",
            "base64",
            "bytes",
            "countersign_validation",
            "jiff",
            "jsonwebtoken",
            "phonenumber",
            "secrecy",
            "serde",
            "serde_json",
            "serde_path_to_error",
            "strsim",
            "subtle",
            "thiserror",
            "unicode_normalization",
            "url",
            "uuid",
            "utoipa",
            "zeroize",
        ]),
        why: "rules are pure: no clock, no chance, no I/O, nobody above",
    },
    Room {
        name: "ambient",
        modules: &[],
        crates: Crates::Only(&["async_trait", "aws_lc_rs", "jiff", "tokio", "zeroize"]),
        why: "it brings in time and chance, and nothing else",
    },
    Room {
        name: "store",
        modules: &[],
        crates: Crates::Only(&["async_trait", "bytes", "thiserror"]),
        why: "the port knows keys and bytes, not meanings",
    },
    Room {
        name: "store::embedded",
        modules: &["store"],
        crates: Crates::Not(&["axum", "hyper", "redis", "reqwest", "tower", "tower_http"]),
        why: "an adapter knows its port and its driver",
    },
    Room {
        name: "store::redis",
        modules: &["store"],
        crates: Crates::Not(&["axum", "hyper", "reqwest", "rusqlite", "tower", "tower_http"]),
        why: "an adapter knows its port and its driver",
    },
    Room { name: "channels", modules: &[], crates: Crates::Not(&[]), why: "a crate of its own" },
    Room {
        name: "directory",
        modules: &["domain", "channels"],
        crates: Crates::Not(&["axum", "hyper", "ldap3", "redis", "rusqlite", "tokio_postgres", "tower", "tower_http"]),
        why: "it looks customers up; it neither keeps them nor answers callers",
    },
    Room {
        name: "pictures",
        modules: &["domain"],
        crates: Crates::Only(&["png", "thiserror", "zeroize", "zune_core", "zune_jpeg"]),
        why: "it knows formats and pixels: it sends nothing and keeps nothing",
    },
    Room {
        name: "identity",
        modules: &["domain", "pictures", "channels"],
        crates: Crates::Not(&["axum", "hyper", "redis", "rusqlite", "tower", "tower_http"]),
        why: "it has documents checked; what a verdict leads to is a rule's to say",
    },
    Room {
        name: "identity::mitek",
        modules: &["identity", "domain", "pictures", "channels"],
        crates: Crates::Not(&["axum", "hyper", "redis", "rusqlite", "tower", "tower_http"]),
        why: "an adapter knows its port and its driver",
    },
    Room {
        name: "identity::signed",
        modules: &["identity", "domain", "pictures", "channels"],
        crates: Crates::Not(&["axum", "hyper", "redis", "rusqlite", "tower", "tower_http"]),
        why: "an adapter knows its port and its driver",
    },
    Room {
        name: "directory::http",
        modules: &["directory", "domain", "channels"],
        crates: Crates::Not(&["axum", "hyper", "ldap3", "redis", "rusqlite", "tokio_postgres", "tower", "tower_http"]),
        why: "an adapter knows its port and its driver",
    },
    Room {
        name: "directory::ldap",
        modules: &["directory", "domain", "channels"],
        crates: Crates::Not(&["axum", "hyper", "redis", "rusqlite", "tokio_postgres", "tower", "tower_http"]),
        why: "an adapter knows its port and its driver",
    },
    Room {
        name: "directory::postgres",
        modules: &["directory", "domain", "channels"],
        crates: Crates::Not(&["axum", "hyper", "ldap3", "redis", "rusqlite", "tower", "tower_http"]),
        why: "an adapter knows its port and its driver",
    },
    Room {
        name: "services::engine",
        modules: &["domain", "ambient", "store"],
        crates: SERVICE,
        why: "it commits what it is given: it knows no use case",
    },
    Room {
        name: "services::names",
        modules: &["domain", "store", "services::engine"],
        crates: SERVICE,
        why: "it names records, and reads none",
    },
    Room { name: "services::urls", modules: &["domain"], crates: SERVICE, why: "it writes addresses, and opens none" },
    Room {
        name: "services::config",
        modules: &["domain", "channels", "directory", "identity"],
        crates: SERVICE,
        why: "it is what services are made with",
    },
    Room { name: "services::teams", modules: before(0), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::customers", modules: before(1), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::limits", modules: before(2), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::conversations", modules: before(3), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::links", modules: before(4), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::challenges", modules: before(5), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::messaging", modules: before(6), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::events", modules: before(7), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::accounts", modules: before(8), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::inbound", modules: before(9), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::lockouts", modules: before(10), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::staff", modules: before(11), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room { name: "services::maintenance", modules: before(12), crates: SERVICE, why: ROOMS_IN_ORDER },
    Room {
        name: "services",
        modules: SERVICES_BEFORE,
        crates: SERVICE,
        why: "it makes the services and hands them out",
    },
    Room { name: "pages", modules: &[], crates: Crates::Not(SERVERS), why: "it draws what it is given" },
    Room {
        name: "http",
        modules: &["services", "services::*", "domain", "ambient", "pages", "pictures"],
        crates: Crates::Not(&["redis", "reqwest", "rusqlite"]),
        why: "it translates between callers and use cases",
    },
    Room {
        name: "config",
        modules: &[],
        crates: Crates::Not(&["redis", "reqwest", "rusqlite", "axum", "hyper", "tower", "tower_http"]),
        why: "it reads settings of the process; what they mean is decided elsewhere",
    },
    Room {
        name: "demo",
        modules: &["pages", "ambient"],
        crates: Crates::Not(&["redis", "rusqlite"]),
        why: "the demo's bot, bank and phone are outsiders: they use the public API like anybody",
    },
    Room {
        name: "app",
        modules: &[
            "domain",
            "ambient",
            "store",
            "store::embedded",
            "store::redis",
            "channels",
            "directory",
            "identity",
            "identity::mitek",
            "identity::signed",
            "directory::http",
            "directory::ldap",
            "directory::postgres",
            "services",
            "services::engine",
            "services::events",
            "services::maintenance",
            "http",
            "config",
            "pages",
            "demo",
        ],
        crates: Crates::Not(&[]),
        why: "it puts the house together; commands stand above it",
    },
    Room { name: "cli", modules: &["*"], crates: Crates::Not(&[]), why: "the top floor" },
    Room { name: "main", modules: &["*"], crates: Crates::Not(&[]), why: "the top floor" },
];

/// The room that a path lies in: the longest name that the path begins with.
pub fn room(path: &[&str]) -> Option<&'static Room> {
    let two = path.get(..2).map(|two| two.join("::"));
    let named = |name: &str| ROOMS.iter().find(|room| room.name == name);
    two.and_then(|two| named(&two)).or_else(|| named(path.first()?))
}
