//! CreateCustomKeyStore, and what it shares with UpdateCustomKeyStore: unique names and addresses, a proxy that answers.

use api_kms::error::{
    CLOUD_HSM_CLUSTER_NOT_FOUND_EXCEPTION, CUSTOM_KEY_STORE_NAME_IN_USE_EXCEPTION,
    LIMIT_EXCEEDED_EXCEPTION, XKS_PROXY_URI_IN_USE_EXCEPTION, XKS_PROXY_URI_UNREACHABLE_EXCEPTION,
    XKS_PROXY_VPC_ENDPOINT_SERVICE_NOT_FOUND_EXCEPTION,
};
use api_kms::operations::CreateCustomKeyStore;
use api_kms::{
    CreateCustomKeyStoreRequest, CreateCustomKeyStoreResponse, CustomKeyStoreType,
    XksProxyAuthenticationCredentialType, XksProxyConnectivityType,
};
use platform::{Call, Facts, Handle};
use shape::Failure;
use shape::error::VALIDATION;
use xks::{Address, Metadata};

use super::failure::{During, failure};
use super::{
    Connection, Credential, Directory, Entry, STORES_MAX, StoreRecord, save, secret_context,
    with_proxy,
};
use crate::{Kms, conditions, facts};

/// How an id of a custom key store begins; 17 hex digits follow.
const ID_PREFIX: &str = "cks-";
const ID_DIGITS: usize = 17;

impl Handle<CreateCustomKeyStore> for Kms {
    const FACTS: Facts = Facts::write("kms:CreateCustomKeyStore").keys(facts::STORE);

    fn conditions(
        &self,
        call: &Call,
        _input: &CreateCustomKeyStoreRequest,
        request: &mut authz::Request,
    ) {
        conditions::caller(call, request);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateCustomKeyStoreRequest,
    ) -> Result<CreateCustomKeyStoreResponse, Failure> {
        if input.custom_key_store_type != Some(CustomKeyStoreType::ExternalKeyStore) {
            return Err(no_cluster(input));
        }
        refuse_cluster_settings(&[
            input.cloud_hsm_cluster_id.as_ref(),
            input.key_store_password.as_ref(),
            input.trust_anchor_certificate.as_ref(),
        ])?;
        let required = |what: &str| {
            VALIDATION.because(format!(
                "{what} is required for a custom key store of type EXTERNAL_KEY_STORE."
            ))
        };
        let connectivity = input.xks_proxy_connectivity.as_ref();
        let connectivity = connectivity.ok_or_else(|| required("XksProxyConnectivity"))?;
        let credential = input.xks_proxy_authentication_credential.as_ref();
        let credential = credential.ok_or_else(|| required("XksProxyAuthenticationCredential"))?;
        let endpoint = input.xks_proxy_uri_endpoint.as_ref();
        let endpoint = endpoint.ok_or_else(|| required("XksProxyUriEndpoint"))?;
        let path = input.xks_proxy_uri_path.as_ref();
        let path = path.ok_or_else(|| required("XksProxyUriPath"))?;
        let service = input.xks_proxy_vpc_endpoint_service_name.as_deref();
        check_connectivity(connectivity, service)?;

        let mut directory = Directory::load(call).await?;
        if directory.stores.len() >= STORES_MAX {
            return Err(LIMIT_EXCEEDED_EXCEPTION.because(format!(
                "You have reached the limit of {STORES_MAX} custom key stores in this account and Region."
            )));
        }
        let mut random = [0; 16];
        call.random().fill(&mut random);
        let id = format!("{ID_PREFIX}{}", &hex::encode(random)[..ID_DIGITS]);
        let store = StoreRecord {
            name: input.custom_key_store_name().to_owned(),
            created: call.now,
            connection: Connection::Disconnected,
            endpoint: endpoint.clone(),
            path: path.clone(),
            credential: self.seal_credential(call, &id, credential)?,
        };
        enter(&mut directory, &id, &store)?;
        self.check_health(call, &id, &store, "CreateCustomKeyStore").await?;
        directory.save(call)?;
        save(call, &id, &store)?;
        Ok(CreateCustomKeyStoreResponse { custom_key_store_id: Some(id) })
    }
}

impl Kms {
    /// The credential as the record keeps it.
    pub(super) fn seal_credential(
        &self,
        call: &Call,
        id: &str,
        given: &XksProxyAuthenticationCredentialType,
    ) -> Result<Credential, Failure> {
        let secret = given.raw_secret_access_key.as_deref().unwrap_or_default().as_bytes();
        let context = secret_context(id);
        let secret = self.keyring.seal(call.account(), &call.region, &context, secret);
        Ok(Credential {
            access_key_id: given.access_key_id.clone().unwrap_or_default(),
            secret: secret.map_err(Failure::internal)?,
        })
    }

