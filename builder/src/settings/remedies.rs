//! What to write into the configuration file, so that tarballs get what is missing from them.

use std::collections::BTreeSet;

use super::{config::Config, form::Form};
use crate::content::Remedy;

/// The lines that bring about these remedies, one for each setting. A list has the values that are set already.
pub fn remedies<'a>(wanted: impl IntoIterator<Item = &'a Remedy>, config: &Config) -> Vec<String> {
    let mut hosts: BTreeSet<&str> = BTreeSet::new();
    let mut composer = false;
    for remedy in wanted {
        match remedy {
            Remedy::SubmoduleHost(host) => {
                hosts.insert(host);
            }
            Remedy::Composer => composer = true,
        }
    }
    let mut lines = Vec::new();
    if !hosts.is_empty() {
        hosts.extend(config.submodule_hosts.iter().map(|host| host.as_str()));
        let hosts: Vec<toml::Value> = hosts.into_iter().map(toml::Value::from).collect();
        lines.push(format!("submodule-hosts = {}", toml::Value::from(hosts)));
    }
    if composer && let Some(form) = Form::of("composer") {
        lines.push(format!("{} = {}", form.key, form.example));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::settings::{file, given::Settings};

    #[test]
    fn the_lines_can_be_written_as_they_are_and_keep_what_is_set() {
        let host = |url: &str| Remedy::SubmoduleHost(url.to_owned());
        let wanted = [host("https://github.com"), Remedy::Composer, host("https://a.example:8443")];
        let settings = Settings {
            submodule_hosts: Some(vec!["https://set.example".parse().unwrap()]),
            ..Settings::default()
        };
        let lines = remedies(wanted.iter().chain(&wanted), &Config::new(settings).unwrap());
        assert_eq!(
            lines,
            [
                r#"submodule-hosts = ["https://a.example:8443", "https://github.com", "https://set.example"]"#,
                r#"composer = "/usr/bin/composer""#,
            ]
        );
        let read = file::parse(Path::new("tardist.toml"), &lines.join("\n"));
        assert_eq!(read.wrong, [""; 0]);
        let config = Config::new(read.settings).unwrap();
        assert_eq!((config.submodule_hosts.len(), config.composer.is_some()), (3, true));
        assert_eq!(remedies([], &config), [""; 0]);
    }
}
