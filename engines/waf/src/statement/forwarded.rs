//! Addresses that a header names, usually `X-Forwarded-For`: separated by commas, the client's first.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-forwarded-ip-address.html>

use std::net::{IpAddr, SocketAddr};

use crate::document::statement::ForwardedIPPosition;
use crate::request::Request;

/// Addresses that position `ANY` looks at, from the end.
pub const ANY_ADDRESSES_MAX: usize = 10;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Forwarded {
    /// There is no such header: the rule does not apply.
    Absent,
    /// An address that counts is none: the fallback holds.
    Malformed,
    /// These count.
    Addresses(Vec<IpAddr>),
}

/// The addresses at a position of the first header with this name.
pub(crate) fn addresses(
    request: &Request<'_>,
    header: &str,
    position: ForwardedIPPosition,
) -> Forwarded {
    let Some(value) = request.header(header) else { return Forwarded::Absent };
    let Ok(value) = std::str::from_utf8(value) else { return Forwarded::Malformed };
    let mut all = value.split(',');
    let chosen: Option<Vec<IpAddr>> = match position {
        ForwardedIPPosition::First => all.next().map(parse).into_iter().collect(),
        ForwardedIPPosition::Last => all.next_back().map(parse).into_iter().collect(),
        ForwardedIPPosition::Any => all.rev().take(ANY_ADDRESSES_MAX).map(parse).collect(),
    };
    chosen.map_or(Forwarded::Malformed, Forwarded::Addresses)
}

/// An address, also with the port that some proxies add.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ForwardedIPPosition::*;

    fn told(value: Option<&str>, position: ForwardedIPPosition) -> Forwarded {
        let mut request = Request::new(IpAddr::from([127, 0, 0, 1]), "GET", b"/");
        if let Some(value) = value {
            request = request.with_header("x-forwarded-for", value.as_bytes());
        }
        addresses(&request, "X-Forwarded-For", position)
    }

    #[test]
    fn positions() {
        let of = |list: &[[u8; 4]]| {
            Forwarded::Addresses(list.iter().copied().map(IpAddr::from).collect())
        };
        assert_eq!(told(Some("192.0.2.1, 10.0.0.1"), First), of(&[[192, 0, 2, 1]]));
        assert_eq!(told(Some("192.0.2.1,10.0.0.1"), Last), of(&[[10, 0, 0, 1]]));
        assert_eq!(told(Some("192.0.2.1:443"), First), of(&[[192, 0, 2, 1]]));
        assert_eq!(told(Some("192.0.2.1,10.0.0.1"), Any), of(&[[10, 0, 0, 1], [192, 0, 2, 1]]));
        assert_eq!(told(Some("unknown, 10.0.0.1"), First), Forwarded::Malformed);
        assert_eq!(told(Some("unknown, 10.0.0.1"), Last), of(&[[10, 0, 0, 1]]));
        assert_eq!(told(Some(""), First), Forwarded::Malformed);
        assert_eq!(told(None, First), Forwarded::Absent);
        let eleven = (0..11).map(|i| format!("10.0.0.{i}")).collect::<Vec<_>>().join(",");
        assert!(
            matches!(told(Some(&eleven), Any), Forwarded::Addresses(list) if list.len() == ANY_ADDRESSES_MAX)
        );
    }
}
