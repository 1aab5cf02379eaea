//! Metadata of SAML identity providers (SAML 2.0 Metadata, <https://docs.oasis-open.org/security/saml/v2.0/saml-metadata-2.0-os.pdf>),
//! as far as assertions are checked with it: who the provider is, and the certificates that it signs with.
//!
//! Prefixes of namespaces are ignored and unknown elements skipped. Document type definitions are refused, so there are no
//! entities but XML's own five. The metadata's own signature is not checked: who uploads it vouches for it.

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use thiserror::Error;

/// Deepest nesting of elements.
const DEPTH_MAX: usize = 64;
/// Signing certificates of one provider at most.
const CERTIFICATES_MAX: usize = 20;

/// What is known of a provider from its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// `entityID`: the issuer of its assertions.
    pub entity_id: String,
    /// The certificates that it may sign with, in DER.
    pub certificates: Vec<Vec<u8>>,
    /// Until when the metadata are valid, if they tell.
    pub valid_until: Option<Timestamp>,
}

/// Text that is no usable metadata.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct InvalidMetadata(String);

impl Metadata {
    /// Reads a metadata document of one identity provider.
    ///
    /// # Errors
    /// [`InvalidMetadata`] if it is no XML, describes no identity provider, or one without a signing certificate.
    pub fn parse(text: &str) -> Result<Self, InvalidMetadata> {
        let mut reader = Reader::from_str(text);
        // An empty element then looks like a start and an end.
        reader.config_mut().expand_empty_elements = true;
        let mut reading = Reading::default();
        loop {
            match reader.read_event().map_err(|error| invalid(error.to_string()))? {
                Event::Start(start) => reading.open(&start)?,
                Event::End(_) => reading.close()?,
                Event::Text(text) => reading.text.push_str(&text.xml10_content()),
                Event::CData(text) => reading.text.push_str(&text.xml10_content()),
                Event::DocType(_) => {
                    return Err(invalid("document type definitions are not allowed"));
                }
                Event::Eof => return reading.finish(),
                _ => {}
            }
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    /// Local names of the elements around.
    path: Vec<String>,
    /// Text since the last element began.
    text: String,
    entity_id: Option<String>,
    is_provider: bool,
    /// Within a key that is for encryption only.
    encrypts: bool,
    certificates: Vec<Vec<u8>>,
    valid_until: Option<Timestamp>,
}

impl Reading {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), InvalidMetadata> {
        if self.path.len() == DEPTH_MAX {
            return Err(invalid(format!("elements nest deeper than {DEPTH_MAX}")));
        }
        let name = local_name(start);
        if self.path.is_empty() && name != "EntityDescriptor" {
            return Err(invalid("the root element is not EntityDescriptor"));
        }
        match (name.as_str(), self.path.len()) {
            ("EntityDescriptor", 0) if self.entity_id.is_some() => {
                return Err(invalid("there is more than one root element"));
            }
            ("EntityDescriptor", 0) => {
                self.entity_id = attribute(start, "entityID")?.filter(|id| !id.is_empty());
                self.until(start)?;
            }
            ("IDPSSODescriptor", 1) => {
                self.is_provider = true;
                self.until(start)?;
            }
            ("KeyDescriptor", 2) => {
                self.encrypts = attribute(start, "use")?.is_some_and(|of| of == "encryption");
            }
            _ => {}
        }
        self.path.push(name);
        self.text.clear();
        Ok(())
    }

    fn close(&mut self) -> Result<(), InvalidMetadata> {
        let of_signing_key = self.path.get(1).is_some_and(|name| name == "IDPSSODescriptor")
            && self.path.get(2).is_some_and(|name| name == "KeyDescriptor")
            && !self.encrypts;
        if of_signing_key && self.path.last().is_some_and(|name| name == "X509Certificate") {
            let text: String = self.text.split_whitespace().collect();
            let certificate = STANDARD.decode(text);
            let certificate = certificate.map_err(|_| invalid("a certificate is not in base64"))?;
            if self.certificates.len() == CERTIFICATES_MAX {
                return Err(invalid(format!(
                    "there are more than {CERTIFICATES_MAX} certificates"
                )));
            }
            self.certificates.push(certificate);
        }
        self.path.pop();
        self.text.clear();
        Ok(())
    }

    /// The earliest end counts.
    fn until(&mut self, start: &BytesStart<'_>) -> Result<(), InvalidMetadata> {
        let Some(until) = attribute(start, "validUntil")? else { return Ok(()) };
        let until = Timestamp::parse_rfc3339(&until);
        let until = until.ok_or_else(|| invalid("validUntil is no time"))?;
        self.valid_until = Some(self.valid_until.map_or(until, |known| known.min(until)));
        Ok(())
    }

    fn finish(self) -> Result<Metadata, InvalidMetadata> {
        if !self.path.is_empty() {
            return Err(invalid("the document ends within an element"));
        }
        let entity_id = self.entity_id.ok_or_else(|| invalid("there is no entityID"))?;
        if !self.is_provider {
            return Err(invalid("there is no IDPSSODescriptor"));
        }
        if self.certificates.is_empty() {
            return Err(invalid("there is no signing certificate"));
        }
        Ok(Metadata { entity_id, certificates: self.certificates, valid_until: self.valid_until })
    }
}

fn local_name(start: &BytesStart<'_>) -> String {
    String::from_utf8_lossy(start.local_name().as_ref().as_ref()).into_owned()
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, InvalidMetadata> {
    let found = start.try_get_attribute(name).map_err(|error| invalid(error.to_string()))?;
    let value = found.map(|found| found.normalized_value(quick_xml::XmlVersion::Implicit1_0));
    let value = value.transpose().map_err(|error| invalid(error.to_string()))?;
    Ok(value.map(|value| value.into_owned()))
}

fn invalid(reason: impl Into<String>) -> InvalidMetadata {
    InvalidMetadata(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"<?xml version="1.0"?>
        <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example/&amp;x"
            validUntil="2030-01-01T00:00:00Z">
          <md:IDPSSODescriptor validUntil="2029-01-01T00:00:00Z">
            <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
              <ds:X509Certificate>
                AQ
                ID
              </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
            <md:KeyDescriptor use="encryption"><X509Certificate>BBBB</X509Certificate></md:KeyDescriptor>
            <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"/>
          </md:IDPSSODescriptor>
        </md:EntityDescriptor>"#;

    #[test]
    fn what_is_needed_is_read() {
        let metadata = Metadata::parse(DOCUMENT).expect("metadata");
        assert_eq!(metadata.entity_id, "https://idp.example/&x");
        assert_eq!(metadata.certificates, [vec![1, 2, 3]]);
        assert_eq!(metadata.valid_until, Timestamp::parse_rfc3339("2029-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_provider_is_refused() {
        for (damage, by) in [
            ("<?xml version=\"1.0\"?>", "<!DOCTYPE x [<!ENTITY e \"e\">]>"),
            ("md:EntityDescriptor", "md:EntitiesDescriptor"),
            ("IDPSSODescriptor", "SPSSODescriptor"),
            ("entityID", "id"),
            ("\"signing\"", "\"encryption\""),
            ("AQ", "?"),
            ("2029-01-01T00:00:00Z", "soon"),
            ("</md:EntityDescriptor>", ""),
        ] {
            assert!(Metadata::parse(&DOCUMENT.replace(damage, by)).is_err(), "{damage}");
        }
        assert!(Metadata::parse("").is_err());
        assert!(Metadata::parse(&"<EntityDescriptor entityID='x'>".repeat(1_000)).is_err());
    }
}
