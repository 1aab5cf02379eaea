//! Finding the parameter, and the version of it, that a request names.

use std::sync::Arc;

use api_ssm::error::{PARAMETER_NOT_FOUND, PARAMETER_VERSION_NOT_FOUND};
pub(crate) use platform::OrInternal;
use platform::{Call, Resource};
use shape::Failure;
use store::Scope;

use crate::name::{self, Named};
use crate::record::{self, Parameter, Version, version_id};

/// The parameter that a request names, in the scope that an ARN tells or in the caller's.
///
/// # Errors
/// `ParameterNotFound`.
pub(crate) async fn parameter(
    call: &mut Call,
    named: &Named<'_>,
) -> Result<(Scope, Arc<Parameter>), Failure> {
    let found = lookup(call, named).await?;
    Ok((scope(call, named), found.ok_or_else(not_found)?))
}

/// The parameter that a request names, if there is one.
///
/// # Errors
/// A failing store.
pub(crate) async fn lookup(
    call: &mut Call,
    named: &Named<'_>,
) -> Result<Option<Arc<Parameter>>, Failure> {
    let scope = scope(call, named);
    let found = call.tx.get::<Parameter>(&scope, &named.name).await.or_internal()?;
    if found.is_some() || named.scope.is_none() || named.name.starts_with('/') {
        return Ok(found);
    }
    // `x` and `/x` have the same ARN.
    let slashed = format!("/{}", named.name);
    call.tx.get::<Parameter>(&scope, &slashed).await.or_internal()
}

/// Where a named parameter is looked for. An ARN of another Region finds nothing here.
pub(crate) fn scope(call: &Call, named: &Named<'_>) -> Scope {
    named.scope.clone().unwrap_or_else(|| call.scope())
}

/// The caller's own parameter of this name.
///
/// # Errors
/// `ParameterNotFound`.
pub(crate) async fn own(call: &mut Call, name: &str) -> Result<Arc<Parameter>, Failure> {
    let scope = call.scope();
    let found = call.tx.get::<Parameter>(&scope, name).await.or_internal()?;
    found.ok_or_else(not_found)
}

/// The version with this number.
///
/// # Errors
/// `ParameterVersionNotFound`.
pub(crate) async fn version(
    call: &mut Call,
    scope: &Scope,
    name: &str,
    number: u64,
) -> Result<Arc<Version>, Failure> {
    let found = call.tx.get::<Version>(scope, &version_id(name, number)).await.or_internal()?;
    found.ok_or_else(|| no_version(name, &number.to_string()))
}

/// The version that stands behind the colon of a name: a number or a label; the newest where nothing stands there.
///
/// # Errors
/// `ParameterVersionNotFound`.
pub(crate) async fn selected(
    call: &mut Call,
    scope: &Scope,
    parameter: &Parameter,
    selector: Option<&str>,
) -> Result<Arc<Version>, Failure> {
    let missing = || no_version(&parameter.name, selector.unwrap_or_default());
    let number = match selector {
        None => parameter.latest,
        Some(text) => match text.parse() {
            Ok(number) => number,
            Err(_) => *parameter.labels.get(text).ok_or_else(missing)?,
        },
    };
    if !parameter.versions.contains(&number) {
        return Err(missing());
    }
    version(call, scope, &parameter.name, number).await
}

/// What a call that names a parameter is judged on: the parameter with its tags and sharing if it exists, its ARN alone if not, so
/// that only those who may ask learn which it is.
///
/// # Errors
/// `ValidationException` for an ARN of something else.
pub(crate) async fn resource(call: &mut Call, text: &str) -> Result<Resource, Failure> {
    let named = name::read(text)?;
    let scope = scope(call, &named);
    Ok(match lookup(call, &named).await? {
        Some(parameter) => parameter.resource(&scope),
        None => record::resource(&scope, &named.name),
    })
}

/// The same for each of several names.
///
/// # Errors
/// As [`resource`].
pub(crate) async fn resources(
    call: &mut Call,
    names: Option<&Vec<String>>,
) -> Result<Vec<Resource>, Failure> {
    let mut resources = Vec::new();
    for name in names.into_iter().flatten() {
        resources.push(resource(call, name).await?);
    }
    Ok(resources)
}

/// AWS says nothing more.
pub(crate) fn not_found() -> Failure {
    PARAMETER_NOT_FOUND.because("")
}

fn no_version(name: &str, version: &str) -> Failure {
    PARAMETER_VERSION_NOT_FOUND.because(format!(
        "Systems Manager could not find version {version} of {name}. Verify the version and try again."
    ))
}
