//! `tardist pull`: follows a store, once or for as long as it runs; and `tardist verify --signatures`.

use std::{env, thread, time::Duration};

use jiff::SignedDuration;

use crate::{
    Error,
    commands::output::Output,
    data_dir::layout::Layout,
    progress, secrets,
    settings::config::Config,
    store::{
        Entry, Store,
        pull::{self, Outcome, Rules},
        signature::Verifier,
    },
};

/// The shortest pause between two looks at a store. A mistake in its unit must not become thousands of requests.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// The options of `tardist pull`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The time between two looks at the store. `None`: it looks once.
    pub watch: Option<SignedDuration>,
    /// Take an older snapshot than the one at hand.
    pub allow_older: bool,
}

/// Looks at the store once, or again and again.
///
/// # Errors
/// [`Error::Config`] if there is no store, or if a time, a key or the credentials are wrong; those of [`pull::pull`].
/// With `watch`, an error is logged and it goes on, unless the configuration is wrong at the start.
pub fn run(config: &Config, layout: &Layout, options: Options) -> Result<Output, Error> {
    let key = key(config)?;
    let rules = Rules { key, allow_older: options.allow_older };
    let Some(pause) = options.watch else {
        return Ok(Output { text: told(&look(config, layout, &rules)?), exit_status: 0 });
    };
    let pause = pause_of(pause)?;
    let mut last = String::new();
    let mut is_first = true;
    loop {
        match look(config, layout, &rules) {
            // Later it may be a file that is just being replaced.
            Err(error @ Error::Config(_)) if is_first => return Err(error),
            Err(error) => {
                let text = error.to_string();
                // A store that is down for an hour is one line of the log, not a hundred.
                if text != last {
                    tracing::error!("{}", secrets::struck(&text));
                }
                last = text;
            }
            Ok(outcome) => {
                if !last.is_empty() {
                    tracing::info!("the store can be used again");
                    last.clear();
                }
                match &outcome {
                    Outcome::Pulled(_) => tracing::info!("{}", told(&outcome)),
                    Outcome::Unchanged { .. } => tracing::debug!("{}", told(&outcome)),
                }
            }
        }
        is_first = false;
        thread::sleep(pause);
    }
}

/// The pause that is kept where this one was asked for.
fn pause_of(asked: SignedDuration) -> Result<Duration, Error> {
    let pause = Duration::try_from(asked).ok().filter(|pause| !pause.is_zero());
    let wrong = || Error::Config("--watch takes a time above zero; write --watch 30s".to_owned());
    Ok(pause.ok_or_else(wrong)?.max(LEAST_PAUSE))
}

/// Looks at the store once. The credentials are read each time: somebody may have changed them.
fn look(config: &Config, layout: &Layout, rules: &Rules) -> Result<Outcome, Error> {
    pull::pull(&open(config)?, layout, rules)
}

fn open(config: &Config) -> Result<Store, Error> {
    let access = config.store.clone().ok_or_else(|| {
        Error::Config(
            "there is no store to pull from; write --store s3://BUCKET/PREFIX or --store file:///PATH".to_owned(),
        )
    })?;
    Store::open(&Entry::new(access, config.http_options(), |name| env::var(name).ok())?)
}

fn key(config: &Config) -> Result<Option<Verifier>, Error> {
    let given = config.store_public_key.as_deref();
    let read = |given| {
        Verifier::read(given).map_err(|reason| Error::Config(format!("store-public-key: {reason}")))
    };
    given.map(read).transpose()
}

/// What happened, for people.
fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Unchanged { serial } => format!("Nothing new: number {serial} is here."),
        Outcome::Pulled(statement) => format!(
            "Pulled number {}: {} compressed, {}, made at {}.",
            statement.serial,
            progress::bytes(statement.object_size),
            progress::bytes(statement.size),
            statement.generated_at
        ),
    }
}

/// Checks that the signature of what is published in the store is valid, and that it covers the snapshot here.
///
/// # Errors
/// [`Error::Config`] if there is no store or no key; those of [`pull::verify`].
pub fn verify(config: &Config, layout: &Layout) -> Result<Output, Error> {
    let store = open(config)?;
    let key = key(config)?.ok_or_else(|| {
        Error::Config(
            "there is no key to check signatures by; write --store-public-key KEY".to_owned(),
        )
    })?;
    let serial = pull::verify(&store, layout, &key)?;
    let text = format!(
        "The signature of number {serial} in {} is valid, and it covers the snapshot here.",
        store.url()
    );
    Ok(Output { text, exit_status: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_above_zero_and_at_least_a_second() {
        for (asked, kept) in
            [(1, 1_000_000_000), (999_999_999, 1_000_000_000), (1_500_000_000, 1_500_000_000)]
        {
            let pause = pause_of(SignedDuration::from_nanos(asked)).unwrap();
            assert_eq!(pause, Duration::from_nanos(kept));
        }
        for asked in [0, -1] {
            let error = pause_of(SignedDuration::from_secs(asked)).unwrap_err();
            assert!(error.to_string().contains("--watch 30s"), "{error}");
        }
    }
}
