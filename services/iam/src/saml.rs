//! SAML providers. Their metadata are read when they are given, so that what is kept can be used. Encrypted assertions are not
//! supported: no private key is taken.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html>

use std::sync::Arc;

use api_iam::error::{
    ENTITY_ALREADY_EXISTS_EXCEPTION, INVALID_INPUT_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION,
};
use api_iam::operations::{
    CreateSAMLProvider, DeleteSAMLProvider, GetSAMLProvider, ListSAMLProviders, UpdateSAMLProvider,
};
use api_iam::{
    CreateSAMLProviderRequest, CreateSAMLProviderResponse, DeleteSAMLProviderRequest,
    GetSAMLProviderRequest, GetSAMLProviderResponse, ListSAMLProvidersRequest,
    ListSAMLProvidersResponse, SAMLProviderListEntry, Unit, UpdateSAMLProviderRequest,
    UpdateSAMLProviderResponse,
};
use base::AccountId;
use identity::ids;
use identity::record::{self, SamlProvider, Tags};
use identity::saml::Metadata;
use platform::{Audit, Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::find::{self, OrInternal as _};
use crate::tagging::Tagged;
use crate::{Iam, tags};

/// CloudFormation's type.
const SAML_PROVIDER: &str = "AWS::IAM::SAMLProvider";
/// SAML providers of an account at most.
pub(crate) const PROVIDERS_MAX: usize = 100;

/// Metadata may have megabytes, which no audit record holds.
const AUDIT: Audit = Audit::REQUEST_AND_RESPONSE.without_request(&["SAMLMetadataDocument"]);

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateSAMLProvider, _>(iam)
        .operation::<GetSAMLProvider, _>(iam)
        .operation::<ListSAMLProviders, _>(iam)
        .operation::<UpdateSAMLProvider, _>(iam)
        .operation::<DeleteSAMLProvider, _>(iam)
}

impl Handle<CreateSAMLProvider> for Iam {
    const FACTS: Facts = Facts::write("iam:CreateSAMLProvider")
        .on(&["saml-provider"])
        .keys(&["aws:TagKeys", "aws:RequestTag/${TagKey}"])
        .audited(AUDIT);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateSAMLProviderRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![resource(call.account(), input.name())])
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &CreateSAMLProviderRequest,
        request: &mut authz::Request,
    ) {
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateSAMLProviderRequest,
    ) -> Result<CreateSAMLProviderResponse, Failure> {
        let (scope, name) = (find::scope(call), input.name());
        if input.assertion_encryption_mode.is_some() || input.add_private_key.is_some() {
            return Err(no_encryption());
        }
        let metadata = read(input.saml_metadata_document())?;
        let id = record::id(name);
        if call.tx.get::<SamlProvider>(&scope, &id).await.or_internal()?.is_some() {
            let text = format!("Provider with name {name} already exists.");
            return Err(ENTITY_ALREADY_EXISTS_EXCEPTION.because(text));
        }
        find::within_quota::<SamlProvider>(call, "SAMLProvidersPerAccount", PROVIDERS_MAX).await?;
        let mut provider = SamlProvider {
            name: name.to_owned(),
            uuid: call.uuid(),
            metadata: input.saml_metadata_document().to_owned(),
            created: call.now.trunc_seconds(),
            valid_until: metadata.valid_until,
            tags: Tags::new(),
        };
        tags::add(&mut provider.tags, input.tags.as_deref().unwrap_or_default())?;
        call.tx.create(&scope, &id, &provider).or_internal()?;
        Ok(CreateSAMLProviderResponse {
            saml_provider_arn: Some(arn(call.account(), name)),
            tags: tags::show(&provider.tags),
        })
    }
}

