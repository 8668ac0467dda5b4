//! Points in time and durations as values and text. Reads no clock: `main` does.

use std::fmt;
use std::time::Duration;

use super::words::number;

/// One day, in seconds.
pub const DAY: u64 = 86_400;

/// The earliest time that a correct clock can read: one day before the commit that this program is built from, where
/// the build names it (`SOURCE_DATE_EPOCH`, reproducible-builds.org), or before this line was written.
pub const EARLIEST: Timestamp = {
    let written = 1_795_478_400;
    let built = match option_env!("SOURCE_DATE_EPOCH") {
        Some(text) => match u64::from_str_radix(text, 10) {
            Ok(seconds) => seconds,
            Err(_) => 0,
        },
        None => 0,
    };
    Timestamp((if built > written { built } else { written }) - DAY)
};

/// A point in time, in whole seconds since 1970-01-01 00:00:00 UTC. Displayed as `2026-11-24 01:55:10 UTC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Creates a timestamp from seconds since 1970.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds since 1970.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Returns the time `seconds` later.
    #[must_use]
    pub const fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Returns the seconds from `earlier` to `self`; `None` if `earlier` is later than `self`, which means that the
    /// clock was wrong at one of the two.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Option<u64> {
        self.0.checked_sub(earlier.0)
    }

    /// Returns the seconds from `now` to `self`; 0 if `self` has passed.
    #[must_use]
    pub const fn left(self, now: Self) -> u64 {
        self.0.saturating_sub(now.0)
    }

    /// Returns the date alone, as in `2026-11-24`.
    #[must_use]
    pub fn date(self) -> String {
        let text = self.to_string();
        text.split(' ').next().unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Timestamp {
    /// Computes the date by Howard Hinnant's `civil_from_days`; years before 1970 are not needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0 / 86_400, self.0 % 86_400);
        // Years begin in March here, so that the leap day is the last day of a year.
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

/// Describes why a clock that reads `now` cannot be right, if it reads less than [`EARLIEST`].
#[must_use]
pub fn implausible(now: Timestamp) -> Option<String> {
    (now < EARLIEST).then(|| {
        format!(
            "this machine's clock reads {now}, which is before this program was built: the clock is wrong; set it by NTP"
        )
    })
}

/// Parses a duration: seconds, or a number with the unit `s`, `m`, `h` or `d`. `min` and `max` are seconds.
pub(crate) fn duration(value: &str, min: u64, max: u64) -> Result<Duration, String> {
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
    let seconds = number::<u64>(digits, 10).and_then(|n| n.checked_mul(unit));
    let valid = seconds.filter(|s| (min..=max).contains(s)).map(Duration::from_secs);
    valid.ok_or_else(|| {
        format!("invalid duration `{value}`: use seconds or 90s, 30m, 1h (from {min} to {max} seconds)")
    })
}

/// Returns a duration in seconds, rounded up, for messages: what is left of a time limit is seldom whole.
pub(crate) fn seconds_rounded_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_takes_seconds_and_units() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("30m", 1800), ("1h", 3600), ("2d", 172_800)] {
            assert_eq!(duration(text, 0, 1_000_000), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "-1", "1.5h", "1w", "99999999999999999999", "9999999999999999999d", "1 h"] {
            assert!(duration(text, 0, 1_000_000).is_err(), "{text}");
        }
    }

    #[test]
    fn implausible_clock_is_described_before_the_build_and_not_after() {
        let unset = implausible(Timestamp(0));
        assert!(unset.is_some_and(|c| c.contains("reads 1970-01-01 00:00:00 UTC") && c.contains("NTP")));
        assert!(implausible(Timestamp(EARLIEST.0 - 1)).is_some() && implausible(EARLIEST).is_none());
    }

    #[test]
    fn timestamp_displays_leap_days_and_year_ends() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59:59 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(Timestamp(seconds).to_string(), text);
        }
    }
}