    /// Fails unless the proxy of `store` answers with these settings and has an external key manager that serves.
    pub(super) async fn check_health(
        &self,
        call: &Call,
        id: &str,
        store: &StoreRecord,
        operation: &str,
    ) -> Result<(), Failure> {
        let metadata = Metadata {
            kms_operation: operation,
            kms_request_id: &call.request_id,
            ..Metadata::default()
        };
        let scope = call.scope();
        let health =
            with_proxy(self, &scope, id, store, async |proxy| proxy.health(&metadata).await);
        let health = health.await?.map_err(|error| failure(&error, During::Setup))?;
        if health.serves() {
            return Ok(());
        }
        Err(XKS_PROXY_URI_UNREACHABLE_EXCEPTION.because(
            "The external key store proxy reports that all external key manager instances are unavailable.",
        ))
    }
}

/// Writes the store's name and address into the directory.
///
/// # Errors
/// `CustomKeyStoreNameInUseException`, `XksProxyUriInUseException`, `XksProxyInvalidConfigurationException`.
pub(super) fn enter(
    directory: &mut Directory,
    id: &str,
    store: &StoreRecord,
) -> Result<(), Failure> {
    let address = Address::new(&store.endpoint, &store.path)
        .map_err(|error| failure(&error, During::Setup))?;
    let address = (address.host().to_owned(), address.path().to_owned());
    let others = || directory.stores.iter().filter(|(other, _)| *other != id).map(|(_, e)| e);
    if others().any(|other| other.name == store.name) {
        return Err(CUSTOM_KEY_STORE_NAME_IN_USE_EXCEPTION
            .because(format!("The custom key store name {} is already in use.", store.name)));
    }
    if others().any(|other| other.address == address) {
        return Err(XKS_PROXY_URI_IN_USE_EXCEPTION.because(
            "The combination of XksProxyUriEndpoint and XksProxyUriPath is already in use by another external key store.",
        ));
    }
    directory.stores.insert(id.to_owned(), Entry { name: store.name.clone(), address });
    Ok(())
}

/// There are no VPC endpoint services here, and a public endpoint has none.
pub(super) fn check_connectivity(
    connectivity: &XksProxyConnectivityType,
    service: Option<&str>,
) -> Result<(), Failure> {
    let service = service.filter(|name| !name.is_empty());
    match (connectivity, service) {
        (XksProxyConnectivityType::PublicEndpoint, None) => Ok(()),
        (XksProxyConnectivityType::PublicEndpoint, Some(_)) => Err(VALIDATION.because(
            "XksProxyVpcEndpointServiceName is valid only when XksProxyConnectivity is VPC_ENDPOINT_SERVICE.",
        )),
        (_, None) => Err(VALIDATION.because(
            "XksProxyVpcEndpointServiceName is required when XksProxyConnectivity is VPC_ENDPOINT_SERVICE.",
        )),
        (_, Some(name)) => Err(XKS_PROXY_VPC_ENDPOINT_SERVICE_NOT_FOUND_EXCEPTION
            .because(format!("The VPC endpoint service {name} does not exist."))),
    }
}

/// Settings of CloudHSM key stores mean nothing to an external one.
pub(super) fn refuse_cluster_settings(given: &[Option<&String>]) -> Result<(), Failure> {
    if given.iter().all(Option::is_none) {
        return Ok(());
    }
    Err(VALIDATION.because(
        "CloudHsmClusterId, KeyStorePassword and TrustAnchorCertificate are not valid for a custom key store of type EXTERNAL_KEY_STORE.",
    ))
}

/// A CloudHSM key store needs its cluster, and there is none.
fn no_cluster(input: &CreateCustomKeyStoreRequest) -> Failure {
    let complete = input.key_store_password.is_some() && input.trust_anchor_certificate.is_some();
    match input.cloud_hsm_cluster_id.as_ref().filter(|_| complete) {
        Some(cluster) => CLOUD_HSM_CLUSTER_NOT_FOUND_EXCEPTION
            .because(format!("CloudHSM cluster {cluster} does not exist.")),
        None => VALIDATION.because(
            "CloudHsmClusterId, KeyStorePassword and TrustAnchorCertificate are required for a custom key store of type AWS_CLOUDHSM.",
        ),
    }
}
