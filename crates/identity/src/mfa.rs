//! The second factor: codes of virtual MFA devices, checked wherever AWS takes one (`GetSessionToken`, `AssumeRole`,
//! `EnableMFADevice`).
//!
//! **No code is accepted twice**: the step of the last one stands in the device's record and is written in the transaction of
//! the call that it let through. Guessing is slowed down as RFC 4226, section 7.3 asks; what is remembered of it is this node's
//! alone.

use base::{AccountId, Timestamp};
use keyring::totp::{self, STEP_SECONDS};
use keyring::{Keyring, Sealed, Secret};
use store::{Scope, Tx};

use crate::credentials::Credentials;
use crate::error::IdentityError;
use crate::ids;
use crate::record::{self, MfaDevice, MfaOwner};

mod attempts;
#[cfg(test)]
mod tests;

pub(crate) use attempts::Attempts;

/// Steps around the current one whose codes are accepted: a code may be typed slowly and a clock be off a little.
const WINDOW_STEPS: i64 = 1;
/// Steps around the current one in which two consecutive codes show by how much a device's clock is off (an hour and more is
/// a clock that nobody set).
const SYNC_WINDOW_STEPS: i64 = 120;
/// What a sealed seed is bound to besides its account.
const SEAL_CONTEXT: &[u8] = b"identity/mfa-device/";

/// What somebody shows for a second factor.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The account of the one who shows it.
    pub account: AccountId,
    /// Who shows it.
    pub owner: &'a MfaOwner,
    /// The serial number: a virtual device's ARN.
    pub serial: &'a str,
    /// The code.
    pub code: &'a str,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The code is right and now used up.
    Accepted,
    /// There is no such device, or it is not that one's.
    NotTheirs,
    /// The code is wrong, was used already, or came behind too many wrong ones.
    WrongCode,
}

/// Checks a code and uses it up in `tx`.
///
/// # Errors
/// A failing store or keyring.
pub async fn verify(
    credentials: &Credentials,
    tx: &mut Tx,
    shown: Shown<'_>,
    now: Timestamp,
) -> Result<Verdict, IdentityError> {
    let Shown { account, owner, serial, code } = shown;
    let Some((id, device)) = find(tx, account, serial).await? else {
        return Ok(Verdict::NotTheirs);
    };
    if device.owner.as_ref() != Some(owner) {
        return Ok(Verdict::NotTheirs);
    }
    if !credentials.mfa_attempts().may_try(account, &id, now) {
        return Ok(Verdict::WrongCode);
    }
    let seed = open_seed(credentials.keyring(), account, &id, &device.seed)?;
    let expected = step(now) + device.drift;
    // Steps up to the last one used are not even looked at.
    let first = (expected - WINDOW_STEPS).max(device.last_step + 1);
    let Some(step) = totp::find_step(&seed, code, first..=expected + WINDOW_STEPS) else {
        credentials.mfa_attempts().failed(account, &id, now);
        return Ok(Verdict::WrongCode);
    };
    credentials.mfa_attempts().succeeded(account, &id);
    let device = MfaDevice { last_step: step, ..MfaDevice::clone(&device) };
    tx.put(&Scope::global(account), &id, &device)?;
    Ok(Verdict::Accepted)
}

/// Takes two consecutive codes, which show that the device is at hand and by how much its clock is off. The caller keeps
/// `device`, changed, under `id`; `false` if the codes are not right, or came behind too many wrong ones.
///
/// # Errors
/// A failing keyring.
pub fn synchronise(
    credentials: &Credentials,
    account: AccountId,
    id: &str,
    device: &mut MfaDevice,
    codes: [&str; 2],
    now: Timestamp,
) -> Result<bool, IdentityError> {
    if !credentials.mfa_attempts().may_try(account, id, now) {
        return Ok(false);
    }
    let seed = open_seed(credentials.keyring(), account, id, &device.seed)?;
    let current = step(now);
    let first = (current - SYNC_WINDOW_STEPS).max(device.last_step + 1);
    let is_pair = |step: &i64| {
        let (next, [one, two]) = (step + 1, codes);
        totp::find_step(&seed, one, *step..=*step).is_some()
            & totp::find_step(&seed, two, next..=next).is_some()
    };
    let Some(step) = (first..current + SYNC_WINDOW_STEPS).find(is_pair) else {
        credentials.mfa_attempts().failed(account, id, now);
        return Ok(false);
    };
    credentials.mfa_attempts().succeeded(account, id);
    device.last_step = step + 1;
    let drift = step + 1 - current;
    // The code on display may be the one behind those two; only more than that is drift.
    device.drift = if drift.abs() <= WINDOW_STEPS { 0 } else { drift };
    Ok(true)
}

/// A fresh seed, and the same sealed for the device `id`.
///
/// # Errors
/// A failing keyring.
pub fn new_seed(
    keyring: &Keyring,
    account: AccountId,
    id: &str,
) -> Result<(Secret, Sealed), IdentityError> {
    let seed = totp::new_seed().map_err(IdentityError::Seal)?;
    let sealed = keyring
        .seal(account, &Scope::system().region, &context(id), seed.expose())
        .map_err(IdentityError::Seal)?;
    Ok((seed, sealed))
}

/// The device with this serial number, with its id in the store; it may be nobody's yet.
///
/// # Errors
/// A failing store.
pub async fn find(
    tx: &mut Tx,
    account: AccountId,
    serial: &str,
) -> Result<Option<(String, std::sync::Arc<MfaDevice>)>, IdentityError> {
    let Some((_, name)) = serial.rsplit_once('/') else { return Ok(None) };
    let id = record::id(name);
    let device = tx.get::<MfaDevice>(&Scope::global(account), &id).await?;
    Ok(device.filter(|device| self::serial(account, device) == serial).map(|device| (id, device)))
}

/// A virtual device's serial number, which is its ARN.
pub fn serial(account: AccountId, device: &MfaDevice) -> String {
    ids::arn(account, "mfa", &device.path, &device.name)
}

fn open_seed(
    keyring: &Keyring,
    account: AccountId,
    id: &str,
    sealed: &Sealed,
) -> Result<Secret, IdentityError> {
    keyring
        .unseal(account, &Scope::system().region, &context(id), sealed)
        .map_err(IdentityError::Seal)
}

fn context(id: &str) -> Vec<u8> {
    [SEAL_CONTEXT, id.as_bytes()].concat()
}

fn step(now: Timestamp) -> i64 {
    now.seconds().div_euclid(STEP_SECONDS)
}
