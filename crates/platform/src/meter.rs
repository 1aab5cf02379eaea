//! Counts of requests and their time, by operation. Usage of single resources is metered in the store, not here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use shape::{Failure, Fault};

use crate::phase::route::Route;
use crate::service::Service;

/// The meters of all operations in all service models, made once so that counting takes no lock.
pub(crate) struct Meter(BTreeMap<&'static str, BTreeMap<&'static str, Counts>>);

#[derive(Default)]
struct Counts {
    calls: AtomicU64,
    client_errors: AtomicU64,
    server_errors: AtomicU64,
    micros: AtomicU64,
}

impl Meter {
    pub(crate) fn new(services: &[Service]) -> Self {
        let operations = |service: &Service| {
            service.schema.operations.iter().map(|o| (o.name, Counts::default())).collect()
        };
        Self(services.iter().map(|s| (s.schema.name, operations(s))).collect())
    }

    pub(crate) fn count(&self, route: &Route, failure: Option<&Failure>, took: Duration) {
        let counts = self.0.get(route.service.name).and_then(|s| s.get(route.operation.name));
        let Some(counts) = counts else { return };
        counts.calls.fetch_add(1, Relaxed);
        counts.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
        match failure.map(|failure| failure.error.fault) {
            None => {}
            Some(Fault::Client) => drop(counts.client_errors.fetch_add(1, Relaxed)),
            Some(Fault::Server) => drop(counts.server_errors.fetch_add(1, Relaxed)),
        }
    }

    /// Everything counted so far in Prometheus's text exposition format; operations never called are left out.
    pub(crate) fn prometheus(&self) -> String {
        let mut out = String::new();
        type Pick = fn(&Counts) -> &AtomicU64;
        let families: [(&str, &str, Pick); 4] = [
            ("bastide_calls_total", "Calls answered.", |c| &c.calls),
            ("bastide_client_errors_total", "Calls refused.", |c| &c.client_errors),
            ("bastide_server_errors_total", "Calls failed.", |c| &c.server_errors),
            ("bastide_call_microseconds_total", "Time spent in calls.", |c| &c.micros),
        ];
        for (name, help, pick) in families {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
            for (service, operations) in &self.0 {
                for (operation, counts) in operations {
                    if counts.calls.load(Relaxed) > 0 {
                        let value = pick(counts).load(Relaxed);
                        let labels = format!("service=\"{service}\",operation=\"{operation}\"");
                        let _ = writeln!(out, "{name}{{{labels}}} {value}");
                    }
                }
            }
        }
        out
    }
}
