//! OpenID Connect providers.
//!
//! Nothing here contacts a provider: thumbprints that are not given are not fetched, and a provider without any is trusted through
//! the roots that this installation trusts (docs/decisions/0077).
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>

use std::sync::Arc;

use api_iam::error::{
    ENTITY_ALREADY_EXISTS_EXCEPTION, INVALID_INPUT_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION,
    NO_SUCH_ENTITY_EXCEPTION,
};
use api_iam::operations::{
    AddClientIDToOpenIDConnectProvider, CreateOpenIDConnectProvider, DeleteOpenIDConnectProvider,
    GetOpenIDConnectProvider, ListOpenIDConnectProviders, RemoveClientIDFromOpenIDConnectProvider,
    UpdateOpenIDConnectProviderThumbprint,
};
use api_iam::{
    AddClientIDToOpenIDConnectProviderRequest, CreateOpenIDConnectProviderRequest,
    CreateOpenIDConnectProviderResponse, DeleteOpenIDConnectProviderRequest,
    GetOpenIDConnectProviderRequest, GetOpenIDConnectProviderResponse,
    ListOpenIDConnectProvidersRequest, ListOpenIDConnectProvidersResponse,
    OpenIDConnectProviderListEntry, RemoveClientIDFromOpenIDConnectProviderRequest, Unit,
    UpdateOpenIDConnectProviderThumbprintRequest,
};
use base::AccountId;
use identity::ids;
use identity::record::{self, OidcProvider, Tags};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::find::{self, OrInternal as _};
use crate::tagging::Tagged;
use crate::{Iam, tags};

/// CloudFormation's type.
const OIDC_PROVIDER: &str = "AWS::IAM::OIDCProvider";
/// OpenID Connect providers of an account at most.
pub(crate) const PROVIDERS_MAX: usize = 100;
/// Client ids of a provider at most.
const CLIENT_IDS_MAX: usize = 100;
/// Thumbprints of a provider at most.
const THUMBPRINTS_MAX: usize = 5;

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateOpenIDConnectProvider, _>(iam)
        .operation::<GetOpenIDConnectProvider, _>(iam)
        .operation::<ListOpenIDConnectProviders, _>(iam)
        .operation::<AddClientIDToOpenIDConnectProvider, _>(iam)
        .operation::<RemoveClientIDFromOpenIDConnectProvider, _>(iam)
        .operation::<UpdateOpenIDConnectProviderThumbprint, _>(iam)
        .operation::<DeleteOpenIDConnectProvider, _>(iam)
}

impl Handle<CreateOpenIDConnectProvider> for Iam {
    const FACTS: Facts = Facts::write("iam:CreateOpenIDConnectProvider")
        .on(&["oidc-provider"])
        .keys(&["aws:TagKeys", "aws:RequestTag/${TagKey}"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateOpenIDConnectProviderRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![resource(call.account(), issuer(input.url())?)])
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &CreateOpenIDConnectProviderRequest,
        request: &mut authz::Request,
    ) {
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateOpenIDConnectProviderRequest,
    ) -> Result<CreateOpenIDConnectProviderResponse, Failure> {
        let (scope, url) = (find::scope(call), issuer(input.url())?);
        let id = record::id(url);
        if call.tx.get::<OidcProvider>(&scope, &id).await.or_internal()?.is_some() {
            let text = format!("Provider with url https://{url} already exists.");
            return Err(ENTITY_ALREADY_EXISTS_EXCEPTION.because(text));
        }
        let quota = "OpenIdConnectProvidersPerAccount";
        find::within_quota::<OidcProvider>(call, quota, PROVIDERS_MAX).await?;
        let mut provider = OidcProvider {
            url: url.to_owned(),
            client_ids: Vec::new(),
            thumbprints: thumbprints(input.thumbprint_list.as_deref().unwrap_or_default())?,
            created: call.now.trunc_seconds(),
            tags: Tags::new(),
        };
        for client_id in input.client_id_list.iter().flatten() {
            add_client_id(&mut provider, client_id)?;
        }
        tags::add(&mut provider.tags, input.tags.as_deref().unwrap_or_default())?;
        call.tx.create(&scope, &id, &provider).or_internal()?;
        Ok(CreateOpenIDConnectProviderResponse {
            open_id_connect_provider_arn: Some(arn(call.account(), url)),
            tags: tags::show(&provider.tags),
        })
    }
}

