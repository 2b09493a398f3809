//! Redis as one should run it, with TLS and a user who has a password: alone, in a cluster and
//! under Sentinels, as `countersign check` finds it.

use std::{
    fs::{create_dir, write},
    path::Path,
    process::Command,
};

use crate::{outside::have, ports::free_port, stores::RedisServer};

/// The user and the password of all servers here.
const USER: &str = "gateway:s3cret";

/// What the servers and Sentinels ask of each other.
const OTHERS: &str = "another";

/// All that this user may do: our keys, and the commands that the gateway and its functions use.
const RIGHTS: &str = "~cs:* -@all +get +mget +getrange +set +del +exists +zadd +zrem +zrange +zremrangebylex +hset +hdel \
                      +hmget +xadd +xrange +xtrim +time +fcall +fcall_ro +function|load +info +config|get +select \
                      +cluster|info +cluster|slots +asking";

/// A certificate for `localhost`, signed by an authority that is trusted only here.
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let done =
            Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().expect("openssl runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        .expect("a file");
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority");
    openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost");
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names");
}

/// A server's arguments: TLS alone, and nobody in without the password.
fn secured(folder: &str, port: &str) -> Vec<String> {
    let [certificate, key, authority] = ["server.pem", "server.key", "ca.pem"].map(|file| format!("{folder}/{file}"));
    let (user, password) = USER.split_once(':').expect("both");
    let password = format!(">{password}");
    let words = ["--port", "0", "--tls-port", port, "--tls-auth-clients", "no", "--tls-replication", "yes"];
    let mut arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    for (name, value) in [
        ("--tls-cert-file", certificate.as_str()),
        ("--tls-key-file", &key),
        ("--tls-ca-cert-file", &authority),
        ("--requirepass", OTHERS),
    ] {
        arguments.extend([name.to_owned(), value.to_owned()]);
    }
    arguments.extend(["--user", user, "on", &password].into_iter().chain(RIGHTS.split_whitespace()).map(str::to_owned));
    arguments
}

fn start(arguments: &[String], more: &[&str]) -> Option<RedisServer> {
    RedisServer::start(&arguments.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>())
}

/// What `countersign check` says of the store at these URLs.
fn check(folder: &Path, urls: &str) -> String {
    let root = folder.join("root.key");
    write(&root, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").expect("a file");
    let said = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("check")
        .env("COUNTERSIGN_SERVER__LISTEN", "127.0.0.1:0")
        .env("COUNTERSIGN_STORE__KIND", "redis")
        .env("COUNTERSIGN_STORE__URLS", urls)
        .env("COUNTERSIGN_SECRETS__ROOT_KEY_FILE", root)
        .env("SSL_CERT_FILE", folder.join("ca.pem"))
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&said.stdout);
    let line = text.lines().find(|line| line.contains(" store: ")).unwrap_or_else(|| panic!("{said:?}"));
    line.to_owned()
}

#[test]
fn tls_and_a_password_work_alone_in_a_cluster_and_under_sentinels() {
    if !have("openssl") || !have("redis-server") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    certificates(folder.path());
    let at = folder.path().display().to_string();
    let good = "good     store: it takes commits";

    let port = free_port().to_string();
    let arguments = secured(&at, &port);
    let alone = start(&arguments, &[]).expect("it starts");
    assert_eq!(check(folder.path(), &format!(r#"["rediss://{USER}@localhost:{port}/2"]"#)), good);
    let wrong = check(folder.path(), &format!(r#"["rediss://gateway:guessed@localhost:{port}"]"#));
    assert!(wrong.contains("wrong") && !wrong.contains("guessed"), "{wrong}");
    // Its certificate is for other names than this.
    let wrong = check(folder.path(), &format!(r#"["rediss://{USER}@127.0.0.2:{port}"]"#));
    assert!(wrong.contains("wrong"), "{wrong}");

    // The same one as the primary that a Sentinel knows, which has another password: none.
    let watching = free_port().to_string();
    let text = format!(
        "port 0\ntls-port {watching}\ntls-cert-file {at}/server.pem\ntls-key-file {at}/server.key\n\
         tls-ca-cert-file {at}/ca.pem\ntls-auth-clients no\ntls-replication yes\n\
         sentinel monitor main 127.0.0.1 {port} 1\nsentinel auth-pass main {OTHERS}\n"
    );
    let file = format!("{at}/sentinel.conf");
    write(&file, text).expect("a file");
    let sentinel = RedisServer::launch(0, &[&file, "--sentinel"], "+monitor master").expect("it starts");
    assert_eq!(check(folder.path(), &format!(r#"["rediss://{USER}@localhost:{watching}?sentinel=main"]"#)), good);
    let wrong = check(folder.path(), &format!(r#"["rediss://{USER}@localhost:{watching}?sentinel=mane"]"#));
    assert!(wrong.contains("mane"), "{wrong}");
    let wrong = check(folder.path(), &format!(r#"["rediss://localhost:{watching}"]"#));
    assert!(wrong.contains("?sentinel=NAME"), "{wrong}");
    drop((sentinel, alone));

    let (port, bus) = (free_port(), free_port());
    let own = folder.path().join("node");
    create_dir(&own).expect("a folder");
    let known = format!("{:a>40} 127.0.0.1:{port}@{bus} myself,master - 0 0 1 connected 0-16383\n", "");
    write(own.join("nodes.conf"), known + "vars currentEpoch 1 lastVoteEpoch 0\n").expect("a file");
    let (port, bus, own) = (port.to_string(), bus.to_string(), own.display().to_string());
    let arguments = secured(&at, &port);
    let cluster = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--tls-cluster", "yes", "--dir", &own];
    let _cluster = start(&arguments, &cluster).expect("it starts");
    let alone = check(folder.path(), &format!(r#"["rediss://{USER}@localhost:{port}"]"#));
    assert!(alone.contains("several"), "{alone}");
    let urls = format!(r#"["rediss://{USER}@localhost:{port}", "rediss://{USER}@127.0.0.1:{port}"]"#);
    // A primary that was started again takes nothing for two seconds.
    let found = (0..20).map(|_| check(folder.path(), &urls)).find(|found| found == good);
    assert_eq!(found.as_deref(), Some(good), "{}", check(folder.path(), &urls));
}
