//! What a search finds.

#[cfg(test)]
mod tests;
