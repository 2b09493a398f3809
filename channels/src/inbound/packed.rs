//! Bodies that come packed. One is unpacked only after it is proved, and no further than a body may be
//! long: who packs a mountain into a nutshell is told so before the mountain is there.

use std::io::Read as _;

use flate2::bufread::GzDecoder;
use http::{HeaderMap, header};

use crate::format::inbound::Packing;
use crate::format::inbound::proof::VerificationError;

/// A body has at most so many bytes, packed or not.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Whether a request says that its body is packed at all.
pub fn is_packed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The way in which it says so, where it is one of ours and the only one.
pub fn packing(headers: &HeaderMap) -> Option<Packing> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let only = codings.next().filter(|_| codings.next().is_none())?;
    only.as_bytes().eq_ignore_ascii_case(b"gzip").then_some(Packing::Gzip)
}

/// The body as it was before it was packed.
pub fn unpacked(packing: Packing, body: &[u8]) -> Result<Vec<u8>, VerificationError> {
    let Packing::Gzip = packing;
    let mut plain = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut reader = GzDecoder::new(body);
    reader.by_ref().take(most).read_to_end(&mut plain).map_err(|_| VerificationError::Unreadable("the packed body"))?;
    if plain.len() > MAX_BYTES {
        return Err(VerificationError::TooLarge);
    }
    // What stands behind the packed body was never part of it.
    if reader.into_inner().is_empty() {
        Ok(plain)
    } else {
        Err(VerificationError::Unreadable("what follows the packed body"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).expect("a Vec takes all");
        encoder.finish().expect("a Vec takes all")
    }

    #[test]
    fn a_body_is_unpacked_as_far_as_a_body_may_be_long() {
        for length in [0, 1, 70_000, MAX_BYTES] {
            let body = vec![b' '; length];
            assert_eq!(unpacked(Packing::Gzip, &packed(&body)), Ok(body));
        }
        for length in [MAX_BYTES + 1, 64 * MAX_BYTES] {
            let bomb = packed(&vec![0; length]);
            assert!(bomb.len() < MAX_BYTES / 8);
            assert_eq!(unpacked(Packing::Gzip, &bomb), Err(VerificationError::TooLarge), "{length}");
        }
    }

    #[test]
    fn what_is_no_packed_body_is_none() {
        let whole = packed(b"{}");
        let mut changed = whole.clone();
        *changed.last_mut().expect("it is not empty") ^= 1;
        let twice = [whole.clone(), whole.clone()].concat();
        for wrong in [b"{}".to_vec(), Vec::new(), whole[..whole.len() - 1].to_vec(), changed, twice] {
            assert!(matches!(unpacked(Packing::Gzip, &wrong), Err(VerificationError::Unreadable(_))), "{wrong:?}");
        }
    }

    #[test]
    fn one_coding_is_read_and_no_list_of_them() {
        let said = |codings: &[&str]| {
            let pairs = codings.iter().map(|coding| (header::CONTENT_ENCODING, coding.parse().expect("a header")));
            pairs.fold(HeaderMap::new(), |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            })
        };
        assert_eq!((is_packed(&said(&[])), packing(&said(&[]))), (false, None));
        assert_eq!((is_packed(&said(&["identity"])), packing(&said(&["identity"]))), (false, None));
        assert_eq!((is_packed(&said(&["GZIP"])), packing(&said(&["GZIP"]))), (true, Some(Packing::Gzip)));
        for wrong in [&["gzip", "gzip"][..], &["gzip, gzip"], &["br"], &["identity", "gzip"], &[""]] {
            assert_eq!((is_packed(&said(wrong)), packing(&said(wrong))), (true, None), "{wrong:?}");
        }
    }
}
