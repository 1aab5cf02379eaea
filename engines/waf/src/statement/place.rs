//! Where an address is, and whose network it belongs to: asked of whoever has a database, for example in MaxMind's format.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-geo-match.html>

use std::net::IpAddr;
use std::path::Path;

use crate::error::Error;

/// Tells places and networks.
pub trait Places: Send + Sync {
    /// The country as ISO 3166 alpha-2, and the region as the second half of ISO 3166-2.
    fn place(&self, address: IpAddr) -> Option<Place>;
    /// The number of the autonomous system.
    fn asn(&self, address: IpAddr) -> Option<u32>;
}

/// A country and perhaps a region in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Two letters.
    pub country: String,
    /// One to three letters or digits.
    pub region: Option<String>,
}

/// No database: no place and no network is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Places for Nowhere {
    fn place(&self, _: IpAddr) -> Option<Place> {
        None
    }

    fn asn(&self, _: IpAddr) -> Option<u32> {
        None
    }
}

/// Databases in MaxMind's format: one of countries or cities, one of autonomous systems; either may be absent.
#[derive(Default)]
pub struct MaxMind {
    places: Option<maxminddb::Reader<Vec<u8>>>,
    networks: Option<maxminddb::Reader<Vec<u8>>>,
}

impl MaxMind {
    /// Reads the databases into memory.
    pub fn open(places: Option<&Path>, networks: Option<&Path>) -> Result<Self, Error> {
        let open = |path: &Path| maxminddb::Reader::open_readfile(path).map_err(Error::Database);
        Ok(Self {
            places: places.map(open).transpose()?,
            networks: networks.map(open).transpose()?,
        })
    }
}

impl Places for MaxMind {
    fn place(&self, address: IpAddr) -> Option<Place> {
        let found = self.places.as_ref()?.lookup(address).ok()?;
        let city = found.decode::<maxminddb::geoip2::City<'_>>().ok()??;
        let region = city.subdivisions.first().and_then(|region| region.iso_code);
        Some(Place {
            country: city.country.iso_code?.to_owned(),
            region: region.map(str::to_owned),
        })
    }

    fn asn(&self, address: IpAddr) -> Option<u32> {
        let found = self.networks.as_ref()?.lookup(address).ok()?;
        found.decode::<maxminddb::geoip2::Asn<'_>>().ok()??.autonomous_system_number
    }
}
