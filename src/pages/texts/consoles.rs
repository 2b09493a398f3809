//! Every word that the company's own people read: a row for each text, in English, German, French, Spanish
//! and Estonian, the order of `LANGUAGES`. A text without one of them does not compile.
//!
//! What begins with `js.` is given to the consoles' scripts; the rest stands in templates.

mod admin;
mod admin_keys;
mod admin_overview;
mod admin_screens;
mod admin_settings;
mod history;
mod pages;
mod scripts;

/// A text in each language.
pub(super) type Row = (&'static str, [&'static str; 5]);

/// All of them.
pub(in crate::pages) fn rows() -> impl Iterator<Item = &'static Row> {
    let admin = [admin::ROWS, admin_overview::ROWS, admin_settings::ROWS, admin_keys::ROWS, admin_screens::ROWS];
    pages::ROWS.iter().chain(admin.into_iter().flatten()).chain(scripts::ROWS).chain(history::ROWS)
}
