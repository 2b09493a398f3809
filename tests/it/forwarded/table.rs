//! SECURITY.md says of each URL and token what its receiver sees and can do. Each row is tried by a test, which is
//! named here.

use std::path::Path;

/// How a row begins, and the tests that try it, each by its file and its name.
const TRIED: [(&str, &[(&str, &str)]); 16] = [
    (
        "Login link `/l/…`, before Continue",
        &[
            ("attacks_links/forwarding.rs", "a001_with_opener_binding_a_forwarded_link_does_not_reach_the_login_page"),
            ("browser/forwarded.rs", "login_in_another_browser_leaves_the_chat_alone"),
        ],
    ),
    (
        "The same, after Continue",
        &[
            ("forwarded/steps.rs", "continue_records_the_browser_and_makes_the_handle"),
            ("forwarded/meanwhile.rs", "press_in_another_browser_voids_the_code_of_the_one_before"),
        ],
    ),
    (
        "Signed authentication URL, at your page",
        &[
            ("forwarded/pages.rs", "a001_a_login_page_that_is_handed_on_after_continue_authenticates_nobody"),
            ("forwarded/pages.rs", "stranger_who_cancels_at_the_login_page_ends_the_link"),
            ("browser/forwarded.rs", "answer_after_the_customers_leads_to_no_page_of_theirs"),
        ],
    ),
    (
        "The same, at the gateway's own login page",
        &[("accounts/hosted.rs", "another_browser_is_asked_for_the_chats_number_before_a_password")],
    ),
    ("`direct_url`", &[("forwarded/steps.rs", "where_there_is_no_landing_page_no_browser_counts")]),
    (
        "Done page `/d/…`, before its form was posted",
        &[
            ("forwarded/steps.rs", "the_done_page_is_neutral_until_its_form_is_posted"),
            ("forwarded/steps.rs", "another_browser_is_asked_whose_chat_it_is_or_refused"),
        ],
    ),
    (
        "Done page, after its form",
        &[
            ("browser/forwarded.rs", "code_on_a_done_page_is_shown_to_one_browser"),
            ("forwarded/meanwhile.rs", "old_done_page_does_not_show_another_browsers_account"),
        ],
    ),
    (
        "Challenge page `/c/…`",
        &[
            ("forwarded/pages.rs", "a001_a_challenge_page_that_is_handed_on_authenticates_nobody"),
            ("forwarded/pages.rs", "challenge_begins_anew_in_the_browser_that_pressed_last"),
            ("photos/in_chat.rs", "document_on_a_page_that_was_handed_on_authenticates_nobody"),
        ],
    ),
    (
        "Invitation `/c/…`",
        &[
            ("forwarded/pages.rs", "a001_an_invitations_login_that_is_handed_on_admits_and_authenticates_nobody"),
            ("forwarded/pages.rs", "an_invitation_that_is_handed_on_admits_who_proved_and_nobody_else"),
        ],
    ),
    ("`cs_entry`", &[("doors/admission.rs", "who_is_let_in_carries_a_word_that_others_can_verify")]),
    ("Password reset `/r/…`", &[("accounts/resets.rs", "k28_a_link_to_another_password_works_once")]),
    (
        "Chat token of the web chat",
        &[
            ("webchat/attacks.rs", "a110_a_visitor_cannot_come_into_anothers_conversation"),
            ("webchat/attacks.rs", "words_end_with_their_time_their_conversation_and_their_channel"),
        ],
    ),
    ("Embed link `/embed/…`", &[("staff/embeds.rs", "a_frame_does_not_act_for_the_customer")]),
    ("Status token of a portal", &[("status.rs", "a_page_sees_flags_rise_and_fall_and_nothing_else_g07_g08")]),
    (
        "Way to the platform",
        &[("inbound/linking.rs", "a001_a_linking_that_is_forwarded_raises_nothing_for_whoever_began_it")],
    ),
    ("Return link with the code", &[("forwarded/pages.rs", "code_from_a_return_link_counts_in_its_own_chat_alone")]),
];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_row_of_the_table_is_tried() {
    let document = read("SECURITY.md");
    let (_, section) = document.split_once("## Who is shown what").expect("the section stands there");
    let (section, _) = section.split_once("\n## ").expect("another section follows");
    let rows: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("| ")).skip(1).collect();
    let rows: Vec<&str> = rows.into_iter().filter(|row| !row.starts_with("---")).collect();
    assert_eq!(rows.len(), TRIED.len(), "{rows:?}");
    for (row, (begins, tests)) in rows.iter().zip(TRIED) {
        assert!(row.starts_with(begins), "{begins}: {row}");
        for (file, name) in tests {
            let source = read(&format!("tests/it/{file}"));
            assert!(!name.is_empty() && source.contains(&format!("fn {name}(")), "{begins}: {file} has no test {name}");
        }
    }
}
