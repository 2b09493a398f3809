//! How fast Countersign is, as ratios to what cannot be faster: an axum hello-world, a bare log, a
//! plain SET. `scripts/bench` builds and runs this; what it finds is `benches/RESULTS.md`.
//!
//! The gateway is the real binary in a process of its own. Figures of a machine drift by a quarter
//! within minutes, so each measurement is held against its limit in the same seconds.

mod alone;
mod bank;
mod crowd;
mod load;
mod plan;
mod processes;
mod report;
mod rows;

use std::process::ExitCode;

use axum::Router;
use axum::routing::get;
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // as the binary has it

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("hello") => {
            Builder::new_multi_thread().enable_all().build().map_err(Into::into).and_then(|r| r.block_on(hello()))
        }
        Some("alone") => one_alone(&arguments[1..]),
        _ => Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Into::into)
            .and_then(|r| r.block_on(plan::run(&arguments))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The least that axum can do, on the server that axum brings.
#[expect(clippy::print_stdout, reason = "the line that the parent process reads")]
async fn hello() -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("hello listening on http://{}", listener.local_addr()?);
    use axum::serve::ListenerExt as _;
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, Router::new().route("/", get(|| async { "Hello, world!" }))).await?)
}

#[expect(clippy::print_stdout, reason = "what the parent process reads")]
fn one_alone(arguments: &[String]) -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    println!("{}", serde_json::to_string(&runtime.block_on(alone::run(arguments))?)?);
    Ok(())
}
