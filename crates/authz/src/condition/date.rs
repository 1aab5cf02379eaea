//! Moments as IAM reads them: seconds since 1970, or the ISO 8601 forms from a year to fractions of a second with an
//! offset (<https://www.w3.org/TR/NOTE-datetime>), somewhat leniently. Out of range is held to the ends.

use base::Timestamp;

/// Largest magnitude of a year that IAM's parser takes.
const YEAR_MIN: i64 = -292_275_054;
const YEAR_MAX: i64 = 292_278_993;
/// Digits of a fraction of a second.
const FRACTION_DIGITS_MAX: usize = 9;

/// Reads a moment. A text of digits alone is seconds since 1970.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if !text.contains(['-', 't', 'T']) {
        let seconds = text.parse::<i64>().ok().filter(|s| *s >= 0)?;
        return Some(Timestamp::from_millis(seconds.saturating_mul(1000)));
    }
    let (date, time) = text.split_once(['t', 'T']).unwrap_or((text, ""));
    let days = days(date)?;
    let millis = if time.is_empty() { 0 } else { time_of_day(time)? };
    Some(Timestamp::from_millis(days.saturating_mul(86_400_000).saturating_add(millis)))
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let (negative, date) = match date.strip_prefix('-') {
        Some(date) => (true, date),
        None => (false, date),
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 0, YEAR_MAX)?;
    let year = if negative { -year } else { year };
    let month = parts.next().map_or(Some(1), |m| number(m, 1, 12))?;
    let day = parts.next().map_or(Some(1), |d| number(d, 1, 31))?;
    if year < YEAR_MIN || parts.next().is_some() {
        return None;
    }
    // Years begin in March here, so that the leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Milliseconds of a time with its offset, which takes it to UTC.
fn time_of_day(time: &str) -> Option<i64> {
    let (clock, offset_minutes) = match time.find(['z', 'Z', '+', '-']) {
        None => (time, 0),
        Some(at) => {
            let (clock, zone) = time.split_at(at);
            (clock, offset(zone)?)
        }
    };
    let mut parts = clock.split(':');
    let hour = number(parts.next()?, 0, 23)?;
    let minute = parts.next().map_or(Some(0), |m| number(m, 0, 59))?;
    let millis = parts.next().map_or(Some(0), second)?;
    if parts.next().is_some() {
        return None;
    }
    Some((hour * 60 + minute - offset_minutes) * 60_000 + millis)
}

fn second(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let in_range = (1..=FRACTION_DIGITS_MAX).contains(&fraction.len());
    if !in_range || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let millis = format!("{fraction:0<3}")[..3].parse::<i64>().ok()?;
    Some(number(whole, 0, 59)? * 1000 + millis)
}

/// Minutes of `Z`, `+hh`, `+hh:mm`, `+hhmm`.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replacen(':', "", 1);
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "0"),
        4 => digits.split_at_checked(2)?,
        _ => return None,
    };
    Some(sign * (number(hours, 0, 23)? * 60 + number(minutes, 0, 59)?))
}

fn number(text: &str, min: i64, max: i64) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| digits && (min..=max).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_agree_with_rfc_3339() {
        for text in
            ["2016-12-13T21:20:37.593Z", "2000-02-29T00:00:00+05:30", "1969-12-31T23:59:59Z"]
        {
            assert_eq!(parse(text), Timestamp::parse_rfc3339(text), "{text}");
        }
        let at = |text| Timestamp::parse_rfc3339(text);
        assert_eq!(parse("2019"), Some(Timestamp::from_millis(2_019_000)), "digits are seconds");
        assert_eq!(parse("2019-07"), at("2019-07-01T00:00:00Z"));
        assert_eq!(parse("2019-07-02"), at("2019-07-02T00:00:00Z"));
        assert_eq!(parse("2019-07-02T03:04Z"), at("2019-07-02T03:04:00Z"));
        assert_eq!(parse("2016-12-13t2:00:00.593194+23"), at("2016-12-12T03:00:00.593Z"));
        assert_eq!(parse("-292275054"), Some(Timestamp::MIN));
        assert!(parse("01T").is_some());
    }

    #[test]
    fn nonsense_is_none() {
        for bad in [
            "",
            "sdfdsf",
            "234-13",
            "2016-12-13t2:00:00.593194+1",
            "9223372036854775808",
            "1-2-3-4",
            "2016-12-13t2:00:00.1999999999+10:59",
            "2016-01-01T24",
            "-",
            "t",
            "+1-",
            "2016-01-01Té",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
