//! Keeps keys out of core dumps and swap, as far as the system lets this process.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use rustix::thread::{CapabilitySet, capabilities};

/// A protection that could not be put in place, for the log at start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Gap {
    /// The core dump limit could not be lowered.
    #[error("core dumps stay possible: {0}")]
    CoreLimit(rustix::io::Errno),
    /// The process could not be made undumpable; another process of the same user may read its
    /// memory.
    #[error("the process stays readable for debuggers: {0}")]
    Dumpable(rustix::io::Errno),
    /// Memory could not be locked.
    #[error("keys may reach swap space: {0}")]
    Lock(rustix::io::Errno),
    /// The lock limit is finite: locking all future memory would make allocations fail when it is
    /// reached.
    #[error(
        "keys may reach swap space: the locked-memory limit is {0} bytes, and must be unlimited"
    )]
    LockLimit(u64),
}

/// Forbids core dumps and debuggers, and locks memory. Call once at start, before the root key is
/// opened.
///
/// Pages are locked when first touched, so resident memory does not grow. Returns what could not be
/// done; none of it keeps the process from running.
pub fn lockdown() -> Vec<Gap> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let core = setrlimit(Resource::Core, none).map_err(Gap::CoreLimit);
    let dumpable = set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(Gap::Dumpable);
    [core, dumpable, lock()].into_iter().filter_map(Result::err).collect()
}

fn lock() -> Result<(), Gap> {
    let privileged =
        capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK));
    let limit = getrlimit(Resource::Memlock);
    match limit.maximum {
        Some(bytes) if !privileged => return Err(Gap::LockLimit(bytes)),
        _ if !privileged && limit.current.is_some() => {
            setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None })
                .map_err(Gap::Lock)?;
        }
        _ => {}
    }
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .map_err(Gap::Lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_are_off_afterwards() {
        let gaps = lockdown();
        assert!(gaps.iter().all(|gap| matches!(gap, Gap::Lock(_) | Gap::LockLimit(_))), "{gaps:?}");
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(
            rustix::process::dumpable_behavior().expect("readable"),
            DumpableBehavior::NotDumpable
        );
    }
}
