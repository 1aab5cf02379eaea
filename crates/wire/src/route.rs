//! From a request to its operation: all services of AWS answer on one port.
//!
//! What decides, in this order: the path of rpcv2Cbor, `X-Amz-Target`, then the service that the credential scope or
//! `Host` names and within it `Action` or method and path. Nothing is authenticated yet, so a route grants nothing;
//! every failure knows the protocol to answer in. Labels are decoded here, all other input by the codecs.

mod host;
mod rest;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use http::Method;
use http::header::{AUTHORIZATION, HOST};
use shape::{OperationSchema, Protocol, ServiceSchema};
use thiserror::Error;

use self::host::HostNames;
use self::rest::Templates;
use crate::limits::{self, shorten};
use crate::request::Request;

const X_AMZ_TARGET: &str = "x-amz-target";
const SMITHY_PROTOCOL: &str = "smithy-protocol";
const FORM: &str = "application/x-www-form-urlencoded";

/// Where a request goes.
#[derive(Clone, Debug)]
pub struct Route {
    /// The service.
    pub service: &'static ServiceSchema,
    /// The operation.
    pub operation: &'static OperationSchema,
    /// The protocol of the request, and so of the answer.
    pub protocol: Protocol,
    /// The Region that the credential scope names, else the one in `Host`; `None` means the server's own.
    pub region: Option<String>,
    /// The Region that `Host` names. A signature for another one does not hold here.
    pub host_region: Option<String>,
    /// The labels of a REST path by their template's name, decoded.
    pub labels: Vec<(&'static str, String)>,
}

/// A request that leads nowhere.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct RouteError {
    /// The protocol to answer in.
    pub protocol: Protocol,
    /// The service, where that much is known.
    pub service: Option<&'static str>,
    /// What was not found.
    pub message: String,
}

impl RouteError {
    /// The code in the answer.
    pub fn code(&self) -> &'static str {
        match self.protocol {
            Protocol::AwsQuery | Protocol::Ec2Query => "InvalidAction",
            _ => "UnknownOperationException",
        }
    }

    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self.protocol {
            Protocol::RestJson1 | Protocol::RestXml | Protocol::RpcV2Cbor => 404,
            _ => 400,
        }
    }
}

/// The services of a server, ready to be found.
#[derive(Debug)]
pub struct Router {
    services: Vec<Entry>,
    targets: HashMap<&'static str, usize>,
    hosts: HostNames,
}

#[derive(Debug)]
struct Entry {
    schema: &'static ServiceSchema,
    templates: Templates,
}

impl Router {
    /// A router over `services`. Where two share a name, the first has it.
    pub fn new(services: &[&'static ServiceSchema]) -> Self {
        let mut targets = HashMap::new();
        let mut hosts = HostNames::default();
        for (index, service) in services.iter().enumerate() {
            hosts.insert(service.endpoint_prefix, index);
            if let Some(prefix) = service.target_prefix {
                targets.entry(prefix).or_insert(index);
                // Clients may leave out the package before the service's name.
                targets.entry(last_dotted(prefix)).or_insert(index);
            }
        }
        let entry = |schema: &&'static ServiceSchema| {
            let rest = schema.protocols.iter().any(|p| is_rest(*p));
            let operations = if rest { schema.operations } else { &[] };
            Entry { schema, templates: Templates::new(operations) }
        };
        Self { services: services.iter().map(entry).collect(), targets, hosts }
    }

    /// The services, in the order given.
    pub fn services(&self) -> impl Iterator<Item = &'static ServiceSchema> + '_ {
        self.services.iter().map(|entry| entry.schema)
    }

    /// Finds the operation of a request.
    ///
    /// # Errors
    /// [`RouteError`] if no service or no operation of it answers to the request.
    pub fn route(&self, request: &Request) -> Result<Route, RouteError> {
        let scope = scope_hint(request);
        let host = self.hosts.find(request.header(HOST).unwrap_or_default());
        let place = Place {
            region: scope.as_ref().map(|s| s.region.clone()).filter(|r| !r.is_empty()),
            host_region: host.as_ref().and_then(|h| h.region.clone()),
        };
        if request.header(SMITHY_PROTOCOL) == Some("rpc-v2-cbor") {
            return self.by_rpc_path(request, place);
        }
        if let Some(target) = request.header(X_AMZ_TARGET) {
            return self.by_target(request, target, place);
        }
        let named = |name: &str| self.services.iter().position(|e| e.schema.signing_name == name);
        let service = match (scope, host) {
            // Services may share a signing name; then the host tells them apart.
            (Some(scope), Some(host))
                if self.services[host.service].schema.signing_name == scope.service =>
            {
                Some(host.service)
            }
            (Some(scope), host) => named(&scope.service).or(host.map(|h| h.service)),
            (None, host) => host.map(|h| h.service),
        };
        match service {
            Some(index) => self.within(&self.services[index], request, place),
            None => self.anywhere(request, place),
        }
    }

