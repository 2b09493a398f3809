//! Where a customer was shown to be: fingerprints of devices and the region, each kept as a keyed
//! fingerprint of what the storefront says. What it says proves nothing; it only spares a code.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::secret::{MacKey, Tag};

/// Devices that are remembered; the one that was seen longest ago gives way.
const MAX_DEVICES: usize = 20;

/// A device as a storefront describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginDevice {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<Tag>,
}

impl LoginDevice {
    /// What was said of it; an empty text says nothing.
    pub fn of(key: &MacKey, fingerprint: Option<&str>, region: Option<&str>) -> Self {
        let tag = |kind: &[u8], text: Option<&str>| {
            let said = text.map(str::trim).filter(|text| !text.is_empty());
            said.map(|text| key.tag(&[b"device", kind, text.as_bytes()]))
        };
        Self { fingerprint: tag(b"fingerprint", fingerprint), region: tag(b"region", region) }
    }

    /// Whatever this one does not say, as the other says it.
    pub fn or(&self, other: &Self) -> Self {
        Self { fingerprint: self.fingerprint.or(other.fingerprint), region: self.region.or(other.region) }
    }
}

/// What was validated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Devices {
    /// The newest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    fingerprints: VecDeque<Tag>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<Tag>,
}

impl Devices {
    /// Nothing was.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether that device was validated. One that says nothing of itself was not.
    pub fn knows(&self, device: &LoginDevice) -> bool {
        device.fingerprint.is_some_and(|said| self.fingerprints.contains(&said))
    }

    /// Whether that is the region that was validated last. Where nothing is said, or none was, it is not.
    pub fn is_there(&self, device: &LoginDevice) -> bool {
        device.region.is_some() && device.region == self.region
    }

    /// What its guesses are counted under, where it is known.
    pub fn own(&self, device: &LoginDevice) -> Option<String> {
        device.fingerprint.filter(|_| self.knows(device)).map(|tag| tag.name())
    }

    /// The customer has shown to be there.
    pub fn validate(&mut self, device: &LoginDevice) {
        if let Some(fingerprint) = device.fingerprint {
            self.fingerprints.retain(|known| *known != fingerprint);
            self.fingerprints.push_front(fingerprint);
            self.fingerprints.truncate(MAX_DEVICES);
        }
        self.region = device.region.or(self.region);
    }
}
