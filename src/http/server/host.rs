//! Whether a request names the one host that it is for (RFC 9112 §3.2, RFC 9113 §8.3.1). Proxies choose by that
//! name where they send a request to, so two readings of it are an attack. Which name it is does not matter here.

use std::net::Ipv6Addr;

use http::{Request, Version, header};

/// Marks a request that does not name one host. Only what came over a connection is judged.
#[derive(Clone, Copy)]
pub(crate) struct NoHost;

/// Whether it names one host, in a form that a host may have. HTTP/1.0 may leave it out.
pub(crate) fn names_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    let is_valid = second.is_none() && host.is_none_or(|host| host.to_str().is_ok_and(is_host));
    let authority = request.uri().authority().map(|authority| authority.as_str());
    is_valid
        && match request.version() {
            Version::HTTP_09 | Version::HTTP_10 => true,
            // A URL in the request line does not replace the header.
            Version::HTTP_11 => host.is_some(),
            _ => authority.map_or(host.is_some(), is_host),
        }
}

/// `uri-host [ ":" port ]` of RFC 9110 §7.2, with a name: `http` and `https` have no empty one.
fn is_host(text: &str) -> bool {
    let (is_name, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((ip, port)) => (ip.parse::<Ipv6Addr>().is_ok(), port),
            None => return false,
        },
        None => {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (is_reg_name(name), port)
        }
    };
    let digits = if port.is_empty() { Some("") } else { port.strip_prefix(':') };
    is_name && digits.is_some_and(|digits| digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// A name or an IPv4 address (RFC 3986 §3.2.2).
fn is_reg_name(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&b);
    let is_encoded = |rest: &str| rest.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    !name.is_empty() && name.bytes().all(good) && name.split('%').skip(1).all(is_encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for good in
            ["x", "a.example", "A.Example:443", "x:", "127.0.0.1:80", "[::1]", "[::1]:80", "a_b", "xn--a", "a%2e"]
        {
            assert!(is_host(good), "{good}");
        }
        for wrong in [
            "", ":80", "a b", "x:y", "x:80:80", "x:123456", "x/y", "u@x", "[::1", "[x]", "[::1]80", "::1", "a%zz",
            "a%2", "ä", "x?", "x#",
        ] {
            assert!(!is_host(wrong), "{wrong}");
        }
    }

    #[test]
    fn one_host_is_named_where_the_version_asks_for_it() {
        let asked = |version, uri: &str, hosts: &[&str]| {
            let builder = Request::builder().version(version).uri(uri);
            let builder = hosts.iter().fold(builder, |builder, host| builder.header("host", *host));
            names_one_host(&builder.body(()).expect("well-formed"))
        };
        let (one, two, old) = (Version::HTTP_11, Version::HTTP_2, Version::HTTP_10);
        assert!(
            asked(one, "/", &["x"]) && asked(two, "/", &["x"]) && asked(two, "https://x/", &[]) && asked(old, "/", &[])
        );
        assert!(!asked(one, "/", &[]) && !asked(one, "http://x/", &[]) && !asked(two, "/", &[]));
        for version in [one, two, old] {
            assert!(!asked(version, "/", &["x", "x"]) && !asked(version, "https://x/", &["x", "y"]), "{version:?}");
            assert!(!asked(version, "/", &["a b"]), "{version:?}");
        }
        assert!(!asked(two, "https://u@x/", &[]), "a user is no part of an authority there");
    }
}
