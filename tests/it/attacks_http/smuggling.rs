//! A096: requests that two readers could cut at different places, raw on a socket of the served
//! router. Either the connection ends with 400, or each request has one answer of its own.

use std::time::Duration;

use countersign::http::server::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::world::World;

const TARGET: &str = "POST /v1/interactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

/// What would be smuggled: its path is told nowhere else.
const MARKER: &str = "GET /problems/forbidden HTTP/1.1\r\nHost: x\r\n\r\n";

/// The request that follows on the same connection.
const AFTER: &str = "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

async fn answered(address: std::net::SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await; // it may be closed while we still write
    let mut told = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut told)).await;
    String::from_utf8_lossy(&told).into_owned()
}

#[tokio::test]
async fn a096_no_request_is_cut_out_of_another() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stopping) = (listener.local_addr().unwrap(), CancellationToken::new());
    let server = tokio::spawn(serve::serve(listener, world.router(), Default::default(), stopping.clone()));
    let length = MARKER.len();
    let chunk = format!("{length:x}\r\n{MARKER}\r\n0\r\n\r\n");
    // Each holds the marker in its body, by one reading at least.
    let ambiguous: Vec<String> = vec![
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{MARKER}"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{chunk}"),
        format!("Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{MARKER}"),
        format!("Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{MARKER}"),
        format!("Content-Length: {length}, 0\r\n\r\n{MARKER}"),
        format!("Content-Length: +{length}\r\n\r\n{MARKER}"),
        format!("Content-Length: -{length}\r\n\r\n{MARKER}"),
        format!("Content-Length: 0x{length:x}\r\n\r\n{MARKER}"),
        format!("Content-Length: {length} \u{0b}\r\n\r\n{MARKER}"),
        format!("Content-Length : {length}\r\n\r\n{MARKER}"),
        format!(" Content-Length: {length}\r\n\r\n{MARKER}"),
        format!("X: y\r\n Content-Length: {length}\r\n\r\n{MARKER}"),
        format!("Transfer-Encoding:\r\n chunked\r\n\r\n{chunk}"),
        format!("Transfer-Encoding: xchunked\r\n\r\n{chunk}"),
        format!("Transfer-Encoding: chunked, identity\r\n\r\n{chunk}"),
        format!("Transfer-Encoding: identity\r\nContent-Length: {length}\r\n\r\n{MARKER}"),
        format!("Transfer-Encoding : chunked\r\n\r\n{chunk}"),
        format!("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n{chunk}"),
        format!("Transfer-Encoding: \"chunked\"\r\n\r\n{chunk}"),
        format!("Transfer\u{0b}-Encoding: chunked\r\n\r\n{chunk}"),
        format!("Transfer-Encoding: chunked\r\n\r\n+{chunk}"),
        format!("Transfer-Encoding: chunked\r\n\r\n0x{chunk}"),
        format!("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{MARKER}"),
        format!("Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n{}", ""),
        format!("Transfer-Encoding: chunked\r\n\r\n{length:x};ext=\"\n\"\r\n{MARKER}\r\n0\r\n\r\n"),
        format!("Transfer-Encoding: chunked\n\n{length:x}\n{MARKER}\n0\n\n"),
        format!("X: y\rContent-Length: {length}\r\n\r\n{MARKER}"),
        format!("X: y\0\r\nContent-Length: {length}\r\n\r\n{MARKER}"),
    ];
    for headers in &ambiguous {
        let told = answered(address, format!("{TARGET}{headers}{AFTER}").as_bytes()).await;
        let statuses: Vec<&str> = told.split("HTTP/1.1 ").skip(1).map(|r| &r[..3]).collect();
        // The catalogue's rule: 400 and the end, or one answer for each of our two requests.
        let refused = statuses == ["400"] || statuses.is_empty();
        let apart = statuses.len() <= 2 && statuses.first().is_none_or(|first| *first == "401" || *first == "400");
        assert!(refused || apart, "{headers:?}: {told}");
        assert!(!told.contains("<html"), "the marker was answered: {headers:?}: {told}");
    }
    // What has one meaning only is answered, each request by its own answer.
    for good in
        [format!("Content-Length: {length}\r\n\r\n{MARKER}"), format!("Transfer-Encoding: chunked\r\n\r\n{chunk}")]
    {
        let told = answered(address, format!("{TARGET}{good}{AFTER}").as_bytes()).await;
        let statuses: Vec<&str> = told.split("HTTP/1.1 ").skip(1).map(|r| &r[..3]).collect();
        assert_eq!(statuses, ["401", "200"], "{told}");
    }
    let many = "X-A: b\r\n".repeat(200);
    assert!(
        answered(address, format!("GET /livez HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes()).await.contains(" 431 ")
    );
    stopping.cancel();
    server.await.unwrap();
}
