//! Reads a JSON Schema of an OpenAPI 3.1 document as a person would say it: names, kinds, bounds,
//! nested fields, and an example. Follows `$ref` within the document, and never in a circle.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::prose::{self, Block};

/// How deep nested fields are written out; what lies deeper is named by its kind.
const DEEPEST: usize = 6;

/// One line of a schema's table.
#[derive(Serialize)]
pub(super) struct SchemaField {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) notes: Vec<String>,
    pub(super) about: Vec<Block>,
    pub(super) fields: Vec<SchemaField>,
}

/// A schema within its document.
#[derive(Clone)]
pub(super) struct Schema<'a> {
    document: &'a Value,
    value: &'a Value,
    /// The names of the references that led here: one that comes again is a circle.
    path: Vec<&'a str>,
}

impl<'a> Schema<'a> {
    /// The schema at `value`, its reference followed.
    pub(super) fn new(document: &'a Value, value: &'a Value) -> Schema<'a> {
        Schema { document, value, path: Vec::new() }.resolved()
    }

    fn at(&self, value: &'a Value) -> Schema<'a> {
        Schema { document: self.document, value, path: self.path.clone() }.resolved()
    }

    /// Follows references; `{"oneOf": [{"type": "null"}, X]}` is X. A circle ends as an open end.
    fn resolved(mut self) -> Schema<'a> {
        loop {
            if let Some(name) = self.value.get("$ref").and_then(Value::as_str) {
                let target = name.strip_prefix('#').and_then(|at| self.document.pointer(at));
                match target {
                    Some(target) if !self.path.contains(&name) && self.path.len() <= DEEPEST => {
                        self.path.push(name);
                        self.value = target;
                    }
                    _ => return self,
                }
            } else if let [only] = self.choices()[..] {
                self.value = only;
            } else {
                return self;
            }
        }
    }

    /// The alternatives of `oneOf` or `anyOf`, null left out.
    fn choices(&self) -> Vec<&'a Value> {
        let either = self.value.get("oneOf").or_else(|| self.value.get("anyOf"));
        let all = either.and_then(Value::as_array).into_iter().flatten();
        all.filter(|choice| choice["type"] != "null").collect()
    }

    fn parts(&self) -> Vec<Schema<'a>> {
        let all = self.value["allOf"].as_array().into_iter().flatten();
        all.map(|part| self.at(part)).collect()
    }

    /// The names of its type, null left out.
    fn types(&self) -> Vec<&'a str> {
        match &self.value["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect(),
            _ if self.value.get("properties").is_some() || !self.parts().is_empty() => {
                vec!["object"]
            }
            _ => Vec::new(),
        }
    }

    /// What it is, in a word or three: `string`, `array of object`, `map of string`.
    pub(super) fn kind(&self) -> String {
        if let Some(name) = self.value.get("$ref").and_then(Value::as_str) {
            return name.rsplit('/').next().unwrap_or(name).to_owned();
        }
        let choices = self.choices();
        if !choices.is_empty() {
            let mut kinds: Vec<_> = choices.into_iter().map(|choice| self.at(choice).kind()).collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
        let types = self.types();
        match types[..] {
            ["array"] => match self.value.get("items") {
                Some(items) => format!("array of {}", self.at(items).kind()),
                None => "array".to_owned(),
            },
            ["object"] => match self.value.get("additionalProperties") {
                Some(values) if values.is_object() => format!("map of {}", self.at(values).kind()),
                _ => "object".to_owned(),
            },
            [] if self.value.get("const").is_some() || self.value.get("enum").is_some() => "string".to_owned(),
            [] => "any".to_owned(),
            _ => types.join(" or "),
        }
    }

    /// The fields of the object, of the array's items, of the map's values or of the choices.
    pub(super) fn fields(&self) -> Vec<SchemaField> {
        if self.path.len() > DEEPEST || self.value.get("$ref").is_some() {
            return Vec::new();
        }
        let mut fields = Vec::new();
        let required = self.value["required"].as_array();
        for (name, value) in self.value["properties"].as_object().into_iter().flatten() {
            let needed = required.is_some_and(|names| names.iter().any(|one| one == name));
            fields.push(self.field(name, value, needed));
        }
        fields.extend(self.parts().iter().flat_map(Schema::fields));
        for inner in ["items", "additionalProperties"] {
            let inner = self.value.get(inner).filter(|inner| inner.is_object());
            fields.extend(inner.map(|inner| self.at(inner).fields()).unwrap_or_default());
        }
        for choice in self.choices() {
            for field in self.at(choice).fields() {
                if fields.iter().all(|known: &SchemaField| known.name != field.name) {
                    fields.push(SchemaField { required: false, ..field });
                }
            }
        }
        fields
    }

    fn field(&self, name: &str, value: &'a Value, required: bool) -> SchemaField {
        let schema = self.at(value);
        let about = value["description"].as_str().or_else(|| schema.value["description"].as_str());
        let mut notes = schema.notes();
        if nullable(value) {
            notes.push("may be null".to_owned());
        }
        SchemaField {
            name: name.to_owned(),
            kind: schema.kind(),
            required,
            notes,
            about: prose::blocks(about.unwrap_or_default()),
            fields: schema.fields(),
        }
    }

    /// Its bounds and defaults, each as a few words.
    pub(super) fn notes(&self) -> Vec<String> {
        const BOUNDS: [(&str, &str, &str); 11] = [
            ("format", "format ", ""),
            ("const", "always ", ""),
            ("default", "default ", ""),
            ("minimum", "at least ", ""),
            ("maximum", "at most ", ""),
            ("minLength", "at least ", " characters"),
            ("maxLength", "at most ", " characters"),
            ("minItems", "at least ", " items"),
            ("maxItems", "at most ", " items"),
            ("pattern", "pattern ", ""),
            ("multipleOf", "a multiple of ", ""),
        ];
        let mut notes = Vec::new();
        let items = self.value.get("items").map(|items| self.at(items).value);
        let listed = self.value.get("enum").or_else(|| items?.get("enum"));
        if let Some(values) = listed.and_then(Value::as_array) {
            let shown: Vec<_> = values.iter().filter(|value| !value.is_null()).map(plain).collect();
            notes.push(format!("one of {}", shown.join(" · ")));
        }
        for (key, before, after) in BOUNDS {
            if let Some(value) = self.value.get(key).filter(|value| !value.is_null()) {
                notes.push(format!("{before}{}{after}", plain(value)));
            }
        }
        notes
    }

    /// An example: the schema's own, else one put together from its fields.
    pub(super) fn example(&self) -> Value {
        let own = ["example", "const", "default"].into_iter().find_map(|key| self.value.get(key));
        let listed = ["examples", "enum"].into_iter().find_map(|key| self.value.get(key)?.get(0));
        if let Some(given) = own.filter(|own| !own.is_null()).or(listed) {
            return given.clone();
        }
        if self.value.get("$ref").is_some() {
            return Value::Null;
        }
        if let Some(choice) = self.choices().first() {
            return self.at(choice).example();
        }
        match self.types().first().copied() {
            Some("object") => self.example_object(),
            Some("array") => match self.value.get("items") {
                Some(items) => json!([self.at(items).example()]),
                None => json!([]),
            },
            Some("integer" | "number") => self.value.get("minimum").cloned().unwrap_or(json!(1)),
            Some("boolean") => json!(true),
            Some("string") => json!(self.example_text()),
            _ => Value::Null,
        }
    }

    fn example_object(&self) -> Value {
        let mut example = Map::new();
        for part in self.parts() {
            if let Value::Object(fields) = part.example() {
                example.extend(fields);
            }
        }
        for (name, value) in self.value["properties"].as_object().into_iter().flatten() {
            let own = value.get("example").cloned();
            example.insert(name.clone(), own.unwrap_or_else(|| self.at(value).example()));
        }
        Value::Object(example)
    }

    fn example_text(&self) -> &'static str {
        match self.value["format"].as_str() {
            Some("date-time") => "2026-03-01T09:30:00Z",
            Some("uuid") => "01999999-9999-7999-8999-999999999999",
            Some("uri" | "url") => "https://example.com/",
            Some("email") => "customer@example.com",
            _ => "string",
        }
    }
}

