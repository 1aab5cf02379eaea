//! The platform's client as the way to proxies.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use base::Timestamp;
use platform::outbound::{Client, Error, Limits};
use wire::Request;
use xks::{Reply, Transport, TransportError};

/// Carries requests with the platform's client.
pub(super) struct Outbound<'a>(pub &'a Client);

impl Transport for Outbound<'_> {
    fn now(&self) -> Timestamp {
        self.0.wall_time()
    }

    fn send<'a>(
        &'a self,
        host: &'a str,
        request: Request,
        time_out: Duration,
        max_bytes: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, TransportError>> + Send + 'a>> {
        // To encrypt or decrypt twice does no harm.
        let limits = Limits { time_out, max_bytes, repeatable: true };
        Box::pin(async move {
            let answer =
                self.0.send(host, &request, limits).await.map_err(|error| failed(&error))?;
            Ok(Reply { status: answer.status, body: answer.body })
        })
    }
}

fn failed(error: &Error) -> TransportError {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::debug!(%error, cause, "no answer from an external key store proxy");
    match error {
        Error::Unreachable { .. } => TransportError::Unreachable,
        Error::Tls { .. } | Error::Configuration(_) | Error::Roots { .. } => TransportError::Tls,
        Error::TimedOut => TransportError::TimedOut,
        Error::TooLarge | Error::Unreadable(_) | Error::Request(_) => TransportError::Unreadable,
    }
}
