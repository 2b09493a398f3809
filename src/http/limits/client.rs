//! The address that a request comes from, through the proxies that are trusted.
//! It knows nothing of limits, and links never go by it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::HeaderMap;
use ipnet::IpNet;

/// Proxies whose `X-Forwarded-For` is believed, for limits and never for links.
#[derive(Clone, Debug, Default)]
pub struct Proxies(pub Vec<IpNet>);

/// The client's address: an IPv6 one by its /64, since that is what one household has.
pub(crate) fn client(peer: Option<&ConnectInfo<SocketAddr>>, headers: &HeaderMap, proxies: &Proxies) -> Option<IpAddr> {
    let ConnectInfo(peer) = peer?;
    let trusted = |ip: IpAddr| proxies.0.iter().any(|net| net.contains(&ip));
    let mut address = peer.ip().to_canonical();
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|line| line.split(',')).map(str::trim).collect();
    for hop in hops.iter().rev() {
        // Each trusted proxy vouches for the hop before it, and for no more.
        match hop.parse::<IpAddr>() {
            Ok(before) if trusted(address) => address = before.to_canonical(),
            _ => break,
        }
    }
    Some(match address {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    })
}
