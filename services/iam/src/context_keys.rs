//! Which condition keys policies ask for, in conditions and as variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use api_iam::operations::{GetContextKeysForCustomPolicy, GetContextKeysForPrincipalPolicy};
use api_iam::{
    GetContextKeysForCustomPolicyRequest, GetContextKeysForPolicyResponse,
    GetContextKeysForPrincipalPolicyRequest,
};
use authz::Document;
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::principal::Principal;
use crate::simulate::{self, Source};
use crate::{Iam, managed};

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<GetContextKeysForCustomPolicy, _>(iam)
        .operation::<GetContextKeysForPrincipalPolicy, _>(iam)
}

/// Keys as they are written first, by the key in lower case.
#[derive(Default)]
pub(crate) struct Keys(BTreeMap<String, String>);

impl Keys {
    /// Adds the keys of a policy. Text that is no policy has none.
    pub fn of(&mut self, text: &str) {
        let Ok(document) = Document::parse(text) else { return };
        let variables = document.has_variables();
        for statement in &document.statements {
            for condition in &statement.conditions {
                self.add(&condition.key);
                let values = condition.values.iter().filter(|_| variables);
                values.for_each(|value| self.variables(value));
            }
            let terms = statement.resource.iter().flat_map(|resource| &resource.terms);
            terms.filter(|_| variables).for_each(|term| self.variables(&term.text));
        }
    }

    /// The keys that are not in `context`.
    pub fn missing(&self, context: &authz::Context) -> Vec<String> {
        let known: Vec<&str> = context.iter().map(|(key, _)| key).collect();
        let missing = self.0.iter().filter(|(folded, _)| !known.contains(&folded.as_str()));
        missing.map(|(_, key)| key.clone()).collect()
    }

    fn add(&mut self, key: &str) {
        self.0.entry(key.to_lowercase()).or_insert_with(|| key.to_owned());
    }

    /// `${key}` and `${key, 'default'}`; `${*}`, `${?}` and `${$}` are characters.
    fn variables(&mut self, text: &str) {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("${") {
            let Some((inside, behind)) = after.split_once('}') else { return };
            let key = inside.split(',').next().unwrap_or_default().trim();
            if !matches!(key, "*" | "?" | "$" | "") {
                self.add(key);
            }
            rest = behind;
        }
    }

    fn answer(self) -> GetContextKeysForPolicyResponse {
        GetContextKeysForPolicyResponse { context_key_names: Some(self.0.into_values().collect()) }
    }
}

impl Handle<GetContextKeysForCustomPolicy> for Iam {
    const FACTS: Facts = Facts::read("iam:GetContextKeysForCustomPolicy");

    async fn handle(
        &self,
        _call: &mut Call,
        input: &GetContextKeysForCustomPolicyRequest,
    ) -> Result<GetContextKeysForPolicyResponse, Failure> {
        let mut keys = Keys::default();
        add_inputs(&mut keys, input.policy_input_list.as_deref())?;
        Ok(keys.answer())
    }
}

impl Handle<GetContextKeysForPrincipalPolicy> for Iam {
    const FACTS: Facts =
        Facts::read("iam:GetContextKeysForPrincipalPolicy").on(&["group", "role", "user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetContextKeysForPrincipalPolicyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![Principal::find(call, input.policy_source_arn()).await?.resource(call)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetContextKeysForPrincipalPolicyRequest,
    ) -> Result<GetContextKeysForPolicyResponse, Failure> {
        let mut keys = Keys::default();
        let principal = Principal::find(call, input.policy_source_arn()).await?;
        for bearing in principal.bearers(call).await? {
            bearing.policies.inline.values().for_each(|text| keys.of(text));
            for arn in &bearing.policies.attached {
                if let Some((_, document)) =
                    managed::lookup(call, arn).await?.and_then(|policy| policy.document())
                {
                    keys.of(&document);
                }
            }
        }
        add_inputs(&mut keys, input.policy_input_list.as_deref())?;
        Ok(keys.answer())
    }
}

fn add_inputs(keys: &mut Keys, inputs: Option<&[String]>) -> Result<(), Failure> {
    for source in simulate::inputs(inputs)? {
        let Source { text, .. } = source;
        keys.of(&text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_conditions_and_variables() {
        let mut keys = Keys::default();
        keys.of(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",
                "Resource":"arn:aws:s3:::b/${aws:username}/${*}/${open","Condition":{
                "StringLike":{"AWS:UserName":"${aws:PrincipalTag/t, 'x'}"},"Bool":{"aws:SecureTransport":"true"}}}}"#,
        );
        let mut context = authz::Context::default();
        context.set("aws:securetransport", true);
        assert_eq!(keys.missing(&context), ["aws:PrincipalTag/t", "AWS:UserName"]);
        keys.of("no policy");
        assert_eq!(keys.answer().context_key_names.map(|names| names.len()), Some(3));
    }
}