impl Handle<GetOpenIDConnectProvider> for Iam {
    const FACTS: Facts = Facts::read("iam:GetOpenIDConnectProvider").on(&["oidc-provider"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetOpenIDConnectProviderRequest,
    ) -> Result<Vec<Resource>, Failure> {
        OidcProvider::named(call, input.open_id_connect_provider_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetOpenIDConnectProviderRequest,
    ) -> Result<GetOpenIDConnectProviderResponse, Failure> {
        let provider = OidcProvider::take(call, input.open_id_connect_provider_arn()).await?;
        Ok(GetOpenIDConnectProviderResponse {
            tags: tags::show(&provider.tags),
            url: Some(provider.url),
            client_id_list: Some(provider.client_ids),
            thumbprint_list: Some(provider.thumbprints),
            create_date: Some(provider.created),
        })
    }
}

impl Handle<ListOpenIDConnectProviders> for Iam {
    const FACTS: Facts = Facts::read("iam:ListOpenIDConnectProviders");

    async fn handle(
        &self,
        call: &mut Call,
        _input: &ListOpenIDConnectProvidersRequest,
    ) -> Result<ListOpenIDConnectProvidersResponse, Failure> {
        let account = call.account();
        let entry = |(_, provider): (String, Arc<OidcProvider>)| OpenIDConnectProviderListEntry {
            arn: Some(arn(account, &provider.url)),
        };
        let found = find::all::<OidcProvider>(call).await?;
        let list = found.into_iter().map(entry).collect();
        Ok(ListOpenIDConnectProvidersResponse { open_id_connect_provider_list: Some(list) })
    }
}

impl Handle<AddClientIDToOpenIDConnectProvider> for Iam {
    const FACTS: Facts =
        Facts::write("iam:AddClientIDToOpenIDConnectProvider").on(&["oidc-provider"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &AddClientIDToOpenIDConnectProviderRequest,
    ) -> Result<Vec<Resource>, Failure> {
        OidcProvider::named(call, input.open_id_connect_provider_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &AddClientIDToOpenIDConnectProviderRequest,
    ) -> Result<Unit, Failure> {
        let mut provider = OidcProvider::take(call, input.open_id_connect_provider_arn()).await?;
        add_client_id(&mut provider, input.client_id())?;
        provider.save(call)?;
        Ok(Unit {})
    }
}

impl Handle<RemoveClientIDFromOpenIDConnectProvider> for Iam {
    const FACTS: Facts =
        Facts::write("iam:RemoveClientIDFromOpenIDConnectProvider").on(&["oidc-provider"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &RemoveClientIDFromOpenIDConnectProviderRequest,
    ) -> Result<Vec<Resource>, Failure> {
        OidcProvider::named(call, input.open_id_connect_provider_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &RemoveClientIDFromOpenIDConnectProviderRequest,
    ) -> Result<Unit, Failure> {
        let mut provider = OidcProvider::take(call, input.open_id_connect_provider_arn()).await?;
        // Documented: taking away what is not there is no error.
        provider.client_ids.retain(|known| known != input.client_id());
        provider.save(call)?;
        Ok(Unit {})
    }
}

impl Handle<UpdateOpenIDConnectProviderThumbprint> for Iam {
    const FACTS: Facts =
        Facts::write("iam:UpdateOpenIDConnectProviderThumbprint").on(&["oidc-provider"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateOpenIDConnectProviderThumbprintRequest,
    ) -> Result<Vec<Resource>, Failure> {
        OidcProvider::named(call, input.open_id_connect_provider_arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateOpenIDConnectProviderThumbprintRequest,
    ) -> Result<Unit, Failure> {
        let mut provider = OidcProvider::take(call, input.open_id_connect_provider_arn()).await?;
        provider.thumbprints = thumbprints(input.thumbprint_list.as_deref().unwrap_or_default())?;
        provider.save(call)?;
        Ok(Unit {})
    }
}

impl Handle<DeleteOpenIDConnectProvider> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteOpenIDConnectProvider").on(&["oidc-provider"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteOpenIDConnectProviderRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let url = url(call.account(), input.open_id_connect_provider_arn())?;
        // Documented: deleting what is not there is no error.
        let found = lookup(call, url).await?;
        let named = resource(call.account(), found.as_ref().map_or(url, |found| &found.url));
        let tags = found.map(|found| found.tags.clone()).unwrap_or_default();
        Ok(vec![Resource { tags, ..named }])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteOpenIDConnectProviderRequest,
    ) -> Result<Unit, Failure> {
        let (scope, account) = (find::scope(call), call.account());
        let url = url(account, input.open_id_connect_provider_arn())?;
        call.tx.delete::<OidcProvider>(&scope, &record::id(url)).or_internal()?;
        Ok(Unit {})
    }
}

impl Tagged for OidcProvider {
    async fn named(call: &mut Call, arn: &str) -> Result<Vec<Resource>, Failure> {
        let provider = Self::take(call, arn).await?;
        let named = resource(call.account(), &provider.url);
        Ok(vec![Resource { tags: provider.tags, ..named }])
    }

    async fn take(call: &mut Call, arn: &str) -> Result<Self, Failure> {
        let found = lookup(call, url(call.account(), arn)?).await?;
        found.map(|provider| Self::clone(&provider)).ok_or_else(|| missing(arn))
    }

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn save(&self, call: &mut Call) -> Result<(), Failure> {
        call.tx.put(&find::scope(call), &record::id(&self.url), self).or_internal()
    }
}

fn arn(account: AccountId, url: &str) -> String {
    ids::arn(account, "oidc-provider", "/", url)
}

/// The URL, without its scheme, in a provider's ARN.
fn url(account: AccountId, arn: &str) -> Result<&str, Failure> {
    arn.strip_prefix(&self::arn(account, "")).ok_or_else(|| missing(arn))
}

async fn lookup(call: &mut Call, url: &str) -> Result<Option<Arc<OidcProvider>>, Failure> {
    call.tx.get::<OidcProvider>(&find::scope(call), &record::id(url)).await.or_internal()
}

fn missing(arn: &str) -> Failure {
    NO_SUCH_ENTITY_EXCEPTION.because(format!("OpenIDConnect Provider not found for arn {arn}"))
}

fn resource(account: AccountId, url: &str) -> Resource {
    find::named(account, OIDC_PROVIDER, "oidc-provider", "/", url)
}

/// The URL without its scheme.
///
/// The URL must be of `https`, and name no port and no query.
fn issuer(url: &str) -> Result<&str, Failure> {
    let invalid = || INVALID_INPUT_EXCEPTION.because("Invalid Open ID Connect Provider URL");
    let rest = url.strip_prefix("https://").ok_or_else(invalid)?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_host = !host.is_empty()
        && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
        && host.chars().any(|c| c.is_ascii_alphanumeric());
    let is_plain = rest.chars().all(|c| c.is_ascii_graphic() && c != '?' && c != '#');
    if is_host && is_plain { Ok(rest) } else { Err(invalid()) }
}

fn thumbprints(given: &[String]) -> Result<Vec<String>, Failure> {
    if given.len() > THUMBPRINTS_MAX {
        let text = format!("Thumbprint list must contain at most {THUMBPRINTS_MAX} entries.");
        return Err(INVALID_INPUT_EXCEPTION.because(text));
    }
    // The model has their length.
    if !given.iter().all(|text| text.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(INVALID_INPUT_EXCEPTION.because("Thumbprint is not a hexadecimal number."));
    }
    Ok(given.iter().map(|text| text.to_ascii_lowercase()).collect())
}

/// Adding what is there already is no error.
fn add_client_id(provider: &mut OidcProvider, client_id: &str) -> Result<(), Failure> {
    if provider.client_ids.iter().any(|known| known == client_id) {
        return Ok(());
    }
    if provider.client_ids.len() >= CLIENT_IDS_MAX {
        return Err(LIMIT_EXCEEDED_EXCEPTION.because(format!(
            "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {CLIENT_IDS_MAX}"
        )));
    }
    provider.client_ids.push(client_id.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        assert_eq!(issuer("https://token.example/x").ok(), Some("token.example/x"));
        for wrong in
            ["http://a.example", "https://", "https://a:8080", "https://a/?q", "https://a b", "a"]
        {
            assert!(issuer(wrong).is_err(), "{wrong}");
        }
    }
}
