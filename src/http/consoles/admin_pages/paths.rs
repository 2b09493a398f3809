//! Names in paths: what somebody else has written becomes one segment of an address of ours and nothing
//! more. Whose name it is, and whether anything is there, nobody asks here.

use url::Url;

/// A text as one segment of a path (RFC 3986 §3.3).
pub(super) fn in_path(text: &str) -> String {
    let mut url = Url::parse("http://localhost/").expect("it is an address");
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().push(text);
    }
    url.path().trim_start_matches('/').to_owned()
}

/// A text as the value of a query's name, as forms write it.
pub(super) fn in_query(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::{in_path, in_query};

    #[test]
    fn a_name_is_one_segment() {
        let names = ["cust-42", "a/../b", "100 %?#", "Õie"];
        assert_eq!(in_query("a+001 é"), "a%2B001+%C3%A9");
        assert_eq!(names.map(in_path), ["cust-42", "a%2F..%2Fb", "100%20%25%3F%23", "%C3%95ie"]);
    }
}
