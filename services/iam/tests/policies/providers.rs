//! OpenID Connect and SAML providers.

use api_iam::operations as op;
use api_iam::*;

use super::common::*;

#[tokio::test]
async fn openid_connect_providers() {
    let world = World::new().await;
    let thumbprint = "0123456789ABCDEF0123456789ABCDEF01234567";
    let create = CreateOpenIDConnectProviderRequest {
        url: Some("https://token.example.com/x".into()),
        client_id_list: Some(vec!["sts.amazonaws.com".into()]),
        thumbprint_list: Some(vec![thumbprint.into()]),
        tags: None,
    };
    let made = world.root::<op::CreateOpenIDConnectProvider>(create.clone()).await;
    let arn = made.open_id_connect_provider_arn;
    let expected = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.com/x");
    assert_eq!(arn.as_deref(), Some(&*expected));
    let refusal = world.refused::<op::CreateOpenIDConnectProvider>(create.clone()).await;
    assert_eq!(refusal.error.query_code(), "EntityAlreadyExists");
    for url in ["http://a.example.com", "https://a.example.com:8443", "https://a.example.com/?x"] {
        let create = CreateOpenIDConnectProviderRequest { url: Some(url.into()), ..create.clone() };
        let refusal = world.refused::<op::CreateOpenIDConnectProvider>(create).await;
        assert_eq!(refusal.error.query_code(), "InvalidInput", "{url}");
    }
    let client = |id: &str| (arn.clone(), Some(id.to_owned()));
    for id in ["b", "b"] {
        let (open_id_connect_provider_arn, client_id) = client(id);
        let add =
            AddClientIDToOpenIDConnectProviderRequest { open_id_connect_provider_arn, client_id };
        world.root::<op::AddClientIDToOpenIDConnectProvider>(add).await;
    }
    for id in ["sts.amazonaws.com", "absent"] {
        let (open_id_connect_provider_arn, client_id) = client(id);
        let remove = RemoveClientIDFromOpenIDConnectProviderRequest {
            open_id_connect_provider_arn,
            client_id,
        };
        world.root::<op::RemoveClientIDFromOpenIDConnectProvider>(remove).await;
    }
    let get = GetOpenIDConnectProviderRequest { open_id_connect_provider_arn: arn.clone() };
    let shown = world.root::<op::GetOpenIDConnectProvider>(get.clone()).await;
    assert_eq!(shown.url.as_deref(), Some("token.example.com/x"));
    assert_eq!(shown.client_id_list, Some(vec!["b".to_owned()]));
    assert_eq!(shown.thumbprint_list, Some(vec![thumbprint.to_ascii_lowercase()]));
    let update = |thumbprints: Vec<&str>| UpdateOpenIDConnectProviderThumbprintRequest {
        open_id_connect_provider_arn: arn.clone(),
        thumbprint_list: Some(thumbprints.into_iter().map(str::to_owned).collect()),
    };
    let many = update(vec![thumbprint; 6]);
    let refusal = world.refused::<op::UpdateOpenIDConnectProviderThumbprint>(many).await;
    assert_eq!(refusal.error.query_code(), "InvalidInput");
    let delete = DeleteOpenIDConnectProviderRequest { open_id_connect_provider_arn: arn.clone() };
    for _ in 0..2 {
        world.root::<op::DeleteOpenIDConnectProvider>(delete.clone()).await;
    }
    let refusal = world.refused::<op::GetOpenIDConnectProvider>(get).await;
    assert_eq!(refusal.error.query_code(), "NoSuchEntity");
}

fn metadata(entity: &str) -> String {
    let space = " ".repeat(1_000);
    format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}" validUntil="2030-01-01T00:00:00Z">
        <md:IDPSSODescriptor><md:KeyDescriptor use="signing"><X509Certificate>AQID</X509Certificate></md:KeyDescriptor>
        </md:IDPSSODescriptor>{space}</md:EntityDescriptor>"#
    )
}

#[tokio::test]
async fn saml_providers() {
    let world = World::new().await;
    let create = |document: String| CreateSAMLProviderRequest {
        name: Some("idp".into()),
        saml_metadata_document: Some(document),
        ..CreateSAMLProviderRequest::default()
    };
    let refusal = world.refused::<op::CreateSAMLProvider>(create("x".repeat(1_000))).await;
    assert!(refusal.message.starts_with("Could not parse metadata: "), "{}", refusal.message);
    let encrypted = CreateSAMLProviderRequest {
        assertion_encryption_mode: Some(AssertionEncryptionModeType::Required),
        ..create(metadata("a"))
    };
    assert!(world.harness.call::<op::CreateSAMLProvider>(encrypted).await.is_err());
    let made = world.root::<op::CreateSAMLProvider>(create(metadata("a"))).await;
    let arn = made.saml_provider_arn;
    assert_eq!(arn, Some(format!("arn:aws:iam::{ACCOUNT}:saml-provider/idp")));
    let update = |document: String| UpdateSAMLProviderRequest {
        saml_metadata_document: Some(document),
        saml_provider_arn: arn.clone(),
        ..UpdateSAMLProviderRequest::default()
    };
    world.root::<op::UpdateSAMLProvider>(update(metadata("b"))).await;
    world.refused::<op::UpdateSAMLProvider>(update("<x/>".repeat(300))).await;
    let get = GetSAMLProviderRequest { saml_provider_arn: arn.clone() };
    let shown = world.root::<op::GetSAMLProvider>(get.clone()).await;
    assert_eq!(shown.saml_metadata_document, Some(metadata("b")));
    assert_eq!(shown.valid_until.map(|t| t.rfc3339()).as_deref(), Some("2030-01-01T00:00:00Z"));
    let delete = DeleteSAMLProviderRequest { saml_provider_arn: arn };
    world.root::<op::DeleteSAMLProvider>(delete).await;
    assert_eq!(world.refused::<op::GetSAMLProvider>(get).await.error.query_code(), "NoSuchEntity");
}
