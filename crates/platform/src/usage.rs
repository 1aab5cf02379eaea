//! Who used what: a counter for each identity and access key, by action and Region. IAM answers from it when an access key, a role or
//! a permission was last used.

use identity::ids;
use identity::record::SERVICE;
use store::{Key, Scope, StoreError};

use crate::call::Call;
use crate::caller::Identity;

/// Under which kind the counters of identities stand; the id is the unique id of the user or role.
pub const IDENTITY_KIND: &str = "identity-use";
/// Under which kind the counters of access keys stand; the id is the access key id.
pub const ACCESS_KEY_KIND: &str = "access-key-use";

/// The action of a counter.
pub fn action(counter: &str) -> &str {
    counter.split_once(' ').map_or(counter, |(action, _)| action)
}

/// The Region of a counter.
pub fn region(counter: &str) -> Option<&str> {
    counter.split_once(' ').map(|(_, region)| region)
}

/// Counts the call for its caller. The counter's name is the action and the Region, with a space between.
pub(crate) fn count(call: &mut Call) -> Result<(), StoreError> {
    let unique_id = match &call.caller.identity {
        Identity::User { unique_id, .. } | Identity::Role { unique_id, .. } => Some(unique_id),
        Identity::Root => None,
        _ => return Ok(()),
    };
    let scope = Scope::global(call.account());
    let counter = format!("{} {}", call.action, call.region);
    let identity = unique_id.map(|id| Key::new(&scope, SERVICE, IDENTITY_KIND, id)).transpose()?;
    // In dev mode any text may be the root user's access key; keys that were made bear their account.
    let is_counted =
        |id: &&str| call.caller.session.is_none() && ids::account_of(id) == Some(call.account());
    let access_key = call.caller.access_key_id.as_deref().filter(is_counted);
    let access_key =
        access_key.map(|id| Key::new(&scope, SERVICE, ACCESS_KEY_KIND, id)).transpose()?;
    for key in identity.into_iter().chain(access_key) {
        call.tx.tally(key, &counter, 1, call.now);
    }
    Ok(())
}
