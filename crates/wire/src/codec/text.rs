//! Scalars as plain text: in XML elements, form parameters, headers, query strings and path labels.

use std::fmt;

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shape::{Kind, Member, Scalar, TimestampFormat, View};

use super::DecodeError;
use super::error::STRING;

/// Floating-point numbers that have no digits, as all protocols write them.
pub(crate) const NOT_FINITE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// The name of a number that is not finite.
pub(crate) fn not_finite(number: f64) -> Option<&'static str> {
    match number {
        _ if number.is_nan() => Some(NOT_FINITE[0]),
        f64::INFINITY => Some(NOT_FINITE[1]),
        f64::NEG_INFINITY => Some(NOT_FINITE[2]),
        _ => None,
    }
}

/// How a moment is written here: the member's word first, then the shape's, then the place's default.
pub(crate) fn timestamp_format(member: &Member, default: TimestampFormat) -> TimestampFormat {
    let shape = match member.target.kind {
        Kind::Timestamp(format) => format,
        _ => None,
    };
    member.traits.timestamp_format.or(shape).unwrap_or(default)
}

/// Reads a scalar of the member's kind.
pub(crate) fn parse(
    member: &Member,
    text: &str,
    default: TimestampFormat,
) -> Result<Scalar, DecodeError> {
    let kind = member.target.kind;
    let mismatch = || DecodeError::mismatch(STRING, kind);
    match kind {
        Kind::Boolean => match text {
            "true" => Ok(Scalar::Boolean(true)),
            "false" => Ok(Scalar::Boolean(false)),
            _ => Err(mismatch()),
        },
        Kind::Integer | Kind::Long => text.parse().map(Scalar::Integer).map_err(|_| mismatch()),
        Kind::Float | Kind::Double => double(text).map(Scalar::Double).ok_or_else(mismatch),
        Kind::String | Kind::Enum(_) => Ok(Scalar::String(text.to_owned())),
        Kind::Blob => STANDARD.decode(text).map(Scalar::Blob).map_err(|_| DecodeError::Base64),
        Kind::Timestamp(_) => timestamp(text, timestamp_format(member, default))
            .map(Scalar::Timestamp)
            .ok_or(DecodeError::Timestamp),
        Kind::Document | Kind::List { .. } | Kind::Map { .. } => Err(mismatch()),
        Kind::Structure(_) | Kind::Union(_) => Err(mismatch()),
    }
}

/// Writes a scalar; `None` for what has no text: absence, documents, lists, maps, structures.
pub(crate) fn render(view: View<'_>, member: &Member, default: TimestampFormat) -> Option<String> {
    Some(match view {
        View::Boolean(b) => b.to_string(),
        View::Integer(number) => number.to_string(),
        View::Double(number) => match not_finite(number) {
            Some(name) => name.to_owned(),
            // Debug, unlike Display, writes large and small numbers with an exponent.
            None if matches!(member.target.kind, Kind::Float) => format!("{:?}", number as f32),
            None => format!("{number:?}"),
        },
        View::String(text) => text.to_owned(),
        View::Blob(bytes) => STANDARD.encode(bytes),
        View::Timestamp(time) => match timestamp_format(member, default) {
            TimestampFormat::EpochSeconds => EpochSeconds(time).to_string(),
            TimestampFormat::DateTime => time.rfc3339(),
            TimestampFormat::HttpDate => time.http_date(),
        },
        View::Absent | View::Document(_) | View::List(_) | View::Map(_) | View::Shape(_) => {
            return None;
        }
    })
}

/// Seconds since 1970 with the fraction only where there is one, to the millisecond, without trailing zeros.
pub(crate) struct EpochSeconds(pub(crate) Timestamp);

impl fmt::Display for EpochSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.millis();
        let (seconds, fraction) = (millis / 1000, (millis % 1000).unsigned_abs());
        if millis < 0 && seconds == 0 {
            f.write_str("-")?;
        }
        write!(f, "{seconds}")?;
        match fraction {
            0 => Ok(()),
            _ if fraction % 100 == 0 => write!(f, ".{}", fraction / 100),
            _ if fraction % 10 == 0 => write!(f, ".{:02}", fraction / 10),
            _ => write!(f, ".{fraction:03}"),
        }
    }
}

fn double(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // The parser below takes other spellings of these, which no protocol has.
        _ if text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) => text.parse().ok(),
        _ => None,
    }
}

fn timestamp(text: &str, format: TimestampFormat) -> Option<Timestamp> {
    match format {
        TimestampFormat::EpochSeconds => double(text).and_then(Timestamp::from_seconds_f64),
        TimestampFormat::DateTime => Timestamp::parse_rfc3339(text),
        TimestampFormat::HttpDate => Timestamp::parse_http_date(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epoch_seconds_are_trimmed() {
        for (millis, text) in [
            (1_763_927_247_000, "1763927247"),
            (1_763_927_247_100, "1763927247.1"),
            (1_763_927_247_120, "1763927247.12"),
            (1_763_927_247_003, "1763927247.003"),
            (-500, "-0.5"),
            (-1_500, "-1.5"),
            (0, "0"),
        ] {
            let time = Timestamp::from_millis(millis);
            assert_eq!(EpochSeconds(time).to_string(), text);
            assert_eq!(timestamp(text, TimestampFormat::EpochSeconds), Some(time), "{text}");
        }
    }

    #[test]
    fn numbers_are_decimal_only() {
        for bad in ["", "inf", "nan", "infinity", "0x10", " 1", "1_0", "1e"] {
            assert_eq!(double(bad), None, "{bad}");
        }
        assert_eq!(double("-1.5e3"), Some(-1500.0));
        assert_eq!(double("-Infinity"), Some(f64::NEG_INFINITY));
    }
}
