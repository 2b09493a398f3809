//! The page lists what there is, as it is: its table is made of what the definitions say, and of
//! nothing else.

use countersign_channels::definition::Definition as _;

use crate::case::all;

#[test]
fn the_page_lists_each_platform_with_what_it_can_do() {
    let page = include_str!("../../README.md");
    let yes = |yes: bool| if yes { "yes" } else { "" };
    let rows = all().into_iter().map(|(platform, _)| {
        let can = platform.features();
        let first = match (can.initiate, can.window_hours) {
            (true, None) => "yes".to_owned(),
            (true, Some(hours)) => format!("by template; freely for {hours} h"),
            (false, None) => String::new(),
            (false, Some(hours)) => format!("no; answers for {hours} h"),
        };
        format!(
            "| `{}` | {} | {first} | {} | {} | {} | {} | {} | {} | {} | {} |",
            platform.name(),
            can.title,
            yes(can.link),
            yes(can.code),
            can.preview,
            yes(can.idempotent),
            yes(can.receipts),
            yes(can.return_link),
            yes(can.account_link),
            can.assurance.unwrap_or_default(),
        )
    });
    let rows: Vec<String> = rows.collect();
    assert!(page.contains(&rows.join("\n")), "write:\n{}", rows.join("\n"));
}
