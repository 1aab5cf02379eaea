//! The life of a store: made, described, connected, changed, disconnected, deleted.

use std::time::Duration;

use api_kms::operations::{
    ConnectCustomKeyStore, CreateCustomKeyStore, DeleteCustomKeyStore, DescribeCustomKeyStores,
    DisconnectCustomKeyStore, GenerateRandom, ScheduleKeyDeletion, UpdateCustomKeyStore,
};
use api_kms::{
    ConnectCustomKeyStoreRequest, CreateCustomKeyStoreRequest, CustomKeyStoreType,
    DeleteCustomKeyStoreRequest, DescribeCustomKeyStoresRequest, DisconnectCustomKeyStoreRequest,
    GenerateRandomRequest, ScheduleKeyDeletionRequest, UpdateCustomKeyStoreRequest,
    XksProxyConnectivityType,
};
use serde_json::json;
use shape::Failure;

use crate::common::{ENDPOINT, Kms, PATH, credential, external_key, name, store, text};
use crate::proxy::{ACCESS_KEY_ID, Fault, SECRET};

async fn create(kms: &Kms, request: CreateCustomKeyStoreRequest) -> Result<String, Failure> {
    let made = kms.call::<CreateCustomKeyStore>(request).await?;
    Ok(made.custom_key_store_id.expect("an id"))
}

async fn update(kms: &Kms, request: UpdateCustomKeyStoreRequest) -> Result<(), Failure> {
    kms.call::<UpdateCustomKeyStore>(request).await.map(drop)
}

fn change(id: &str) -> UpdateCustomKeyStoreRequest {
    UpdateCustomKeyStoreRequest {
        custom_key_store_id: Some(id.to_owned()),
        ..UpdateCustomKeyStoreRequest::default()
    }
}

async fn delete(kms: &Kms, id: &str) -> Result<(), Failure> {
    let request = DeleteCustomKeyStoreRequest { custom_key_store_id: Some(id.to_owned()) };
    kms.call::<DeleteCustomKeyStore>(request).await.map(drop)
}

#[tokio::test]
async fn a_store_from_beginning_to_end() {
    let kms = Kms::new().await;
    let id = kms.store().await;
    assert!(id.starts_with("cks-") && id.len() == 21, "{id}");
    let seen = kms.proxy.state().seen.clone();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].0, "/health");
    assert_eq!(seen[0].1["requestMetadata"]["kmsOperation"], "CreateCustomKeyStore");
    assert!(seen[0].1["requestMetadata"].get("awsPrincipalArn").is_none());

    let entry = kms.describe_store(&id).await;
    assert_eq!(entry.custom_key_store_name.as_deref(), Some("tests"));
    assert_eq!(entry.creation_date, Some(kms.now()));
    let configuration = entry.xks_proxy_configuration.expect("a configuration");
    assert_eq!(configuration.access_key_id.as_deref(), Some(ACCESS_KEY_ID));
    assert_eq!(configuration.uri_endpoint.as_deref(), Some(ENDPOINT));
    assert_eq!(configuration.uri_path.as_deref(), Some(PATH));
    assert_eq!(kms.connection(&id).await, "DISCONNECTED");

    // Connecting takes its time.
    let connect = || ConnectCustomKeyStoreRequest { custom_key_store_id: Some(id.clone()) };
    kms.call::<ConnectCustomKeyStore>(connect()).await.expect("starts");
    assert_eq!(kms.connection(&id).await, "CONNECTING");
    kms.advance(Duration::ZERO).await;
    assert_eq!(kms.connection(&id).await, "CONNECTED");
    kms.call::<ConnectCustomKeyStore>(connect()).await.expect("is connected already");

    let key = kms.key(&id).await;
    assert_eq!(name(delete(&kms, &id).await), "CustomKeyStoreHasCMKsException");
    let schedule =
        ScheduleKeyDeletionRequest { key_id: Some(key.clone()), pending_window_in_days: Some(7) };
    kms.call::<ScheduleKeyDeletion>(schedule).await.expect("schedules");
    kms.disconnect(&id).await.expect("disconnects");
    assert_eq!(name(kms.disconnect(&id).await), "CustomKeyStoreInvalidStateException");
    assert_eq!(kms.state(&key).await, "PendingDeletion");
    assert_eq!(name(delete(&kms, &id).await), "CustomKeyStoreHasCMKsException");
    kms.advance(Duration::from_secs(8 * 24 * 60 * 60)).await;
    delete(&kms, &id).await.expect("deletes");
    assert_eq!(name(delete(&kms, &id).await), "CustomKeyStoreNotFoundException");
    create(&kms, store("tests")).await.expect("name and address are free again");
}

