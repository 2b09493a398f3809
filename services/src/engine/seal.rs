//! Seals what goes into a store and opens what comes back. Whoever reads a store's file sees
//! names of records and nothing of people; a damaged or swapped record does not open.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use bytes::Bytes;

use super::{Engine, Error};
use countersign_store::CommitId;

/// AES-256-GCM-SIV (RFC 8452): a nonce that came twice would tell no more than that two texts
/// are equal, so random ones do. The nonce stands before the sealed bytes.
pub(crate) fn seal_with(key: &LessSafeKey, nonce: [u8; NONCE_LEN], about: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM_SIV.tag_len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(about), &mut sealed[NONCE_LEN..]);
    sealed.extend_from_slice(tag.expect("records are far below AEAD's limit").as_ref());
    sealed
}

pub(crate) fn open_with(key: &LessSafeKey, about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut body = body.to_vec();
    let plain = key.open_in_place(nonce, Aad::from(about), &mut body).ok()?.len();
    body.truncate(plain);
    Some(body)
}

/// A key, ready for use.
pub(crate) fn ready(key: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key).expect("seal keys have 32 bytes"))
}

impl Engine {
    /// Seals a record: its name and its version are part of what is proved.
    pub(crate) fn seal_record(&self, name: &str, version: CommitId, plain: &[u8]) -> Bytes {
        let about = [name.as_bytes(), &version.0].concat();
        seal_with(&self.seal, self.draw(), &about, plain).into()
    }

    pub(crate) fn open_record(&self, name: &str, version: CommitId, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let about = [name.as_bytes(), &version.0].concat();
        let damaged = || Error::Damaged(format!("{name} does not open: damaged, or sealed under another root key"));
        open_with(&self.seal, &about, sealed).ok_or_else(damaged)
    }

    /// Seals what has a place and no version: entries of indexes, waiting events.
    pub(crate) fn seal_at(&self, place: &str, plain: &[u8]) -> Bytes {
        seal_with(&self.seal, self.draw(), place.as_bytes(), plain).into()
    }

    pub(crate) fn open_at(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let damaged = || Error::Damaged(format!("an entry of {place} does not open"));
        open_with(&self.seal, place.as_bytes(), sealed).ok_or_else(damaged)
    }

    /// Seals once more under a key of the caller's own, so that a reply opens only for the one
    /// who got it first.
    pub(crate) fn seal_for(&self, key: &[u8; 32], plain: &[u8]) -> Vec<u8> {
        seal_with(&ready(key), self.draw(), b"reply", plain)
    }

    pub(crate) fn open_for(key: &[u8; 32], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        open_with(&ready(key), b"reply", sealed).ok_or_else(|| Error::Damaged("a kept reply does not open".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_as_itself() {
        let (key, other) = (ready(&[1; 32]), ready(&[9; 32]));
        let sealed = seal_with(&key, [2; 12], b"i/1", b"demo");
        assert_eq!(open_with(&key, b"i/1", &sealed).as_deref(), Some(&b"demo"[..]));
        assert!(!sealed.windows(4).any(|w| w == b"demo"));
        assert_eq!(open_with(&key, b"i/2", &sealed), None);
        assert_eq!(open_with(&other, b"i/1", &sealed), None);
        for at in 0..sealed.len() {
            let mut damaged = sealed.to_vec();
            damaged[at] ^= 1;
            assert_eq!(open_with(&key, b"i/1", &damaged), None, "byte {at}");
        }
        assert_eq!(open_with(&key, b"i/1", &sealed[..5]), None);
    }
}