fn nullable(value: &Value) -> bool {
    let null = |one: &Value| one == "null" || one["type"] == "null";
    ["type", "oneOf", "anyOf"].iter().any(|key| value[key].as_array().is_some_and(|all| all.iter().any(null)))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_followed_and_circles_end() {
        let document = json!({"components": {"schemas": {
            "Tree": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string", "maxLength": 9},
                "parent": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Tree"}]},
                "leaves": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}}}}});
        let start = json!({"$ref": "#/components/schemas/Tree"});
        let tree = Schema::new(&document, &start);
        assert_eq!(tree.kind(), "object");
        let fields = tree.fields();
        let find = |name: &str| fields.iter().find(|field| field.name == name).expect("there");
        assert!(find("name").required && find("name").notes == ["at most 9 characters"]);
        assert_eq!(find("parent").kind, "Tree");
        assert_eq!(find("parent").notes, ["may be null"]);
        assert_eq!(find("leaves").kind, "array of Tree");
        assert_eq!(tree.example(), json!({"name": "string", "parent": null, "leaves": [null]}));
    }

    #[test]
    fn kinds_read_like_words() {
        let document = json!({});
        for (schema, kind) in [
            (json!({"type": ["string", "null"]}), "string"),
            (json!({"oneOf": [{"type": "integer"}, {"const": "never"}]}), "integer or string"),
            (json!({"type": "object", "additionalProperties": {"type": "string"}}), "map of string"),
            (json!({"$ref": "#/nowhere"}), "nowhere"),
            (json!(true), "any"),
        ] {
            assert_eq!(Schema::new(&document, &schema).kind(), kind, "{schema}");
        }
    }
}
