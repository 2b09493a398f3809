//! `store.urls`: where Redis is, read once. One URL is a server, several are nodes of a cluster,
//! and `?sentinel=NAME` says that they are the Sentinels of a primary.

use serde::Deserialize;
use url::Url;

/// Where Redis is. The URLs are as the driver takes them: scheme, user, password, host, port,
/// database.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub enum Servers {
    /// One server.
    Single(String),
    /// A cluster, by some of its nodes.
    Cluster(Vec<String>),
    /// A primary, by what its Sentinels call it.
    Sentinel {
        /// The primary's name.
        name: String,
        /// The Sentinels.
        urls: Vec<String>,
    },
}

impl std::fmt::Debug for Servers {
    /// Passwords stand in URLs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Single(_) => f.write_str("Single(…)"),
            Self::Cluster(urls) => write!(f, "Cluster({} nodes)", urls.len()),
            Self::Sentinel { name, urls } => write!(f, "Sentinel({name:?} by {})", urls.len()),
        }
    }
}

/// What a URL may look like, for whoever wrote another one.
const FORM: &str =
    "redis://[user:password@]host[:port][/database] (rediss:// with TLS), for a Sentinel with ?sentinel=NAME";

impl TryFrom<Vec<String>> for Servers {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<Self, String> {
        let read = texts.iter().map(|text| Server::read(text)).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = read.first() else {
            return Err(format!("must hold at least one URL: {FORM}"));
        };
        for server in &read {
            let Server { url, sentinel, .. } = server;
            if (url.scheme(), url.username(), url.password())
                != (first.url.scheme(), first.url.username(), first.url.password())
            {
                return Err("must all have the same scheme, user and password: the servers that they lead to are \
                            reached with these, too"
                    .to_owned());
            }
            if *sentinel != first.sentinel || url.path() != first.url.path() {
                return Err("must all have the same ?sentinel=NAME and /database, or none".to_owned());
            }
        }
        let urls: Vec<String> = read.iter().map(|server| server.url.to_string()).collect();
        match (&first.sentinel, <[String; 1]>::try_from(urls)) {
            (Some(name), urls) => {
                Ok(Self::Sentinel { name: name.clone(), urls: urls.map_or_else(|urls| urls, Vec::from) })
            }
            (None, Ok([url])) => Ok(Self::Single(url)),
            (None, Err(_)) if first.has_database() => {
                Err("must not name a /database: several URLs are a cluster, which has but one".to_owned())
            }
            (None, Err(urls)) => Ok(Self::Cluster(urls)),
        }
    }
}

/// One URL.
struct Server {
    /// Without the query, and with a port.
    url: Url,
    sentinel: Option<String>,
}

impl Server {
    fn read(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text).map_err(|error| format!("one of them is not a URL ({error}); it is {FORM}"))?;
        let wrong = |what: &str| Err(format!("{what}; it is {FORM}"));
        if !matches!(url.scheme(), "redis" | "rediss") {
            return wrong(&format!("{}:// is not Redis", url.scheme()));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return wrong("one of them names no host");
        }
        if url.fragment().is_some() {
            return wrong("what follows # is not taken: certificates are always checked");
        }
        let database = url.path().trim_start_matches('/');
        if !database.is_empty() && database.parse::<u32>().is_err() {
            return wrong(&format!("a database is a number, not {database:?}"));
        }
        let mut sentinel = None;
        for (name, value) in url.query_pairs() {
            if name != "sentinel" || value.is_empty() || sentinel.is_some() {
                return wrong(&format!("?{name}={value} is not taken"));
            }
            sentinel = Some(value.into_owned());
        }
        url.set_query(None);
        if url.port().is_none() {
            let usual = if sentinel.is_some() { 26379 } else { 6379 };
            url.set_port(Some(usual)).map_err(|()| format!("one of them takes no port; it is {FORM}"))?;
        }
        Ok(Self { url, sentinel })
    }

    fn has_database(&self) -> bool {
        !matches!(self.url.path(), "" | "/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(urls: &[&str]) -> Result<Servers, String> {
        Servers::try_from(urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_number_of_urls_and_the_query_say_what_they_are() {
        let list = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>();
        assert_eq!(read(&["redis://u:p@h/3"]), Ok(Servers::Single("redis://u:p@h:6379/3".to_owned())));
        assert_eq!(
            read(&["rediss://a:7000", "rediss://b"]),
            Ok(Servers::Cluster(list(&["rediss://a:7000", "rediss://b:6379"])))
        );
        for urls in [&["redis://a?sentinel=main"][..], &["redis://a?sentinel=main", "redis://b:5?sentinel=main"]] {
            let Ok(Servers::Sentinel { name, urls }) = read(urls) else { panic!("{urls:?}") };
            assert_eq!((name.as_str(), urls[0].as_str()), ("main", "redis://a:26379"));
        }
    }

    #[test]
    fn what_is_wrong_is_refused_with_what_would_be_right() {
        for (urls, told) in [
            (&[][..], "at least one"),
            (&["redis.example.com"], "redis://"),
            (&["http://h"], "not Redis"),
            (&["redis:///0"], "no host"),
            (&["redis://h/main"], "number"),
            (&["redis://h?sentinel="], "?sentinel=NAME"),
            (&["redis://h?protocol=resp3"], "not taken"),
            (&["rediss://h#insecure"], "certificates"),
            (&["redis://a", "rediss://b"], "same scheme"),
            (&["redis://u:one@a", "redis://u:two@b"], "password"),
            (&["redis://a", "redis://b?sentinel=main"], "same ?sentinel"),
            (&["redis://a/1", "redis://b/1"], "cluster"),
        ] {
            let why = read(urls).expect_err("it is wrong");
            assert!(why.contains(told), "{urls:?}: {why}");
            assert!(!why.contains("one@") && !why.contains("two@"), "a password is not told");
        }
        assert!(!format!("{:?}", read(&["redis://u:secret@h"])).contains("secret"));
    }
}
