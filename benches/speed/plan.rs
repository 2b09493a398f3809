//! What is measured in which order, and what each figure shall be.
//! How it is measured, the other files know; how it reads, `report`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::time::Instant;

use super::alone::Found;
use super::bank::Bank;
use super::crowd;
use super::processes::{Cores, Process, Redis, alone, pinned};
use super::report::{Bound, Machine, Row, figure, rate};
use super::rows::{Extent, Point, Round};

/// How much of everything is measured.
struct Size {
    extent: Extent,
    listeners: usize,
    interactions: usize,
    /// Of one measurement without HTTP.
    seconds: f64,
}

const FULL: Size = Size {
    extent: Extent { rounds: 5, conversations: 30_000, span: Duration::from_secs(3) },
    listeners: 10_000,
    interactions: 1_000_000,
    seconds: 3.0,
};

const QUICK: Size = Size {
    extent: Extent { rounds: 3, conversations: 6_000, span: Duration::from_secs(1) },
    listeners: 10_000,
    interactions: 100_000,
    seconds: 1.0,
};

/// The operations: at least, and the aim, of hello-world.
const OPERATIONS: [(&str, f64, f64); 6] = [
    ("read the flag", 0.70, 0.85),
    ("issue a link", 0.15, 0.28),
    ("post-back", 0.12, 0.25),
    ("answer with a code", 0.10, 0.22),
    ("start an OTP", 0.15, 0.28),
    ("answer an OTP", 0.10, 0.22),
];

/// What may be measured by itself.
const PARTS: [&str; 5] = ["operations", "store", "redis", "streams", "interactions"];

/// Measures everything, tells it as it comes, and writes it down.
pub async fn run(arguments: &[String]) -> anyhow::Result<()> {
    let mut size = FULL;
    let (mut results, mut only) = (None, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => size = QUICK,
            "--write" => results = Some(arguments.next().context("--write FILE")?),
            "--only" => only = Some(arguments.next().context("--only PART")?.as_str()),
            other => bail!("unknown option {other}"),
        }
    }
    if let Some(only) = only {
        ensure!(PARTS.contains(&only), "--only one of {}", PARTS.join(", "));
    }
    let is_wanted = |part| only.is_none_or(|only| only == part);
    let (machine, cores, began) = (Machine::now(), Cores::of_this_machine()?, Instant::now());
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?; // a disk: memory flushes for nothing
    let flush: Found = alone(cores.everywhere(), &["flush", &path(folder.path())?, "1"])?;
    let mut rows = Vec::new();
    if is_wanted("operations") {
        rows.extend(embedded(cores, &size, folder.path()).await?);
    }
    if is_wanted("store") {
        rows.push(store(cores, &size, folder.path())?);
    }
    if is_wanted("redis") {
        rows.extend(on_redis(cores, &size).await?);
    }
    if is_wanted("streams") {
        rows.extend(listeners(cores, &size).await?);
    }
    if is_wanted("interactions") {
        rows.extend(interactions(cores, &size).await?);
    }
    let table = table(&rows);
    eprintln!("\n{table}\n{}{} s in all", machine.told(flush.typical_us), began.elapsed().as_secs());
    if let Some(file) = results {
        let head = include_str!("RESULTS.head.md");
        std::fs::write(file, format!("{head}\n{table}\n## The machine\n\n{}", machine.told(flush.typical_us)))?;
        eprintln!("written to {file}");
    }
    Ok(())
}

fn path(folder: &Path) -> anyhow::Result<String> {
    folder.to_str().map(str::to_owned).context("a path that is text")
}

fn table(rows: &[Row]) -> String {
    let mut table = "| what | at least | aim | measured | all rounds | met | also |\n".to_owned();
    table.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for row in rows {
        let _ = writeln!(table, "{}", row.line()); // a String takes every write
    }
    table
}

