//! What the authorization facts of operations have in common: on which types of resources policies may name them, and which
//! condition keys they fill. What follows from the key itself (`kms:KeySpec`, `kms:ResourceAliases`, `aws:ResourceTag/…`) holds for
//! every operation on a key and is not listed here.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html>
//! A name with a variable stands for all keys of its form. [`crate::conditions`] fills them.

use platform::Facts;

/// The facts of an operation on a key.
pub(crate) const fn on_key(facts: Facts, keys: &'static [&'static str]) -> Facts {
    facts.on(&["key"]).keys(keys)
}

/// The facts of an operation on an alias and the keys that it names.
pub(crate) const fn on_alias(facts: Facts) -> Facts {
    facts.on(&["alias", "key"]).keys(COMMON)
}

const CALLER: &str = "kms:CallerAccount";
const VIA: &str = "kms:ViaService";
const ALIAS: &str = "kms:RequestAlias";
const ALGORITHM: &str = "kms:EncryptionAlgorithm";
const CONTEXT: &str = "kms:EncryptionContext:${EncryptionContextKey}";
const CONTEXT_KEYS: &str = "kms:EncryptionContextKeys";
const PAIR_SPEC: &str = "kms:DataKeyPairSpec";
const IMAGE: &str = "kms:RecipientAttestation:ImageSha384";
const REGISTER: &str = "kms:RecipientAttestation:PCR${Register}";
const FOR_AWS: &str = "kms:GrantIsForAWSResource";
const CONSTRAINT: &str = "kms:GrantConstraintType";
const BYPASS: &str = "kms:BypassPolicyLockoutSafetyCheck";
const REQUEST_TAG: &str = "aws:RequestTag/${TagKey}";
const TAG_KEYS: &str = "aws:TagKeys";

type Keys = &'static [&'static str];

/// Whatever the caller does.
pub(crate) const COMMON: Keys = &[CALLER, VIA];
/// Custom key stores, which no service uses for others.
pub(crate) const STORE: Keys = &[CALLER];
/// DescribeKey, GetPublicKey, and cryptography that has no key of its own.
pub(crate) const NAMED: Keys = &[CALLER, VIA, ALIAS];
pub(crate) const ENCRYPT: Keys = &[CALLER, VIA, ALIAS, ALGORITHM, CONTEXT, CONTEXT_KEYS];
pub(crate) const DECRYPT: Keys =
    &[CALLER, VIA, ALIAS, ALGORITHM, CONTEXT, CONTEXT_KEYS, IMAGE, REGISTER];
pub(crate) const RE_ENCRYPT: Keys =
    &[CALLER, VIA, ALIAS, ALGORITHM, CONTEXT, CONTEXT_KEYS, "kms:ReEncryptOnSameKey"];
pub(crate) const DATA_KEY_PAIR: Keys =
    &[CALLER, VIA, ALIAS, ALGORITHM, CONTEXT, CONTEXT_KEYS, PAIR_SPEC, IMAGE, REGISTER];
pub(crate) const DATA_KEY_PAIR_WITHOUT_PLAINTEXT: Keys =
    &[CALLER, VIA, ALIAS, ALGORITHM, CONTEXT, CONTEXT_KEYS, PAIR_SPEC];
pub(crate) const SIGN: Keys = &[CALLER, VIA, ALIAS, "kms:SigningAlgorithm", "kms:MessageType"];
pub(crate) const MAC: Keys = &[CALLER, VIA, ALIAS, "kms:MacAlgorithm"];
pub(crate) const AGREE: Keys = &[CALLER, VIA, ALIAS, "kms:KeyAgreementAlgorithm", IMAGE, REGISTER];
pub(crate) const RANDOM: Keys = &[IMAGE, REGISTER];
pub(crate) const CREATE_KEY: Keys = &[
    CALLER,
    VIA,
    BYPASS,
    "kms:KeySpec",
    "kms:KeyUsage",
    "kms:KeyOrigin",
    "kms:MultiRegion",
    "kms:MultiRegionKeyType",
    REQUEST_TAG,
    TAG_KEYS,
];
pub(crate) const PUT_POLICY: Keys = &[CALLER, VIA, BYPASS];
pub(crate) const REPLICATE: Keys = &[CALLER, VIA, "kms:ReplicaRegion"];
pub(crate) const PROMOTE: Keys = &[CALLER, VIA, "kms:PrimaryRegion"];
pub(crate) const ROTATE: Keys = &[CALLER, VIA, "kms:RotationPeriodInDays"];
pub(crate) const SCHEDULE: Keys = &[CALLER, VIA, "kms:ScheduleKeyDeletionPendingWindowInDays"];
pub(crate) const IMPORT: Keys = &[CALLER, VIA, "kms:ExpirationModel", "kms:ValidTo"];
pub(crate) const IMPORT_PARAMETERS: Keys =
    &[CALLER, VIA, "kms:WrappingAlgorithm", "kms:WrappingKeySpec"];
pub(crate) const TAG: Keys = &[CALLER, VIA, REQUEST_TAG, TAG_KEYS];
pub(crate) const UNTAG: Keys = &[CALLER, VIA, TAG_KEYS];
pub(crate) const CREATE_GRANT: Keys = &[
    CALLER,
    VIA,
    CONTEXT,
    CONTEXT_KEYS,
    CONSTRAINT,
    FOR_AWS,
    "kms:GrantOperations",
    "kms:GranteePrincipal",
    "kms:RetiringPrincipal",
];
pub(crate) const SHOW_GRANTS: Keys = &[CALLER, VIA, FOR_AWS];
pub(crate) const RETIRE_GRANT: Keys = &[CALLER, VIA, CONTEXT, CONTEXT_KEYS, CONSTRAINT];
