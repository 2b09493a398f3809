//! Where each of the attacks on codes is tried: a test for each, by its name, and for those that no
//! test tries yet, what is missing here for them to be possible.

use std::collections::BTreeSet;
use std::path::Path;

/// Where the attack is tried.
enum Tried {
    /// In tests that carry its id in their names.
    Here(&'static [&'static str]),
    /// There is nothing yet that it could be tried on.
    NotYet(&'static str),
}

use Tried::{Here, NotYet};

const KBA: &str = "no questions are asked yet";

const KNOWN: [(u16, Tried); 37] = [
    (21, Here(&["races/codes.rs", "races.rs", "attacks_codes/texts.rs", "departures.rs"])),
    (22, Here(&["attacks_codes/errors.rs", "crash/codes.rs"])),
    (23, Here(&["attacks_codes/budgets.rs", "crash/codes.rs"])),
    (24, Here(&["attacks_codes/budgets.rs"])),
    (25, Here(&["attacks_codes/ceiling.rs", "races/codes.rs", "crash/codes.rs"])),
    (26, Here(&["attacks_codes/budgets.rs"])),
    (27, Here(&["attacks_codes/budgets.rs"])),
    (28, Here(&["attacks_codes/budgets.rs"])),
    (29, Here(&["attacks_codes/budgets.rs"])),
    (30, Here(&["attacks_codes/budgets.rs"])),
    (31, Here(&["attacks_codes/budgets.rs"])),
    (32, Here(&["attacks_codes/budgets.rs", "properties/lockouts.rs"])),
    (33, Here(&["attacks_codes/kept.rs"])),
    (34, Here(&["attacks_codes/budgets.rs"])),
    (35, Here(&["attacks_codes/budgets.rs", "races/codes.rs"])),
    (36, Here(&["attacks_codes/budgets.rs"])),
    (37, Here(&["attacks_codes/texts.rs", "../../src/domain/typed.rs"])),
    (38, Here(&["../../src/domain/challenge/tests.rs"])),
    (39, Here(&["attacks_codes/texts.rs"])),
    (40, Here(&["attacks_codes/budgets.rs"])),
    (41, Here(&["doors/entry.rs"])),
    (42, Here(&["../../src/domain/challenge/tests.rs"])),
    (43, Here(&["attacks_codes/kept.rs"])),
    (44, Here(&["attacks_codes/insiders.rs"])),
    (45, Here(&["attacks_codes/insiders.rs"])),
    (46, NotYet(KBA)),
    (50, Here(&["sending/budgets.rs"])),
    (51, Here(&["sending/budgets.rs"])),
    (52, Here(&["doors/challenge_pages.rs"])),
    (53, Here(&["timing.rs"])),
    (54, Here(&["timing.rs"])),
    (55, Here(&["attacks_codes/budgets.rs", "doors/challenge_pages.rs"])),
    (56, Here(&["sending/codes.rs"])),
    (57, Here(&["sending/codes.rs"])),
    (82, Here(&["doors/screens.rs"])),
    (134, Here(&["limits/hostile.rs"])),
    (135, Here(&["attacks_codes/kept.rs"])),
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
    for (id, tried) in &KNOWN {
        match tried {
            Here(files) => {
                for file in *files {
                    assert!(ids(&tests.join(file)).contains(id), "no test of {file} is named after A{id:03}");
                }
            }
            NotYet(why) => {
                let own = std::fs::read_dir(tests.join("attacks_codes")).expect("a folder");
                let tried = own.map(|file| file.expect("a file").path()).any(|file| ids(&file).contains(id));
                assert!(!tried, "A{id:03} is tried, though {why}");
            }
        }
    }
}

/// Each attack has one row, and the rows stand in order: nobody looks for the second place of a name.
#[test]
fn each_attack_is_named_once() {
    let listed: Vec<u16> = KNOWN.iter().map(|(id, _)| *id).collect();
    let wanted: Vec<u16> = (21..=46).chain(50..=57).chain([82, 134, 135]).collect();
    assert_eq!(listed, wanted);
    for (id, tried) in &KNOWN {
        let Here(files) = tried else { continue };
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
                let Some((_, tried)) = KNOWN.iter().find(|(known, _)| *known == id) else { continue };
                let named = matches!(tried, Here(files) if files.contains(&name.as_str()));
                assert!(named, "a test of {name} is named after A{id:03}, and its row does not say so");
            }
        }
    }
}
