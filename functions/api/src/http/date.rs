//! Times as text: HTTP dates and RFC 3339.

use std::time::{Duration, UNIX_EPOCH};

/// The beginning of the year 0 and the end of 9999, which is also the last second that an HTTP date can have.
const FIRST_SECOND: i64 = -62_167_219_200;
const LAST_SECOND: i64 = 253_402_300_799;

/// Unix seconds as an HTTP date (RFC 9110, 5.6.7). A time before 1970 counts as 1970.
pub fn http_date(seconds: i64) -> String {
    let since = u64::try_from(seconds.min(LAST_SECOND)).unwrap_or(0);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(since))
}

/// Unix seconds as RFC 3339 in UTC: `2026-08-06T09:30:00Z`. Whoever makes a commit chooses its time; one outside of the
/// years 0 to 9999, which has no such text, becomes the nearest inside.
///
/// A calendar library would be half of the component's size. This is the algorithm `civil_from_days`
/// of Howard Hinnant (<https://howardhinnant.github.io/date_algorithms.html>).
pub fn rfc3339(seconds: i64) -> String {
    let seconds = seconds.clamp(FIRST_SECOND, LAST_SECOND);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The day of a time in UTC, as [`rfc3339`] has it: `2026-08-06`.
pub fn day(seconds: i64) -> String {
    rfc3339(seconds).split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_786_008_600, "2026-08-06T09:30:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (i64::MIN, "0000-01-01T00:00:00Z"),
            (i64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }

    #[test]
    fn http_dates_stay_within_the_years_that_they_can_have() {
        for (seconds, text) in [
            (1_786_008_600, "Thu, 06 Aug 2026 09:30:00 GMT"),
            (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(http_date(seconds), text);
        }
    }
}
