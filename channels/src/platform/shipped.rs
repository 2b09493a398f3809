//! The definitions that Countersign ships. Another one is a file in `definitions` and its name
//! here.

use std::sync::Arc;

use super::Platform;
use super::check::DefinitionError;
use crate::ambient::Ambient;
use crate::http_client::HttpClient;

/// A definition's file name and text.
pub type DefinitionFile = (&'static str, &'static str);

/// Each name's file with its text.
macro_rules! definitions {
    ($($name:literal)*) => {
        &[$((concat!($name, ".toml"), include_str!(concat!("../../definitions/", $name, ".toml")))),*]
    };
}

/// All of them.
pub const SOURCES: &[DefinitionFile] = definitions! {
    "twilio-sms" "twilio-whatsapp" "whatsapp-cloud" "messenger" "instagram" "telegram" "slack" "line" "matrix"
    "bot-framework" "chatwoot" "vonage" "messagebird" "sinch" "amazon-sns" "kannel" "rcs" "apple-messages" "pega"
    "standard-webhooks"
};

/// The platforms that they describe.
///
/// # Errors
///
/// The first definition that is not right; a test reads all of them.
pub fn platforms(http_client: &HttpClient, ambient: &Arc<dyn Ambient>) -> Result<Vec<Platform>, DefinitionError> {
    SOURCES.iter().map(|(name, source)| Platform::load(name, source, http_client.clone(), ambient.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::Still;
    use crate::definition::Definition as _;
    use crate::egress::EgressPolicy;

    #[test]
    fn each_is_right_and_named_as_its_file() {
        let http_client = HttpClient::new(EgressPolicy::new(|_| false)).unwrap();
        let ambient: Arc<dyn Ambient> = Arc::new(Still::default());
        let wrong: Vec<String> = SOURCES
            .iter()
            .filter_map(|(name, source)| Platform::load(name, source, http_client.clone(), ambient.clone()).err())
            .map(|wrong| wrong.to_string())
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        for (platform, (name, _)) in platforms(&http_client, &ambient).unwrap().iter().zip(SOURCES) {
            assert_eq!(format!("{}.toml", platform.name()), *name);
        }
    }

    #[test]
    fn every_file_that_lies_there_is_shipped() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/definitions");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<String> = files.collect();
        files.sort();
        let mut shipped: Vec<&str> = SOURCES.iter().map(|(name, _)| *name).collect();
        shipped.sort_unstable();
        assert_eq!(files, shipped);
    }
}
