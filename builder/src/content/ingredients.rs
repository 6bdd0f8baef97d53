//! Which settings matter for the bytes of a tarball, as its content shows.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What the content of a branch asks of the configuration. A branch without submodules and without required
/// packages has the same tarball whatever the settings are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingredients {
    /// The URLs of its submodules down to `submodule-depth`, absolute and before the setting `url-map`. Those that
    /// could not be fetched are among them.
    pub submodules: BTreeSet<String>,
    /// True if it has submodules deeper than `submodule-depth`, or submodules of submodules.
    pub nested: bool,
    /// True if Composer has something to install.
    pub composer: bool,
}

impl Ingredients {
    /// How much of the setting `submodule-depth` matters: two values with the same result give the same tarball.
    pub fn depth(&self, setting: usize) -> usize {
        match self {
            Self { nested: true, .. } => setting,
            Self { submodules, .. } if submodules.is_empty() => 0,
            _ => setting.min(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_matters_only_as_far_as_there_are_submodules() {
        let submodules = BTreeSet::from(["https://g.example/x".to_owned()]);
        let flat = Ingredients { submodules: submodules.clone(), ..Ingredients::default() };
        let nested = Ingredients { nested: true, ..flat.clone() };
        let at = |it: &Ingredients| [0, 1, 2].map(|setting| it.depth(setting));
        assert_eq!(at(&Ingredients::default()), [0, 0, 0]);
        assert_eq!(at(&flat), [0, 1, 1]);
        assert_eq!(at(&nested), [0, 1, 2]);
    }
}
