//! Opens and seals what lies in a store, as every gateway under the same root key does.
//! It knows the form of seals and names of records, and no use case.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use countersign::domain::secret::Secret;
use countersign::domain::secret::keys::Keys;
use countersign::store::CommitId;
use serde::de::DeserializeOwned;

/// What opens a store's content.
pub struct Seal {
    /// Every key of the gateways.
    pub keys: Keys,
}

impl Seal {
    /// Of the root key that all worlds of these tests share.
    pub fn of_tests() -> Self {
        Self { keys: Keys::from_root(&root()) }
    }

    /// A record's content.
    pub fn record(&self, name: &str, version: CommitId, sealed: &[u8]) -> Option<Vec<u8>> {
        self.open(&[name.as_bytes(), &version.0].concat(), sealed)
    }

    /// An entry of an index, or a waiting event.
    pub fn entry<T: DeserializeOwned>(&self, place: &str, sealed: &[u8]) -> Option<T> {
        serde_json::from_slice(&self.opened(place, sealed)?).ok()
    }

    /// The same as it is encoded.
    pub fn opened(&self, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        self.open(place.as_bytes(), sealed)
    }

    /// Seals a record as a gateway would.
    pub fn seal_record(&self, name: &str, version: CommitId, plain: &[u8]) -> Vec<u8> {
        self.seal(&[name.as_bytes(), &version.0].concat(), plain)
    }

    /// Seals an entry or an event.
    pub fn seal(&self, about: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce = [9; 12]; // one that comes twice tells no more than that two texts are equal
        let mut body = plain.to_vec();
        let sealing =
            self.key().seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about), &mut body);
        sealing.expect("records are small");
        [&nonce[..], &body].concat()
    }

    fn open(&self, about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_at_checked(12)?;
        let mut body = body.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.key().open_in_place(nonce, Aad::from(about), &mut body).ok()?.len();
        body.truncate(plain);
        Some(body)
    }

    fn key(&self) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, self.keys.seal.expose()).expect("32 bytes"))
    }
}

/// The root key of these tests' worlds.
pub fn root() -> Secret {
    Secret::new(vec![7; 32])
}
