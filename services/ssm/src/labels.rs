//! Labels: names for versions, each on one version of a parameter at a time.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html>

use api_ssm::error::PARAMETER_VERSION_LABEL_LIMIT_EXCEEDED;
use api_ssm::operations::{LabelParameterVersion, UnlabelParameterVersion};
use api_ssm::{
    LabelParameterVersionRequest, LabelParameterVersionResult, UnlabelParameterVersionRequest,
    UnlabelParameterVersionResult,
};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use crate::find::OrInternal as _;
use crate::record::Parameter;
use crate::{Ssm, events, find};

/// Labels of one version at most.
const LABELS_MAX: usize = 10;
/// Longest label, in characters.
const LABEL_MAX_CHARS: usize = 100;

impl Handle<LabelParameterVersion> for Ssm {
    const FACTS: Facts = Facts::write("ssm:LabelParameterVersion").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &LabelParameterVersionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![find::resource(call, input.name()).await?])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &LabelParameterVersionRequest,
    ) -> Result<LabelParameterVersionResult, Failure> {
        let scope = call.scope();
        let mut parameter = Parameter::clone(&*find::own(call, input.name()).await?);
        let number = match input.parameter_version {
            Some(asked) => u64::try_from(asked).unwrap_or(0),
            None => parameter.latest,
        };
        find::version(call, &scope, &parameter.name, number).await?;
        let labels = input.labels.clone().unwrap_or_default();
        let (valid, invalid): (Vec<_>, Vec<_>) = labels.into_iter().partition(|l| is_valid(l));
        for label in valid {
            parameter.labels.insert(label, number);
        }
        if parameter.labels_of(number).len() > LABELS_MAX {
            return Err(PARAMETER_VERSION_LABEL_LIMIT_EXCEEDED.because(format!(
                "A parameter version can have maximum {LABELS_MAX} labels. Move one or more labels to another version and try again."
            )));
        }
        call.tx.put(&scope, &parameter.name, &parameter).or_internal()?;
        events::change(call, &parameter, "LabelParameterVersion")?;
        Ok(LabelParameterVersionResult {
            invalid_labels: Some(invalid),
            parameter_version: Some(i64::try_from(number).unwrap_or(i64::MAX)),
        })
    }
}

impl Handle<UnlabelParameterVersion> for Ssm {
    const FACTS: Facts = Facts::write("ssm:UnlabelParameterVersion").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UnlabelParameterVersionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![find::resource(call, input.name()).await?])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UnlabelParameterVersionRequest,
    ) -> Result<UnlabelParameterVersionResult, Failure> {
        let scope = call.scope();
        let mut parameter = Parameter::clone(&*find::own(call, input.name()).await?);
        let number = input.parameter_version.map_or(0, |asked| u64::try_from(asked).unwrap_or(0));
        find::version(call, &scope, &parameter.name, number).await?;
        let labels = input.labels.clone().unwrap_or_default();
        let (on_it, invalid): (Vec<_>, Vec<_>) =
            labels.into_iter().partition(|label| parameter.labels.get(label) == Some(&number));
        for label in &on_it {
            parameter.labels.remove(label);
        }
        call.tx.put(&scope, &parameter.name, &parameter).or_internal()?;
        Ok(UnlabelParameterVersionResult {
            removed_labels: Some(on_it),
            invalid_labels: Some(invalid),
        })
    }
}

/// Letters, digits, `.`, `-` and `_`; not beginning with a digit, `aws` or `ssm`.
fn is_valid(label: &str) -> bool {
    let reserved = ["aws", "ssm"];
    let begins = |word: &&str| label.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(word));
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=LABEL_MAX_CHARS).contains(&label.len())
        && label.chars().all(allowed)
        && !label.starts_with(|c: char| c.is_ascii_digit())
        && !reserved.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_checked() {
        for good in ["prod", "a.b-c_1", "x"] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "1a", "awsome", "SSM", "a b", "a/b", &"a".repeat(101)] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
