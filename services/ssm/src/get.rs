//! GetParameter, GetParameters, GetParametersByPath: values, in the clear for those who may decrypt them.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>

use api_ssm::operations::{GetParameter, GetParameters, GetParametersByPath};
use api_ssm::{
    GetParameterRequest, GetParameterResult, GetParametersByPathRequest, GetParametersByPathResult,
    GetParametersRequest, GetParametersResult, ParameterType,
};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;
use shape::error::VALIDATION;
use store::{Range, Scope};

use crate::filter::{Depth, Filters};
use crate::find::OrInternal as _;
use crate::name::{self, Named};
use crate::paging::Page;
use crate::record::{self, Parameter, Version};
use crate::{Ssm, find, secure};

/// Parameters of a page of GetParametersByPath, without `MaxResults` and at most.
const PATH_PAGE: usize = 10;
/// Records read at once below a path.
const SCAN_PAGE: usize = 200;

impl Handle<GetParameter> for Ssm {
    const FACTS: Facts = Facts::read("ssm:GetParameter").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetParameterRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![find::resource(call, input.name()).await?])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetParameterRequest,
    ) -> Result<GetParameterResult, Failure> {
        let named = name::read(input.name())?;
        let parameter = value_of(call, &named, input.with_decryption.unwrap_or(false)).await?;
        Ok(GetParameterResult { parameter: Some(parameter) })
    }
}

impl Handle<GetParameters> for Ssm {
    const FACTS: Facts = Facts::read("ssm:GetParameters").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetParametersRequest,
    ) -> Result<Vec<Resource>, Failure> {
        find::resources(call, input.names.as_ref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetParametersRequest,
    ) -> Result<GetParametersResult, Failure> {
        let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
        for text in input.names.as_deref().unwrap_or_default() {
            let named = name::read(text)?;
            match value_of(call, &named, input.with_decryption.unwrap_or(false)).await {
                Ok(parameter) => parameters.push(parameter),
                Err(failure) if is_missing(&failure) => invalid.push(text.clone()),
                Err(failure) => return Err(failure),
            }
        }
        // AWS answers in the order of names, whatever the order of the request.
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(GetParametersResult { parameters: Some(parameters), invalid_parameters: Some(invalid) })
    }
}

impl Handle<GetParametersByPath> for Ssm {
    const FACTS: Facts =
        Facts::read("ssm:GetParametersByPath").on(&["parameter"]).keys(&["ssm:Recursive"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetParametersByPathRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![record::resource(&call.scope(), input.path())])
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &GetParametersByPathRequest,
        request: &mut authz::Request,
    ) {
        request.context.set("ssm:Recursive", input.recursive.unwrap_or(false));
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetParametersByPathRequest,
    ) -> Result<GetParametersByPathResult, Failure> {
        let path = input.path();
        if !path.starts_with('/') {
            return Err(VALIDATION.because(
                "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward \
                 slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
            ));
        }
        let filters = Filters::by_path(input.parameter_filters.as_deref().unwrap_or_default())?;
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let recursive = input.recursive.unwrap_or(false);
        let depth = if recursive { Depth::Recursive } else { Depth::OneLevel };
        let page = Page::new(input.max_results, input.next_token.as_deref(), PATH_PAGE, PATH_PAGE)?;
        let scope = call.scope();

        let mut found = Vec::new();
        let mut after = page.after().map(str::to_owned);
        loop {
            let range = Range { prefix: &prefix, after: after.as_deref() };
            let batch = call.tx.scan::<Parameter>(&scope, range, SCAN_PAGE).await.or_internal()?;
            let last = batch.len() < SCAN_PAGE;
            after = batch.last().map(|(id, _)| id.clone());
            let below = |name: &str| depth.covers(&prefix, name);
            let matching = batch.into_iter().filter(|(name, p)| below(name) && filters.match_(p));
            found.extend(matching);
            if last || found.len() > page.limit() {
                break;
            }
        }
        let (found, next_token) = page.cut(found);
        let mut parameters = Vec::with_capacity(found.len());
        for parameter in found {
            // A filter by label asks for that version.
            let selector = filters.label_of(&parameter);
            let version = find::selected(call, &scope, &parameter, selector.as_deref()).await?;
            let decrypt = input.with_decryption.unwrap_or(false);
            parameters.push(show(call, &scope, &parameter, &version, decrypt).await?);
        }
        Ok(GetParametersByPathResult { parameters: Some(parameters), next_token })
    }
}

async fn value_of(
    call: &mut Call,
    named: &Named<'_>,
    decrypt: bool,
) -> Result<api_ssm::Parameter, Failure> {
    let (scope, parameter) = find::parameter(call, named).await?;
    let version = find::selected(call, &scope, &parameter, named.selector).await?;
    let shown = show(call, &scope, &parameter, &version, decrypt).await?;
    let selector = named.selector.map(|selector| format!(":{selector}"));
    Ok(api_ssm::Parameter { selector, ..shown })
}

async fn show(
    call: &Call,
    scope: &Scope,
    parameter: &Parameter,
    version: &Version,
    decrypt: bool,
) -> Result<api_ssm::Parameter, Failure> {
    let arn = record::arn(scope, &parameter.name).to_string();
    Ok(api_ssm::Parameter {
        name: Some(parameter.name.clone()),
        r#type: Some(ParameterType::from(parameter.kind.as_str())),
        value: Some(secure::show(call, &arn, &version.value, decrypt).await?),
        version: Some(i64::try_from(version.number).unwrap_or(i64::MAX)),
        selector: None,
        source_result: None,
        last_modified_date: Some(version.about.modified),
        arn: Some(arn),
        data_type: Some(version.data_type.clone()),
    })
}

fn is_missing(failure: &Failure) -> bool {
    matches!(failure.error.name, "ParameterNotFound" | "ParameterVersionNotFound")
}
