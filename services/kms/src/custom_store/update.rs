//! UpdateCustomKeyStore.

use api_kms::operations::UpdateCustomKeyStore;
use api_kms::{UpdateCustomKeyStoreRequest, UpdateCustomKeyStoreResponse};
use platform::{Call, Facts, Handle};
use shape::Failure;

use super::connection::{note, wrong_state};
use super::create::{check_connectivity, enter, refuse_cluster_settings};
use super::{Connection, Directory, own, save};
use crate::{Kms, conditions, facts};

impl Handle<UpdateCustomKeyStore> for Kms {
    const FACTS: Facts = Facts::write("kms:UpdateCustomKeyStore").keys(facts::STORE);

    fn conditions(
        &self,
        call: &Call,
        _input: &UpdateCustomKeyStoreRequest,
        request: &mut authz::Request,
    ) {
        conditions::caller(call, request);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateCustomKeyStoreRequest,
    ) -> Result<UpdateCustomKeyStoreResponse, Failure> {
        let id = input.custom_key_store_id();
        let mut store = own(call, id).await?;
        let cluster = [input.cloud_hsm_cluster_id.as_ref(), input.key_store_password.as_ref()];
        refuse_cluster_settings(&cluster)?;
        // Name, credential and path may change while the store is connected; where it connects to may not.
        let moves = input.xks_proxy_uri_endpoint.is_some()
            || input.xks_proxy_connectivity.is_some()
            || input.xks_proxy_vpc_endpoint_service_name.is_some()
            || input.xks_proxy_vpc_endpoint_service_owner.is_some();
        match store.connection {
            Connection::Disconnected => {}
            Connection::Connected if !moves => {}
            _ => return Err(wrong_state(id, &store)),
        }
        let service = input.xks_proxy_vpc_endpoint_service_name.as_deref();
        match &input.xks_proxy_connectivity {
            Some(connectivity) => check_connectivity(connectivity, service)?,
            None => check_connectivity(&super::describe::CONNECTIVITY, service)?,
        }

        let mut asks = moves;
        if let Some(name) = &input.new_custom_key_store_name {
            store.name.clone_from(name);
        }
        if let Some(endpoint) = &input.xks_proxy_uri_endpoint {
            store.endpoint.clone_from(endpoint);
        }
        if let Some(path) = &input.xks_proxy_uri_path {
            store.path.clone_from(path);
            asks = true;
        }
        if let Some(credential) = &input.xks_proxy_authentication_credential {
            store.credential = self.seal_credential(call, id, credential)?;
            asks = true;
        }
        let mut directory = Directory::load(call).await?;
        enter(&mut directory, id, &store)?;
        if asks {
            self.check_health(call, id, &store, "UpdateCustomKeyStore").await?;
        }
        directory.save(call)?;
        save(call, id, &store)?;
        note(call, id, &store);
        Ok(UpdateCustomKeyStoreResponse {})
    }
}
