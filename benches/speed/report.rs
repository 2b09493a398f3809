//! The table: what was measured against what it shall be, and everything that a reader needs to
//! judge it by: the machine, how busy it was, the versions.

use std::fmt::Write as _;
use std::process::Command;

/// One row of the table.
pub struct Row {
    pub what: String,
    /// Of what the figure is: `of H`, `kB each`.
    pub unit: &'static str,
    pub at_least: Option<Bound>,
    pub aim: Option<Bound>,
    /// One for each round.
    pub found: Vec<f64>,
    /// What else was seen.
    pub also: String,
}

/// On which side of a figure the good ones are.
#[derive(Clone, Copy)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn holds(self, found: f64) -> bool {
        match self {
            Self::AtLeast(bound) => found >= bound,
            Self::AtMost(bound) => found <= bound,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(bound) => format!("≥ {}", figure(bound)),
            Self::AtMost(bound) => format!("≤ {}", figure(bound)),
        }
    }
}

impl Row {
    pub fn median(&self) -> f64 {
        let mut sorted = self.found.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[n / 2],
            n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
        }
    }

    /// The row as text.
    pub fn line(&self) -> String {
        let bound = |bound: Option<Bound>| bound.map_or_else(|| "–".to_owned(), Bound::text);
        let met = match (self.at_least, self.aim) {
            (None, _) => "–",
            (_, Some(aim)) if aim.holds(self.median()) => "aim",
            (Some(least), _) if least.holds(self.median()) => "yes",
            _ => "**no**",
        };
        let (least, most) = self.found.iter().fold((f64::MAX, f64::MIN), |(a, b), f| (a.min(*f), b.max(*f)));
        format!(
            "| {} | {} | {} | **{}** {} | {} – {} | {met} | {} |",
            self.what,
            bound(self.at_least),
            bound(self.aim),
            figure(self.median()),
            self.unit,
            figure(least),
            figure(most),
            self.also,
        )
    }
}

/// Three digits that count.
pub fn figure(number: f64) -> String {
    match number.abs() {
        n if n >= 100.0 => format!("{number:.0}"),
        n if n >= 10.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// Thousands, short.
pub fn rate(number: f64) -> String {
    if number >= 10_000.0 { format!("{:.1}k/s", number / 1000.0) } else { format!("{number:.0}/s") }
}

/// What the measurements were made on.
pub struct Machine {
    load_before: String,
}

impl Machine {
    pub fn now() -> Self {
        Self { load_before: load() }
    }

    /// The lines about the machine.
    pub fn told(&self, flush_us: f64) -> String {
        let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
        let count = cpus.lines().filter(|line| line.starts_with("processor")).count();
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory = memory.lines().next().and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        let busy =
            if busy(&self.load_before) { ": **the machine was busy with other things, measure again**" } else { "" };
        let mut text = String::new();
        // A String takes every write.
        let _ = writeln!(text, "- {count} × {}", model.trim_start_matches(['\t', ' ', ':']));
        let _ = writeln!(text, "- {} GB of memory", figure(memory.unwrap_or_default() / 1e6));
        let _ = writeln!(text, "- Linux {}", said("uname", &["-r"]));
        let _ = writeln!(text, "- one flush of a small append: {} µs (median)", figure(flush_us));
        let _ = writeln!(text, "- load average at the start {}, at the end {}{busy}", self.load_before, load());
        let _ = writeln!(text, "- {}", said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]));
        let commit = said("git", &["describe", "--always", "--dirty", "--abbrev=10"]);
        let _ = writeln!(text, "- Countersign {} at {commit}, {}", env!("CARGO_PKG_VERSION"), said("rustc", &["-V"]));
        let _ = writeln!(text, "- {}", said("redis-server", &["--version"]));
        text
    }
}

/// The averages of one, five and fifteen minutes.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Before the first measurement hardly anything may run.
fn busy(load: &str) -> bool {
    load.split(' ').next().and_then(|minute| minute.parse::<f64>().ok()).is_none_or(|minute| minute > 0.7)
}

fn said(program: &str, arguments: &[&str]) -> String {
    let ran = Command::new(program).args(arguments).output();
    ran.map_or_else(|_| format!("{program}?"), |ran| String::from_utf8_lossy(&ran.stdout).trim().to_owned())
}
