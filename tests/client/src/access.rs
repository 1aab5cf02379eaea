//! Calls of JSON services and of IAM, signed with one access key.

use std::sync::Arc;

use base::{Clock as _, clock};
use http::{HeaderName, HeaderValue, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use wire::Request;
use wire::sigv4::{Dialect, SecretKey, Signer, SigningKeys};

use crate::{Connection, Failure, Server, to_bytes};

/// The version of IAM's API.
const IAM_VERSION: &str = "2010-05-08";

/// A service to call: what the client must know of it.
#[derive(Clone, Copy)]
pub struct Service {
    /// The name in the credential scope.
    pub name: &'static str,
    /// What stands before the operation in `X-Amz-Target`.
    pub target: &'static str,
}

impl Service {
    /// Key Management Service.
    pub const KMS: Service = Service { name: "kms", target: "TrentService" };
    /// CloudTrail.
    pub const CLOUDTRAIL: Service = Service {
        name: "cloudtrail",
        target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    };
}

/// Where, in which Region and as whom to call.
pub struct Access {
    address: String,
    region: String,
    access_key_id: String,
    secret: Arc<SecretKey>,
    keys: SigningKeys,
}

impl Access {
    /// Access to `server` with its credentials, in us-east-1.
    pub fn to(server: &Server) -> Self {
        Self {
            address: server.address.clone(),
            region: "us-east-1".to_owned(),
            access_key_id: server.access_key_id.clone(),
            secret: server.secret.clone(),
            keys: SigningKeys::default(),
        }
    }

    /// Access to the same server with other credentials.
    pub fn with(&self, access_key_id: String, secret: SecretKey) -> Self {
        Self {
            address: self.address.clone(),
            region: self.region.clone(),
            access_key_id,
            secret: Arc::new(secret),
            keys: SigningKeys::default(),
        }
    }

    /// A signed request as bytes.
    ///
    /// # Errors
    /// If the access key id or the address cannot stand in a header.
    pub fn signed(
        &self,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<u8>, Failure> {
        let target = format!("{}.{operation}", service.target);
        let headers =
            [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        self.sign(service.name, &headers, input.to_string())
    }

    fn sign(
        &self,
        service: &str,
        headers: &[(&'static str, &str)],
        body: String,
    ) -> Result<Vec<u8>, Failure> {
        let mut request = Request::new(Method::POST, "/");
        for (name, value) in [("host", self.address.as_str())].iter().chain(headers) {
            let value = HeaderValue::from_str(value)?;
            request.headers.insert(HeaderName::from_static(name), value);
        }
        request.body = body.into();
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: None,
            region: &self.region,
            service,
            dialect: Dialect::Standard,
            keys: &self.keys,
        };
        signer.sign(&mut request, clock::System::default().now())?;
        Ok(to_bytes(&request))
    }

    /// Calls an operation of IAM, which speaks in forms and answers in XML.
    ///
    /// # Errors
    /// As [`Access::call_on`].
    pub async fn iam(
        &self,
        operation: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, Failure> {
        let mut form = format!("Action={operation}&Version={IAM_VERSION}");
        for (name, value) in parameters {
            form.push_str(&format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let request = self.sign("iam", &headers, form)?;
        let mut connection = self.connect().await?;
        let answer = connection.call(&request).await?;
        let text = String::from_utf8_lossy(answer.body).into_owned();
        match answer.status {
            200 => Ok(text),
            status => Err(format!("{operation}: {status} {text}").into()),
        }
    }

    /// A new connection.
    ///
    /// # Errors
    /// If nothing listens.
    pub async fn connect(&self) -> Result<Connection, Failure> {
        Connection::open(&self.address).await
    }

    /// Calls over `connection` and gives the answer's JSON.
    ///
    /// # Errors
    /// If the connection fails, or the answer is not a success.
    pub async fn call_on(
        &self,
        connection: &mut Connection,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<Value, Failure> {
        let request = self.signed(service, operation, input)?;
        let answer = connection.call(&request).await?;
        if answer.status != 200 {
            let text = String::from_utf8_lossy(answer.body);
            return Err(format!("{operation}: {} {text}", answer.status).into());
        }
        Ok(serde_json::from_slice(answer.body)?)
    }

    /// Calls over a connection of its own.
    ///
    /// # Errors
    /// As [`Access::call_on`].
    pub async fn call(
        &self,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<Value, Failure> {
        self.call_on(&mut self.connect().await?, service, operation, input).await
    }
}
