//! Seals what goes into a store and opens what comes back. Whoever reads a store's file sees
//! names of records and nothing of people; a damaged or swapped record does not open.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use bytes::Bytes;

use super::{Error, Gateway};
use crate::store::CommitId;

/// AES-256-GCM-SIV (RFC 8452): a nonce that came twice would tell no more than that two texts
/// are equal, so random ones do. The nonce stands before the sealed bytes.
fn seal_with(key: &[u8], nonce: [u8; NONCE_LEN], about: &[u8], plain: &[u8]) -> Bytes {
    let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + 16);
    sealed.extend_from_slice(&nonce);
    let mut body = plain.to_vec();
    let key = aead_key(key);
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce, Aad::from(about), &mut body).expect("records are far below AEAD's limit");
    sealed.extend_from_slice(&body);
    sealed.into()
}

fn open_with(key: &[u8], about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut body = body.to_vec();
    let plain = aead_key(key).open_in_place(nonce, Aad::from(about), &mut body).ok()?.len();
    body.truncate(plain);
    Some(body)
}

fn aead_key(key: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key).expect("seal keys have 32 bytes"))
}

impl Gateway {
    /// Seals a record: its name and its version are part of what is proved.
    pub(super) fn seal_record(&self, name: &str, version: CommitId, plain: &[u8]) -> Bytes {
        let about = [name.as_bytes(), &version.0].concat();
        seal_with(self.keys.seal.expose(), self.draw(), &about, plain)
    }

    pub(super) fn open_record(&self, name: &str, version: CommitId, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let about = [name.as_bytes(), &version.0].concat();
        let damaged = || Error::Damaged(format!("{name} does not open: damaged, or sealed under another root key"));
        open_with(self.keys.seal.expose(), &about, sealed).ok_or_else(damaged)
    }

    /// Seals what has a place and no version: entries of indexes, waiting events.
    pub(super) fn seal_at(&self, place: &str, plain: &[u8]) -> Bytes {
        seal_with(self.keys.seal.expose(), self.draw(), place.as_bytes(), plain)
    }

    pub(super) fn open_at(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let damaged = || Error::Damaged(format!("an entry of {place} does not open"));
        open_with(self.keys.seal.expose(), place.as_bytes(), sealed).ok_or_else(damaged)
    }

    /// Seals once more under a key of the caller's own, so that a reply opens only for the one
    /// who got it first.
    pub(super) fn seal_for(&self, key: &[u8; 32], plain: &[u8]) -> Vec<u8> {
        seal_with(key, self.draw(), b"reply", plain).to_vec()
    }

    pub(super) fn open_for(key: &[u8; 32], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        open_with(key, b"reply", sealed).ok_or_else(|| Error::Damaged("a kept reply does not open".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_as_itself() {
        let sealed = seal_with(&[1; 32], [2; 12], b"i/1", b"Jane");
        assert_eq!(open_with(&[1; 32], b"i/1", &sealed).as_deref(), Some(&b"Jane"[..]));
        assert!(!sealed.windows(4).any(|w| w == b"Jane"));
        assert_eq!(open_with(&[1; 32], b"i/2", &sealed), None);
        assert_eq!(open_with(&[9; 32], b"i/1", &sealed), None);
        for at in 0..sealed.len() {
            let mut damaged = sealed.to_vec();
            damaged[at] ^= 1;
            assert_eq!(open_with(&[1; 32], b"i/1", &damaged), None, "byte {at}");
        }
        assert_eq!(open_with(&[1; 32], b"i/1", &sealed[..5]), None);
    }
}