#[tokio::test]
async fn a_connected_store_is_not_deleted() {
    let kms = Kms::new().await;
    let id = kms.connected().await;
    assert_eq!(
        text(delete(&kms, &id).await),
        format!(
            "CustomKeyStoreInvalidStateException: The operation is not valid for custom key store {id} in the connection state CONNECTED."
        )
    );
}

#[tokio::test]
async fn a_proxy_that_fails_leaves_a_store_that_failed() {
    let kms = Kms::new().await;
    let id = kms.store().await;
    for (fault, code) in [
        (Fault::Refuse("AuthenticationFailedException"), "INVALID_CREDENTIALS"),
        (Fault::Refuse("AccessDeniedException"), "XKS_PROXY_ACCESS_DENIED"),
        (Fault::Refuse("InvalidUriPathException"), "XKS_PROXY_INVALID_CONFIGURATION"),
        (Fault::Refuse("DependencyTimeoutException"), "XKS_PROXY_TIMED_OUT"),
        (Fault::Refuse("ThrottlingException"), "XKS_PROXY_NOT_REACHABLE"),
        (Fault::Refuse("InternalException"), "XKS_PROXY_INVALID_RESPONSE"),
        (Fault::Answer(200, "{}".to_owned()), "XKS_PROXY_INVALID_RESPONSE"),
        (Fault::Answer(502, "<html>".to_owned()), "XKS_PROXY_INVALID_RESPONSE"),
    ] {
        kms.proxy.fail(fault);
        kms.connect(&id).await.expect("starts");
        assert_eq!(kms.connection(&id).await, format!("FAILED {code}"));
        assert_eq!(name(kms.connect(&id).await), "CustomKeyStoreInvalidStateException");
        kms.disconnect(&id).await.expect("disconnects");
    }
    kms.proxy.heal();
    kms.proxy.state().health = "UNAVAILABLE";
    kms.connect(&id).await.expect("starts");
    assert_eq!(kms.connection(&id).await, "FAILED XKS_PROXY_NOT_REACHABLE");
    kms.disconnect(&id).await.expect("disconnects");
    kms.proxy.state().health = "DEGRADED";
    kms.connect(&id).await.expect("starts");
    assert_eq!(kms.connection(&id).await, "CONNECTED");
}

#[tokio::test]
async fn disconnecting_ends_an_attempt_to_connect() {
    let kms = Kms::new().await;
    let id = kms.store().await;
    let request = ConnectCustomKeyStoreRequest { custom_key_store_id: Some(id.clone()) };
    kms.call::<ConnectCustomKeyStore>(request).await.expect("starts");
    kms.disconnect(&id).await.expect("disconnects");
    kms.advance(Duration::from_secs(60)).await;
    assert_eq!(kms.connection(&id).await, "DISCONNECTED");
}

