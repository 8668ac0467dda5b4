//! Points in time, and spans of it, for people. Reads no clock: `main` does.

use std::fmt;
use std::time::Duration;

/// A day, in seconds.
pub const DAY: u64 = 86_400;

/// No clock that is right reads less than this, in seconds since 1970: a day before the commit that this is built from,
/// where the build says when that was (reproducible-builds.org's `SOURCE_DATE_EPOCH`), or before this line was written.
pub const EARLIEST: u64 = {
    let written = 1_795_478_400;
    let built = match option_env!("SOURCE_DATE_EPOCH") {
        Some(text) => match u64::from_str_radix(text, 10) {
            Ok(seconds) => seconds,
            Err(_) => 0,
        },
        None => 0,
    };
    (if built > written { built } else { written }) - DAY
};

/// What is wrong with a clock that reads `now`, if anything can be seen by that alone.
#[must_use]
pub fn implausible(now: u64) -> Option<String> {
    (now < EARLIEST).then(|| {
        format!(
            "this machine's clock reads {}, which is before this program was made: the clock is wrong, let NTP set it \
             (systemd-timesyncd, chrony, or ntpd)",
            Utc(now)
        )
    })
}

/// Seconds, or a number with `s`, `m`, `h` or `d`.
pub(crate) fn duration(value: &str, least: u64, most: u64) -> Result<Duration, String> {
    let (digits, unit) = match value.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(digits) => (digits, value.as_bytes()[digits.len()]),
        None => (value, b's'),
    };
    let unit = match unit {
        b'm' => 60,
        b'h' => 3600,
        b'd' => DAY,
        _ => 1,
    };
    let seconds = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
    let good = seconds.filter(|s| (least..=most).contains(s)).map(Duration::from_secs);
    good.ok_or_else(|| {
        format!("`{value}` is not a time from {least} to {most} seconds, such as 90, 30m or 1h")
    })
}

/// Seconds since 1970, shown as `2026-11-24 01:55:10 UTC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utc(pub u64);

impl fmt::Display for Utc {
    /// The date by Howard Hinnant's `civil_from_days`, of which years before 1970 are not needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0 / 86_400, self.0 % 86_400);
        // Years begin in March here, so that the leap day is the last of a year.
        let z = days + 719_468;
        let (era, day_of_era) = (z / 146_097, z % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("30m", 1800), ("1h", 3600), ("2d", 172_800)] {
            assert_eq!(duration(text, 0, 1_000_000), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "-1", "1.5h", "1w", "99999999999999999999", "9999999999999999999d", "1 h"] {
            assert!(duration(text, 0, 1_000_000).is_err(), "{text}");
        }
    }

    #[test]
    fn a_clock_that_nobody_has_set() {
        assert!(
            implausible(0).is_some_and(|c| c.contains("reads 1970-01-01 00:00:00 UTC") && c.contains("NTP"))
        );
        assert!(implausible(EARLIEST - 1).is_some() && implausible(EARLIEST).is_none());
    }

    #[test]
    fn dates() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59:59 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(Utc(seconds).to_string(), text);
        }
    }
}
