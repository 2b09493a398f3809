//! Where each of the attacks on codes is tried: a test for each, by its name.
//! What the attacks are, and what is expected of each, the tests themselves say.

use std::collections::BTreeSet;
use std::path::Path;

/// An attack by its number, and the files with tests that carry its id in their names.
const KNOWN: [(u16, &[&str]); 37] = [
    (21, &["races/codes.rs", "races.rs", "attacks_codes/texts.rs"]),
    (22, &["attacks_codes/errors.rs", "crash/codes.rs"]),
    (23, &["attacks_codes/budgets.rs", "crash/codes.rs"]),
    (24, &["attacks_codes/budgets.rs"]),
    (25, &["attacks_codes/failure_limit.rs", "races/codes.rs", "crash/codes.rs"]),
    (26, &["attacks_codes/budgets.rs"]),
    (27, &["attacks_codes/budgets.rs"]),
    (28, &["attacks_codes/budgets.rs"]),
    (29, &["attacks_codes/budgets.rs"]),
    (30, &["attacks_codes/budgets.rs"]),
    (31, &["attacks_codes/budgets.rs"]),
    (32, &["attacks_codes/budgets.rs", "properties/lockouts.rs"]),
    (33, &["attacks_codes/kept.rs"]),
    (34, &["attacks_codes/budgets.rs"]),
    (35, &["attacks_codes/budgets.rs", "races/codes.rs"]),
    (36, &["attacks_codes/budgets.rs"]),
    (37, &["attacks_codes/texts.rs", "../../domain/src/secret/typed.rs"]),
    (38, &["../../domain/src/proof/challenge/tests.rs"]),
    (39, &["attacks_codes/texts.rs"]),
    (40, &["attacks_codes/budgets.rs"]),
    (41, &["doors/entry.rs"]),
    (42, &["../../domain/src/proof/challenge/tests.rs"]),
    (43, &["attacks_codes/kept.rs"]),
    (44, &["attacks_codes/insiders.rs"]),
    (45, &["attacks_codes/insiders.rs"]),
    (46, &["kba.rs"]),
    (50, &["sending/budgets.rs"]),
    (51, &["sending/budgets.rs"]),
    (52, &["doors/challenge_pages.rs", "doors/questions.rs"]),
    (53, &["timing.rs"]),
    (54, &["timing.rs"]),
    (55, &["attacks_codes/budgets.rs", "doors/challenge_pages.rs"]),
    (56, &["sending/codes.rs"]),
    (57, &["sending/codes.rs"]),
    (82, &["doors/screens.rs"]),
    (134, &["limits/hostile.rs"]),
    (135, &["attacks_codes/kept.rs"]),
];

/// Ids in the names of a file's tests.
fn ids(file: &Path) -> BTreeSet<u16> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("async ").or(Some(line.trim_start())));
    let names = names.filter_map(|line| line.strip_prefix("fn ")).filter_map(|line| line.split('(').next());
    let id = |part: &str| part.strip_prefix('a').filter(|rest| rest.len() == 3).and_then(|rest| rest.parse().ok());
    names.flat_map(|name| name.split('_').map_while(id).collect::<Vec<_>>()).collect()
}

#[test]
fn each_attack_is_tried_where_it_is_said_to_be() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for (id, files) in &KNOWN {
        for file in *files {
            assert!(ids(&tests.join(file)).contains(id), "no test of {file} is named after A{id:03}");
        }
    }
}

/// Each attack has one row, and the rows stand in order: nobody looks for the second place of a name.
#[test]
fn each_attack_is_named_once() {
    let listed: Vec<u16> = KNOWN.iter().map(|(id, _)| *id).collect();
    let wanted: Vec<u16> = (21..=46).chain(50..=57).chain([82, 134, 135]).collect();
    assert_eq!(listed, wanted);
    for (id, files) in &KNOWN {
        let once: BTreeSet<&&str> = files.iter().collect();
        assert!(!files.is_empty() && once.len() == files.len(), "A{id:03} names a file twice, or none");
    }
}

/// What is tried is in the table: no test of these folders carries an id that its row does not name.
#[test]
fn each_test_of_an_attack_stands_in_its_row() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for folder in ["attacks_codes", "doors", "sending", "races", "crash"] {
        for file in std::fs::read_dir(tests.join(folder)).expect("a folder") {
            let file = file.expect("a file").path();
            let name = format!("{folder}/{}", file.file_name().expect("a name").to_string_lossy());
            for id in ids(&file) {
                let Some((_, files)) = KNOWN.iter().find(|(known, _)| *known == id) else { continue };
                assert!(
                    files.contains(&name.as_str()),
                    "a test of {name} is named after A{id:03}, and its row does not say so"
                );
            }
        }
    }
}
