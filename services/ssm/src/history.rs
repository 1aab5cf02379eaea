//! GetParameterHistory: the versions of a parameter, oldest first.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html>

use api_ssm::operations::GetParameterHistory;
use api_ssm::{
    GetParameterHistoryRequest, GetParameterHistoryResult, ParameterHistory, ParameterTier,
    ParameterType,
};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use crate::paging::Page;
use crate::policies::Policy;
use crate::{Ssm, find, name, record, secure};

/// Versions of a page, without `MaxResults` and at most.
const PAGE: usize = 50;

impl Handle<GetParameterHistory> for Ssm {
    const FACTS: Facts = Facts::read("ssm:GetParameterHistory").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetParameterHistoryRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![find::resource(call, input.name()).await?])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetParameterHistoryRequest,
    ) -> Result<GetParameterHistoryResult, Failure> {
        let named = name::read(input.name())?;
        let (scope, parameter) = find::parameter(call, &named).await?;
        let page = Page::new(input.max_results, input.next_token.as_deref(), PAGE, PAGE)?;
        let ordered = |number: u64| (format!("{number:010}"), number);
        let numbers = parameter.versions.iter().map(|number| ordered(*number));
        let later = numbers.filter(|(id, _)| page.after().is_none_or(|after| id.as_str() > after));
        let (numbers, next_token) = page.cut(later.collect());
        let arn = record::arn(&scope, &parameter.name).to_string();
        let mut versions = Vec::with_capacity(numbers.len());
        for number in numbers {
            let version = find::version(call, &scope, &parameter.name, number).await?;
            let decrypt = input.with_decryption.unwrap_or(false);
            let about = &version.about;
            versions.push(ParameterHistory {
                name: Some(parameter.name.clone()),
                r#type: Some(ParameterType::from(parameter.kind.as_str())),
                key_id: about.key_id.clone(),
                last_modified_date: Some(about.modified),
                last_modified_user: Some(about.modified_by.clone()),
                description: about.description.clone(),
                value: Some(secure::show(call, &arn, &version.value, decrypt).await?),
                allowed_pattern: about.allowed_pattern.clone(),
                version: Some(i64::try_from(number).unwrap_or(i64::MAX)),
                labels: Some(parameter.labels_of(number)),
                tier: Some(ParameterTier::from(version.tier.as_str())),
                policies: Some(version.policies.iter().map(Policy::show).collect()),
                data_type: Some(version.data_type.clone()),
            });
        }
        Ok(GetParameterHistoryResult { parameters: Some(versions), next_token })
    }
}