    /// `/service/<name>/operation/<name>`, behind any prefix (Smithy RPC v2 CBOR).
    fn by_rpc_path(&self, request: &Request, place: Place) -> Result<Route, RouteError> {
        let protocol = Protocol::RpcV2Cbor;
        let mut parts = request.path.rsplit('/');
        let (operation, marker) = (parts.next().unwrap_or_default(), parts.next());
        let (service, outer) = (parts.next().unwrap_or_default(), parts.next());
        let fits = request.method == Method::POST
            && (marker, outer) == (Some("operation"), Some("service"));
        let found = self.targets.get(service).filter(|_| fits);
        let entry = found.map(|index| &self.services[*index]);
        let Some(entry) = entry.filter(|entry| entry.schema.speaks(protocol)) else {
            return Err(unknown_service(protocol, service));
        };
        place.route(entry.schema, operation, protocol)
    }

    /// `X-Amz-Target: <prefix>.<operation>` (awsJson).
    fn by_target(
        &self,
        request: &Request,
        target: &str,
        place: Place,
    ) -> Result<Route, RouteError> {
        let asked = match request.media_type().as_str() {
            "application/x-amz-json-1.0" => Protocol::AwsJson10,
            _ => Protocol::AwsJson11,
        };
        let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", target));
        let index =
            self.targets.get(prefix).or_else(|| self.targets.get(last_dotted(prefix))).copied();
        let Some(entry) = index.map(|index| &self.services[index]) else {
            return Err(unknown_service(asked, prefix));
        };
        let spoken = [asked, Protocol::AwsJson11, Protocol::AwsJson10];
        let spoken = spoken.into_iter().find(|protocol| entry.schema.speaks(*protocol));
        match spoken {
            Some(protocol) if request.method == Method::POST => {
                place.route(entry.schema, operation, protocol)
            }
            _ => Err(unknown_operation(entry.schema, asked, operation)),
        }
    }

    /// An operation of a service that is known.
    fn within(&self, entry: &Entry, request: &Request, place: Place) -> Result<Route, RouteError> {
        let schema = entry.schema;
        let query = schema.protocols.iter().copied().find(|protocol| is_query(*protocol));
        if let Some(protocol) = query {
            let action = Action::of(request);
            if action.name.is_some() || !schema.protocols.iter().any(|p| is_rest(*p)) {
                return action.route(schema, protocol, place);
            }
        }
        let rest = schema.protocols.iter().copied().find(|protocol| is_rest(*protocol));
        let Some(protocol) = rest else {
            let protocol = schema.protocols.first().copied().unwrap_or(Protocol::AwsJson11);
            return Err(unknown_operation(schema, protocol, ""));
        };
        match entry.templates.find(request) {
            Some(found) => Ok(place.into_route(schema, found.operation, protocol, found.labels)),
            None => {
                let asked = format!("{} {}", request.method, request.path);
                Err(unknown_operation(schema, protocol, &asked))
            }
        }
    }

    /// An operation of whichever service has it, for requests that name none: unsigned ones to a bare address.
    fn anywhere(&self, request: &Request, place: Place) -> Result<Route, RouteError> {
        let action = Action::of(request);
        if let Some(name) = &action.name {
            let has = |entry: &&Entry| {
                entry.schema.protocols.iter().any(|p| is_query(*p))
                    && Some(entry.schema.api_version) == action.version.as_deref()
                    && entry.schema.operation(name).is_some()
            };
            return match self.services.iter().find(has) {
                Some(entry) => self.within(entry, request, place),
                None => Err(action.unknown(None, Protocol::AwsQuery)),
            };
        }
        let matches = self.services.iter().filter_map(|entry| {
            entry.templates.find(request).map(|found| (found.rank, entry, found))
        });
        let Some((_, entry, found)) = matches.max_by(|a, b| a.0.cmp(b.0)) else {
            return Err(unknown_service(Protocol::RestJson1, ""));
        };
        let protocol = entry.schema.protocols.iter().copied().find(|p| is_rest(*p));
        let protocol = protocol.unwrap_or(Protocol::RestJson1);
        Ok(place.into_route(entry.schema, found.operation, protocol, found.labels))
    }
}

