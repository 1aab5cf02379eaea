//! The reasons of a refusal, kept with its audit record for those who may read them.
//!
//! They are sealed: an encoded authorization message that `sts:DecodeAuthorizationMessage` opens for the account that it was made
//! for. What another account's policies said is told only as far as which layer refused.

use authz::{Decision, Layer, Request};
use base::AccountId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use keyring::{Keyring, Sealed};
use serde::{Deserialize, Serialize};
use store::Scope;

/// What sealed explanations are bound to.
const CONTEXT: &[u8] = b"platform/explanation";

/// Longest encoded message, in characters: what `sts:DecodeAuthorizationMessage` takes.
const MESSAGE_MAX_CHARS: usize = 10_240;
/// Bytes that the seal adds, at most.
const SEAL_MAX_BYTES: usize = 128;

/// Why a call was refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The request's id.
    pub request_id: String,
    /// Who asked: an ARN.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource's ARN, or `*`.
    pub resource: String,
    /// Condition keys and their values, as they were judged.
    pub context: Vec<(String, Vec<String>)>,
    /// The decision with its reasons.
    pub decision: Decision,
}

impl Explanation {
    pub(crate) fn new(request_id: &str, request: &Request, mut decision: Decision) -> Self {
        if request.is_cross_account() {
            let foreign = [Layer::Resource, Layer::Trust, Layer::Grant, Layer::ResourceControl];
            for reason in decision.reasons.iter_mut().filter(|r| foreign.contains(&r.layer)) {
                reason.policy = None;
                reason.statement = None;
            }
        }
        let texts =
            |values: &[authz::Value]| values.iter().map(|v| v.text().into_owned()).collect();
        Self {
            request_id: request_id.to_owned(),
            principal: request.principal.arn.clone(),
            action: request.action().to_owned(),
            resource: request.resource.clone(),
            context: request
                .context
                .iter()
                .map(|(k, values)| (k.to_owned(), texts(values)))
                .collect(),
            decision,
        }
    }

    /// The encoded authorization message for `account`. Where it would be longer than can be decoded, the longest condition keys
    /// are left out.
    ///
    /// # Errors
    /// A failing keyring.
    pub fn seal(
        &mut self,
        keyring: &Keyring,
        account: AccountId,
    ) -> Result<String, keyring::Error> {
        // Every key is text and every number finite, so this cannot fail.
        let mut plain = serde_json::to_vec(self).unwrap_or_default();
        let room = MESSAGE_MAX_CHARS / 4 * 3 - SEAL_MAX_BYTES;
        if plain.len() > room {
            // In JSON a key takes more than its letters, so that leaving out as many letters is enough.
            let mut over = plain.len() - room;
            self.context.sort_by_cached_key(|(key, values)| key.len() + letters(values));
            while over > 0
                && let Some((key, values)) = self.context.pop()
            {
                over = over.saturating_sub(key.len() + letters(&values));
            }
            self.context.sort();
            plain = serde_json::to_vec(self).unwrap_or_default();
        }
        let sealed = keyring.seal(account, &Scope::system().region, CONTEXT, &plain)?;
        Ok(BASE64.encode(sealed.as_bytes()))
    }

    /// Opens a message that was encoded for `account`; `None` if it was not.
    pub fn open(keyring: &Keyring, account: AccountId, message: &str) -> Option<Self> {
        let sealed = Sealed::from_bytes(BASE64.decode(message.trim_end_matches('=')).ok()?);
        let plain = keyring.unseal(account, &Scope::system().region, CONTEXT, &sealed).ok()?;
        serde_json::from_slice(plain.expose()).ok()
    }
}

fn letters(values: &[String]) -> usize {
    values.iter().map(String::len).sum()
}
