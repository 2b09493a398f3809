//! Every word that the company's own people read: a row for each text, in English, German, French, Spanish
//! and Estonian, the order of `LANGUAGES`. A text without one of them does not compile.
//!
//! What begins with `js.` is given to the consoles' scripts; the rest stands in templates.

mod admin;
mod admin_accounts;
mod admin_audit;
mod admin_channels;
mod admin_insights;
mod admin_lockouts;
mod admin_users;
mod admin_webhooks;
mod history;
mod pages;
mod scripts;

/// A text in each language.
pub(super) type Row = (&'static str, [&'static str; 5]);

/// All of them.
pub(in crate::pages) fn rows() -> impl Iterator<Item = &'static Row> {
    let desk = admin_accounts::ROWS.iter().chain(admin_audit::ROWS).chain(admin_lockouts::ROWS);
    let desk = desk
        .chain(admin_channels::ROWS)
        .chain(admin_insights::ROWS)
        .chain(admin_users::ROWS)
        .chain(admin_webhooks::ROWS);
    pages::ROWS.iter().chain(admin::ROWS).chain(desk).chain(scripts::ROWS).chain(history::ROWS)
}
