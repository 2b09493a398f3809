//! An agent's portal in the terminal: the team's open interactions, and who in them is proven.
//!
//! It draws a ✓ only where the gateway says `authenticated: true` and only while it hears the
//! gateway: what is not known is never shown as proven.
//!
//! `AGENT_KEY=… cargo run --example portal`
#![allow(clippy::print_stdout, reason = "the terminal is the portal")]

use std::collections::BTreeMap;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

mod api;
use api::{Gateway, Heard};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let gateway = Gateway::from_env("AGENT_KEY")?;
    let mut events = gateway.events();
    let mut board = BTreeMap::new();
    while let Some(heard) = events.recv().await {
        match heard {
            Heard::Joined => board = open_interactions(&gateway).await?,
            Heard::Event(event) => refresh(&gateway, &mut board, &event).await?,
            Heard::Lost => {
                println!("\nthe gateway is not heard: nobody counts as authenticated");
                continue;
            }
        }
        draw(&board);
    }
    Ok(())
}

/// All pages of the list, by id.
async fn open_interactions(gateway: &Gateway) -> Result<BTreeMap<String, Value>> {
    let mut all = BTreeMap::new();
    let mut path = "/v1/interactions?status=open&limit=100".to_owned();
    loop {
        let page = gateway.call(Method::GET, &path, Value::Null).await?;
        for item in page["items"].as_array().into_iter().flatten() {
            all.insert(item["id"].as_str().unwrap_or_default().to_owned(), item.clone());
        }
        let Some(cursor) = page["next_cursor"].as_str() else { return Ok(all) };
        path = format!("/v1/interactions?status=open&limit=100&cursor={cursor}");
    }
}

/// Reads again what an event speaks of: lists may lag, a read by id never does.
async fn refresh(gateway: &Gateway, board: &mut BTreeMap<String, Value>, event: &Value) -> Result<()> {
    let Some(id) = event["interaction"].as_str() else { return Ok(()) };
    match gateway.call(Method::GET, &format!("/v1/interactions/{id}"), Value::Null).await {
        Ok(interaction) if interaction["status"] == "open" => {
            board.insert(id.to_owned(), interaction);
        }
        _ => {
            board.remove(id); // closed or erased; or not readable now, and then not known either
        }
    }
    Ok(())
}

fn draw(board: &BTreeMap<String, Value>) {
    println!("\n   channel      conversation                 status            until");
    for interaction in board.values() {
        let text = |name: &str| interaction[name].as_str().unwrap_or("-");
        let flag = &interaction["authentication"];
        println!(
            " {} {:12} {:28} {:17} {}",
            if flag["authenticated"] == true { '✓' } else { ' ' },
            text("channel"),
            text("conversation"),
            flag["status"].as_str().unwrap_or("-"),
            flag["expires_at"].as_str().unwrap_or("-"),
        );
    }
}
