//! How an admin says where a directory keeps what a customer's record holds: attributes of LDAP,
//! columns of a query, pointers into JSON. Each kind reads by the same table.
//!
//! What comes from outside is taken as far as a record may hold it; the rest is passed over.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use countersign_domain::base::id::plain_text;
use countersign_domain::base::validation::FieldError;
use countersign_domain::customer::matching::As;
use countersign_domain::customer::{MAX_ADDRESSES, MAX_FIELDS, StoredCustomer, is_field, is_mail_address};

/// Values of one field that are looked at.
const MAX_VALUES: usize = 20;

/// One place, or several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Places {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl Places {
    /// All places, in the order in which they are read.
    pub fn all(&self) -> &[String] {
        match self {
            Self::None => &[],
            Self::One(place) => std::slice::from_ref(place),
            Self::Several(places) => places,
        }
    }
}

/// Where everything stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DirectoryFields {
    pub id: String,
    #[serde(default)]
    pub name: Places,
    #[serde(default)]
    pub username: Places,
    #[serde(default)]
    pub emails: Places,
    #[serde(default)]
    pub phones: Places,
    #[serde(default)]
    pub private_data: BTreeMap<String, String>,
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
}

impl DirectoryFields {
    /// What is wrong with the table, where each place must be one that `good` takes.
    pub fn errors(&self, good: impl Fn(&str) -> bool) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let lists = [("name", &self.name), ("username", &self.username), ("emails", &self.emails)];
        let listed = lists.into_iter().chain([("phones", &self.phones)]);
        let several = listed.flat_map(|(of, places)| places.all().iter().map(move |place| (of.to_owned(), place)));
        let named = [("private_data", &self.private_data), ("facts", &self.facts)];
        for (of, fields) in named {
            if fields.len() > MAX_FIELDS {
                errors.push(at(of, format!("at most {MAX_FIELDS} fields")));
            }
            for name in fields.keys().filter(|name| !is_field(name)) {
                errors.push(at(&format!("{of}/{name}"), "is called by 1 to 64 of letters, digits, _, - and ."));
            }
        }
        let mapped = named
            .into_iter()
            .flat_map(|(of, fields)| fields.iter().map(move |(name, place)| (format!("{of}/{name}"), place)));
        for (of, place) in several.chain(mapped).chain([("id".to_owned(), &self.id)]) {
            if !good(place) {
                errors.push(at(&of, "names no place that this kind of directory has"));
            }
        }
        errors
    }

    /// Every place, each once.
    pub fn places(&self) -> Vec<&str> {
        let lists = [&self.name, &self.username, &self.emails, &self.phones];
        let mut all: Vec<&str> = lists.into_iter().flat_map(|places| places.all()).map(String::as_str).collect();
        all.extend(self.private_data.values().chain(self.facts.values()).chain([&self.id]).map(String::as_str));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Where a field of private data stands: as the table says, else where the record's own does.
    pub fn of(&self, field: &str) -> Vec<&str> {
        if let Some(place) = self.private_data.get(field) {
            return vec![place];
        }
        let places = match field {
            "id" => return vec![&self.id],
            "name" => &self.name,
            "username" => &self.username,
            "email" => &self.emails,
            "phone" => &self.phones,
            _ => &Places::None,
        };
        places.all().iter().map(String::as_str).collect()
    }

    /// A record; none where it has no id that can be one.
    pub fn record(&self, read: impl Fn(&str) -> Vec<String>) -> Option<StoredCustomer> {
        let values = |place: &str| {
            let good = |text: &String| plain_text(text, 1024);
            read(place).into_iter().filter(good).take(MAX_VALUES).collect::<Vec<_>>()
        };
        let all = |places: &Places| places.all().iter().flat_map(|place| values(place)).collect::<Vec<_>>();
        let mut record = StoredCustomer::new(values(&self.id).first()?.parse().ok()?);
        record.name = all(&self.name).into_iter().find(|name| plain_text(name, 200));
        record.username = all(&self.username).into_iter().find(|name| plain_text(name, 255));
        record.emails = all(&self.emails).into_iter().filter(|text| is_mail_address(text).is_ok()).collect();
        record.emails.truncate(MAX_ADDRESSES);
        record.phones = all(&self.phones).iter().filter_map(|text| As::E164.spelled(text)).collect();
        record.phones.truncate(MAX_ADDRESSES);
        let private_data = self.private_data.iter().map(|(field, place)| (field.clone(), values(place)));
        record.private_data = private_data.filter(|(_, values)| !values.is_empty()).collect();
        let facts =
            self.facts.iter().filter_map(|(fact, place)| Some((fact.clone(), values(place).into_iter().next()?)));
        record.facts = facts.collect();
        Some(record)
    }
}

