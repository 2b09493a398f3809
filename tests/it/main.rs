//! One test binary: it is linked once, and every journey uses the same gateway.
//! Each module owns one subject.

mod architecture;
mod attacks_http;
mod audit;
mod clients;
mod commands;
mod contract;
mod examples;
mod journeys;
mod outside;
mod store_contract;
mod stores;
mod tenancy;
mod world;
