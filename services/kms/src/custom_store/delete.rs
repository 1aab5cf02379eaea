//! DeleteCustomKeyStore. Keys behind the proxy are none of KMS's business and stay.

use api_kms::error::CUSTOM_KEY_STORE_HAS_CMKS_EXCEPTION;
use api_kms::operations::DeleteCustomKeyStore;
use api_kms::{DeleteCustomKeyStoreRequest, DeleteCustomKeyStoreResponse};
use platform::{Call, Facts, Handle};
use shape::Failure;

use super::connection::{note, wrong_state};
use super::{Connection, Directory, StoreRecord, has_keys, own};
use crate::lookup::OrInternal as _;
use crate::{Kms, conditions, facts};

impl Handle<DeleteCustomKeyStore> for Kms {
    const FACTS: Facts = Facts::write("kms:DeleteCustomKeyStore").keys(facts::STORE);

    fn conditions(
        &self,
        call: &Call,
        _input: &DeleteCustomKeyStoreRequest,
        request: &mut authz::Request,
    ) {
        conditions::caller(call, request);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteCustomKeyStoreRequest,
    ) -> Result<DeleteCustomKeyStoreResponse, Failure> {
        let id = input.custom_key_store_id();
        let store = own(call, id).await?;
        // Keys are made in connected stores only, and connecting writes the record that this reads: none can come
        // between the look and the deletion.
        if has_keys(call, id).await? {
            return Err(CUSTOM_KEY_STORE_HAS_CMKS_EXCEPTION.because(format!(
                "Custom key store {id} contains KMS keys. Schedule their deletion and wait for it before you delete the custom key store."
            )));
        }
        if store.connection != Connection::Disconnected {
            return Err(wrong_state(id, &store));
        }
        let mut directory = Directory::load(call).await?;
        directory.stores.remove(id);
        directory.save(call)?;
        let scope = call.scope();
        call.tx.delete::<StoreRecord>(&scope, id).or_internal()?;
        note(call, id, &store);
        Ok(DeleteCustomKeyStoreResponse {})
    }
}
