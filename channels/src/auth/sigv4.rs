//! AWS Signature Version 4: a keyed hash over the request in its canonical form, with the date,
//! the region and the service inside the key.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Request};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::format::template::Template;
use crate::format::template::escape::hex;
use crate::format::template::values::Values;

/// `kind = "sigv4"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigV4Proof {
    /// The service's name, as AWS signs it.
    pub service: String,
    /// The region.
    pub region: Template,
    /// The key's id.
    pub access_key: Template,
    /// The key.
    pub secret_key: Template,
}

impl SigV4Proof {
    /// All templates in it.
    pub fn templates(&self) -> Vec<&Template> {
        vec![&self.region, &self.access_key, &self.secret_key]
    }

    /// With an account.
    pub fn open(&self, values: &Values<'_>) -> Option<SigV4Signer> {
        Some(SigV4Signer {
            service: self.service.clone(),
            region: self.region.plain(values)?,
            access_key: self.access_key.plain(values)?,
            secret_key: self.secret_key.plain(values)?.into(),
        })
    }
}

/// Signs an account's requests.
pub struct SigV4Signer {
    service: String,
    region: String,
    access_key: String,
    secret_key: SecretString,
}

impl SigV4Signer {
    /// Dates the request and signs its method, path, query, host, content type and body.
    pub fn sign(&self, request: &mut Request<Vec<u8>>, unix: u64) {
        let date = stamp(unix);
        let day = date[..8].to_owned();
        let header = |text: &str| HeaderValue::from_str(text).expect("dates, hex and account fields are ASCII");
        request.headers_mut().insert("x-amz-date", header(&date));
        let host = request.uri().authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
        let (canonical, names) = canonical(request, &host);
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(canonical.as_bytes()));
        let mut key = format!("AWS4{}", self.secret_key.expose_secret()).into_bytes();
        for part in [day.as_str(), &self.region, &self.service, "aws4_request"] {
            key = mac(&key, part).as_ref().to_vec();
        }
        let signature = hex(mac(&key, &to_sign).as_ref());
        let credential = format!("{}/{scope}", self.access_key);
        let value = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
        if let Ok(mut value) = HeaderValue::from_str(&value) {
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
    }
}

/// The request in its canonical form, and the names of the headers in it.
fn canonical(request: &Request<Vec<u8>>, host: &str) -> (String, String) {
    let mut headers = vec![(HOST.as_str().to_owned(), host.to_owned())];
    for (name, value) in request.headers() {
        let is_signed = *name == CONTENT_TYPE || name.as_str().starts_with("x-amz-");
        if is_signed && let Ok(value) = value.to_str() {
            headers.push((name.as_str().to_owned(), value.trim().to_owned()));
        }
    }
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let mut query: Vec<&str> = request.uri().query().unwrap_or_default().split('&').filter(|q| !q.is_empty()).collect();
    query.sort_unstable();
    let (method, path, query) = (request.method(), request.uri().path(), query.join("&"));
    (format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{}", hash(request.body())), names)
}

fn stamp(unix: u64) -> String {
    let moment = i64::try_from(unix).ok().and_then(|unix| Timestamp::from_second(unix).ok());
    moment.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn hash(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The request and its signature as Amazon's own library makes it.
    #[test]
    fn a_request_is_signed_as_amazon_signs_it() {
        let body = "Action=Publish&Message=Your+code+is+482913&MessageAttributes.entry.1.Name=AWS.SNS.SMS.SMSType&\
                    MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=\
                    Transactional&PhoneNumber=%2B3725551234&Version=2010-03-31";
        let mut request = Request::post("https://sns.eu-west-1.amazonaws.com/")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
            .body(body.as_bytes().to_vec())
            .unwrap();
        let signer = SigV4Signer {
            service: "sns".into(),
            region: "eu-west-1".into(),
            access_key: "AKIDEXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into(),
        };
        signer.sign(&mut request, 1_795_217_522);
        assert_eq!(request.headers()["x-amz-date"], "20261120T233202Z");
        assert_eq!(
            request.headers()[AUTHORIZATION],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/eu-west-1/sns/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=dc6ad81bbf63e296cdfd14b4588c6c61e8c5ee806934ec5da085cc91abccffd1"
        );
    }
}
