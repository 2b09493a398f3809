//! A process that a journey needs: started, heard, and ended with the test. What it is for, and what
//! it prints, is for whoever started it to judge.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// What a process has printed so far, logs and all.
pub type Printed = Arc<Mutex<String>>;

/// A process that ends with the test, with everything that it started.
pub struct Process {
    child: Child,
    /// All but what came before it was ready.
    pub printed: Printed,
}

impl Process {
    /// Waits for the line that begins with `ready` and answers its rest.
    pub fn start(command: &mut Command, ready: &str) -> (Self, String) {
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = piped.spawn().expect("it starts");
        let printed = Printed::default();
        let errors = child.stderr.take().expect("stderr is piped");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines().map_while(Result::ok);
        let process = Self { child, printed: printed.clone() };
        let (also, errors) = (printed.clone(), BufReader::new(errors).lines().map_while(Result::ok));
        std::thread::spawn(move || errors.for_each(|line| note(&also, &line)));
        let rest = lines.find_map(|line| Some(line.strip_prefix(ready)?.trim().to_owned()));
        // Read on, so that nothing that it prints later can stop it.
        std::thread::spawn(move || lines.for_each(|line| note(&printed, &line)));
        let said = || process.printed.lock().expect("nobody panics while printing").clone();
        let rest = rest.unwrap_or_else(|| panic!("{command:?} ended before it said `{ready}`, and said: {}", said()));
        (process, rest)
    }
}

fn note(printed: &Printed, line: &str) {
    let mut printed = printed.lock().expect("nobody panics while printing");
    printed.push_str(line);
    printed.push('\n');
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        drop(Command::new("kill").args(["-TERM", "--", &group]).status()); // it may have ended
        drop(self.child.wait());
    }
}