/// The operations over HTTP on the embedded store.
async fn embedded(cores: Cores, size: &Size, folder: &Path) -> anyhow::Result<Vec<Row>> {
    let inside = folder.join("gateway");
    std::fs::create_dir(&inside)?;
    let gateway = Process::gateway(cores.server, &inside, None)?;
    let rounds = rounds(cores, size, &gateway, "embedded").await?;
    let rows = OPERATIONS.iter().map(|(operation, least, aim)| {
        let points = &rounds[operation];
        Row {
            what: format!(
                "{operation}{}",
                if *operation == "read the flag" { ", API key checked" } else { ", durable" }
            ),
            unit: "of H",
            at_least: Some(Bound::AtLeast(*least)),
            aim: Some(Bound::AtLeast(*aim)),
            found: points.iter().map(|point| point.rate / point.hello).collect(),
            also: also(points),
        }
    });
    Ok(rows.collect())
}

type Rounds = BTreeMap<&'static str, Vec<Point>>;

async fn rounds(cores: Cores, size: &Size, gateway: &Process, on: &str) -> anyhow::Result<Rounds> {
    let hello = Process::hello(cores)?;
    let bank = Bank::on(gateway.address).await?;
    let round = Round { hello: &hello, gateway, bank: &bank, extent: size.extent };
    let mut all = Rounds::new();
    for n in 0..size.extent.rounds {
        for point in round.points(n * size.extent.conversations).await? {
            let (operation, rate, hello) = (point.operation, rate(point.rate), rate(point.hello));
            let ratio = figure(point.rate / point.hello);
            let busy = format!("{:.0} and {:.0} % busy", point.busy * 100.0, point.hello_busy * 100.0);
            eprintln!(
                "… {on}, round {} of {}: {operation} {rate}, H {hello}: {ratio} ({busy})",
                n + 1,
                size.extent.rounds
            );
            all.entry(operation).or_default().push(point);
        }
    }
    Ok(all)
}

/// The typical round in absolute figures.
fn also(points: &[Point]) -> String {
    let middle = |of: &dyn Fn(&Point) -> f64| {
        let found = points.iter().map(of).collect();
        Row { what: String::new(), unit: "", at_least: None, aim: None, found, also: String::new() }.median()
    };
    let ms = |wait: Duration| wait.as_secs_f64() * 1e3;
    format!(
        "{} with H {}; p50 {} ms, p99 {} ms; the server's core {} % busy, with H {} %",
        rate(middle(&|p| p.rate)),
        rate(middle(&|p| p.hello)),
        figure(middle(&|p| ms(p.typical))),
        figure(middle(&|p| ms(p.slow))),
        figure(middle(&|p| p.busy * 100.0)),
        figure(middle(&|p| p.hello_busy * 100.0)),
    )
}

/// The embedded store without HTTP against a bare log.
fn store(cores: Cores, size: &Size, folder: &Path) -> anyhow::Result<Row> {
    let seconds = size.seconds.to_string();
    let (mut found, mut rates, mut per_flush) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..size.extent.rounds {
        let place = folder.join(format!("alone{n}"));
        std::fs::create_dir(&place)?;
        let log: Found = alone(cores.everywhere(), &["log", &path(&place)?, &seconds])?;
        let store: Found = alone(cores.everywhere(), &["store", &path(&place)?, &seconds])?;
        std::fs::remove_dir_all(&place)?;
        eprintln!("… store, round {}: {} commits, F {}", n + 1, rate(store.rate), rate(log.rate));
        found.push(store.rate / log.rate);
        rates.push(format!("{} with F {}", rate(store.rate), rate(log.rate)));
        per_flush.push(store.per_flush.unwrap_or_default());
    }
    let fewest = per_flush.iter().copied().fold(f64::MAX, f64::min);
    Ok(Row {
        what: "store alone, 64 writers, whole commits".into(),
        unit: "of F",
        at_least: Some(Bound::AtLeast(0.15)),
        aim: Some(Bound::AtLeast(0.30)),
        found,
        also: format!("{}; at least {} commits in a flush", rates.join(", "), figure(fewest)),
    })
}

