//! What a failed request to a proxy becomes: KMS's exceptions and connection error codes.
//!
//! One failure has one text, whatever the operation; the exception depends on what was being done. Source: the table under
//! 'Error codes' of the proxy API's specification. What the proxy itself says goes to the log, never to the caller.

use api_kms::ConnectionErrorCodeType as Code;
use api_kms::error::{
    CUSTOM_KEY_STORE_INVALID_STATE_EXCEPTION, KMS_INVALID_STATE_EXCEPTION,
    XKS_KEY_INVALID_CONFIGURATION_EXCEPTION, XKS_KEY_NOT_FOUND_EXCEPTION,
    XKS_PROXY_INCORRECT_AUTHENTICATION_CREDENTIAL_EXCEPTION,
    XKS_PROXY_INVALID_CONFIGURATION_EXCEPTION, XKS_PROXY_INVALID_RESPONSE_EXCEPTION,
    XKS_PROXY_URI_UNREACHABLE_EXCEPTION,
};
use shape::Failure;
use shape::error::ErrorSchema;
use xks::{Error, RefusalName, TransportError};

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum During {
    /// CreateCustomKeyStore and UpdateCustomKeyStore.
    Setup,
    /// CreateKey.
    KeyCreation,
    /// A cryptographic operation.
    Use,
}

/// The failure as KMS's caller learns it.
pub(super) fn failure(error: &Error, during: During) -> Failure {
    let kind = Kind::of(error);
    kind.exception(during).because(kind.text()).with_detail(error)
}

/// The failure as the state of a connection shows it.
pub(super) fn connection_error(error: &Error) -> Code {
    match Kind::of(error) {
        Kind::Authentication => Code::InvalidCredentials,
        Kind::Denied => Code::XksProxyAccessDenied,
        Kind::Path => Code::XksProxyInvalidConfiguration,
        Kind::Tls => Code::XksProxyInvalidTlsConfiguration,
        Kind::SlowProxy | Kind::SlowDependency => Code::XksProxyTimedOut,
        Kind::Unreachable | Kind::Throttled => Code::XksProxyNotReachable,
        _ => Code::XksProxyInvalidResponse,
    }
}

/// Failures that KMS tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unintelligible,
    State,
    Ciphertext,
    KeyUsage,
    Authentication,
    Denied,
    NoKey,
    Path,
    Unsupported,
    SlowDependency,
    Throttled,
    Broken,
    Unreachable,
    Tls,
    SlowProxy,
}

impl Kind {
    fn of(error: &Error) -> Self {
        match error {
            Error::Refused(refusal) => match refusal.name {
                RefusalName::Validation => Self::Unintelligible,
                RefusalName::InvalidState => Self::State,
                RefusalName::InvalidCiphertext => Self::Ciphertext,
                RefusalName::InvalidKeyUsage => Self::KeyUsage,
                RefusalName::AuthenticationFailed => Self::Authentication,
                RefusalName::AccessDenied => Self::Denied,
                RefusalName::KeyNotFound => Self::NoKey,
                RefusalName::InvalidUriPath => Self::Path,
                RefusalName::UnsupportedOperation => Self::Unsupported,
                RefusalName::DependencyTimeout => Self::SlowDependency,
                RefusalName::Throttling => Self::Throttled,
                RefusalName::Internal => Self::Broken,
            },
            Error::Transport(TransportError::Unreachable) => Self::Unreachable,
            Error::Transport(TransportError::Tls) => Self::Tls,
            Error::Transport(TransportError::TimedOut) => Self::SlowProxy,
            Error::Transport(TransportError::Unreadable) | Error::InvalidResponse(_) => {
                Self::Unintelligible
            }
            Error::KeyId => Self::NoKey,
            Error::Address(_) => Self::Path,
            Error::Credential => Self::Authentication,
        }
    }

