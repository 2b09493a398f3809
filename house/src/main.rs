//! Prints the figures of the sources in the current folder, or the places behind them.
//! What is measured and how stands in the library.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use countersign_house::figure::{self, Figure};
use countersign_house::figures::cycles;
use countersign_house::sources::Sources;
use countersign_house::{limits, measure};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match output(&arguments).and_then(|text| print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn output(arguments: &[&str]) -> Result<String, String> {
    let figures = || measure(Path::new(".")).map_err(|error| error.to_string());
    match arguments {
        [] => Ok(figure::table(&figures()?)),
        ["--list"] => Ok(figure::list(&figures()?)),
        ["--list", name] => list(&figures()?, name),
        ["--edges", floor] => edges(floor),
        ["--limits"] => Ok(limits::write(&figures()?)),
        _ => Err("usage: house [--list [FIGURE] | --edges FLOOR | --limits]".to_owned()),
    }
}

/// The references between the modules of a floor, such as `src/http`, with calls: one line each.
fn edges(floor: &str) -> Result<String, String> {
    let sources = Sources::read(Path::new(".")).map_err(|error| error.to_string())?;
    let found = cycles::graphs(&sources, true).modules.edges(&format!("{}/", floor.trim_end_matches('/')));
    Ok(found.into_iter().map(|edge| edge + "\n").collect())
}

fn list(figures: &[Figure], name: &str) -> Result<String, String> {
    let found = figures.iter().find(|figure| figure.name == name);
    let names: Vec<&str> = figures.iter().map(|figure| figure.name).collect();
    found.map(|figure| figure::list([figure])).ok_or_else(|| format!("no figure `{name}`; {}", names.join(", ")))
}

/// Writes to the standard output; a reader that closes it early is no error.
fn print(text: &str) -> Result<(), String> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}
