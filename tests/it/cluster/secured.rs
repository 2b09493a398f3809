//! Redis as one should run it: with TLS and with a password, alone, in a cluster and under Sentinels.