fn at(place: &str, detail: impl Into<String>) -> FieldError {
    FieldError::invalid(format!("/connection/fields/{place}"), detail)
}

/// The texts of a JSON value: its own, or those of its items.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Bool(truth) => vec![truth.to_string()],
        Value::Array(items) => items.iter().filter(|item| !item.is_array()).flat_map(texts).collect(),
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

/// What an admin wrote, as a kind reads it; or where it is wrong.
pub(super) fn parsed<T: serde::de::DeserializeOwned>(settings: &Map<String, Value>) -> Result<T, Vec<FieldError>> {
    serde_path_to_error::deserialize(Value::Object(settings.clone())).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { format!("/{}", path.replace('.', "/")) };
        vec![FieldError::invalid(format!("/connection{path}"), error.into_inner().to_string())]
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> DirectoryFields {
        let json = json!({"id": "no", "name": "cn", "emails": ["mail", "other"], "phones": "phone",
            "private_data": {"born": "birthday"}, "facts": {"branch": "l"}});
        parsed(json.as_object().unwrap()).unwrap()
    }

    #[test]
    fn a_record_is_read_by_the_table() {
        let row = json!({"no": 42, "cn": "Demo Customer", "mail": "customer@example.com", "other": ["x", "b@example.com"],
            "phone": "+372 555 12345", "birthday": ["2001-12-31", "1.1.2001"], "l": "Tartu", "more": "x"});
        let record = fields().record(|place| texts(&row[place])).unwrap();
        assert_eq!(record.id.as_str(), "42");
        assert_eq!(record.emails, ["customer@example.com", "b@example.com"]);
        assert_eq!(record.phones, ["+37255512345"]);
        assert_eq!(record.values("born"), ["2001-12-31", "1.1.2001"]);
        assert_eq!(record.facts["branch"], "Tartu");
    }

    #[test]
    fn what_cannot_be_in_a_record_is_passed_over() {
        let row = json!({"no": "a", "cn": "two\nlines", "mail": "nobody", "phone": "12", "birthday": [[1], null, {}]});
        let record = fields().record(|place| texts(&row[place])).unwrap();
        assert_eq!(record, StoredCustomer::new("a".parse().unwrap()));
        assert!(fields().record(|_| Vec::new()).is_none(), "who has no id is nobody");
    }

    #[test]
    fn a_field_is_found_where_the_table_says_or_where_the_record_has_it() {
        let fields = fields();
        assert_eq!(fields.of("born"), ["birthday"]);
        assert_eq!(fields.of("email"), ["mail", "other"]);
        assert!(fields.of("iban").is_empty() && fields.of("username").is_empty());
        assert_eq!(fields.places(), ["birthday", "cn", "l", "mail", "no", "other", "phone"]);
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let wrong = |json: Value| parsed::<DirectoryFields>(json.as_object().unwrap()).unwrap_err()[0].pointer.clone();
        assert_eq!(wrong(json!({})), "/connection");
        assert_eq!(wrong(json!({"id": "a", "private_data": {"born": 7}})), "/connection/private_data/born");
        let errors = fields().errors(|place| place != "birthday");
        assert_eq!(errors[0].pointer, "/connection/fields/private_data/born");
    }
}
