//! The two calls that `bastide explain` makes, signed with the credentials of the environment.

use std::sync::Arc;
use std::time::Duration;

use base::clock::{self, Clock as _};
use http::{HeaderName, HeaderValue, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::outbound::{self, Config, Limits, Route};
use serde_json::Value;
use wire::Request;
use wire::sigv4::{Dialect, SecretKey, Signer, SigningKeys};

use super::Options;
use crate::Failure;

/// The Region where none is named, as the server has it.
const DEFAULT_REGION: &str = "us-east-1";
/// How long one call may take.
const TIME_OUT: Duration = Duration::from_secs(30);
/// Largest answer that is read, in bytes: a page of fifty events.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;

/// A signed client of one endpoint.
pub(super) struct Client {
    outbound: outbound::Client,
    host: String,
    authority: String,
    region: String,
    access_key_id: String,
    secret: SecretKey,
    session_token: Option<String>,
    keys: SigningKeys,
}

impl Client {
    /// A client with the credentials of the environment.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let needed = |name: &str| {
            variable(name)
                .ok_or_else(|| format!("{name} is not set: credentials are needed to ask"))
        };
        let (authority, route) = route(&options.endpoint_url)?;
        let config = Config { extra_roots: options.ca_bundle.clone(), routes: vec![route] };
        let host = host_of(&authority).to_owned();
        Ok(Self {
            outbound: outbound::Client::new(config, Arc::new(clock::System::default()))?,
            host,
            authority,
            region: options
                .region
                .clone()
                .or_else(|| variable("AWS_DEFAULT_REGION"))
                .unwrap_or_else(|| DEFAULT_REGION.to_owned()),
            access_key_id: needed("AWS_ACCESS_KEY_ID")?,
            secret: SecretKey::new(needed("AWS_SECRET_ACCESS_KEY")?),
            session_token: variable("AWS_SESSION_TOKEN"),
            keys: SigningKeys::default(),
        })
    }

    /// The Region that is asked.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// `cloudtrail:LookupEvents`.
    pub async fn lookup_events(&self, input: &Value) -> Result<Value, Failure> {
        let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let (status, body) = self.call("cloudtrail", &headers, input.to_string()).await?;
        let answer: Value = serde_json::from_str(&body)?;
        if status == 200 {
            return Ok(answer);
        }
        let code = answer["__type"].as_str().unwrap_or_default();
        let message = answer["message"].as_str().or(answer["Message"].as_str()).unwrap_or_default();
        Err(format!("LookupEvents: {code}: {message}").into())
    }

    /// `sts:DecodeAuthorizationMessage`.
    pub async fn decode(&self, message: &str) -> Result<String, Failure> {
        let message = utf8_percent_encode(message, NON_ALPHANUMERIC);
        let body = format!(
            "Action=DecodeAuthorizationMessage&Version=2011-06-15&EncodedMessage={message}"
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let (status, body) = self.call("sts", &headers, body).await?;
        let text = |element: &str| element_text(&body, element).unwrap_or_default();
        if status == 200 {
            return Ok(text("DecodedMessage"));
        }
        Err(format!("DecodeAuthorizationMessage: {}: {}", text("Code"), text("Message")).into())
    }

    async fn call(
        &self,
        service: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Result<(u16, String), Failure> {
        let mut request = Request::new(Method::POST, "/");
        request.body = body.into();
        for (name, value) in [("host", self.authority.as_str())].iter().chain(headers) {
            request.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: self.session_token.as_deref(),
            region: &self.region,
            service,
            dialect: Dialect::Standard,
            keys: &self.keys,
        };
        signer.sign(&mut request, clock::System::default().now())?;
        let limits = Limits { time_out: TIME_OUT, max_bytes: ANSWER_MAX_BYTES, repeatable: true };
        let answer = self.outbound.send(&self.host, &request, limits).await?;
        Ok((answer.status, String::from_utf8(answer.body.to_vec())?))
    }
}

/// `host:port` of an endpoint, and the way there.
fn route(endpoint: &str) -> Result<(String, Route), Failure> {
    let invalid = || format!("{endpoint:?} is no endpoint: write http://127.0.0.1:4566");
    let (scheme, rest) = endpoint.split_once("://").ok_or_else(invalid)?;
    let port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(invalid().into()),
    };
    let authority = rest.split('/').next().filter(|a| !a.is_empty()).ok_or_else(invalid)?;
    let host = host_of(authority);
    if host.contains(':') && !host.starts_with('[') {
        return Err(invalid().into());
    }
    let to =
        if authority.len() == host.len() { format!("{host}:{port}") } else { authority.to_owned() };
    let name = host.trim_matches(['[', ']']);
    Ok((authority.to_owned(), format!("{name}={scheme}://{to}").parse()?))
}

/// The host of `host:port`; an IPv6 address keeps its brackets.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// The text of the first element of this name.
fn element_text(xml: &str, element: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{element}>"))?;
    let (text, _) = rest.split_once(&format!("</{element}>"))?;
    quick_xml::escape::unescape(text).ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_lead_where_they_say() {
        for (endpoint, authority, host, to) in [
            ("http://127.0.0.1:4566", "127.0.0.1:4566", "127.0.0.1", ("127.0.0.1", 4566, true)),
            ("https://localhost:8443/", "localhost:8443", "localhost", ("localhost", 8443, false)),
            (
                "https://kms.example.com",
                "kms.example.com",
                "kms.example.com",
                ("kms.example.com", 443, false),
            ),
            ("http://[::1]:4566", "[::1]:4566", "[::1]", ("::1", 4566, true)),
        ] {
            let (found, route) = route(endpoint).expect("an endpoint");
            assert_eq!((found.as_str(), host_of(&found)), (authority, host));
            assert_eq!((route.to(), route.port(), route.is_plain()), to, "{endpoint}");
        }
        for endpoint in ["127.0.0.1:4566", "ftp://a", "http://", "http://a:b"] {
            assert!(route(endpoint).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn elements_are_unescaped() {
        let xml = "<R><Message>&quot;a&quot; &lt;b&gt; &amp;c</Message></R>";
        assert_eq!(element_text(xml, "Message").as_deref(), Some("\"a\" <b> &c"));
        assert_eq!(element_text(xml, "Code"), None);
    }
}
