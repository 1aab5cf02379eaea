//! One connection that comes back when it is lost.
//!
//! Reconnecting happens when somebody asks, not behind their back: the first caller after a loss tries at once, and
//! while attempts fail the others are refused until a growing pause has passed. Nobody waits for longer than one attempt.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as BlockingMutex};
use std::time::Duration;

use base::clock::Stopwatch;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, NoTls, Row, Statement};

use crate::StoreError;

/// Longest attempt to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Silence after which a dead peer is noticed.
const PEER_TIMEOUT: Duration = Duration::from_secs(15);
/// Pause after the first failed attempt; doubled by each further one.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// Longest pause between attempts.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// A connection with the statements prepared on it so far.
pub(super) struct Connection {
    pub(super) client: Client,
    statements: BlockingMutex<HashMap<&'static str, Statement>>,
}

pub(super) struct Link {
    config: Config,
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    connection: Option<Arc<Connection>>,
    failure: Option<Failure>,
    closed: bool,
}

struct Failure {
    since: Stopwatch,
    pause: Duration,
    error: StoreError,
}

/// Reads a connection URL and fills in what it leaves open.
pub(super) fn config(url: &str) -> Result<Config, StoreError> {
    let mut config: Config = url.parse().map_err(database_error)?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_application_name().is_none() {
        config.application_name("bastide");
    }
    config.keepalives_idle(PEER_TIMEOUT).tcp_user_timeout(PEER_TIMEOUT);
    Ok(config)
}

/// Whether the error is the loss of the connection rather than an answer of the database.
pub(super) fn is_lost(error: &Error) -> bool {
    match error.as_db_error() {
        // The server says goodbye with an error of its own before it closes.
        Some(db) => [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::IDLE_SESSION_TIMEOUT,
        ]
        .contains(db.code()),
        None => {
            error.is_closed()
                || std::error::Error::source(error).is_some_and(|s| s.is::<std::io::Error>())
        }
    }
}

pub(super) fn database_error(error: Error) -> StoreError {
    if is_lost(&error) {
        StoreError::Unavailable(Arc::new(error))
    } else {
        StoreError::Database(Arc::new(error))
    }
}

impl Link {
    pub(super) fn new(config: Config) -> Self {
        Self { config, state: tokio::sync::Mutex::default() }
    }

    /// The connection, made anew if it was lost.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, StoreError> {
        let mut state = self.state.lock().await;
        if state.closed {
            return Err(StoreError::Closed);
        }
        if let Some(connection) = &state.connection {
            if !connection.client.is_closed() {
                return Ok(connection.clone());
            }
            state.connection = None;
        }
        if let Some(failure) = &state.failure
            && failure.since.elapsed() < failure.pause
        {
            return Err(failure.error.clone());
        }
        match Connection::open(&self.config).await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                state.connection = Some(connection.clone());
                state.failure = None;
                Ok(connection)
            }
            Err(error) => {
                let error = StoreError::Unavailable(Arc::new(error));
                let pause =
                    state.failure.take().map_or(PAUSE_MIN, |f| (f.pause * 2).min(PAUSE_MAX));
                tracing::warn!(?error, ?pause, "no connection to the database");
                state.failure =
                    Some(Failure { since: Stopwatch::start(), pause, error: error.clone() });
                Err(error)
            }
        }
    }

    /// Gives the connection up, when it is in a state that nobody wants to use further.
    pub(super) async fn discard(&self, connection: &Arc<Connection>) {
        let mut state = self.state.lock().await;
        if state.connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection)) {
            state.connection = None;
        }
    }

    pub(super) async fn close(&self) {
        let mut state = self.state.lock().await;
        state.closed = true;
        state.connection = None;
    }
}

impl Connection {
    async fn open(config: &Config) -> Result<Self, Error> {
        let (client, driver) = config.connect(NoTls).await?;
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::warn!(%error, "a connection to the database was lost");
            }
        });
        // An acknowledged commit must be durable, whatever the server's default. Stronger settings are left alone.
        client
            .batch_execute(
                "SELECT set_config('synchronous_commit', 'on', false)
                 WHERE current_setting('synchronous_commit') = 'off'",
            )
            .await?;
        Ok(Self { client, statements: BlockingMutex::default() })
    }

    /// The statement, prepared on its first use.
    pub(super) async fn statement(&self, sql: &'static str) -> Result<Statement, Error> {
        let known = self.statements.lock().ok().and_then(|statements| statements.get(sql).cloned());
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        if let Ok(mut statements) = self.statements.lock() {
            statements.insert(sql, statement.clone());
        }
        Ok(statement)
    }

    pub(super) async fn query(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.statement(sql).await?;
        self.client.query(&statement, params).await
    }
}
