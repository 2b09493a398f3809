//! The pages of the admin console's desk with given words, for the gallery: each row in every state that it
//! is drawn in. What they are held against, their parent says.

use super::admin::shell;
use countersign_pages::Pages;
use countersign_pages::admin::accounts::{AccountPage, AccountRow, AccountsPage, LoginFields, RecordFields};
use countersign_pages::admin::audit::{Audit, AuditRow, ChainCheck, Words};
use countersign_pages::admin::channels::{AccountField, ChannelRow, ChannelsPage, NewChannel};
use countersign_pages::admin::insights::{CountColumns, Funnel, Insights};
use countersign_pages::admin::lockouts::{Locked, LockedPerson, LockoutsPage};
use countersign_pages::admin::users::{UserRow, UsersPage};
use countersign_pages::admin::webhooks::{DeliveryRow, WebhookPage, WebhookRow, WebhooksPage};
use countersign_pages::consoles::Shell;
use countersign_pages::sections::AdminSection;

/// Every page of the desk.
pub(super) fn desk(word: &str, pages: &Pages) -> Vec<(&'static str, String)> {
    let text = || word.to_owned();
    let frame =
        |section| Shell { admin_section: Some(AdminSection { section, title: Some(text()) }), ..shell(word, "admin") };
    vec![
        ("admin-channels", pages.admin_channels(&channels(word, frame("channels")))),
        ("admin-users", pages.admin_users(&users(word, frame("users")))),
        ("admin-lockouts", pages.admin_lockouts(&lockouts(word, frame("lockouts")))),
        ("admin-accounts", pages.admin_accounts(&accounts(word, frame("accounts")))),
        ("admin-account", pages.admin_account(&account(word, frame("accounts")))),
        ("admin-webhooks", pages.admin_webhooks(&webhooks(word, frame("webhooks")))),
        ("admin-webhook", pages.admin_webhook(&one_webhook(word, frame("webhooks")))),
        ("admin-insights", pages.admin_insights(&insights(word, frame("insights")))),
        ("admin-audit", pages.admin_audit(&audit(word, frame("audit")))),
    ]
}

/// The same with nothing to show: a new team's.
pub(super) fn bare(pages: &Pages) -> Vec<String> {
    let word = "Acme";
    let frame = |section| Shell {
        admin_section: Some(AdminSection { section, title: Some(word.to_owned()) }),
        ..shell(word, "admin")
    };
    let lockouts = |further| LockoutsPage {
        people: Vec::new(),
        more: None,
        accounts: Vec::new(),
        more_accounts: None,
        further,
        users: Vec::new(),
        frame: frame("lockouts"),
    };
    let audit = |further| Audit { rows: Vec::new(), older: None, further, check: None, ..audit(word, frame("audit")) };
    vec![
        pages.admin_channels(&ChannelsPage { channels: Vec::new(), new: None, ..channels(word, frame("channels")) }),
        pages.admin_users(&UsersPage { users: Vec::new(), next: None, ..users(word, frame("users")) }),
        pages.admin_accounts(&AccountsPage { accounts: Vec::new(), next: None, ..accounts(word, frame("accounts")) }),
        pages.admin_accounts(&AccountsPage { built_in: false, ..accounts(word, frame("accounts")) }),
        pages.admin_account(&AccountPage { record: None, ..account(word, frame("accounts")) }),
        pages.admin_webhooks(&WebhooksPage { webhooks: Vec::new(), ..webhooks(word, frame("webhooks")) }),
        pages.admin_webhook(&WebhookPage {
            deliveries: Vec::new(),
            next: None,
            ..one_webhook(word, frame("webhooks"))
        }),
        pages.admin_insights(&Insights {
            median: None,
            channels: Vec::new(),
            counts: CountColumns::of(Vec::new()),
            ..insights(word, frame("insights"))
        }),
        pages.admin_lockouts(&lockouts(true)),
        pages.admin_lockouts(&lockouts(false)),
        pages.admin_audit(&audit(true)),
        pages.admin_audit(&audit(false)),
    ]
}

