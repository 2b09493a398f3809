# The project's commands; `just` lists them.

_list:
    @just --list --unsorted

# The gateway with a chat, a login page and a phone, in one process
demo port="8080":
    cargo run --release -- demo --port {{port}}

# The gateway alone
serve *options:
    cargo run --release -- serve {{options}}

# Formatting, lints, all tests (NAME: only these; --long: the slow ones, too)
test *options:
    ./scripts/test {{options}}

# How fast it is, as ratios to what cannot be faster (--quick: minutes; --count: instructions)
bench *options:
    ./scripts/bench {{options}}

# What takes seconds: formatting and lints
check:
    cargo fmt --all --check
    cargo clippy --release --workspace --all-targets -- -D warnings

# Licences, known holes, sources and the list of all dependencies (--twice: are two builds the same?)
supply *options:
    ./scripts/supply {{options}}

# Typed clients for TypeScript and Python, made from the OpenAPI document
clients:
    ./scripts/clients
