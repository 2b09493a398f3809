//! One test binary: it is linked once, and every journey uses the same gateway.
//! Each module owns one subject.

#![allow(clippy::too_many_lines, clippy::type_complexity, reason = "a journey and a table are told in one piece")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod accounts;
mod architecture;
mod attacks_assertions;
mod attacks_codes;
mod attacks_http;
mod attacks_links;
mod attacks_pages;
mod audit;
mod backup;
mod browser;
mod clients;
mod clock;
mod cluster;
mod codes;
mod commands;
mod confirm;
mod contract;
mod costs;
mod crash;
mod departures;
mod directories;
mod doors;
mod examples;
mod faults;
mod forwarded;
#[path = "../../channels/tests/foreign/homeserver.rs"]
mod homeserver;
mod inbound;
mod insights;
#[path = "../../channels/tests/foreign/interop.rs"]
mod interop;
mod journeys;
mod kba;
mod length;
mod lifetime;
mod limits;
mod matrix;
mod messaging;
mod nodes;
mod outside;
mod photos;
mod points;
#[path = "../../channels/tests/foreign/ports.rs"]
mod ports;
mod properties;
mod races;
mod readme;
mod rolling;
mod scripts;
mod sending;
mod showing;
mod simulation;
mod snapshots;
mod staff;
mod status;
mod store_contract;
mod stores;
mod supply;
mod tenancy;
mod timing;
mod versions;
mod webchat;
mod webhooks;
mod words;
mod world;
