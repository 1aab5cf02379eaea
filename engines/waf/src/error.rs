//! What can be wrong with a Web ACL or one of the things that it refers to. Evaluation has no errors: what compiles can judge any
//! request.

use thiserror::Error;

/// A document that cannot be used. `Display` of [`Error::Invalid`] is the API's own text.
#[derive(Debug, Error)]
pub enum Error {
    /// Not JSON, or JSON of another form.
    #[error("the document cannot be read: {0}")]
    Syntax(#[from] serde_json::Error),
    /// `WAFInvalidParameterException`, in the API's terms
    /// (<https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html>).
    #[error("Error reason: {reason}, field: {field}, parameter: {parameter}")]
    Invalid {
        /// The API's name of the reason, for example `EXACTLY_ONE_CONDITION_REQUIRED`, or what is wrong in words.
        reason: String,
        /// A value of `ParameterExceptionField`.
        field: &'static str,
        /// The value that is wrong.
        parameter: String,
    },
    /// `WAFUnavailableEntityException`: the document refers to what was not handed in.
    #[error("{0} is referred to and was not given")]
    Missing(String),
    /// Part of AWS's language that this engine does not carry out.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// A database of places or networks that does not read.
    #[error("the database cannot be read")]
    Database(#[source] maxminddb::MaxMindDbError),
}

impl Error {
    pub(crate) fn invalid(
        reason: impl Into<String>,
        field: &'static str,
        parameter: impl Into<String>,
    ) -> Self {
        Self::Invalid { reason: reason.into(), field, parameter: parameter.into() }
    }
}
