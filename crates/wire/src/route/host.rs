//! Service and Region in a host name: `kms.us-east-1.amazonaws.com`, `kms.us-east-1.localhost`, `kms.localhost`.
//!
//! The rightmost labels that name a service win, because what stands to their left may be anybody's (a bucket). What
//! stands to their right is not looked at, but for the Region: an installation has whatever domain it likes.

use std::collections::HashMap;

/// Labels of a host name that are looked at; longer names lead nowhere.
const MAX_LABELS: usize = 16;

/// Endpoint prefixes, which may have dots of their own.
#[derive(Debug, Default)]
pub(super) struct HostNames(HashMap<&'static str, usize>);

/// What a host name says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HostMatch {
    /// The service's position.
    pub(super) service: usize,
    /// The Region.
    pub(super) region: Option<String>,
}

impl HostNames {
    pub(super) fn insert(&mut self, prefix: &'static str, service: usize) {
        self.0.entry(prefix).or_insert(service);
    }

    /// Reads a `Host` header.
    pub(super) fn find(&self, host: &str) -> Option<HostMatch> {
        let name = without_port(host).to_ascii_lowercase();
        let labels: Vec<&str> = name.split('.').collect();
        if labels.len() > MAX_LABELS || labels.iter().all(|l| l.parse::<u8>().is_ok()) {
            return None;
        }
        for end in (1..=labels.len()).rev() {
            for start in 0..end {
                let prefix = labels[start..end].join(".");
                let prefix = prefix.strip_suffix("-fips").unwrap_or(&prefix);
                if let Some(service) = self.0.get(prefix) {
                    let mut behind = labels[end..].iter().filter(|label| **label != "dualstack");
                    let region = behind.next().filter(|label| is_region(label));
                    return Some(HostMatch {
                        service: *service,
                        region: region.map(|label| (*label).to_owned()),
                    });
                }
            }
        }
        None
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// `us-east-1`, `us-gov-west-1`: at least three parts, the last one a number.
fn is_region(label: &str) -> bool {
    let number = label.rsplit('-').next().unwrap_or_default();
    label.matches('-').count() >= 2
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
        && label.parse::<base::Region>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let mut names = HostNames::default();
        for (index, prefix) in ["kms", "s3", "api.ecr", "ecr"].into_iter().enumerate() {
            names.insert(prefix, index);
        }
        let find = |host: &str| names.find(host).map(|m| (m.service, m.region));
        let region = |name: &str| Some(name.to_owned());
        for (host, expected) in [
            ("kms.us-east-1.amazonaws.com", Some((0, region("us-east-1")))),
            ("KMS.eu-west-1.localhost:4566", Some((0, region("eu-west-1")))),
            ("kms-fips.us-gov-west-1.amazonaws.com", Some((0, region("us-gov-west-1")))),
            ("kms.localhost", Some((0, None))),
            ("kms.s3.us-east-1.amazonaws.com", Some((1, region("us-east-1")))),
            ("my.bucket.s3.dualstack.eu-west-1.amazonaws.com", Some((1, region("eu-west-1")))),
            ("api.ecr.us-east-1.amazonaws.com", Some((2, region("us-east-1")))),
            ("ecr.us-east-1.amazonaws.com", Some((3, region("us-east-1")))),
            ("localhost:4566", None),
            ("127.0.0.1:4566", None),
            ("[::1]:4566", None),
            ("", None),
            ("...", None),
        ] {
            assert_eq!(find(host), expected, "{host}");
        }
    }
}
