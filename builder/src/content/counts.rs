//! What a content has taken of each of its limits, and how deep its folders may be.

use crate::{Error, limits::content as limits};

/// A number that may grow up to a limit.
#[derive(Debug)]
pub(crate) struct Count {
    taken: u64,
    pub(crate) limit: u64,
    what: &'static str,
    unit: &'static str,
}

impl Count {
    /// `what` and `unit` are those of [`Error::TooLarge`].
    pub(crate) const fn new(limit: u64, what: &'static str, unit: &'static str) -> Self {
        Self { taken: 0, limit, what, unit }
    }

    /// Adds a number. It is called before what it counts takes memory or time.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where the sum is above the limit.
    pub(crate) fn take(&mut self, number: u64) -> Result<(), Error> {
        self.taken = self.taken.saturating_add(number);
        if self.taken > self.limit {
            let (limit, unit) = (self.limit, self.unit);
            return Err(Error::TooLarge { what: self.what.to_owned(), limit, unit });
        }
        Ok(())
    }

    /// Takes back a number, of what is not there any more.
    pub(crate) fn give_back(&mut self, number: u64) {
        self.taken = self.taken.saturating_sub(number);
    }

    /// Begins anew, where a limit holds for each part of a content.
    pub(crate) fn reset(&mut self) {
        self.taken = 0;
    }

    /// How much was taken.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }
}

/// What the whole content is called in messages.
const CONTENT: &str = "its content";

/// Fails for a folder that is nested too deep; the root has depth 0.
pub(crate) fn check_depth(depth: usize) -> Result<(), Error> {
    if depth > limits::MAX_DEPTH {
        let limit = limits::MAX_DEPTH as u64;
        return Err(Error::TooLarge { what: CONTENT.to_owned(), limit, unit: "nested folders" });
    }
    Ok(())
}

/// What is counted while a content is read.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Entries of trees, and what Composer adds.
    pub(crate) members: Count,
    /// Bytes of tree objects.
    pub(crate) trees: Count,
    pub(crate) gitlinks: Count,
    pub(crate) attributes: AttributeCounts,
    /// Bytes of files that are converted.
    pub(crate) converted: Count,
}

/// What is counted of `.gitattributes`.
#[derive(Debug)]
pub(crate) struct AttributeCounts {
    pub(crate) bytes: Count,
    pub(crate) rules: Count,
    pub(crate) macros: Count,
    /// See [`MAX_ATTRIBUTE_STEPS`](limits::MAX_ATTRIBUTE_STEPS).
    pub(crate) steps: Count,
}

/// What is counted while members are listed.
#[derive(Debug)]
pub(crate) struct MemberCounts {
    pub(crate) members: Count,
    /// Bytes of their paths.
    pub(crate) paths: Count,
    /// See [`MAX_LINK_STEPS`](limits::MAX_LINK_STEPS).
    pub(crate) steps: Count,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            members: Count::new(limits::MAX_MEMBERS, CONTENT, "files"),
            trees: Count::new(limits::MAX_TREES, CONTENT, "bytes of Git trees"),
            gitlinks: Count::new(limits::MAX_GITLINKS, CONTENT, "submodules"),
            attributes: AttributeCounts::default(),
            converted: Count::new(
                limits::MAX_CONVERTED,
                "what its .gitattributes ask to convert",
                "bytes",
            ),
        }
    }
}

impl Default for AttributeCounts {
    fn default() -> Self {
        const ALL: &str = "all .gitattributes together";
        Self {
            bytes: Count::new(limits::MAX_GITATTRIBUTES, ALL, "bytes"),
            rules: Count::new(limits::MAX_ATTRIBUTE_RULES, ALL, "lines that can convert a file"),
            macros: Count::new(limits::MAX_ATTRIBUTE_MACROS, ALL, "macros that can convert a file"),
            steps: Count::new(
                limits::MAX_ATTRIBUTE_STEPS,
                "the matching of .gitattributes",
                "steps",
            ),
        }
    }
}

impl Default for MemberCounts {
    fn default() -> Self {
        Self {
            members: Count::new(limits::MAX_MEMBERS, CONTENT, "files"),
            paths: Count::new(limits::MAX_PATHS, CONTENT, "bytes of paths"),
            steps: Count::new(limits::MAX_LINK_STEPS, "the following of symbolic links", "steps"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_takes_as_much_as_its_limit_and_not_one_more() {
        let mut count = Count::new(3, "its content", "files");
        assert!(count.take(1).is_ok() && count.take(2).is_ok());
        let error = count.take(1).unwrap_err().to_string();
        assert!(error.starts_with("its content has more than 3 files, the most that"), "{error}");
        assert!(count.take(u64::MAX).is_err(), "there is no overflow");
        let mut count = Count::new(3, "its content", "files");
        count.take(3).unwrap();
        count.give_back(2);
        assert!(count.take(2).is_ok() && count.take(1).is_err());
    }
}
