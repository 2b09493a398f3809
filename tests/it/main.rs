//! One test binary: it is linked once, and every journey uses the same gateway.
//! Each module owns one subject.

mod architecture;
mod clients;
mod crash;
mod examples;
mod journeys;
mod lifetime;
mod nodes;
mod outside;
mod properties;
mod races;
mod store_contract;
mod stores;
mod world;
