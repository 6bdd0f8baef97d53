//! Search: how the builder makes the terms of the index from a repository, and how the functions make
//! terms from a query. Both use the same code, so that they cut words in the same way.
//!
//! The index is an FTS5 table of one column. A term begins with a letter that says where its word stands
//! (`search/field.rs`). A term for a whole word ends in a dot; one without a dot is the beginning of a
//! word. So `tmass.` and `tmas` are in the titles of MassMessage. A query is a look-up of terms. FTS5
//! reads their rows one by one, in the order of their ids, until there are enough; repositories that
//! match equally well are listed in the order of their ids.
//!
//! The means that FTS5 has itself were tried, and take time that grows with the number of matches.
//! `bm25()` counts the rows of every term before it ranks one. A filter on columns reads the rows of all
//! columns. `word*` merges the rows of all terms with that beginning first, unless the beginnings are
//! indexed.
//!
//! There is no score. [`steps`] lists what to look for, from the repository of that very name down to a
//! word in some translation, and a step is taken only while results are missing. Fields are cumulative,
//! so that the words of a query may stand in different fields: the last field has all words.
//!
//! Words by which people look for a whole group, such as `spam`, are a field of their own
//! (`search/group.rs`). English words are also looked for without their endings (`search/stem.rs`), after
//! all that has the words themselves. For a text that finds nothing at all there are [`near`] names.
//!
//! Words are cut here (`search/text.rs`), so that neither text nor query is syntax for FTS5. Its
//! tokenizer, `unicode61`, does what it has tables for: upper and lower case beyond the simple rules
//! (`ς` is `σ`), and the diacritics of Latin letters (`Café` is `cafe`). In other scripts a letter with an
//! accent is a letter of its own: `λόγος` is not `λογος`, and `й` is not `и`. Only an accent that is a
//! character of its own is left out in every script.
//!
//! Scripts without spaces between words (Chinese, Japanese, Thai and others) are indexed by pairs of
//! neighbouring characters.

mod card;
mod field;
mod group;
mod index;
mod name;
mod near;
mod query;
mod stem;
mod text;

pub use card::Card;
pub use index::{Texts, terms};
pub use near::{Near, near};
pub use query::{Step, steps};
