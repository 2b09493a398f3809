//! One test binary: see the modules.

mod store_contract;
mod stores;
