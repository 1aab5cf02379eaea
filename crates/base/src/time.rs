//! A point in time with millisecond resolution, in the forms that AWS protocols write it.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::fmt::rfc2822;
use serde::{Deserialize, Serialize};

/// Milliseconds in a day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Milliseconds since 1970-01-01T00:00:00Z; leap seconds are not counted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp(0);
    /// The last representable moment, for open-ended ranges.
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999);
    /// The first representable moment.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000);

    /// From milliseconds since the epoch, held within years 1 to 9999.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// From (fractional) seconds since the epoch, to the nearest millisecond; `None` if not finite or out of range.
    pub fn from_seconds_f64(seconds: f64) -> Option<Self> {
        let millis = (seconds * 1000.0).round();
        (millis >= Self::MIN.0 as f64 && millis <= Self::MAX.0 as f64)
            .then_some(Self(millis as i64))
    }

    /// Milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Seconds since the epoch with the fraction.
    pub fn seconds_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The same moment without its fraction of a second.
    pub fn trunc_seconds(self) -> Self {
        Self(self.seconds() * 1000)
    }

    /// `2026-11-23T19:47:27Z`, with `.123` only where there is a fraction.
    pub fn rfc3339(self) -> String {
        let zoned = self.to_jiff();
        if self.0.rem_euclid(1000) == 0 {
            zoned.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
        } else {
            zoned.strftime("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
        }
    }

    /// `Mon, 23 Nov 2026 19:47:27 GMT` (RFC 9110, IMF-fixdate).
    pub fn http_date(self) -> String {
        rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&self.to_jiff())
            .unwrap_or_default()
    }

    /// `20261123T194727Z`, the form of Signature Version 4.
    pub fn amz_date(self) -> String {
        self.to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// `Nov 23, 2026, 7:47:27 PM`, the form of moments inside CloudTrail's request and response elements.
    pub fn medium(self) -> String {
        self.to_jiff().strftime("%b %-d, %Y, %-I:%M:%S %p").to_string()
    }

    /// Reads RFC 3339 with any offset.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self::from_millis(t.as_millisecond()))
    }

    /// Reads an HTTP or RFC 2822 date.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let time = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Self::from_millis(time.as_millisecond()))
    }

    /// Reads `20261123T194727Z`.
    pub fn parse_amz_date(text: &str) -> Option<Self> {
        if text.len() != 16 {
            return None;
        }
        let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
        let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self::from_millis(zoned.timestamp().as_millisecond()))
    }

    /// How long after `earlier` this is; zero if it is before.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, duration: Duration) -> Timestamp {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(self.0.saturating_add(millis))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;

    fn sub(self, duration: Duration) -> Timestamp {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(self.0.saturating_sub(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_round_trips() {
        let t = Timestamp::from_millis(1_763_927_247_000);
        assert_eq!(t.rfc3339(), "2025-11-23T19:47:27Z");
        assert_eq!(t.amz_date(), "20251123T194727Z");
        assert_eq!(t.medium(), "Nov 23, 2025, 7:47:27 PM");
        assert_eq!(t.http_date(), "Sun, 23 Nov 2025 19:47:27 GMT");
        assert_eq!(Timestamp::parse_rfc3339(&t.rfc3339()), Some(t));
        assert_eq!(Timestamp::parse_amz_date(&t.amz_date()), Some(t));
        assert_eq!(Timestamp::parse_http_date(&t.http_date()), Some(t));
        let fraction = t + Duration::from_millis(120);
        assert_eq!(fraction.rfc3339(), "2025-11-23T19:47:27.12Z");
        assert_eq!(Timestamp::from_seconds_f64(fraction.seconds_f64()), Some(fraction));
    }

    #[test]
    fn nonsense_is_none() {
        for bad in ["", "20251323T194727Z", "20251123T194727", "2025-11-23"] {
            assert_eq!(Timestamp::parse_amz_date(bad), None, "{bad}");
        }
        assert_eq!(Timestamp::from_seconds_f64(f64::NAN), None);
        assert_eq!(Timestamp::from_seconds_f64(1e300), None);
    }
}
