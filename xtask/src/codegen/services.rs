//! `models/services.toml`: which services have an api crate and which of their operations have types.

use std::path::Path;

use serde::Deserialize;

use super::Error;

/// The hand-written list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Services {
    pub service: Vec<Service>,
}

/// An entry; the file itself says what its keys mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub name: String,
    pub model: String,
    pub event_source: String,
    pub implemented: Vec<String>,
    #[serde(default)]
    pub protocols: Option<Vec<String>>,
    #[serde(default)]
    pub xml_namespace: Option<String>,
}

impl Services {
    /// Reads the list.
    pub fn read(models: &Path) -> Result<Self, Error> {
        let path = models.join("services.toml");
        let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
        toml::from_str(&text).map_err(|source| Error::Services { path, source: Box::new(source) })
    }
}