    fn exception(self, during: During) -> &'static ErrorSchema {
        match (during, self) {
            (During::Use, _) | (During::KeyCreation, Self::Denied | Self::Ciphertext) => {
                &KMS_INVALID_STATE_EXCEPTION
            }
            (During::KeyCreation, Self::State | Self::KeyUsage | Self::Unsupported) => {
                &XKS_KEY_INVALID_CONFIGURATION_EXCEPTION
            }
            (During::KeyCreation, Self::NoKey) => &XKS_KEY_NOT_FOUND_EXCEPTION,
            (During::KeyCreation, _) => &CUSTOM_KEY_STORE_INVALID_STATE_EXCEPTION,
            (During::Setup, Self::Authentication) => {
                &XKS_PROXY_INCORRECT_AUTHENTICATION_CREDENTIAL_EXCEPTION
            }
            (During::Setup, Self::Path) => &XKS_PROXY_INVALID_CONFIGURATION_EXCEPTION,
            (
                During::Setup,
                Self::SlowDependency
                | Self::SlowProxy
                | Self::Throttled
                | Self::Unreachable
                | Self::Tls
                | Self::State,
            ) => &XKS_PROXY_URI_UNREACHABLE_EXCEPTION,
            (During::Setup, _) => &XKS_PROXY_INVALID_RESPONSE_EXCEPTION,
        }
    }

    /// AWS's texts.
    fn text(self) -> &'static str {
        match self {
            Self::Unintelligible => {
                "AWS KMS cannot interpret the response from the external key store proxy. If you see this error repeatedly, report it to your external key store proxy administrator."
            }
            Self::State => {
                "The external key associated with this KMS key in an external key store is not enabled in the external key manager. Enable the external key in the external key manager and retry the request."
            }
            Self::Ciphertext => {
                "The external key store proxy rejected the request because the specified ciphertext or encryption context is corrupted, missing, or otherwise invalid."
            }
            Self::KeyUsage => {
                "The external key associated with this KMS key in an external key store does not support the requested operation. Enable the operation on the key in your external key manager, and try the request again."
            }
            Self::Authentication => {
                "The external key store proxy rejected the request because it could not authenticate AWS KMS. Verify the XKS proxy authentication credentials for your external key store and update if necessary."
            }
            Self::Denied => {
                "The external key store proxy denied access to the operation. Verify that the user and the external key are both authorized for this operation, and try the request again."
            }
            Self::NoKey => {
                "The external key associated with this KMS key in an external key store was not found in its external key manager. If the external key ID associated with this KMS key is incorrect, create a new KMS key with the correct external key ID."
            }
            Self::Path => {
                "The external key store proxy rejected the request because of an invalid URI path. Verify the URI path for your external key store and update if necessary."
            }
            Self::Unsupported => {
                "The external key store proxy rejected the request because it does not support the requested operation. If you see this error repeatedly, report it to your external key store proxy administrator."
            }
            Self::SlowDependency => {
                "The external key store proxy did not respond to the request in the time allotted. Retry the request. If you see this error repeatedly, report it to your external key store proxy administrator."
            }
            Self::Throttled => {
                "The external key store proxy rejected the request due to a very high request rate. Reduce the frequency of your calls using KMS keys in this external key store."
            }
            Self::Broken => {
                "The external key store proxy rejected the request because it cannot communicate with the external key manager. Verify that the external key store proxy configuration is correct and that the external key manager is available."
            }
            Self::Unreachable => {
                "AWS KMS cannot communicate with the external key store proxy. This might be a transient network issue. If you see this error repeatedly, verify that your external key store proxy is active and is connected to the network, and that its endpoint URI is correct in your external key store."
            }
            Self::Tls => {
                "AWS KMS cannot establish a TLS connection to the external key store proxy. Verify the TLS configuration, including its certificate."
            }
            Self::SlowProxy => {
                "AWS KMS rejected the request because the external key store proxy did not respond in time. Retry the request. If you see this error repeatedly, report it to your external key store proxy administrator."
            }
        }
    }
}
