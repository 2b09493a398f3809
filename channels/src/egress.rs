//! Whom the gateway speaks to: public addresses over TLS on few ports, and what the operator allows
//! besides, where plain HTTP and every port are taken, too. Names are judged by what they resolve to,
//! at the moment when the connection is made.
//!
//! It knows no platform; accounts and definitions are both held to it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use crate::validation::{self, Kind};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The ports of public addresses where nothing else is said: HTTPS, mail, and where HTTPS often stands
/// besides. Whoever names an address of a team's must not knock at every door with it.
pub const PORTS: [u16; 4] = [443, 465, 587, 8443];

/// Which addresses may be spoken to.
#[derive(Clone)]
pub struct EgressPolicy {
    allowed: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    ports: Arc<[u16]>,
    only_allowed: bool,
}

impl fmt::Debug for EgressPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reach")
    }
}

impl EgressPolicy {
    /// Public addresses and those that `allowed` names.
    pub fn new(allowed: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self { allowed: Arc::new(allowed), ports: PORTS.into(), only_allowed: false }
    }

    /// With these ports of public addresses instead.
    pub fn on_ports(self, ports: impl Into<Arc<[u16]>>) -> Self {
        Self { ports: ports.into(), ..self }
    }

    /// Those alone that `allowed` names: for who is to be spoken to on any port.
    pub fn allowed_alone(&self) -> Self {
        Self { only_allowed: true, ..self.clone() }
    }

    /// Whether a public address may be spoken to on that port.
    pub fn takes_port(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    /// Whether a URL may be spoken to as far as it tells: a name is judged when it is resolved.
    pub fn admit(&self, url: &Url) -> Result<(), &'static Kind> {
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain("localhost")) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Some(Host::Domain(name)) if is_plain(name) => None,
            Some(Host::Domain(_)) | None => return Err(&validation::HOST),
        };
        let allowed = literal.is_some_and(|ip| (self.allowed)(ip));
        match url.scheme() {
            "https" => {}
            // A name is taken only with TLS: what it resolves to may change.
            "http" if allowed => {}
            _ => return Err(&validation::HTTPS),
        }
        match literal {
            Some(ip) if !allowed && !is_public(ip) => Err(&validation::PUBLIC_ADDRESS),
            Some(_) if !allowed && !url.port_or_known_default().is_some_and(|port| self.takes_port(port)) => {
                Err(&validation::PORT)
            }
            _ => Ok(()),
        }
    }

    /// Whether an address may be spoken to, on some port.
    fn takes(&self, ip: IpAddr) -> bool {
        is_public(ip) && !self.only_allowed || (self.allowed)(ip)
    }

    /// Whether an address may be spoken to on its port.
    pub fn takes_at(&self, address: SocketAddr) -> bool {
        (self.allowed)(address.ip()) || self.takes(address.ip()) && self.takes_port(address.port())
    }
}

impl Resolve for EgressPolicy {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let taken: Vec<SocketAddr> = found.filter(|address| egress.takes(address.ip())).collect();
            if taken.is_empty() {
                return Err("the name resolves to no address that may be reached".into());
            }
            Ok(Box::new(taken.into_iter()) as Addrs)
        })
    }
}

/// Whether it is a name as servers have one: the URL standard takes others, with `*` in them for instance.
fn is_plain(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(good);
    name.strip_suffix('.').unwrap_or(name).split('.').all(is_label)
}

/// An address of the public internet: none of the ranges that IANA set apart.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match embedded(ip) {
            Some(ip) => is_public_v4(ip),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let apart = ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a, b) == (100, 64 | b & 63)
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a, b & 0xfe) == (198, 18);
    !apart
}

/// An IPv4 address inside one of IPv6: mapped, translated (64:ff9b::/96) or 6to4.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = ip.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

/// Only 2000::/3 is given out; documentation and Teredo lie in it.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    a & 0xe000 == 0x2000 && (a, b) != (0x2001, 0xdb8) && (a, b) != (0x2001, 0) && a != 0x3fff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_apart_is_not_public() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.19.0.1",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["1.1.1.1", "100.63.0.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn tls_is_asked_for_save_where_the_operator_allows() {
        let none = EgressPolicy::new(|_| false);
        let loopback = EgressPolicy::new(|ip| ip.is_loopback());
        for (url, by_none, by_loopback) in [
            ("https://a.example/", true, true),
            ("http://a.example/", false, false),
            ("http://127.0.0.1:8080/", false, true),
            ("https://127.0.0.1/", false, true),
            ("https://[::1]/", false, true),
            ("http://localhost:1/", false, true),
            ("https://10.0.0.1/", false, false),
            ("ftp://a.example/", false, false),
            ("https://õun.example/", true, true),
            ("https://{a}.example/", false, false),
            ("https://1.1.1.1/", true, true),
            // Other ways to write what is not public.
            ("https://2130706433/", false, true),
            ("https://0x7f.1/", false, true),
            ("https://0177.0.0.1/", false, true),
            ("https://127.1/", false, true),
            ("https://[::ffff:127.0.0.1]/", false, false),
            ("https://[::ffff:a9fe:a9fe]/", false, false),
            ("https://①②⑦.0.0.1/", false, true),
            ("https://169.254.169.254/", false, false),
            ("https://[fd00:ec2::254]/", false, false),
            ("https://0/", false, false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!((none.admit(&url).is_ok(), loopback.admit(&url).is_ok()), (by_none, by_loopback), "{url}");
        }
    }

    /// A113: who names an address knocks at few doors with it, save where the operator has opened more.
    #[test]
    fn a113_a_public_address_is_spoken_to_on_few_ports() {
        let (none, loopback) = (EgressPolicy::new(|_| false), EgressPolicy::new(|ip| ip.is_loopback()));
        for (port, taken) in [(443, true), (8443, true), (22, false), (80, false), (6379, false), (25, false)] {
            let url = Url::parse(&format!("https://1.1.1.1:{port}/")).unwrap();
            assert_eq!(none.admit(&url).is_ok(), taken, "{port}");
            assert_eq!(none.takes_at(SocketAddr::from(([1, 1, 1, 1], port))), taken, "{port}");
            assert!(loopback.takes_at(SocketAddr::from(([127, 0, 0, 1], port))));
            assert!(!none.takes_at(SocketAddr::from(([127, 0, 0, 1], port))));
        }
        let more = none.clone().on_ports([6379]);
        assert!(more.takes_port(6379) && !more.takes_port(443));
        // What a name resolves to is seen when the connection is made.
        assert!(none.admit(&Url::parse("https://a.example:6379/").unwrap()).is_ok());
        assert!(!none.allowed_alone().takes("1.1.1.1".parse().unwrap()));
        assert!(loopback.allowed_alone().takes("127.0.0.1".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to() {
        let name = || "localhost".parse::<Name>().unwrap();
        assert!(EgressPolicy::new(|_| false).resolve(name()).await.is_err());
        assert!(EgressPolicy::new(|ip| ip.is_loopback()).resolve(name()).await.is_ok());
    }
}
