//! IP sets: sorted ranges without overlap, so that a set of 10,000 takes fourteen comparisons.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-ipset-match.html>

use std::net::IpAddr;

use crate::document::set::{IPAddressVersion, IPSet};
use crate::error::Error;

/// Ranges of a set: AWS's quota.
pub const ADDRESSES_MAX: usize = 10_000;

/// The addresses of a set.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl Ranges {
    /// Reads a set; every range is of the set's version, with its prefix, and no prefix is 0.
    pub(crate) fn compile(set: &IPSet) -> Result<Self, Error> {
        if set.addresses.len() > ADDRESSES_MAX {
            let reason = format!("an IP set holds at most {ADDRESSES_MAX} addresses");
            return Err(Error::invalid(reason, "IP_SET", &set.name));
        }
        let mut ranges = Self::default();
        for text in &set.addresses {
            ranges.add(text, set.ip_address_version).ok_or_else(|| {
                let reason = "The parameter contains formatting that is not valid.";
                Error::invalid(reason, "IP_ADDRESS", text)
            })?;
        }
        merge(&mut ranges.v4, |end| end.checked_add(1));
        merge(&mut ranges.v6, |end| end.checked_add(1));
        Ok(ranges)
    }

    fn add(&mut self, text: &str, version: IPAddressVersion) -> Option<()> {
        let (address, prefix) = text.split_once('/')?;
        let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix > 0)?;
        match (address.parse().ok()?, version) {
            (IpAddr::V4(address), IPAddressVersion::V4) => {
                let rest = u32::BITS.checked_sub(prefix)?;
                let low = u32::from(address) >> rest << rest;
                self.v4.push((low, low | ((1_u64 << rest) - 1) as u32));
            }
            (IpAddr::V6(address), IPAddressVersion::V6) => {
                let rest = u128::BITS.checked_sub(prefix)?;
                let low = u128::from(address) >> rest << rest;
                self.v6.push((low, low | ((1_u128 << rest) - 1)));
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether an address is in the set. An IPv4 address inside IPv6 counts as IPv4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => within(&self.v4, u32::from(address)),
            IpAddr::V6(address) => within(&self.v6, u128::from(address)),
        }
    }
}

fn within<T: Ord + Copy>(ranges: &[(T, T)], address: T) -> bool {
    let after = ranges.partition_point(|(low, _)| *low <= address);
    after > 0 && address <= ranges[after - 1].1
}

fn merge<T: Ord + Copy>(ranges: &mut Vec<(T, T)>, next: impl Fn(T) -> Option<T>) {
    ranges.sort_unstable();
    ranges.dedup_by(|later, earlier| {
        let touches = next(earlier.1).is_none_or(|next| later.0 <= next);
        if touches {
            earlier.1 = earlier.1.max(later.1);
        }
        touches
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(version: IPAddressVersion, addresses: &[&str]) -> IPSet {
        let addresses = addresses.iter().map(|a| (*a).to_owned()).collect();
        IPSet {
            name: "s".into(),
            arn: String::new(),
            ip_address_version: version,
            addresses,
            description: None,
        }
    }

    #[test]
    fn members() {
        let ranges = set(
            IPAddressVersion::V4,
            &["10.0.0.0/8", "192.0.2.1/32", "10.1.0.0/16", "192.0.2.2/31"],
        );
        let ranges = Ranges::compile(&ranges).expect("valid");
        let cases = [
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("192.0.2.1", true),
            ("192.0.2.3", true),
            ("192.0.2.4", false),
            ("::ffff:10.0.0.1", true),
            ("2001:db8::1", false),
        ];
        for (address, expected) in cases {
            assert_eq!(ranges.contains(address.parse().expect("address")), expected, "{address}");
        }
        let ranges = Ranges::compile(&set(IPAddressVersion::V6, &["2001:db8::/32", "::1/128"]))
            .expect("valid");
        assert!(ranges.contains("2001:db8:ffff::1".parse().expect("address")));
        assert!(!ranges.contains("2001:db9::".parse().expect("address")));
        assert!(ranges.contains("::1".parse().expect("address")));
    }

    #[test]
    fn what_is_no_range_of_the_version() {
        for bad in
            ["10.0.0.1", "10.0.0.0/0", "10.0.0.0/33", "x/8", "2001:db8::/32", "10.0.0.0/", ""]
        {
            assert!(Ranges::compile(&set(IPAddressVersion::V4, &[bad])).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn as_every_range_by_itself(parts in proptest::collection::vec((any::<u16>(), 1_u32..=32), 1..20), address: u16) {
            let ip = |bits: u16| std::net::Ipv4Addr::from(u32::from(bits) << 8);
            let texts: Vec<String> = parts.iter().map(|(bits, prefix)| format!("{}/{prefix}", ip(*bits))).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let ranges = Ranges::compile(&set(IPAddressVersion::V4, &texts)).expect("valid");
            let expected = parts.iter().any(|(bits, prefix)| {
                (u32::from(ip(*bits)) ^ u32::from(ip(address))).leading_zeros() >= *prefix
            });
            prop_assert_eq!(ranges.contains(ip(address).into()), expected);
        }
    }
}
