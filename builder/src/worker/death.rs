//! Why a worker died by itself, in words for the operator.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

use nix::sys::signal::Signal;

use crate::{
    limits::job::JobLimits,
    progress,
    worker::failure::{Again, Failure},
};

/// True if the system ended the worker at its limit of processor time.
pub(super) fn is_by_processor_time(status: &ExitStatus) -> bool {
    status.signal() == Some(Signal::SIGXCPU as i32)
}

/// The failure of a worker that ended with this status and these last words on standard error. `doing` says what it
/// was doing: "while reading its files".
pub(super) fn failure(
    status: Option<ExitStatus>,
    last_words: &str,
    doing: &str,
    limits: &JobLimits,
) -> Failure {
    let signal = status.and_then(|status| status.signal());
    match signal.and_then(|signal| Signal::try_from(signal).ok()) {
        Some(Signal::SIGXCPU) => {
            let needed = format!("{} of processor time", progress::duration(limits.cpu));
            Failure::exceeded(&needed, doing, "limit-cpu", Again::OnChange)
        }
        Some(Signal::SIGXFSZ) => Failure::disk(limits, doing),
        // What Rust's allocator says before it gives up.
        Some(Signal::SIGABRT) if last_words.contains("memory allocation of") => {
            Failure::memory(limits, doing)
        }
        Some(Signal::SIGKILL) => Failure::for_now(format!(
            "its worker was killed (SIGKILL) {doing}: by somebody, or by the system for lack of memory; the \
             next cycle tries again"
        )),
        Some(signal) => Failure::for_now(format!(
            "its worker crashed ({signal}) {doing}; please report it with the URL of the repository. {}",
            first_line(last_words)
        )),
        None => {
            let code = status.and_then(|status| status.code()).unwrap_or(-1);
            Failure::for_now(format!(
                "its worker ended too early (exit status {code}) {doing}. {}",
                first_line(last_words)
            ))
        }
    }
}

/// The failure of a worker that said something else than messages.
pub(super) fn nonsense(reason: &str) -> Failure {
    let reason = first_line(reason);
    Failure::for_now(format!("its worker said something that is no message: {reason}"))
}

/// The first line of a text, not too long.
fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::failure::LIMITS;

    /// The failure of a worker that a signal ended. The status of a process has the signal in its low bits.
    fn killed_by(signal: Signal, last_words: &str) -> Failure {
        let status = ExitStatus::from_raw(signal as i32);
        failure(Some(status), last_words, "while reading its files", &LIMITS)
    }

    #[test]
    fn the_signals_of_limits_name_the_limit_and_its_setting() {
        let abort = "memory allocation of 9 bytes failed";
        for (signal, last_words, needed, setting) in [
            (Signal::SIGXCPU, "", "needed more than 7 s of processor time", "limit-cpu"),
            (Signal::SIGXFSZ, "", "needed more than 5.0 MiB on disk", "limit-disk"),
            (Signal::SIGABRT, abort, "needed more than 512.0 MiB of memory", "limit-memory"),
        ] {
            let Failure { text, again } = killed_by(signal, last_words);
            assert!(text.starts_with(needed) && text.ends_with(setting), "{text}");
            assert!(text.contains("while reading its files"), "{text}");
            assert_eq!(again, Again::OnChange, "{text}");
        }
    }

    #[test]
    fn a_crash_is_tried_again_and_its_last_words_are_shown() {
        for (failure, says) in [
            (killed_by(Signal::SIGSEGV, ""), "crashed (SIGSEGV) while reading its files"),
            (killed_by(Signal::SIGABRT, "free(): bad\nmore"), "crashed (SIGABRT)"),
            (killed_by(Signal::SIGABRT, "free(): bad\nmore"), "repository. free(): bad"),
            (killed_by(Signal::SIGKILL, ""), "was killed (SIGKILL)"),
            (failure(None, "", "while starting", &LIMITS), "ended too early (exit status -1)"),
            (nonsense("no JSON"), "no message: no JSON"),
        ] {
            assert!(failure.text.contains(says), "{says} is not in {}", failure.text);
            assert!(!failure.text.contains("more"), "one line: {}", failure.text);
            assert_eq!(failure.again, Again::NextCycle);
        }
    }
}
