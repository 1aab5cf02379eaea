//! The credential scope: the day, Region and service that a derived key is good for.

use super::TERMINATOR;

/// A credential scope: `date/region/service/aws4_request`, without the Region under Signature Version 4A.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    text: String,
    date_end: usize,
    region_end: usize,
    service_end: usize,
}

impl Scope {
    /// The scope for a day (`YYYYMMDD`), a Region (empty for none) and a service.
    pub fn new(date: &str, region: &str, service: &str) -> Self {
        let mut text = String::with_capacity(date.len() + region.len() + service.len() + 16);
        text.push_str(date);
        let date_end = text.len();
        if !region.is_empty() {
            text.push('/');
            text.push_str(region);
        }
        let region_end = text.len();
        text.push('/');
        text.push_str(service);
        let service_end = text.len();
        text.push('/');
        text.push_str(TERMINATOR);
        Self { text, date_end, region_end, service_end }
    }

    /// The whole scope.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The day, `YYYYMMDD`.
    pub fn date(&self) -> &str {
        &self.text[..self.date_end]
    }

    /// The Region; empty under Signature Version 4A.
    pub fn region(&self) -> &str {
        self.text[self.date_end..self.region_end].trim_start_matches('/')
    }

    /// The service's signing name.
    pub fn service(&self) -> &str {
        &self.text[self.region_end + 1..self.service_end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let scope = Scope::new("20260102", "us-east-1", "kms");
        assert_eq!(scope.as_str(), "20260102/us-east-1/kms/aws4_request");
        assert_eq!(
            (scope.date(), scope.region(), scope.service()),
            ("20260102", "us-east-1", "kms")
        );
        let scope = Scope::new("20260102", "", "kms");
        assert_eq!(scope.as_str(), "20260102/kms/aws4_request");
        assert_eq!((scope.date(), scope.region(), scope.service()), ("20260102", "", "kms"));
    }
}