impl Handle<GetSAMLProvider> for Iam {
    const FACTS: Facts = Facts::read("iam:GetSAMLProvider").on(&["saml-provider"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetSAMLProviderRequest,
    ) -> Result<Vec<Resource>, Failure> {
        SamlProvider::named(call, input.saml_provider_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetSAMLProviderRequest,
    ) -> Result<GetSAMLProviderResponse, Failure> {
        let provider = SamlProvider::take(call, input.saml_provider_arn()).await?;
        Ok(GetSAMLProviderResponse {
            tags: tags::show(&provider.tags),
            saml_provider_uuid: Some(provider.uuid),
            saml_metadata_document: Some(provider.metadata),
            create_date: Some(provider.created),
            valid_until: provider.valid_until,
            assertion_encryption_mode: None,
            private_key_list: None,
        })
    }
}

impl Handle<ListSAMLProviders> for Iam {
    const FACTS: Facts = Facts::read("iam:ListSAMLProviders");

    async fn handle(
        &self,
        call: &mut Call,
        _input: &ListSAMLProvidersRequest,
    ) -> Result<ListSAMLProvidersResponse, Failure> {
        let account = call.account();
        let entry = |(_, provider): (String, Arc<SamlProvider>)| SAMLProviderListEntry {
            arn: Some(arn(account, &provider.name)),
            valid_until: provider.valid_until,
            create_date: Some(provider.created),
        };
        let list = find::all::<SamlProvider>(call).await?.into_iter().map(entry).collect();
        Ok(ListSAMLProvidersResponse { saml_provider_list: Some(list) })
    }
}

impl Handle<UpdateSAMLProvider> for Iam {
    const FACTS: Facts =
        Facts::write("iam:UpdateSAMLProvider").on(&["saml-provider"]).audited(AUDIT);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateSAMLProviderRequest,
    ) -> Result<Vec<Resource>, Failure> {
        SamlProvider::named(call, input.saml_provider_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateSAMLProviderRequest,
    ) -> Result<UpdateSAMLProviderResponse, Failure> {
        let mut provider = SamlProvider::take(call, input.saml_provider_arn()).await?;
        let keys = input.add_private_key.is_some() || input.remove_private_key.is_some();
        if keys || input.assertion_encryption_mode.is_some() {
            return Err(no_encryption());
        }
        if let Some(document) = &input.saml_metadata_document {
            provider.valid_until = read(document)?.valid_until;
            provider.metadata.clone_from(document);
        }
        provider.save(call)?;
        Ok(UpdateSAMLProviderResponse { saml_provider_arn: input.saml_provider_arn.clone() })
    }
}

impl Handle<DeleteSAMLProvider> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteSAMLProvider").on(&["saml-provider"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteSAMLProviderRequest,
    ) -> Result<Vec<Resource>, Failure> {
        SamlProvider::named(call, input.saml_provider_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteSAMLProviderRequest,
    ) -> Result<Unit, Failure> {
        let provider = SamlProvider::take(call, input.saml_provider_arn()).await?;
        let scope = find::scope(call);
        call.tx.delete::<SamlProvider>(&scope, &record::id(&provider.name)).or_internal()?;
        Ok(Unit {})
    }
}

impl Tagged for SamlProvider {
    async fn named(call: &mut Call, arn: &str) -> Result<Vec<Resource>, Failure> {
        let provider = Self::take(call, arn).await?;
        let named = resource(call.account(), &provider.name);
        Ok(vec![Resource { tags: provider.tags, ..named }])
    }

    async fn take(call: &mut Call, arn: &str) -> Result<Self, Failure> {
        let missing =
            || NO_SUCH_ENTITY_EXCEPTION.because(format!("Manifest not found for arn {arn}"));
        let prefix = self::arn(call.account(), "");
        let name = arn.strip_prefix(&prefix).ok_or_else(missing)?;
        let found =
            call.tx.get::<Self>(&find::scope(call), &record::id(name)).await.or_internal()?;
        found.map(|provider| Self::clone(&provider)).ok_or_else(missing)
    }

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn save(&self, call: &mut Call) -> Result<(), Failure> {
        call.tx.put(&find::scope(call), &record::id(&self.name), self).or_internal()
    }
}

fn arn(account: AccountId, name: &str) -> String {
    ids::arn(account, "saml-provider", "/", name)
}

fn resource(account: AccountId, name: &str) -> Resource {
    find::named(account, SAML_PROVIDER, "saml-provider", "/", name)
}

fn read(document: &str) -> Result<Metadata, Failure> {
    Metadata::parse(document).map_err(|error| {
        INVALID_INPUT_EXCEPTION.because(format!("Could not parse metadata: {error}"))
    })
}

fn no_encryption() -> Failure {
    INVALID_INPUT_EXCEPTION.because("Encrypted SAML assertions are not supported here.")
}
