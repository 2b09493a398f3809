//! The commands. Each says on stdout what its caller parses and everything else on stderr.
//! What a gateway is made of stands in `app`; nothing here knows a store or a handler.

#![allow(clippy::print_stdout, reason = "commands speak on stdout")]

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::config::Config;
use crate::services::events::audit::Trail;
use crate::{app, http};

mod backup;
mod channel;
mod demo;
mod settings;

/// A gateway that lets a conversation prove who is in it.
#[derive(Parser)]
#[command(name = "countersign", version, about, arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Run the gateway
    #[command(long_about = "Runs the gateway. Prints one line when it is ready: `countersign listening on URL`.\n\
        Settings: built-in defaults, then --config FILE (or COUNTERSIGN_CONFIG), then the environment\n\
        (COUNTERSIGN_SERVER__LISTEN=… sets server.listen). Logs go to stderr; RUST_LOG sets how much.\n\
        SIGTERM and SIGINT drain what is under way and stop it.")]
    Serve {
        /// A TOML file over the built-in defaults
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Go on where the store lacks what it acknowledged
        #[arg(
            long,
            long_help = "Go on where the store lacks what it acknowledged. Every flag falls, every link ends; what is \
            lost may be a lockout, a ban or a revoked key. With Redis nobody can tell what is missing: there each start \
            with this begins anew, so give it once"
        )]
        accept_loss: bool,
        /// Believe a clock that is behind the time that the store keeps
        #[arg(
            long,
            long_help = "Believe a clock that is behind the time that the store keeps: the clock was wrong before, and \
            is right now. Every flag falls and every link ends. Without it time goes on from where the store has it"
        )]
        trust_clock: bool,
    },
    /// Run everything in one process to see it: chat, bot, login page and gateway
    Demo {
        /// Where to listen on 127.0.0.1; 0: any free port
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Read the configuration, connect to what it names, say what is unsafe
    Check {
        /// A TOML file over the built-in defaults
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Copy the embedded store to a new file, also while the gateway runs
    #[command(long_about = "Copies the embedded store to a new file, also while the gateway runs. The file appears \
        whole or not at all, and is sealed as the store is: keep the root key apart from it. What it holds is printed.")]
    Backup {
        /// The new file
        file: PathBuf,
        /// A TOML file over the built-in defaults
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Put a backup back where no store is, and begin a new epoch
    #[command(
        long_about = "Puts a backup back into an absent or empty store.path, and begins a new epoch: every flag is \
        down, every link has ended, identity tokens from before do not count. What was revoked, locked or banned after \
        the backup is done again as far as the audit trails say that are given; the rest is said aloud."
    )]
    Restore {
        /// The backup
        file: PathBuf,
        /// What GET /v1/teams/TEAM/audit gave after the backup was made; as many as there are pages and teams
        #[arg(long, value_name = "FILE")]
        audit: Vec<PathBuf>,
        /// A TOML file over the built-in defaults
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Print what the system and teams may set, as a table
    Settings,
    /// The audit trail
    #[command(subcommand)]
    Audit(Audit),
    /// Chat platforms and mail
    #[command(subcommand)]
    Channel(channel::ChannelCommand),
}

#[derive(Subcommand)]
enum Audit {
    /// Check what GET /v1/teams/TEAM/audit gave, on stdin; exit 1 and the first broken entry
    Verify,
}

/// Runs the command that the process was given.
pub fn run() -> ExitCode {
    let command = Command::parse();
    log();
    let outcome = match command.what {
        What::Serve { config, accept_loss, trust_clock } => {
            let consent = app::Consent { accept_loss, trust_clock };
            load(config).and_then(|config| wait(serve(config, consent)))
        }
        What::Backup { file, config } => load(config).and_then(|config| backup::make(&config, &file)),
        What::Restore { file, audit, config } => {
            load(config).and_then(|config| wait(backup::restore(config, file, audit)))
        }
        What::Demo { port } => wait(demo::run(port)),
        What::Check { config } => load(config).and_then(|config| wait(check(config))),
        What::Openapi => print_openapi(),
        What::Settings => {
            print!("{}", settings::page());
            Ok(())
        }
        What::Audit(Audit::Verify) => verify(),
        What::Channel(channel) => match wait(channel.run()) {
            Ok(channel::RequestVerdict::Good) => Ok(()),
            Ok(channel::RequestVerdict::Refused) => return ExitCode::FAILURE, // it has said why
            Err(error) => Err(error),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    outcome
}

fn load(file: Option<PathBuf>) -> anyhow::Result<Config> {
    Ok(Config::load(file.as_deref(), std::env::vars())?)
}

/// For a terminal in words, otherwise one JSON object a line, which no logged text can break.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        logs.init();
    } else {
        logs.json().flatten_event(true).init();
    }
}

async fn serve(config: Config, consent: app::Consent) -> anyhow::Result<()> {
    let running = app::start(&config, app::Beside::default(), consent).await?;
    // Before the line: who reads it may send the signal at once.
    stop_on_signal(&running)?;
    println!("countersign listening on http://{}", running.address);
    running.finish().await
}

fn stop_on_signal(running: &app::Running) -> anyhow::Result<()> {
    let stopping = running.stopping.clone();
    let mut term = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
    let mut int = signal(SignalKind::interrupt()).context("SIGINT cannot be heard")?;
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        tracing::info!("stopping: what is under way is finished first");
        stopping.cancel();
    });
    Ok(())
}

async fn check(config: Config) -> anyhow::Result<()> {
    let good = app::check(&config, &mut |line| println!("{line}")).await;
    if good { Ok(()) } else { anyhow::bail!("the gateway would not start with this configuration") }
}

fn print_openapi() -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(&http::openapi())?);
    Ok(())
}

fn verify() -> anyhow::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("reading stdin")?;
    let trail: Trail = serde_json::from_str(&text).context("stdin is not what GET /v1/teams/TEAM/audit gives")?;
    let entries = trail.verify()?;
    println!(
        "{entries} entries, every one in its place; the trail stands at {} {}",
        trail.head.number, trail.head.hash
    );
    Ok(())
}
