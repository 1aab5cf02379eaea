//! DescribeParameters: everything about parameters but their values.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html>

use api_ssm::operations::DescribeParameters;
use api_ssm::{
    DescribeParametersRequest, DescribeParametersResult, ParameterMetadata, ParameterTier,
    ParameterType,
};
use platform::{Call, Facts, Handle};
use shape::Failure;
use shape::error::VALIDATION;
use store::{Range, Scope};

use crate::Ssm;
use crate::filter::Filters;
use crate::find::OrInternal as _;
use crate::paging::Page;
use crate::policies::Policy;
use crate::record::{self, Parameter};

/// Parameters of a page, without `MaxResults` and at most.
const PAGE: usize = 50;
/// Records read at once.
const SCAN_PAGE: usize = 200;

impl Handle<DescribeParameters> for Ssm {
    const FACTS: Facts = Facts::read("ssm:DescribeParameters");

    async fn handle(
        &self,
        call: &mut Call,
        input: &DescribeParametersRequest,
    ) -> Result<DescribeParametersResult, Failure> {
        let newer = input.parameter_filters.as_deref().unwrap_or_default();
        let older = input.filters.as_deref().unwrap_or_default();
        if !newer.is_empty() && !older.is_empty() {
            let text = "You can use either Filters or ParameterFilters in a single request.";
            return Err(VALIDATION.because(text));
        }
        let filters = Filters::describing(newer, older)?;
        let page = Page::new(input.max_results, input.next_token.as_deref(), PAGE, PAGE)?;
        // What others share is found by its ARN; there is no list of it.
        if input.shared == Some(true) {
            let parameters = Some(Vec::new());
            return Ok(DescribeParametersResult { parameters, next_token: None });
        }
        let scope = call.scope();
        let mut found = Vec::new();
        let mut after = page.after().map(str::to_owned);
        loop {
            let range = Range { prefix: "", after: after.as_deref() };
            let batch = call.tx.scan::<Parameter>(&scope, range, SCAN_PAGE).await.or_internal()?;
            let last = batch.len() < SCAN_PAGE;
            after = batch.last().map(|(id, _)| id.clone());
            found.extend(batch.into_iter().filter(|(_, parameter)| filters.match_(parameter)));
            if last || found.len() > page.limit() {
                break;
            }
        }
        let (found, next_token) = page.cut(found);
        let parameters = found.iter().map(|parameter| show(&scope, parameter)).collect();
        Ok(DescribeParametersResult { parameters: Some(parameters), next_token })
    }
}

fn show(scope: &Scope, parameter: &Parameter) -> ParameterMetadata {
    let about = &parameter.about;
    ParameterMetadata {
        name: Some(parameter.name.clone()),
        arn: Some(record::arn(scope, &parameter.name).to_string()),
        r#type: Some(ParameterType::from(parameter.kind.as_str())),
        key_id: about.key_id.clone(),
        last_modified_date: Some(about.modified),
        last_modified_user: Some(about.modified_by.clone()),
        description: about.description.clone(),
        allowed_pattern: about.allowed_pattern.clone(),
        version: Some(i64::try_from(parameter.latest).unwrap_or(i64::MAX)),
        tier: Some(ParameterTier::from(parameter.tier.as_str())),
        policies: Some(parameter.policies.iter().map(Policy::show).collect()),
        data_type: Some(parameter.data_type.clone()),
    }
}
