//! The words every floor shares: accounts, Regions, ARNs, time and chance.
//!
//! Nothing here does I/O except [`clock::System`] and [`random::System`], the only places in the
//! project that may ask the operating system for the time or for entropy outside a key engine. Everything else
//! receives a [`Clock`] and a [`Random`] from whoever calls it.

pub mod arn;
pub mod clock;
pub mod id;
pub mod random;
pub mod time;

pub use arn::Arn;
pub use clock::Clock;
pub use id::{AccountId, Region};
pub use random::Random;
pub use time::Timestamp;
