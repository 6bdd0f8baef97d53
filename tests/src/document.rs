//! The OpenAPI document as it is served, and checks of answers against it.

use std::collections::BTreeMap;

use boon::{Compiler, Schemas};
use serde_json::{Map, Value, json};

use crate::site::{Answer, Site};

/// `/openapi.json` of a running system.
///
/// The checks are stricter than the document. It allows an object to have more keys than it names,
/// since answers may grow. Here this is an error, so that no key is forgotten in the document.
pub struct Document {
    root: Value,
    strict: Value,
}

/// A parameter of a request.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    /// True if a request without it is an error.
    pub required: bool,
    /// The schema of its values.
    pub schema: Value,
    /// True if it may be given several times.
    pub repeats: bool,
    /// The character between the items, if its value is a list.
    pub separator: Option<char>,
}

impl Document {
    /// The document that a site serves.
    #[must_use]
    pub fn of(site: &Site) -> Self {
        Self::new(site.get("/openapi.json").json())
    }

    /// A document from its JSON.
    #[must_use]
    pub fn new(root: Value) -> Self {
        let mut strict = root.clone();
        close(&mut strict);
        Self { root, strict }
    }

    /// The whole document, as it is published.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.root
    }

    /// The paths, such as `/list/{kind}`.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        self.root["paths"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// The path of the document that matches the target of a request.
    #[must_use]
    pub fn path_of(&self, target: &str) -> Option<&str> {
        let path = target.split('?').next().unwrap();
        self.paths().into_iter().find(|template| fits(path, template))
    }

    /// The media types of a path's answers.
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

    /// True if a value is valid by a schema of the document.
    #[must_use]
    pub fn takes(&self, schema: &Value, value: &Value) -> bool {
        self.errors(schema, value).is_none()
    }

    /// Why a value is not valid by a schema; `None` if it is valid.
    #[must_use]
    pub fn errors(&self, schema: &Value, value: &Value) -> Option<String> {
        validate(json!({"allOf": [schema], "components": self.strict["components"]}), value)
    }

    /// Fails the test unless the document describes this answer to a `GET` request for the target:
    /// its path, status, headers, media type and body.
    #[track_caller]
    pub fn describes(&self, target: &str, answer: &Answer) {
        self.describes_of("get", target, answer);
    }

    /// As [`describes`](Self::describes) for the answer to a `POST` request.
    #[track_caller]
    pub fn describes_post(&self, target: &str, answer: &Answer) {
        self.describes_of("post", target, answer);
    }

    #[track_caller]
    fn describes_of(&self, method: &str, target: &str, answer: &Answer) {
        let short: String = target.chars().take(200).collect();
        let Some(path) = self.path_of(target) else {
            assert!(matches!(answer.status, 400 | 404), "{short} is not described: {answer:?}");
            answer.problem(answer.status);
            return;
        };
        let responses = &self.strict["paths"][path][method]["responses"];
        let response = &responses[answer.status.to_string()];
        assert!(!response.is_null(), "{path} answers {}, which is not described", answer.status);
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
        // Gerrit puts a line before its JSON. OpenAPI cannot say this, hence a key of our own.
        let schema = ["schema", "x-schema"].iter().find_map(|key| media.get(key));
        let schema = schema.unwrap_or(&Value::Bool(true));
        let errors = self.errors(schema, &body(media_type, media, answer));
        assert_eq!(errors, None, "the answer to {short}");
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
        let errors = self.errors(&header["schema"], &value);
        assert_eq!(errors, None, "{name} in the answer to {target}");
    }
}

/// Why a value is not valid by a schema, which may not have more keys than that names; `None` if it is valid.
#[must_use]
pub fn schema_errors(schema: &Value, value: &Value) -> Option<String> {
    let mut strict = schema.clone();
    close(&mut strict);
    validate(strict, value)
}

fn validate(root: Value, value: &Value) -> Option<String> {
    const PLACE: &str = "https://tardist.invalid/schema.json";
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    compiler.add_resource(PLACE, root).unwrap();
    let schema = compiler.compile(PLACE, &mut schemas).expect("a schema");
    schemas.validate(value, schema).err().map(|errors| format!("{errors:#}"))
}

/// A body as the value that its schema describes.
fn body(media_type: &str, media: &Value, answer: &Answer) -> Value {
    let prefix = media["x-before-the-json"].as_str().unwrap_or_default();
    if media_type.ends_with("json") {
        let text = answer.body.strip_prefix(prefix.as_bytes()).expect("the line before the JSON");
        serde_json::from_slice(text).unwrap()
    } else {
        json!(answer.text())
    }
}

/// The value that a reference refers to; a value that is no reference stays as it is.
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

/// True if a path matches a template. `{…}` stands for any one segment.
fn fits(path: &str, template: &str) -> bool {
    let (path, template): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), template.split('/').collect());
    let fits = |(part, wanted): (&&str, &&str)| part == wanted || wanted.starts_with('{');
    path.len() == template.len() && path.iter().zip(&template).all(fits)
}

/// Makes keys that are not named an error, in all schemas of objects that name some.
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

/// All examples of a document: by place, the schema and the example.
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
