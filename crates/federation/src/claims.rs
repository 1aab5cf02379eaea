//! The claims of a token whose signature held, and what AWS takes from them.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif> and, for tags,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp>.

use std::time::Duration;

use base::Timestamp;
use serde_json::Value;

use crate::error::Error;
use crate::json::Object;

/// How far ahead of ours an issuer's clock may be.
const SKEW: Duration = Duration::from_secs(5 * 60);
/// The claim that holds session tags.
const TAGS: &str = "https://aws.amazon.com/tags";
/// The claim that holds a source identity.
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

/// Claims that a signature vouches for. Whether they are meant for us is still to be seen.
#[derive(Clone, Debug)]
pub struct Claims(pub(crate) Object);

/// What claims must fit.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer, without `https://`.
    pub issuer: &'a str,
    /// Audiences that are accepted.
    pub audiences: &'a [String],
    /// The time by clocks that nobody moved.
    pub now: Timestamp,
}

/// Whom a token is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `sub`.
    pub subject: String,
    /// `azp` where there is one, else `aud`.
    pub audience: String,
    /// All of `aud`.
    pub audiences: Vec<String>,
    /// `amr`: how it was shown who it is.
    pub methods: Vec<String>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// Keys of those that follow into further roles.
    pub transitive: Vec<String>,
    /// The source identity.
    pub source_identity: Option<String>,
}

impl Claims {
    /// Whom the token is about, if it is meant for us and for now.
    ///
    /// # Errors
    /// [`Error::Issuer`], [`Error::Audience`], [`Error::Expired`], [`Error::NotYet`], [`Error::Claim`].
    pub fn check(&self, expected: &Expected<'_>) -> Result<Identity, Error> {
        let text = |name: &'static str| match self.0.0.get(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(Error::Claim(name)),
        };
        let issuer = text("iss")?.ok_or(Error::Claim("iss"))?;
        if issuer.strip_prefix("https://").unwrap_or(issuer) != expected.issuer {
            return Err(Error::Issuer);
        }
        self.check_times(expected.now)?;
        let subject = text("sub")?.filter(|subject| !subject.is_empty());
        let subject = subject.ok_or(Error::Claim("sub"))?;
        let audiences = self.0.texts("aud").ok_or(Error::Claim("aud"))?;
        // Whoever asked for the token is named apart where it is for several.
        let audience = match (text("azp")?, audiences.as_slice()) {
            (Some(party), _) => party,
            (None, [one]) => one,
            (None, _) => return Err(Error::Audience),
        };
        if !expected.audiences.iter().any(|accepted| accepted == audience) {
            return Err(Error::Audience);
        }
        Ok(Identity {
            subject: subject.to_owned(),
            audience: audience.to_owned(),
            audiences: owned(audiences),
            methods: owned(self.0.texts("amr").unwrap_or_default()),
            tags: self.tags()?,
            transitive: self.transitive()?,
            source_identity: text(SOURCE_IDENTITY)?.map(str::to_owned),
        })
    }

    fn check_times(&self, now: Timestamp) -> Result<(), Error> {
        let moment = |name: &'static str| match self.0.0.get(name) {
            None => Ok(None),
            Some(value) => {
                let seconds = value.as_f64().and_then(Timestamp::from_seconds_f64);
                seconds.map(Some).ok_or(Error::Claim(name))
            }
        };
        let ends = moment("exp")?.ok_or(Error::Claim("exp"))?;
        let issued = moment("iat")?.ok_or(Error::Claim("iat"))?;
        if ends <= now {
            return Err(Error::Expired(ends.seconds()));
        }
        if moment("nbf")?.is_some_and(|begins| begins > now + SKEW) || issued > now + SKEW {
            return Err(Error::NotYet);
        }
        Ok(())
    }

    fn tags(&self) -> Result<Vec<(String, String)>, Error> {
        let Some(given) = self.0.0.get(TAGS) else { return Ok(Vec::new()) };
        let tags = given.get("principal_tags").and_then(Value::as_object);
        let pair = |(key, value): (&String, &Value)| {
            // A list of one, or the value by itself.
            let value = match value.as_array().map(Vec::as_slice) {
                Some([one]) => one.as_str(),
                Some(_) => None,
                None => value.as_str(),
            };
            Ok((key.clone(), value.ok_or(Error::Claim(TAGS))?.to_owned()))
        };
        tags.ok_or(Error::Claim(TAGS))?.iter().map(pair).collect()
    }

    fn transitive(&self) -> Result<Vec<String>, Error> {
        let given = self.0.0.get(TAGS).and_then(|tags| tags.get("transitive_tag_keys"));
        let Some(keys) = given else { return Ok(Vec::new()) };
        let key = |key: &Value| key.as_str().map(str::to_owned);
        let keys = keys.as_array().and_then(|keys| keys.iter().map(key).collect());
        keys.ok_or(Error::Claim(TAGS))
    }
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}
