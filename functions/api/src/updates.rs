//! The update check: from what a wiki says of itself to what is published of each of its extensions and skins.
//!
//! All of it is pure but for [`check`], which asks the snapshot. [`siteinfo`] reads the wiki's answer,
//! [`keys`] makes the names by which its entries are looked up, and [`compare`] says of each entry how it
//! stands, with [`version`], [`constraint`] and [`requirements`]. [`body`] and [`multipart`] find the answer in
//! the body of a request.

pub mod body;
pub mod check;
pub mod compare;
pub mod constraint;
pub mod keys;
pub mod multipart;
pub mod requirements;
pub mod siteinfo;
pub mod version;