/// Redis: the commit alone, then the operations over HTTP.
async fn on_redis(cores: Cores, size: &Size) -> anyhow::Result<Vec<Row>> {
    let redis = Redis::start(cores)?;
    let seconds = size.seconds.to_string();
    let (mut found, mut rates, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..size.extent.rounds {
        let set: Found = alone(cores.server, &["set", &redis.url, &seconds])?;
        let commit: Found = alone(cores.server, &["commit", &redis.url, &seconds])?;
        plain.push(redis_benchmark(cores, &redis, size)?);
        eprintln!("… Redis, round {}: {} commits, SET {}", n + 1, rate(commit.rate), rate(set.rate));
        found.push(commit.rate / set.rate);
        rates.push(format!("{} with SET {}", rate(commit.rate), rate(set.rate)));
    }
    let mut rows = vec![Row {
        what: "Redis: a commit, 64 tasks".into(),
        unit: "of a plain SET",
        at_least: Some(Bound::AtLeast(0.22)),
        aim: Some(Bound::AtLeast(0.30)),
        found,
        also: rates.join(", "),
    }];
    let plain = Row { what: String::new(), unit: "", at_least: None, aim: None, found: plain, also: String::new() };
    let folder = tempfile::tempdir()?;
    let gateway = Process::gateway(cores.server, folder.path(), Some(&redis.url))?;
    let rounds = rounds(cores, size, &gateway, "Redis").await?;
    for (operation, _, _) in OPERATIONS {
        let points = &rounds[operation];
        rows.push(Row {
            what: format!("Redis: {operation}"),
            unit: "of R",
            at_least: None,
            aim: None,
            found: points.iter().map(|point| point.rate / plain.median()).collect(),
            also: format!("{}; R {}", also(points), rate(plain.median())),
        });
    }
    Ok(rows)
}

/// SETs a second of as many bytes by 64 connections.
fn redis_benchmark(cores: Cores, redis: &Redis, size: &Size) -> anyhow::Result<f64> {
    let requests = (size.seconds * 80_000.0).to_string();
    let mut command = pinned(cores.server, "redis-benchmark");
    command.args(["-p", &redis.port.to_string(), "-t", "set", "-d", "1214", "-c", "64", "-n", &requests, "--csv"]);
    let ran = command.output().context("redis-benchmark")?;
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    ensure!(ran.status.success(), "redis-benchmark: {said}");
    let line = said.lines().find(|line| line.starts_with("\"SET\"")).with_context(|| said.clone())?;
    line.split(',').nth(1).and_then(|rate| rate.trim_matches('"').parse().ok()).with_context(|| said.clone())
}

async fn listeners(cores: Cores, size: &Size) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let found = crowd::listeners(cores, folder.path(), size.listeners, size.extent.rounds).await?;
    let row = |what: &str, unit, least, aim: Option<f64>, found| Row {
        what: what.into(),
        unit,
        at_least: Some(Bound::AtMost(least)),
        aim: aim.map(Bound::AtMost),
        found,
        also: String::new(),
    };
    let ms = found.told_within.iter().map(|wait| wait.as_secs_f64() * 1e3).collect();
    let streams = format!("{} idle event streams", found.count);
    let each = vec![found.each as f64 / 1000.0];
    Ok(vec![row(&streams, "kB each", 20.0, Some(4.0), each), row("one event to all of them", "ms", 120.0, None, ms)])
}

async fn interactions(cores: Cores, size: &Size) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let found = crowd::multitude(cores, folder.path(), size.interactions).await?;
    // The bounds are of a million: fewer are told without one.
    let bound = |most| (found.count == FULL.interactions).then_some(Bound::AtMost(most));
    let mb = |bytes: u64| vec![bytes as f64 / 1e6];
    let row = |what: &str, unit, (least, aim), found, also| Row {
        what: what.into(),
        unit,
        at_least: least,
        aim,
        found,
        also,
    };
    let opened = format!("opened at {}", rate(found.opened));
    let also = "killed and started again".to_owned();
    let memory = (bound(512.0), bound(250.0));
    Ok(vec![
        row(&format!("{} live interactions", found.count), "MB", memory, mb(found.memory), opened),
        row("the same after a restart", "MB", memory, mb(found.memory_again), String::new()),
        row("ready again after", "s", (bound(3.0), None), vec![found.ready.as_secs_f64()], also),
    ])
}
