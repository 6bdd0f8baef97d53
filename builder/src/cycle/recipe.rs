//! The recipe of a tarball: everything that decides its bytes besides the commit. Pure: no I/O.
//!
//! Only settings that matter for the content of a branch are in it. So a change of `composer` makes those tarballs
//! again that have something to install, and no others.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::{
    catalogue::{ADOPTED, Catalogue},
    content::Ingredients,
    git::url_map,
    net::Http,
    settings::config::Config,
    tarball,
};

/// The settings that recipes are made of.
pub(super) struct Recipes<'a> {
    config: &'a Config,
    /// Whether submodules may be fetched from a URL.
    allows: Box<dyn Fn(&str) -> bool + 'a>,
    /// The origins that may be asked.
    origins: BTreeSet<String>,
}

impl<'a> Recipes<'a> {
    /// The recipes of these settings. `http` knows which hosts may be asked.
    pub(super) fn new(config: &'a Config, http: &'a Http) -> Self {
        Self { config, allows: Box::new(|url| http.allows(url)), origins: http.origins() }
    }

    /// The recipe of a branch with these ingredients: 16 hexadecimal digits. `remote_url` stands in its
    /// `gitinfo.json`.
    pub(super) fn of(&self, remote_url: &str, ingredients: &Ingredients) -> String {
        let Ingredients { submodules, composer, .. } = ingredients;
        let Config { url_map, submodule_depth, composer: program, .. } = self.config;
        let sources: Vec<(String, bool)> = submodules
            .iter()
            .map(|url| url_map::mapped(url, url_map))
            .map(|url| {
                let is_allowed = (self.allows)(&url);
                (url, is_allowed)
            })
            .collect();
        let depth = ingredients.depth(*submodule_depth);
        let installs = *composer && program.is_some();
        let text = format!("{} {remote_url:?} {sources:?} {depth:?} {installs}", tarball::FORMAT);
        digest(&text)
    }

    /// The recipe of tarballs that are taken over from a snapshot: of their ingredients nothing is known, so all settings
    /// are in it that could matter.
    pub(super) fn adopted(&self) -> String {
        let Config { url_map, submodule_depth, composer, .. } = self.config;
        let (format, installs) = (tarball::FORMAT, composer.is_some());
        let origins = &self.origins;
        let text = format!("{format} {url_map:?} {submodule_depth} {origins:?} {installs}");
        format!("{ADOPTED} {}", digest(&text))
    }

    /// Notes by which settings the tarballs were taken over that come from a snapshot.
    pub(super) fn adopt(&self, catalogue: &mut Catalogue) {
        let adopted = self.adopted();
        for record in catalogue.values_mut().flat_map(|it| it.branches.values_mut()) {
            if record.recipe == ADOPTED {
                record.recipe.clone_from(&adopted);
            }
        }
    }
}

/// The SHA-256 of a text, cut to 16 hexadecimal digits.
pub(super) fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Duration};

    use super::*;
    use crate::{content::Composer, settings::Settings};

    const REMOTE: &str = "https://g.example/x";

    fn recipe(
        change: impl FnOnce(&mut Config),
        allowed: &str,
        ingredients: &Ingredients,
    ) -> String {
        let mut config = Config::new(Settings::default()).unwrap();
        change(&mut config);
        let allowed = allowed.to_owned();
        let allows = move |url: &str| url.starts_with(&allowed);
        Recipes { config: &config, allows: Box::new(allows), origins: BTreeSet::new() }
            .of(REMOTE, ingredients)
    }

    fn with_composer(config: &mut Config) {
        let timeout = Duration::from_secs(1);
        config.composer = Some(Composer { program: PathBuf::from("composer"), timeout });
    }

    #[test]
    fn settings_that_do_not_matter_for_a_branch_do_not_change_its_recipe() {
        let plain = Ingredients::default();
        let usual = recipe(|_| (), "https://", &plain);
        assert_eq!(usual.len(), 16);
        assert_eq!(recipe(with_composer, "https://", &plain), usual);
        assert_eq!(recipe(|config| config.submodule_depth = 5, "https://", &plain), usual);
        let map = |config: &mut Config| {
            config.url_map = vec!["https://a.example/=https://b.example/".parse().unwrap()];
        };
        assert_eq!(recipe(map, "x", &plain), usual);
    }

    #[test]
    fn settings_that_matter_change_it() {
        let submodules = Ingredients {
            submodules: ["https://a.example/lib".to_owned()].into(),
            ..Ingredients::default()
        };
        let usual = recipe(|_| (), "https://a.", &submodules);
        assert_ne!(recipe(|_| (), "https://b.", &submodules), usual, "a host is allowed");
        let nested = Ingredients { nested: true, ..submodules.clone() };
        let deep = |config: &mut Config| config.submodule_depth = 5;
        assert_ne!(recipe(deep, "https://a.", &nested), recipe(|_| (), "https://a.", &nested));
        assert_eq!(recipe(deep, "https://a.", &submodules), usual, "they have none of their own");
        let map = |config: &mut Config| {
            config.url_map = vec!["https://a.example/=https://b.example/".parse().unwrap()];
        };
        assert_ne!(recipe(map, "https://", &submodules), usual);
        let packages = Ingredients { composer: true, ..Ingredients::default() };
        assert_ne!(recipe(with_composer, "", &packages), recipe(|_| (), "", &packages));
    }

    #[test]
    fn what_is_taken_over_from_a_snapshot_remembers_the_settings_that_could_matter() {
        let adopted = |change: fn(&mut Config), origin: &str| {
            let mut config = Config::new(Settings::default()).unwrap();
            change(&mut config);
            let origins = BTreeSet::from([origin.to_owned()]);
            Recipes { config: &config, allows: Box::new(|_| true), origins }.adopted()
        };
        let usual = adopted(|_| {}, "https://g");
        assert_eq!(adopted(|config| config.jobs = 99, "https://g"), usual);
        type Change = fn(&mut Config);
        let others: [(Change, &str); 3] = [
            (|config| config.submodule_depth += 1, "https://g"),
            (with_composer, "https://g"),
            (|_| {}, "https://other"),
        ];
        for (change, origin) in others {
            assert_ne!(adopted(change, origin), usual);
        }
    }
}
