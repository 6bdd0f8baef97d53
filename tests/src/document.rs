//! The served OpenAPI document, and answers held against it.

use std::collections::BTreeMap;

use boon::{Compiler, Schemas};
use serde_json::{Map, Value, json};

use crate::site::{Answer, Site};

/// `/openapi.json` of a running system.
///
/// It is taken more strictly than it is published: there an object may have more keys than are
/// named, since answers may grow; here it may not, so that a key can't be forgotten in it.
pub struct Document {
    root: Value,
    strict: Value,
}

/// Something that a request may vary in.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    /// True where a request without it is wrong.
    pub required: bool,
    /// What values it takes.
    pub schema: Value,
    /// True where it may be given several times.
    pub repeats: bool,
    /// What stands between the parts of a value that is a list.
    pub separator: Option<char>,
}

impl Document {
    /// The document that a site serves.
    #[must_use]
    pub fn of(site: &Site) -> Self {
        Self::new(site.get("/openapi.json").json())
    }

    /// A document.
    #[must_use]
    pub fn new(root: Value) -> Self {
        let mut strict = root.clone();
        close(&mut strict);
        Self { root, strict }
    }

    /// All of it.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.root
    }

    /// The paths, such as `/list/{kind}`.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        self.root["paths"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// The path that a request's target belongs to.
    #[must_use]
    pub fn path_of(&self, target: &str) -> Option<&str> {
        let path = target.split('?').next().unwrap();
        self.paths().into_iter().find(|template| fits(path, template))
    }

    /// The forms in which a path is answered.
    #[must_use]
    pub fn media_types(&self, path: &str) -> Vec<&str> {
        let content = &self.root["paths"][path]["get"]["responses"]["200"]["content"];
        content.as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// The parameters of a path.
    #[must_use]
    pub fn parameters(&self, path: &str) -> Vec<Parameter> {
        let all = self.root["paths"][path]["get"]["parameters"].as_array().unwrap();
        all.iter().map(|it| parameter(resolve(&self.root, it))).collect()
    }

    /// Whether a schema of the document takes a value.
    #[must_use]
    pub fn takes(&self, schema: &Value, value: &Value) -> bool {
        self.faults(schema, value).is_none()
    }

    /// What a schema has against a value; nothing if it takes it.
    #[must_use]
    pub fn faults(&self, schema: &Value, value: &Value) -> Option<String> {
        const PLACE: &str = "https://tardist.invalid/schema.json";
        let root = json!({"allOf": [schema], "components": self.strict["components"]});
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler.add_resource(PLACE, root).unwrap();
        let schema = compiler.compile(PLACE, &mut schemas).expect("a schema");
        schemas.validate(value, schema).err().map(|faults| format!("{faults:#}"))
    }

    /// Fails the test unless the document describes this answer to a `GET` of the target: its path,
    /// status, headers, media type and body.
    #[track_caller]
    pub fn describes(&self, target: &str, answer: &Answer) {
        let short: String = target.chars().take(200).collect();
        let Some(path) = self.path_of(target) else {
            assert!(matches!(answer.status, 400 | 404), "{short} is undescribed: {answer:?}");
            answer.problem(answer.status);
            return;
        };
        let responses = &self.strict["paths"][path]["get"]["responses"];
        let response = &responses[answer.status.to_string()];
        assert!(!response.is_null(), "{path} answers {}, which is undescribed", answer.status);
        let response = resolve(&self.strict, response);
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            self.check_header(&short, answer, name, resolve(&self.strict, header));
        }
        let Some(content) = response["content"].as_object() else {
            assert!(answer.body.is_empty(), "{short} answers with a body");
            return;
        };
        let media_type = answer.header("content-type").split(';').next().unwrap();
        let media = content.get(media_type);
        let media = media.unwrap_or_else(|| panic!("{short} answers with {media_type:?}"));
        // Gerrit puts a line before its JSON, for which OpenAPI has no words.
        let schema = ["schema", "x-schema"].iter().find_map(|key| media.get(key));
        let schema = schema.unwrap_or(&Value::Bool(true));
        let faults = self.faults(schema, &body(media_type, media, answer));
        assert_eq!(faults, None, "the answer to {short}");
    }

    #[track_caller]
    fn check_header(&self, target: &str, answer: &Answer, name: &str, header: &Value) {
        let value = answer.header(name);
        if value.is_empty() {
            assert!(header["required"] != true, "{target} answers without {name}");
            return;
        }
        let value = match header["schema"]["type"].as_str() {
            Some("integer") => value.parse::<u64>().map_or(json!(value), Value::from),
            _ => json!(value),
        };
        let faults = self.faults(&header["schema"], &value);
        assert_eq!(faults, None, "{name} in the answer to {target}");
    }
}

/// A body as its schema sees it.
fn body(media_type: &str, media: &Value, answer: &Answer) -> Value {
    let prefix = media["x-before-the-json"].as_str().unwrap_or_default();
    if media_type.ends_with("json") {
        let text = answer.body.strip_prefix(prefix.as_bytes()).expect("the line before the JSON");
        serde_json::from_slice(text).unwrap()
    } else {
        json!(answer.text())
    }
}

/// What a reference refers to, or the value itself.
fn resolve<'a>(root: &'a Value, value: &'a Value) -> &'a Value {
    let Some(reference) = value["$ref"].as_str() else { return value };
    let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
    target.unwrap_or_else(|| panic!("{reference} refers to nothing"))
}

fn parameter(value: &Value) -> Parameter {
    let text = |key: &str| value[key].as_str().unwrap().to_owned();
    let (place, style) = (text("in"), value["style"].as_str());
    let is_list = value["schema"]["type"] == "array";
    let repeats = is_list && place == "query" && value["explode"] != false;
    let separator = match style {
        Some("pipeDelimited") => Some('|'),
        _ if is_list && !repeats => Some(','),
        _ => None,
    };
    let required = value["required"] == true;
    let schema = value["schema"].clone();
    Parameter { name: text("name"), place, required, schema, repeats, separator }
}

/// Whether a path has the form of a template; what `{…}` stands for is any one segment.
fn fits(path: &str, template: &str) -> bool {
    let (path, template): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), template.split('/').collect());
    let fits = |(part, wanted): (&&str, &&str)| part == wanted || wanted.starts_with('{');
    path.len() == template.len() && path.iter().zip(&template).all(fits)
}

/// Forbids keys that are not named, in all objects that name some.
fn close(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let is_schema = object.get("properties").is_some_and(Value::is_object)
                && object.get("type").is_some_and(|it| it == "object");
            if is_schema && !object.contains_key("additionalProperties") {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// All examples of a document: where each stands, its schema, and the example.
#[must_use]
pub fn examples(document: &Value) -> BTreeMap<String, (Value, Value)> {
    let mut all = BTreeMap::new();
    collect(document, "", &mut all);
    all
}

fn collect(value: &Value, place: &str, all: &mut BTreeMap<String, (Value, Value)>) {
    let find = |object: &Map<String, Value>| {
        Some((object.get("schema")?.clone(), object.get("example")?.clone()))
    };
    match value {
        Value::Object(object) => {
            if let Some(found) = find(object) {
                all.insert(place.to_owned(), found);
            }
            for (key, value) in object {
                collect(value, &format!("{place}/{key}"), all);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect(value, &format!("{place}/{index}"), all);
            }
        }
        _ => {}
    }
}
