//! The program. What it does stands in `cli`; what it is made of, in `lib.rs`.
//! Only the allocator is chosen here, since it is the whole process's.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    countersign::cli::run()
}
