//! DeleteParameter and DeleteParameters.

use api_ssm::operations::{DeleteParameter, DeleteParameters};
use api_ssm::{
    DeleteParameterRequest, DeleteParameterResult, DeleteParametersRequest, DeleteParametersResult,
};
use platform::{Call, Facts, Handle, Resource, Work};
use shape::Failure;
use store::Scope;

use crate::find::OrInternal as _;
use crate::policies::PolicyWork;
use crate::record::{Parameter, SERVICE, Version, version_id};
use crate::{Ssm, events, find};

impl Handle<DeleteParameter> for Ssm {
    const FACTS: Facts = Facts::write("ssm:DeleteParameter").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteParameterRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![find::resource(call, input.name()).await?])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteParameterRequest,
    ) -> Result<DeleteParameterResult, Failure> {
        let parameter = find::own(call, input.name()).await?;
        events::change(call, &parameter, "Delete")?;
        remove(call, &call.scope(), &parameter)?;
        Ok(DeleteParameterResult {})
    }
}

impl Handle<DeleteParameters> for Ssm {
    const FACTS: Facts = Facts::write("ssm:DeleteParameters").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteParametersRequest,
    ) -> Result<Vec<Resource>, Failure> {
        find::resources(call, input.names.as_ref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteParametersRequest,
    ) -> Result<DeleteParametersResult, Failure> {
        let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
        let scope = call.scope();
        for name in input.names.as_deref().unwrap_or_default() {
            let Some(parameter) = call.tx.get::<Parameter>(&scope, name).await.or_internal()?
            else {
                invalid.push(name.clone());
                continue;
            };
            events::change(call, &parameter, "Delete")?;
            remove(call, &scope, &parameter)?;
            deleted.push(name.clone());
        }
        Ok(DeleteParametersResult {
            deleted_parameters: Some(deleted),
            invalid_parameters: Some(invalid),
        })
    }
}

/// Deletes a parameter with its versions and takes it off the scheduler's list.
pub(crate) fn remove(call: &mut Call, scope: &Scope, parameter: &Parameter) -> Result<(), Failure> {
    for number in &parameter.versions {
        let id = version_id(&parameter.name, *number);
        call.tx.delete::<Version>(scope, &id).or_internal()?;
    }
    call.tx.delete::<Parameter>(scope, &parameter.name).or_internal()?;
    call.tx.put_due(scope, SERVICE, PolicyWork::KIND, &parameter.name, None).or_internal()
}