/// The Regions that a request names.
struct Place {
    region: Option<String>,
    host_region: Option<String>,
}

impl Place {
    fn route(
        self,
        service: &'static ServiceSchema,
        operation: &str,
        protocol: Protocol,
    ) -> Result<Route, RouteError> {
        match service.operation(operation) {
            Some(found) => Ok(self.into_route(service, found, protocol, Vec::new())),
            None => Err(unknown_operation(service, protocol, operation)),
        }
    }

    fn into_route(
        self,
        service: &'static ServiceSchema,
        operation: &'static OperationSchema,
        protocol: Protocol,
        labels: Vec<(&'static str, String)>,
    ) -> Route {
        let Self { region, host_region } = self;
        let region = region.or_else(|| host_region.clone());
        Route { service, operation, protocol, region, host_region, labels }
    }
}

/// `Action` and `Version` of awsQuery and ec2Query, from the query string or else from the form.
#[derive(Default)]
struct Action {
    name: Option<String>,
    version: Option<String>,
}

impl Action {
    fn of(request: &Request) -> Self {
        let mut action = Self::default();
        action.read(&request.query);
        if request.media_type() == FORM
            && let Ok(form) = std::str::from_utf8(&request.body)
        {
            action.read(form);
        }
        action
    }

    fn read(&mut self, form: &str) {
        for pair in form.split('&').take(limits::MAX_FORM_PARAMS) {
            if self.name.is_some() && self.version.is_some() {
                return;
            }
            let field = match pair.split_once('=') {
                Some(("Action", value)) => (&mut self.name, value),
                Some(("Version", value)) => (&mut self.version, value),
                _ => continue,
            };
            let value = percent_encoding::percent_decode_str(field.1).decode_utf8_lossy();
            field.0.get_or_insert_with(|| shorten(&value));
        }
    }

    fn route(
        self,
        service: &'static ServiceSchema,
        protocol: Protocol,
        place: Place,
    ) -> Result<Route, RouteError> {
        let found = self.name.as_deref().and_then(|name| service.operation(name));
        match found {
            Some(operation) if self.version.as_deref() == Some(service.api_version) => {
                Ok(place.into_route(service, operation, protocol, Vec::new()))
            }
            _ => Err(self.unknown(Some(service.name), protocol)),
        }
    }

    fn unknown(&self, service: Option<&'static str>, protocol: Protocol) -> RouteError {
        let name = self.name.as_deref().unwrap_or("NO_ACTION_SPECIFIED");
        let version = self.version.as_deref().unwrap_or("NO_VERSION_SPECIFIED");
        let message = format!("Could not find operation {name} for version {version}");
        RouteError { protocol, service, message }
    }
}

/// What a credential scope says, read without judging it.
struct ScopeHint {
    region: String,
    service: String,
}

fn scope_hint(request: &Request) -> Option<ScopeHint> {
    let credential: Cow<'_, str> = match request.header(AUTHORIZATION) {
        Some(header) => {
            let (_, rest) = header.split_once("Credential=")?;
            rest.split([',', ' ']).next()?.into()
        }
        None => {
            let mut pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(name, _)| *name == "X-Amz-Credential")?;
            percent_encoding::percent_decode_str(value).decode_utf8().ok()?
        }
    };
    // From the end: the terminator, the service, and the Region or (Signature Version 4A) the date.
    let mut parts = credential.rsplit('/');
    let (_, service, region) = (parts.next()?, parts.next()?, parts.next()?);
    let is_date = region.bytes().all(|b| b.is_ascii_digit());
    let region = if is_date { String::new() } else { region.to_owned() };
    Some(ScopeHint { region, service: service.to_owned() })
}

fn is_rest(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::RestJson1 | Protocol::RestXml)
}

fn is_query(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::AwsQuery | Protocol::Ec2Query)
}

fn last_dotted(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn unknown_operation(
    service: &'static ServiceSchema,
    protocol: Protocol,
    asked: &str,
) -> RouteError {
    let message = match shorten(asked) {
        asked if asked.is_empty() => {
            format!("The request names no operation of {}.", service.sdk_id)
        }
        asked => format!("{} has no operation '{asked}'.", service.sdk_id),
    };
    RouteError { protocol, service: Some(service.name), message }
}

fn unknown_service(protocol: Protocol, asked: &str) -> RouteError {
    let message = match shorten(asked) {
        asked if asked.is_empty() => "The request names no service.".to_owned(),
        asked => format!("No service here answers to '{asked}'."),
    };
    RouteError { protocol, service: None, message }
}
