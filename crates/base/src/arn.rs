//! Amazon Resource Names: `arn:partition:service:region:account:resource`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::{AccountId, Region};

/// Longest ARN that is accepted, in bytes (IAM's limit).
pub const ARN_MAX_BYTES: usize = 2048;

/// A text that is not an ARN.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not an ARN")]
pub struct InvalidArn;

/// A parsed ARN. Region and account are empty for global resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The service's ARN name, such as `kms`.
    pub service: String,
    /// The Region, if the resource has one.
    pub region: String,
    /// The account, if the resource has one.
    pub account: String,
    /// Everything behind the fifth colon, such as `key/1234`.
    pub resource: String,
}

impl Arn {
    /// An ARN in the `aws` partition.
    pub fn new(service: &str, region: &Region, account: AccountId, resource: &str) -> Self {
        Self {
            partition: "aws".into(),
            service: service.into(),
            region: region.as_str().into(),
            account: account.as_str().into(),
            resource: resource.into(),
        }
    }

    /// The account, where the ARN names one in its usual form.
    pub fn account_id(&self) -> Option<AccountId> {
        self.account.parse().ok()
    }
}

impl FromStr for Arn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        if text.len() > ARN_MAX_BYTES {
            return Err(InvalidArn);
        }
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().map(str::to_owned).ok_or(InvalidArn);
        if next()? != "arn" {
            return Err(InvalidArn);
        }
        let arn = Self {
            partition: next()?,
            service: next()?,
            region: next()?,
            account: next()?,
            resource: next()?,
        };
        if arn.partition.is_empty() || arn.service.is_empty() || arn.resource.is_empty() {
            return Err(InvalidArn);
        }
        Ok(arn)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        let text = "arn:aws:kms:eu-west-1:123456789012:key/a:b";
        let arn: Arn = text.parse().expect("valid");
        assert_eq!(arn.resource, "key/a:b");
        assert_eq!(arn.to_string(), text);
        for bad in ["", "arn", "arn:aws:kms", "arn::kms:::x", "nra:aws:kms:::x"] {
            assert!(bad.parse::<Arn>().is_err(), "{bad}");
        }
    }
}
