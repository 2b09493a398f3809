//! The host that a request names, raw on a socket of the served router (RFC 9112 §3.2, RFC 9113 §8.3.1), and the
//! methods that would open a tunnel or repeat a request.

use std::net::SocketAddr;
use std::time::Duration;

use countersign::http::server::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::limits::frames::hello;
use crate::world::World;

const GET: &str = "GET /livez HTTP/1.1\r\n";
const HEADERS: u8 = 1;
const DATA: u8 = 0;
const END: u8 = 5; // of headers and of the stream

async fn served() -> (SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stopping) = (listener.local_addr().unwrap(), CancellationToken::new());
    tokio::spawn(serve::serve(listener, World::new().await.router(), Default::default(), stopping.clone()));
    (address, stopping)
}

/// What is answered to one request, after which the connection may be used again.
async fn answer(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut told = vec![0; 16 * 1024];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut told)).await.expect("it is answered");
    told.truncate(read.unwrap());
    String::from_utf8_lossy(&told).into_owned()
}

fn status(told: &str) -> &str {
    told.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn a_request_names_one_valid_host() {
    let (address, stopping) = served().await;
    for host in ["x", "auth.example.com", "auth.example.com:443", "x:", "127.0.0.1:8080", "[::1]:8080"] {
        assert_eq!(status(&answer(address, &format!("{GET}Host: {host}\r\n")).await), "200", "{host}");
    }
    let ten = GET.replace("1.1", "1.0");
    assert_eq!(status(&answer(address, &ten).await), "200", "HTTP/1.0 knows no Host");
    let absolute = GET.replace("/livez", "http://x/livez");
    for (head, why) in [
        (GET.to_owned(), "none"),
        (absolute, "the request line does not replace it"),
        (format!("{GET}Host: x\r\nHost: x\r\n"), "two"),
        (format!("{GET}Host: x\r\nhost: y\r\n"), "two, in another spelling"),
        (format!("{ten}Host: x\r\nHost: y\r\n"), "two in HTTP/1.0"),
        (format!("{GET}Host:\r\n"), "an empty one"),
        (format!("{GET}Host: x y\r\n"), "a blank"),
        (format!("{GET}Host: x, y\r\n"), "a list"),
        (format!("{GET}Host: x/y\r\n"), "a path"),
        (format!("{GET}Host: u@x\r\n"), "a user"),
        (format!("{GET}Host: x:y\r\n"), "no port"),
        (format!("{GET}Host: [::1\r\n"), "half an address"),
        (format!("{GET}Host: \u{e4}\r\n"), "what is not ASCII"),
    ] {
        let told = answer(address, &head).await;
        assert_eq!(status(&told), "400", "{why}: {told}");
        assert!(told.contains("application/problem+json") && told.contains("bad-request"), "{why}: {told}");
    }
    stopping.cancel();
}

#[tokio::test]
async fn no_method_tunnels_or_traces() {
    let (address, stopping) = served().await;
    for head in [
        "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n",
        "TRACE /livez HTTP/1.1\r\nHost: x\r\nCookie: secret\r\n",
        "TRACE /nothing HTTP/1.1\r\nHost: x\r\nCookie: secret\r\n",
        "TRACE / HTTP/1.1\r\nHost: x\r\nCookie: secret\r\n",
    ] {
        let told = answer(address, head).await;
        assert_eq!(status(&told), "405", "{head}: {told}");
        assert!(told.to_lowercase().contains("\r\nallow:") && !told.contains("secret"), "{head}: {told}");
    }
    stopping.cancel();
}

/// One request on a connection of HTTP/2; what its reply says in the clear, and the first byte of its head: 0x88 is
/// 200 and 0x8c is 400 (RFC 7541, Appendix A).
async fn asked(address: SocketAddr, block: &[u8]) -> (u8, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = hello();
    request.extend([0, 0, u8::try_from(block.len()).unwrap(), HEADERS, END, 0, 0, 0, 1]);
    request.extend(block);
    stream.write_all(&request).await.unwrap();
    let (mut first, mut told) = (0, Vec::new());
    loop {
        let mut head = [0; 9];
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_exact(&mut head)).await;
        read.expect("it is answered").unwrap();
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        stream.read_exact(&mut payload).await.unwrap();
        match (head[3], head[8]) {
            (HEADERS, 1) => first = payload[0],
            (DATA, 1) => told.extend(payload),
            _ => {}
        }
        if head[8] == 1 && head[3] <= HEADERS && head[4] & 1 == 1 {
            return (first, String::from_utf8_lossy(&told).into_owned());
        }
    }
}

/// A header that no table has, not Huffman-coded.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

#[tokio::test]
async fn a_request_of_http2_names_one_host_too() {
    let (address, stopping) = served().await;
    let get = [&[0x82, 0x86][..], &literal(":path", "/livez")].concat();
    let with = |more: &[(&str, &str)]| {
        more.iter().fold(get.clone(), |all, (name, value)| [all, literal(name, value)].concat())
    };
    for good in [&[(":authority", "x")][..], &[("host", "x")], &[(":authority", "x:443"), ("host", "x:443")]] {
        assert_eq!(asked(address, &with(good)).await, (0x88, "ok".to_owned()), "{good:?}");
    }
    for wrong in
        [&[][..], &[("host", "x"), ("host", "y")], &[(":authority", "x"), ("host", "a b")], &[(":authority", "u@x")]]
    {
        let (first, told) = asked(address, &with(wrong)).await;
        assert!(first == 0x8c && told.contains("bad-request"), "{wrong:?}: {first:#x} {told}");
    }
    let connect = [literal(":method", "CONNECT"), literal(":authority", "example.com:443")].concat();
    let (_, told) = asked(address, &connect).await;
    assert!(told.contains("method-not-allowed"), "{told}");
    stopping.cancel();
}