fn users(word: &str, frame: Shell) -> UsersPage {
    let text = || word.to_owned();
    let user = |status, own| UserRow {
        name: text(),
        path: "demo".into(),
        email: Some(text()),
        role: "admin",
        status,
        until: (status == "locked").then(|| "2026-03-01T09:27:12Z".to_owned()),
        totp: own,
        seen: own.then(|| "2026-03-01T09:27:12Z".to_owned()),
        tendable: status != "banned",
        own,
    };
    let users = ["invited", "active", "disabled", "locked", "banned"].map(|status| user(status, status == "active"));
    UsersPage { frame, roles: &["agent", "admin"], users: users.into(), next: Some("demo".into()), mails: true }
}

fn lockouts(word: &str, frame: Shell) -> LockoutsPage {
    let text = || word.to_owned();
    let until = |banned: bool| (!banned).then(|| "2026-03-01T09:27:12Z".to_owned());
    let person = |banned: bool| LockedPerson {
        id: text(),
        path: "0123.otp".into(),
        interaction: banned.then(|| "018f".into()),
        name: banned.then(text),
        address: banned.then(text),
        channel: Some(text()),
        banned,
        until: until(banned),
        method: (!banned).then(|| "otp".into()),
        lockouts: 2,
        since: "2026-03-01T09:12:12Z".into(),
    };
    let locked = |banned: bool| Locked {
        id: text(),
        path: "demo".into(),
        name: banned.then(text),
        banned,
        until: until(banned),
    };
    LockoutsPage {
        frame,
        people: vec![person(false), person(true)],
        more: Some("0123.otp".into()),
        accounts: vec![locked(false), locked(true)],
        more_accounts: Some("0123".into()),
        further: true,
        users: vec![locked(true)],
    }
}

fn webhook(word: &str, status: &'static str) -> WebhookRow {
    WebhookRow {
        name: "demo".into(),
        url: word.to_owned(),
        events: vec!["*".into()],
        signature: "v1a",
        status,
        since: (status != "active").then(|| "2026-03-01T09:12:12Z".to_owned()),
        dropped: u64::from(status == "failing"),
        overlap: Some("2026-03-01T09:27:12Z".into()),
        public_key: Some(word.to_owned()),
    }
}

fn webhooks(word: &str, frame: Shell) -> WebhooksPage {
    let webhooks = ["active", "failing", "stopped"].map(|status| webhook(word, status)).into();
    WebhooksPage { frame, webhooks, events: vec!["link.opened"] }
}

fn one_webhook(word: &str, frame: Shell) -> WebhookPage {
    let whys = ["redirect", "status", "forbidden-address", "no-connection", "no-answer", "not-tried", "gone"];
    let delivery = |(n, why): (usize, &'static str)| DeliveryRow {
        id: "0000000000000001_demo".into(),
        kind: "link.opened",
        at: "2026-03-01T09:12:12Z".into(),
        status: ["pending", "failed", "delivered"][n % 3],
        tries: 3,
        why: Some(why),
        answer: (why == "status").then_some(503),
        next: n.is_multiple_of(3).then(|| "2026-03-01T09:27:12Z".to_owned()),
        ended: (!n.is_multiple_of(3)).then(|| "2026-03-01T09:27:12Z".to_owned()),
    };
    WebhookPage {
        frame,
        webhook: webhook(word, "stopped"),
        events: vec!["link.opened"],
        statuses: ["all", "pending", "failed", "delivered"].map(|status| (status, status == "failed")).into(),
        deliveries: whys.into_iter().enumerate().map(delivery).collect(),
        next: Some("demo?status=all&cursor=failed-1".into()),
    }
}

