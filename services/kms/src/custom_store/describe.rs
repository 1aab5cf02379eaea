//! DescribeCustomKeyStores.

use api_kms::error::CUSTOM_KEY_STORE_NOT_FOUND_EXCEPTION;
use api_kms::operations::DescribeCustomKeyStores;
use api_kms::{
    ConnectionErrorCodeType, CustomKeyStoreType, CustomKeyStoresListEntry,
    DescribeCustomKeyStoresRequest, DescribeCustomKeyStoresResponse, XksProxyConfigurationType,
    XksProxyConnectivityType,
};
use platform::{Call, Facts, Handle};
use shape::Failure;
use shape::error::VALIDATION;

use super::{Connection, Directory, StoreRecord, find, not_found};
use crate::paging::{self, Page};
use crate::{Kms, conditions, facts};

/// The connectivity of every store here.
pub(super) const CONNECTIVITY: XksProxyConnectivityType = XksProxyConnectivityType::PublicEndpoint;

impl Handle<DescribeCustomKeyStores> for Kms {
    const FACTS: Facts = Facts::read("kms:DescribeCustomKeyStores").keys(facts::STORE);

    fn conditions(
        &self,
        call: &Call,
        _input: &DescribeCustomKeyStoresRequest,
        request: &mut authz::Request,
    ) {
        conditions::caller(call, request);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DescribeCustomKeyStoresRequest,
    ) -> Result<DescribeCustomKeyStoresResponse, Failure> {
        let directory = Directory::load(call).await?;
        let all = directory.stores.into_iter().map(|(id, entry)| (id, entry.name));
        let wanted: Vec<(String, String)> =
            match (&input.custom_key_store_id, &input.custom_key_store_name) {
                (Some(_), Some(_)) => {
                    return Err(VALIDATION.because(
                        "You can specify CustomKeyStoreId or CustomKeyStoreName, but not both.",
                    ));
                }
                (Some(id), None) => {
                    let found: Vec<_> = all.filter(|(other, _)| other == id).collect();
                    if found.is_empty() {
                        return Err(not_found(id));
                    }
                    found
                }
                (None, Some(name)) => {
                    let found: Vec<_> = all.filter(|(_, other)| other == name).collect();
                    if found.is_empty() {
                        return Err(CUSTOM_KEY_STORE_NOT_FOUND_EXCEPTION
                            .because(format!("Custom key store {name} does not exist.")));
                    }
                    found
                }
                (None, None) => all.collect(),
            };
        let marker = input.marker.as_deref();
        let page = Page::new::<DescribeCustomKeyStores>(input.limit, marker, paging::LONG)?;
        let (ids, next) = page.select(wanted.into_iter().map(|(id, _)| (id.clone(), id)));
        let scope = call.scope();
        let mut entries = Vec::with_capacity(ids.len());
        for id in ids {
            let store = find(call, &scope, &id).await?;
            entries.push(entry(id, &store));
        }
        Ok(DescribeCustomKeyStoresResponse {
            custom_key_stores: Some(entries),
            truncated: Some(next.is_some()),
            next_marker: next,
        })
    }
}

fn entry(id: String, store: &StoreRecord) -> CustomKeyStoresListEntry {
    let error = match &store.connection {
        Connection::Failed(code) => Some(ConnectionErrorCodeType::from(code.as_str())),
        _ => None,
    };
    CustomKeyStoresListEntry {
        custom_key_store_id: Some(id),
        custom_key_store_name: Some(store.name.clone()),
        connection_state: Some(store.connection.name().into()),
        connection_error_code: error,
        creation_date: Some(store.created),
        custom_key_store_type: Some(CustomKeyStoreType::ExternalKeyStore),
        xks_proxy_configuration: Some(XksProxyConfigurationType {
            connectivity: Some(CONNECTIVITY),
            access_key_id: Some(store.credential.access_key_id.clone()),
            uri_endpoint: Some(store.endpoint.clone()),
            uri_path: Some(store.path.clone()),
            ..XksProxyConfigurationType::default()
        }),
        ..CustomKeyStoresListEntry::default()
    }
}