#[tokio::test]
async fn names_and_addresses_are_taken_once() {
    let kms = Kms::new().await;
    let id = kms.store().await;
    assert_eq!(name(create(&kms, store("tests")).await), "CustomKeyStoreNameInUseException");
    assert_eq!(name(create(&kms, store("other")).await), "XksProxyUriInUseException");
    let shouting = CreateCustomKeyStoreRequest {
        xks_proxy_uri_endpoint: Some("https://XKS.EXAMPLE.COM".to_owned()),
        ..store("other")
    };
    assert_eq!(name(create(&kms, shouting).await), "XksProxyUriInUseException");

    // Another account or Region has stores of its own.
    let elsewhere =
        kms.call_as::<CreateCustomKeyStore>("999988887777", "us-east-1", store("tests"));
    elsewhere.await.expect("a store of another account");
    let request = DescribeCustomKeyStoresRequest {
        custom_key_store_id: Some(id),
        ..DescribeCustomKeyStoresRequest::default()
    };
    let foreign = kms.call_as::<DescribeCustomKeyStores>("999988887777", "us-east-1", request);
    assert_eq!(name(foreign.await), "CustomKeyStoreNotFoundException");
}

#[tokio::test]
async fn ten_stores_and_no_more() {
    let kms = Kms::new().await;
    // The proxy answers health checks at any path here.
    let healthy = json!({
        "xksProxyFleetSize": 1, "xksProxyVendor": "t", "xksProxyModel": "1", "ekmVendor": "t",
        "ekmFleetDetails": [{"id": "1", "model": "1", "healthStatus": "ACTIVE"}],
    });
    kms.proxy.fail(Fault::Answer(200, healthy.to_string()));
    let numbered = |n: usize| CreateCustomKeyStoreRequest {
        xks_proxy_uri_path: Some(format!("/store-{n}/kms/xks/v1")),
        ..store(&format!("store-{n}"))
    };
    for n in 0..10 {
        create(&kms, numbered(n)).await.expect("a store");
    }
    assert_eq!(name(create(&kms, numbered(10)).await), "LimitExceededException");

    let mut seen = Vec::new();
    let mut marker = None;
    loop {
        let request = DescribeCustomKeyStoresRequest {
            limit: Some(3),
            marker: marker.take(),
            ..DescribeCustomKeyStoresRequest::default()
        };
        let page = kms.call::<DescribeCustomKeyStores>(request).await.expect("a page");
        let stores = page.custom_key_stores.expect("a list");
        assert!(stores.len() <= 3);
        seen.extend(stores.into_iter().filter_map(|entry| entry.custom_key_store_name));
        assert_eq!(page.truncated, Some(page.next_marker.is_some()));
        match page.next_marker {
            Some(next) => marker = Some(next),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, (0..10).map(|n| format!("store-{n}")).collect::<Vec<_>>());

    let by_name = |name: &str| DescribeCustomKeyStoresRequest {
        custom_key_store_name: Some(name.to_owned()),
        ..DescribeCustomKeyStoresRequest::default()
    };
    let found = kms.call::<DescribeCustomKeyStores>(by_name("store-7")).await.expect("one");
    assert_eq!(found.custom_key_stores.expect("a list").len(), 1);
    let missing = kms.call::<DescribeCustomKeyStores>(by_name("nobody")).await;
    assert_eq!(name(missing), "CustomKeyStoreNotFoundException");
    let both = DescribeCustomKeyStoresRequest {
        custom_key_store_id: Some("cks-1234567890abcdef0".to_owned()),
        ..by_name("store-7")
    };
    assert_eq!(name(kms.call::<DescribeCustomKeyStores>(both).await), "ValidationException");
}

#[tokio::test]
async fn a_store_is_not_made_on_a_proxy_that_fails() {
    let kms = Kms::new().await;
    for (fault, error) in [
        (Fault::Refuse("ValidationException"), "XksProxyInvalidResponseException"),
        (
            Fault::Refuse("AuthenticationFailedException"),
            "XksProxyIncorrectAuthenticationCredentialException",
        ),
        (Fault::Refuse("InvalidUriPathException"), "XksProxyInvalidConfigurationException"),
        (Fault::Refuse("DependencyTimeoutException"), "XksProxyUriUnreachableException"),
        (Fault::Refuse("ThrottlingException"), "XksProxyUriUnreachableException"),
        (Fault::Refuse("InternalException"), "XksProxyInvalidResponseException"),
        (Fault::Answer(200, String::new()), "XksProxyInvalidResponseException"),
        (Fault::Answer(200, "x".repeat(64 * 1024)), "XksProxyInvalidResponseException"),
    ] {
        kms.proxy.fail(fault);
        assert_eq!(name(create(&kms, store("tests")).await), error);
    }
    kms.proxy.heal();
    kms.proxy.state().health = "UNAVAILABLE";
    assert_eq!(name(create(&kms, store("tests")).await), "XksProxyUriUnreachableException");
    let wrong = CreateCustomKeyStoreRequest {
        xks_proxy_authentication_credential: Some(credential(&SECRET.replace('c', "d"))),
        ..store("tests")
    };
    assert_eq!(
        name(create(&kms, wrong).await),
        "XksProxyIncorrectAuthenticationCredentialException"
    );
    let list = kms.call::<DescribeCustomKeyStores>(DescribeCustomKeyStoresRequest::default()).await;
    assert_eq!(list.expect("a list").custom_key_stores.map(|stores| stores.len()), Some(0));
}

#[tokio::test]
async fn settings_that_do_not_go_together() {
    let kms = Kms::new().await;
    let without =
        |request: CreateCustomKeyStoreRequest| async { name(create(&kms, request).await) };
    let missing = [
        CreateCustomKeyStoreRequest { xks_proxy_uri_endpoint: None, ..store("tests") },
        CreateCustomKeyStoreRequest { xks_proxy_uri_path: None, ..store("tests") },
        CreateCustomKeyStoreRequest { xks_proxy_connectivity: None, ..store("tests") },
        CreateCustomKeyStoreRequest { xks_proxy_authentication_credential: None, ..store("tests") },
        CreateCustomKeyStoreRequest {
            key_store_password: Some("password".to_owned()),
            ..store("tests")
        },
        CreateCustomKeyStoreRequest {
            xks_proxy_vpc_endpoint_service_name: Some(SERVICE.to_owned()),
            ..store("tests")
        },
    ];
    for request in missing {
        assert_eq!(without(request).await, "ValidationException");
    }
    let version = CreateCustomKeyStoreRequest {
        xks_proxy_uri_path: Some("/kms/xks/v2".to_owned()),
        ..store("tests")
    };
    assert_eq!(without(version).await, "XksProxyInvalidConfigurationException");
    let private = CreateCustomKeyStoreRequest {
        xks_proxy_connectivity: Some(XksProxyConnectivityType::VpcEndpointService),
        xks_proxy_vpc_endpoint_service_name: Some(SERVICE.to_owned()),
        ..store("tests")
    };
    assert_eq!(without(private).await, "XksProxyVpcEndpointServiceNotFoundException");
    assert!(kms.proxy.state().seen.is_empty(), "the proxy was not asked");
}

const SERVICE: &str = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0";

#[tokio::test]
async fn cloudhsm_key_stores_need_a_cluster() {
    let kms = Kms::new().await;
    let request = CreateCustomKeyStoreRequest {
        custom_key_store_name: Some("hsm".to_owned()),
        custom_key_store_type: None,
        cloud_hsm_cluster_id: Some("cluster-2a34b5cdefg".to_owned()),
        key_store_password: Some("password".to_owned()),
        trust_anchor_certificate: Some("certificate".to_owned()),
        ..CreateCustomKeyStoreRequest::default()
    };
    assert_eq!(name(create(&kms, request.clone()).await), "CloudHsmClusterNotFoundException");
    let incomplete = CreateCustomKeyStoreRequest {
        custom_key_store_type: Some(CustomKeyStoreType::AwsCloudhsm),
        key_store_password: None,
        ..request
    };
    assert_eq!(name(create(&kms, incomplete).await), "ValidationException");

    let id = kms.store().await;
    let mut key = external_key(&id, "key-1");
    key.origin = Some("AWS_CLOUDHSM".into());
    key.xks_key_id = None;
    let made = kms.call::<api_kms::operations::CreateKey>(key).await;
    assert_eq!(name(made), "ValidationException");
    for (store, error) in [
        (id.as_str(), "UnsupportedOperationException"),
        ("cks-1234567890abcdef0", "CustomKeyStoreNotFoundException"),
    ] {
        let request = GenerateRandomRequest {
            custom_key_store_id: Some(store.to_owned()),
            number_of_bytes: Some(32),
            ..GenerateRandomRequest::default()
        };
        assert_eq!(name(kms.call::<GenerateRandom>(request).await), error);
    }
}

#[tokio::test]
async fn what_may_change_while_connected() {
    let kms = Kms::new().await;
    let id = kms.connected().await;
    let asked = kms.proxy.state().seen.len();
    let renamed = UpdateCustomKeyStoreRequest {
        new_custom_key_store_name: Some("renamed".to_owned()),
        ..change(&id)
    };
    update(&kms, renamed).await.expect("a new name");
    assert_eq!(kms.proxy.state().seen.len(), asked, "a name is none of the proxy's business");
    let entry = kms.describe_store(&id).await;
    assert_eq!(entry.custom_key_store_name.as_deref(), Some("renamed"));

    let credentials = |secret: &str| UpdateCustomKeyStoreRequest {
        xks_proxy_authentication_credential: Some(credential(secret)),
        ..change(&id)
    };
    update(&kms, credentials(SECRET)).await.expect("a credential that works");
    let wrong = SECRET.replace('c', "d");
    assert_eq!(
        name(update(&kms, credentials(&wrong)).await),
        "XksProxyIncorrectAuthenticationCredentialException"
    );
    let path = UpdateCustomKeyStoreRequest {
        xks_proxy_uri_path: Some("/nowhere/kms/xks/v1".to_owned()),
        ..change(&id)
    };
    assert_eq!(name(update(&kms, path).await), "XksProxyInvalidConfigurationException");
    assert_eq!(kms.connection(&id).await, "CONNECTED");

    let moved = UpdateCustomKeyStoreRequest {
        xks_proxy_uri_endpoint: Some("https://elsewhere.example.com".to_owned()),
        ..change(&id)
    };
    assert_eq!(name(update(&kms, moved.clone()).await), "CustomKeyStoreInvalidStateException");
    kms.disconnect(&id).await.expect("disconnects");
    assert_eq!(name(update(&kms, moved).await), "XksProxyUriUnreachableException");
    let back = UpdateCustomKeyStoreRequest {
        xks_proxy_uri_endpoint: Some(ENDPOINT.to_owned()),
        xks_proxy_connectivity: Some(XksProxyConnectivityType::PublicEndpoint),
        ..change(&id)
    };
    update(&kms, back).await.expect("the same place");
    let cluster = UpdateCustomKeyStoreRequest {
        key_store_password: Some("password".to_owned()),
        ..change(&id)
    };
    assert_eq!(name(update(&kms, cluster).await), "ValidationException");
    assert_eq!(
        name(update(&kms, change("cks-1234567890abcdef0")).await),
        "CustomKeyStoreNotFoundException"
    );
}

#[tokio::test]
async fn the_audit_tells_of_stores_and_keeps_their_secret() {
    let kms = Kms::new().await;
    let id = kms.connected().await;
    let request = DisconnectCustomKeyStoreRequest { custom_key_store_id: Some(id.clone()) };
    kms.call::<DisconnectCustomKeyStore>(request).await.expect("disconnects");
    let records = kms.records().await;
    let of = |name: &str| records.iter().find(|record| record["eventName"] == name);
    let made = of("CreateCustomKeyStore").expect("a record");
    assert_eq!(made["requestParameters"]["customKeyStoreName"], "tests");
    assert_eq!(made["responseElements"]["customKeyStoreId"], id.as_str());
    let connected = of("ConnectCustomKeyStore").expect("a record");
    assert_eq!(connected["additionalEventData"]["customKeyStoreName"], "tests");
    assert!(of("DisconnectCustomKeyStore").is_some());
    let all = serde_json::to_string(&records).expect("JSON");
    assert!(!all.contains(SECRET), "the secret is in the audit");
}