fn audit(word: &str, frame: Shell) -> Audit {
    let text = || word.to_owned();
    let row = |(n, (action, kind)): (usize, (&str, &'static str))| AuditRow {
        number: n as u64 + 1,
        at: "2026-03-01T09:12:12Z".into(),
        action: action.into(),
        words: Words::of(action),
        actor: (kind, text()),
        interaction: Some("018f".into()),
        participant: Some("p1".into()),
        details: vec![("reason".into(), text())],
    };
    let acts = [
        ("participant.locked", "person"),
        ("settings.changed", "user"),
        ("no.such", "operator"),
        ("user.removed", "owner"),
        ("key.created", "api_key"),
        ("link.answered", "login_page"),
        ("customer.locked", "time"),
    ];
    Audit {
        frame,
        groups: ["all", "proofs", "locks", "settings", "people", "delivery"].map(|group| (group, false)).into(),
        q: text(),
        rows: acts.into_iter().enumerate().map(row).collect(),
        older: Some("audit?below=7".into()),
        further: true,
        check: Some(ChainCheck { told: "unlinked", count: 7, at: 8, head: "e3b0c442".repeat(8) }),
    }
}

fn accounts(word: &str, frame: Shell) -> AccountsPage {
    let text = || word.to_owned();
    let all = ["active", "guest", "disabled", "locked", "banned"];
    let row = |status| AccountRow {
        id: text(),
        path: "demo".into(),
        name: Some(text()),
        username: Some(text()),
        address: Some(text()),
        status,
    };
    AccountsPage {
        frame,
        built_in: true,
        q: text(),
        accounts: all.map(row).into(),
        next: Some("accounts?cursor=7".into()),
    }
}

fn account(word: &str, frame: Shell) -> AccountPage {
    let (text, at) = (|| word.to_owned(), || Some("2026-03-01T09:12:12Z".to_owned()));
    let record = RecordFields {
        name: Some(text()),
        username: Some(text()),
        emails: text(),
        phones: text(),
        facts: text(),
        private_data: text(),
        created_at: "2026-03-01T09:12:12Z".into(),
    };
    let login = LoginFields {
        status: "locked",
        registered: true,
        disabled_at: None,
        locked_until: at(),
        failures: 0,
        remaining: 0,
        last_login_at: at(),
        password_at: at(),
        reset_until: at(),
        app: "pending",
        tickets: 2,
    };
    AccountPage { frame, id: text(), path: "demo".into(), record: Some(record), login }
}

fn insights(word: &str, frame: Shell) -> Insights {
    let stretch = |n: u64| ("2026-03-01T00:00:00Z".to_owned(), word.to_owned(), [n * 7 % 50, n % 13]);
    Insights {
        frame,
        spans: vec![(1, false), (7, true)],
        csv: "insights.csv?days=7".into(),
        funnels: ["links", "codes", "invitations"].map(|of| Funnel::of(of, &[("invited", 8), ("arrived", 2)])).into(),
        numbers: vec![("lockouts", 7)],
        median: Some(150),
        counts: CountColumns::of((0..7).map(stretch).collect()),
        channels: vec![(word.to_owned(), vec![1])],
        columns: vec!["bans"],
    }
}

fn channels(word: &str, frame: Shell) -> ChannelsPage {
    let text = || word.to_owned();
    let can = ["initiate", "link", "code", "hears", "receipts", "account_link", "return_link", "retracts"];
    let row = |(name, usable, down): (&str, bool, bool)| ChannelRow {
        name: name.into(),
        definition: text(),
        title: text(),
        features: can.into_iter().chain(["shows_status"]).collect(),
        window_hours: Some(24),
        usable,
        down_since: down.then(|| "2026-03-01T09:12:12Z".to_owned()),
        overlap: Some("2026-03-01T09:27:12Z".into()),
        fields: if usable { account_fields(word) } else { Vec::new() },
        account: text(),
        secrets: vec![text()],
        forwards: true,
    };
    let channels = [("sms", true, false), ("email", true, true), ("demo", false, false)].map(row).into();
    let new = NewChannel { definition: text(), title: text(), fields: account_fields(word) };
    ChannelsPage { frame, channels, platforms: vec![(text(), text(), true)], new: Some(new) }
}

/// A field of each kind.
fn account_fields(word: &str) -> Vec<AccountField> {
    let kinds = ["text", "number", "phone", "url", "choice", "lines", "secret", "secret_lines"];
    let field = |kind: &'static str| AccountField {
        pointer: format!("account/{kind}"),
        label: kind.into(),
        about: word.to_owned(),
        kind,
        required: kind == "text",
        there: kind == "secret",
        can_go: kind == "secret",
        default: (kind == "number").then(|| word.to_owned()),
        choices: vec![(word.to_owned(), true)],
        value: word.to_owned(),
    };
    kinds.map(field).into()
}
