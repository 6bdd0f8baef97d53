//! Variables: their values, and the templates of components.
//!
//! All providers of this host have fixed values, so everything is resolved once, at start. A template
//! with an unknown variable, or a required variable without a value, is an error at start and not of a
//! request. `get` only looks a value up. The precedence is Spin's
//! (`crates/runtime-factors/src/build.rs`, `crates/runtime-config/src/variables.rs`): the command
//! line, then each `[[variables_provider]]` in order, then the environment, then the default.

use std::collections::BTreeMap;

/// The prefix of environment variables, before the name in upper case. Spin: `crates/variables-env`.
pub(crate) const ENVIRONMENT_PREFIX: &str = "SPIN_VARIABLE_";

/// The variables of one component by name, with every template filled in.
pub(crate) type Values = BTreeMap<String, String>;

/// Why a component gets no value: the cases of `spin:variables/variables.error` that can happen here.
#[derive(Debug, PartialEq)]
pub(crate) enum GetError {
    /// A variable cannot have this name.
    InvalidName(String),
    /// The component has no such variable in the manifest.
    Undefined(String),
}

/// Looks up a variable of the component.
///
/// # Errors
///
/// [`GetError`], with the messages of Spin's `crates/expressions`.
pub(crate) fn get(values: &Values, component: &str, name: &str) -> Result<String, GetError> {
    check_name(name).map_err(GetError::InvalidName)?;
    values
        .get(name)
        .cloned()
        .ok_or_else(|| GetError::Undefined(format!("no variable for {component:?}.{name:?}")))
}

/// The values of all variables of the application.
///
/// `providers` are in order of precedence. They may have variables that the application does not
/// have, as in Spin. `environment` looks up an environment variable.
///
/// # Errors
///
/// The variable and what to do about it.
pub(crate) fn resolve(
    declared: &BTreeMap<String, Option<String>>,
    providers: &[BTreeMap<String, String>],
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Values, (String, String)> {
    let mut values = Values::new();
    for (name, default) in declared {
        check_name(name).map_err(|problem| ("[variables]".to_owned(), problem))?;
        let key = format!("{ENVIRONMENT_PREFIX}{}", name.to_ascii_uppercase());
        let value = providers
            .iter()
            .find_map(|provider| provider.get(name).cloned())
            .or_else(|| environment(&key))
            .or_else(|| default.clone());
        let Some(value) = value else {
            let problem = format!("required, but without a value; set {key} or use --variable");
            return Err((format!("variable {name:?}"), problem));
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}

/// Replaces each `{{ name }}` in a component's variables by its value.
///
/// # Errors
///
/// What is wrong with which variable of the component.
pub(crate) fn fill(
    templates: &BTreeMap<String, String>,
    application: &Values,
) -> Result<Values, String> {
    let mut values = Values::new();
    for (name, template) in templates {
        check_name(name)?;
        let value = fill_template(template, application)
            .map_err(|problem| format!("variable {name:?}: {problem}"))?;
        values.insert(name.clone(), value);
    }
    Ok(values)
}

fn fill_template(template: &str, application: &Values) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or("unmatched '{{' in the template")?;
        let name = name.trim();
        let value = application
            .get(name)
            .ok_or_else(|| format!("the template names {name:?}, which is not in [variables]"))?;
        filled.push_str(literal);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Spin: `Key::validate` in `crates/expressions`.
fn check_name(name: &str) -> Result<(), String> {
    let invalid = |c: &char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_');
    let reason = if name.is_empty() {
        "must not be empty".to_owned()
    } else if let Some(c) = name.chars().find(invalid) {
        format!(
            "invalid character {c:?}. Variable names may contain only lower-case letters, numbers, and underscores."
        )
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "must start with a lowercase ASCII letter".to_owned()
    } else if name.ends_with('_') {
        "must end with a lowercase ASCII letter or digit".to_owned()
    } else if name.contains("__") {
        "must not contain multiple consecutive underscores".to_owned()
    } else {
        return Ok(());
    };
    Err(format!("{name:?}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn the_first_of_command_line_file_environment_default_gives_the_value() {
        let declared =
            ["a", "b", "c", "d"].map(|name| (name.into(), Some("default".into()))).into();
        let line = map(&[("a", "line"), ("unknown", "passed over")]);
        let first = map(&[("a", "file"), ("b", "file")]);
        let second = map(&[("b", "second file")]);
        let environment = |key: &str| {
            ["SPIN_VARIABLE_A", "SPIN_VARIABLE_B", "SPIN_VARIABLE_C"]
                .contains(&key)
                .then(|| "environment".to_owned())
        };
        let values = resolve(&declared, &[line, first, second], environment).unwrap();
        let expected = map(&[("a", "line"), ("b", "file"), ("c", "environment"), ("d", "default")]);
        assert_eq!(values, expected);
    }

    #[test]
    fn a_required_variable_needs_a_value() {
        let declared = [("api_key".to_owned(), None)].into();
        let (item, problem) = resolve(&declared, &[], |_| None).unwrap_err();
        assert_eq!(item, "variable \"api_key\"");
        assert!(problem.contains("SPIN_VARIABLE_API_KEY"), "{problem}");
    }

    #[test]
    fn templates_are_filled() {
        let application = map(&[("host", "h"), ("port", "1")]);
        let templates =
            map(&[("url", "http://{{host}}:{{ port }}/"), ("plain", "x}}"), ("empty", "")]);
        let values = fill(&templates, &application).unwrap();
        assert_eq!(values, map(&[("url", "http://h:1/"), ("plain", "x}}"), ("empty", "")]));

        let unknown = fill(&map(&[("a", "{{ b }}")]), &application).unwrap_err();
        assert!(unknown.contains("\"b\""), "{unknown}");
        assert!(fill(&map(&[("a", "{{ host")]), &application).is_err());
        assert!(fill(&map(&[("A", "")]), &application).is_err());
    }

    #[test]
    fn get_tells_invalid_from_undefined() {
        let values = map(&[("a", "1")]);
        assert_eq!(get(&values, "list", "a"), Ok("1".to_owned()));
        let undefined = GetError::Undefined("no variable for \"list\".\"b\"".to_owned());
        assert_eq!(get(&values, "list", "b"), Err(undefined));
        for name in ["", "aX", "1bc", "_x", "x.y", "x_", "a__b", "x-y"] {
            assert!(matches!(get(&values, "list", name), Err(GetError::InvalidName(_))), "{name}");
        }
    }
}
