//! What can be stored, and its form in SQL: a big-endian format number followed by JSON.
//!
//! A record states its format; readers of older formats are written beside the type, in [`Record::upgrade`]. Fields
//! that need secrecy arrive here sealed already: this crate neither knows nor guards secrets.

use std::any::Any;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;
use crate::error::within;

/// Largest encoded record in bytes.
pub const RECORD_MAX_BYTES: usize = 4 * 1024 * 1024;

const FORMAT_BYTES: usize = 2;

/// A type that is kept in the store. `(SERVICE, KIND)` must be unique to the type.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The service that owns the record, such as `kms`.
    const SERVICE: &'static str;
    /// The kind of thing, such as `key`.
    const KIND: &'static str;
    /// Number of the JSON's format; raised when old JSON no longer deserialises into the type.
    const FORMAT: u16 = 1;

    /// Reads JSON of an older `format`.
    ///
    /// # Errors
    /// [`StoreError::Format`] for formats that are no longer read; the default reads none.
    fn upgrade(format: u16, _json: &[u8]) -> Result<Self, StoreError> {
        Err(StoreError::Format { kind: Self::KIND, found: format, known: Self::FORMAT })
    }
}

/// A decoded record of a type that only its reader knows.
pub(crate) type Decoded = Arc<dyn Any + Send + Sync>;

pub(crate) fn encode<R: Record>(record: &R) -> Result<Arc<[u8]>, StoreError> {
    let mut body = R::FORMAT.to_be_bytes().to_vec();
    serde_json::to_writer(&mut body, record).map_err(|e| StoreError::record(R::KIND, e))?;
    within("a record", body.len(), RECORD_MAX_BYTES)?;
    Ok(body.into())
}

pub(crate) fn decode<R: Record>(body: &[u8]) -> Result<Arc<R>, StoreError> {
    let Some((format, json)) = body.split_first_chunk::<FORMAT_BYTES>() else {
        return Err(StoreError::Corrupt("record without a format"));
    };
    let format = u16::from_be_bytes(*format);
    let record = if format == R::FORMAT {
        serde_json::from_slice(json).map_err(|e| StoreError::record(R::KIND, e))?
    } else if format < R::FORMAT {
        R::upgrade(format, json)?
    } else {
        return Err(StoreError::Format { kind: R::KIND, found: format, known: R::FORMAT });
    };
    Ok(Arc::new(record))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Old {
        name: String,
    }
    impl Record for Old {
        const SERVICE: &'static str = "test";
        const KIND: &'static str = "thing";
    }

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct New {
        names: Vec<String>,
    }
    impl Record for New {
        const SERVICE: &'static str = "test";
        const KIND: &'static str = "thing";
        const FORMAT: u16 = 2;

        fn upgrade(_format: u16, json: &[u8]) -> Result<Self, StoreError> {
            let old: Old =
                serde_json::from_slice(json).map_err(|e| StoreError::record(Self::KIND, e))?;
            Ok(New { names: vec![old.name] })
        }
    }

    #[test]
    fn older_formats_are_upgraded_and_newer_refused() {
        let body = encode(&Old { name: "a".into() }).expect("encodes");
        assert_eq!(*decode::<New>(&body).expect("upgrades"), New { names: vec!["a".into()] });
        let body = encode(&New { names: vec![] }).expect("encodes");
        assert!(matches!(decode::<Old>(&body), Err(StoreError::Format { found: 2, known: 1, .. })));
        assert!(matches!(decode::<Old>(b"\0"), Err(StoreError::Corrupt(_))));
        assert!(matches!(decode::<Old>(b"\0\x01{"), Err(StoreError::Record { .. })));
    }
}
