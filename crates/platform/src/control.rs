//! Bastide's own endpoints under `/_bastide/`: health and metrics always; reset, clock and sent events in dev mode only.
//!
//! Dev endpoints change state without a signature, so they answer only requests that a web page cannot have sent:
//! addressed to a loopback name, and not from another origin.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock as _, Timestamp, clock};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderValue, Method};
use serde::Deserialize;
use serde_json::json;
use wire::{Request, Response};

use crate::platform::{Mode, Platform};

/// Where the endpoints stand.
pub(crate) const PREFIX: &str = "/_bastide/";
/// Events that `/_bastide/events` shows at the most.
const EVENTS_MAX: usize = 1000;

/// The endpoints' own state.
pub struct Control {
    clock: Arc<clock::System>,
    version: &'static str,
}

impl Control {
    /// Control over `clock`, which must be the platform's.
    pub fn new(clock: Arc<clock::System>, version: &'static str) -> Self {
        Self { clock, version }
    }

    pub(crate) async fn answer(&self, platform: &Platform, request: &Request) -> Response {
        let dev = matches!(platform.mode(), Mode::Dev(_));
        let path = request.path.strip_prefix(PREFIX).unwrap_or_default();
        match (&request.method, path, dev) {
            (&Method::GET, "health", _) => self.health(platform, dev),
            (&Method::GET, "metrics", _) => text(platform.metrics()),
            (_, "reset" | "clock" | "events", true) if !is_local(request) => {
                fault(403, "Only programs on this machine may ask for this, not web pages.")
            }
            (&Method::POST, "reset", true) => self.reset(platform).await,
            (&Method::GET, "clock", true) => self.show_clock(),
            (&Method::POST, "clock", true) => self.move_clock(platform, &request.body).await,
            (&Method::GET, "events", true) => events(platform).await,
            _ => fault(404, "No such endpoint in this mode."),
        }
    }

    fn health(&self, platform: &Platform, dev: bool) -> Response {
        let services: Vec<_> = platform.services().map(|service| service.schema().name).collect();
        let mode = if dev { "dev" } else { "production" };
        json_body(
            200,
            &json!({
                "status": "ok", "version": self.version, "mode": mode, "services": services,
            }),
        )
    }

    async fn reset(&self, platform: &Platform) -> Response {
        match platform.reset().await {
            Ok(()) => {
                self.clock.reset();
                json_body(200, &json!({ "status": "reset" }))
            }
            Err(error) => fault(500, &format!("The store could not be emptied: {error}")),
        }
    }

    fn show_clock(&self) -> Response {
        json_body(
            200,
            &json!({
                "now": self.clock.now().rfc3339(),
                "offsetMilliseconds": self.clock.offset_millis(),
            }),
        )
    }

    async fn move_clock(&self, platform: &Platform, body: &[u8]) -> Response {
        let order: ClockOrder = match serde_json::from_slice(body) {
            Ok(order) => order,
            Err(error) => {
                return fault(
                    400,
                    &format!(
                        "Send {{\"advance\": seconds}}, {{\"set\": \"2030-01-01T00:00:00Z\"}} or {{\"reset\": true}}: {error}"
                    ),
                );
            }
        };
        match order {
            ClockOrder::Advance(seconds) => match Duration::try_from_secs_f64(seconds) {
                Ok(by) => self.clock.advance(by),
                Err(_) => {
                    return fault(
                        400,
                        "The clock goes forward by a number of seconds; use set to go back.",
                    );
                }
            },
            ClockOrder::Set(time) => match Timestamp::parse_rfc3339(&time) {
                Some(time) => self.clock.set(time),
                None => return fault(400, "The time is not in the form 2030-01-01T00:00:00Z."),
            },
            ClockOrder::Reset(true) => self.clock.reset(),
            ClockOrder::Reset(false) => {}
        }
        // What the new time makes due is done before the answer, so that tests need not wait.
        match platform.run_due().await {
            Ok(_) => self.show_clock(),
            Err(error) => fault(500, &format!("Due work failed: {error}")),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum ClockOrder {
    Advance(f64),
    Set(String),
    Reset(bool),
}

async fn events(platform: &Platform) -> Response {
    let sent = match platform.store().outbox(EVENTS_MAX).await {
        Ok(sent) => sent,
        Err(error) => return fault(500, &error.to_string()),
    };
    let parse = |event: &store::OutboxEvent| serde_json::from_slice(&event.body).ok();
    let events: Vec<serde_json::Value> = sent.iter().filter_map(parse).collect();
    json_body(200, &json!({ "events": events }))
}

/// Whether the request was addressed to this machine by name or number, and not by a page of another origin.
fn is_local(request: &Request) -> bool {
    let host = request.header(HOST).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let loopback = name == "localhost"
        || name.ends_with(".localhost")
        || name
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    let origin = request.headers.get(ORIGIN).map(HeaderValue::as_bytes);
    let same_origin = origin.is_none_or(|origin| {
        origin == format!("http://{host}").as_bytes()
            || origin == format!("https://{host}").as_bytes()
    });
    loopback && same_origin
}

fn fault(status: u16, message: &str) -> Response {
    json_body(status, &json!({ "message": message }))
}

fn json_body(status: u16, body: &serde_json::Value) -> Response {
    let mut response = Response { status, ..Response::default() };
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.body = Bytes::from(body.to_string());
    response
}

fn text(body: String) -> Response {
    let mut response = Response { status: 200, ..Response::default() };
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers.insert(CONTENT_TYPE, kind);
    response.body = Bytes::from(body);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_other_origins_are_not_local() {
        let mut request = Request::new(Method::POST, "/_bastide/reset");
        request.headers.insert(HOST, HeaderValue::from_static("127.0.0.1:4566"));
        assert!(is_local(&request));
        request.headers.insert(ORIGIN, HeaderValue::from_static("http://evil.example"));
        assert!(!is_local(&request));
        request.headers.insert(ORIGIN, HeaderValue::from_static("http://127.0.0.1:4566"));
        assert!(is_local(&request));
        // A name that an attacker's DNS points to this machine.
        request.headers.insert(HOST, HeaderValue::from_static("evil.example:4566"));
        assert!(!is_local(&request));
        request.headers.insert(HOST, HeaderValue::from_static("[::1]:4566"));
        request.headers.remove(ORIGIN);
        assert!(is_local(&request));
    }
}
