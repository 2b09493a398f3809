//! A platform that a definition describes: what it can do, the channel of an account on it, and
//! the ear for what comes in over it. One engine serves all; what differs is in the definition.

use std::sync::Arc;

use secrecy::SecretString;

use crate::ambient::Ambient;
use crate::auth::Proof;
use crate::carrier::Carrier;
use crate::definition::{Abilities, Account, Definition, Wrong, max_per_minute};
use crate::inbound::Ear;
use crate::template::values::Known;
use crate::{Channel, inbound};

pub mod account;
pub mod body;
pub mod check;
pub mod fields;
pub mod format;
pub mod line;
pub mod matching;
pub mod outcome;
pub mod request;
pub mod retract;
pub mod units;

use check::Malformed;
use format::{File, Preview};
use line::Line;

/// A platform, as its definition says.
pub struct Platform {
    file: Arc<File>,
    inbound: Option<Arc<inbound::format::Inbound>>,
    carrier: Carrier,
    ambient: Arc<dyn Ambient>,
}

impl Platform {
    /// Reads a definition; `name` is what its faults are told under.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it, with its line and what would be right.
    pub fn load(name: &str, source: &str, carrier: Carrier, ambient: Arc<dyn Ambient>) -> Result<Self, Malformed> {
        let file = check::load(name, source)?;
        let inbound = file.inbound.clone().map(Arc::new);
        Ok(Self { file: Arc::new(file), inbound, carrier, ambient })
    }

    /// The account, with all that it needs to speak and to hear.
    fn judge(&self, account: &Account) -> Result<Known, Vec<Wrong>> {
        let known = fields::judge(&self.file, account, self.carrier.reach())?;
        let proofs = self.inbound.iter().flat_map(|inbound| &inbound.verify);
        let wrong: Vec<Wrong> = proofs.flat_map(|proof| proof.faults(&known)).collect();
        if wrong.is_empty() { Ok(known) } else { Err(wrong) }
    }

    /// What the definition says.
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl Definition for Platform {
    fn name(&self) -> &str {
        &self.file.platform.name
    }

    fn abilities(&self) -> Abilities {
        let (file, inbound) = (&self.file, self.inbound.as_deref());
        Abilities {
            title: file.platform.title.clone(),
            link: !file.send.link.is_empty(),
            code: !file.send.code.is_empty(),
            initiate: file.can.initiate,
            window_hours: file.can.window_hours,
            idempotent: file.send.idempotent,
            preview: match file.can.preview {
                Preview::Fetched => "fetched",
                Preview::Suppressed => "suppressed",
                Preview::None => "none",
            },
            account_link: file.can.account_link,
            return_link: file.can.return_link.is_some(),
            retracts: file.retract.heard.is_some(),
            hears: inbound.is_some(),
            receipts: inbound.is_some_and(|inbound| !inbound.receipt.is_empty()),
            assurance: inbound.map(|inbound| inbound.assurance.word()),
        }
    }

    fn open(&self, account: &Account) -> Result<Arc<dyn Channel>, Vec<Wrong>> {
        let known = self.judge(account)?;
        let proof = Proof::open(&self.file.auth, &known)?;
        let limit = max_per_minute(account).map_err(|wrong| vec![wrong])?.or(self.file.send.max_per_minute);
        let (file, carrier, ambient) = (self.file.clone(), self.carrier.clone(), self.ambient.clone());
        Ok(Arc::new(Line { file, known, proof, carrier, ambient, limit }))
    }

    fn verifier(&self, secret: &SecretString) -> Option<Ear> {
        let inbound = self.inbound.clone()?;
        let defaults = self.file.account.iter();
        let fields = defaults.filter_map(|(name, field)| Some((name.clone(), field.default.clone()?))).collect();
        let secrets = self.file.secrets.keys().map(|name| (name.clone(), secret.clone())).collect();
        Some(Ear::new(inbound, Known { fields, secrets }, self.carrier.clone()))
    }

    fn ear(&self, account: &Account) -> Result<Option<Ear>, Vec<Wrong>> {
        let known = self.judge(account)?;
        Ok(self.inbound.clone().map(|inbound| Ear::new(inbound, known, self.carrier.clone())))
    }
}
