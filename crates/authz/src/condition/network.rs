//! Address ranges in CIDR notation (RFC 4632, RFC 4291); a plain address is a range of one.

use std::net::IpAddr;

/// A range of addresses of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    /// Leading bits that count.
    prefix: u32,
}

impl Network {
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address = address.parse::<IpAddr>().ok()?;
        let bits = if address.is_ipv4() { u32::BITS } else { u128::BITS };
        let digits = |p: &str| p.bytes().all(|b| b.is_ascii_digit()).then(|| p.parse().ok())?;
        let prefix = prefix.map_or(Some(bits), digits).filter(|prefix| *prefix <= bits)?;
        Some(Self { address, prefix })
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = u32::from(own) ^ u32::from(other);
                differing.leading_zeros() >= self.prefix
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = u128::from(own) ^ u128::from(other);
                differing.leading_zeros() >= self.prefix
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let within = |network, address: &str| {
            let network = Network::parse(network).expect("valid");
            network.contains(address.parse().expect("valid"))
        };
        assert!(within("203.0.113.0/24", "203.0.113.255"));
        assert!(!within("203.0.113.0/24", "203.0.114.0"));
        assert!(within("203.0.113.7/24", "203.0.113.1"), "bits behind the prefix do not count");
        assert!(within("0.0.0.0/0", "1.2.3.4"));
        assert!(!within("0.0.0.0/0", "::1"));
        assert!(within("::/0", "::1"));
        assert!(within("1.2.3.4", "1.2.3.4"));
        for bad in ["", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/+8", "1.2.3/8", "::/129"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
