//! Server certificates, uploaded with their chain and private key.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_server-certs.html>. The private key is sealed and leaves through
//! no API. No service that is built serves with these certificates yet, so none is in use.

use std::sync::Arc;

use api_iam::error::{
    ENTITY_ALREADY_EXISTS_EXCEPTION, KEY_PAIR_MISMATCH_EXCEPTION, MALFORMED_CERTIFICATE_EXCEPTION,
    NO_SUCH_ENTITY_EXCEPTION,
};
use api_iam::operations::{
    DeleteServerCertificate, GetServerCertificate, ListServerCertificates, UpdateServerCertificate,
    UploadServerCertificate,
};
use api_iam::{
    DeleteServerCertificateRequest, GetServerCertificateRequest, GetServerCertificateResponse,
    ListServerCertificatesRequest, ListServerCertificatesResponse, ServerCertificateMetadata, Unit,
    UpdateServerCertificateRequest, UploadServerCertificateRequest,
    UploadServerCertificateResponse,
};
use base::{AccountId, Timestamp};
use identity::ids;
use identity::record::{self, Tags};
use keyring::{Certificate, Sealed, Secret};
use platform::{Call, Facts, Handle, Resource, Service};
use serde::{Deserialize, Serialize};
use shape::Failure;
use store::{Record, Scope};

use crate::find::{self, OrInternal as _};
use crate::paging::{self, Page};
use crate::tagging::Tagged;
use crate::users::ROOT_PATH;
use crate::{Iam, tags};

/// Server certificates of an account at most.
pub(crate) const CERTIFICATES_MAX: usize = 20;
/// Server certificates, as audit records name them.
const SERVER_CERTIFICATE: &str = "AWS::IAM::ServerCertificate";
/// What a sealed private key is bound to besides its account.
const SEAL_CONTEXT: &[u8] = b"iam/server-certificate/";

/// A server certificate. Its id in the store is [`record::id`] of its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServerCertificate {
    name: String,
    path: String,
    unique_id: String,
    uploaded: Timestamp,
    expires: Timestamp,
    body: String,
    chain: Option<String>,
    private_key: Sealed,
    #[serde(default)]
    tags: Tags,
}

impl Record for ServerCertificate {
    const SERVICE: &'static str = record::SERVICE;
    const KIND: &'static str = "server-certificate";
}

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<UploadServerCertificate, _>(iam)
        .operation::<GetServerCertificate, _>(iam)
        .operation::<ListServerCertificates, _>(iam)
        .operation::<UpdateServerCertificate, _>(iam)
        .operation::<DeleteServerCertificate, _>(iam)
}

impl Handle<UploadServerCertificate> for Iam {
    const FACTS: Facts = Facts::write("iam:UploadServerCertificate")
        .on(&["server-certificate"])
        .keys(&["aws:TagKeys", "aws:RequestTag/${TagKey}"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UploadServerCertificateRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let path = input.path.as_deref().unwrap_or(ROOT_PATH);
        Ok(vec![named(call.account(), path, input.server_certificate_name())])
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &UploadServerCertificateRequest,
        request: &mut authz::Request,
    ) {
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UploadServerCertificateRequest,
    ) -> Result<UploadServerCertificateResponse, Failure> {
        let (scope, account) = (find::scope(call), call.account());
        let name = input.server_certificate_name();
        let id = record::id(name);
        if call.tx.get::<ServerCertificate>(&scope, &id).await.or_internal()?.is_some() {
            return Err(exists(name));
        }
        find::within_quota::<ServerCertificate>(call, "ServerCertificates", CERTIFICATES_MAX)
            .await?;
        let private_key = Secret::copy_of(input.private_key().as_bytes());
        let chain = input.certificate_chain.as_deref();
        let certificate = check(input.certificate_body(), chain, &private_key, call.now)?;
        let unique_id = ids::unique_id(ids::Prefix::ServerCertificate, call.random());
        let context = [SEAL_CONTEXT, unique_id.as_bytes()].concat();
        let region = Scope::system().region;
        let sealed =
            call.credentials().keyring().seal(account, &region, &context, private_key.expose());
        let mut kept = ServerCertificate {
            name: name.to_owned(),
            path: input.path.clone().unwrap_or_else(|| ROOT_PATH.to_owned()),
            unique_id,
            uploaded: call.now.trunc_seconds(),
            expires: certificate.not_after,
            body: input.certificate_body().to_owned(),
            chain: input.certificate_chain.clone(),
            private_key: sealed.map_err(Failure::internal)?,
            tags: Tags::new(),
        };
        tags::add(&mut kept.tags, input.tags.as_deref().unwrap_or_default())?;
        call.tx.create(&scope, &id, &kept).or_internal()?;
        Ok(UploadServerCertificateResponse {
            server_certificate_metadata: Some(show(account, &kept)),
            tags: tags::show(&kept.tags),
        })
    }
}

/// The certificate, if it is valid now, its chain leads on from it and the key is its own.
fn check(
    body: &str,
    chain: Option<&str>,
    private_key: &Secret,
    now: Timestamp,
) -> Result<Certificate, Failure> {
    let malformed = |text: &str| MALFORMED_CERTIFICATE_EXCEPTION.because(text);
    let certificate = Certificate::from_pem(body).map_err(|_| {
        malformed("Unable to parse certificate. Please ensure the certificate is in PEM format.")
    })?;
    if now < certificate.not_before || certificate.not_after <= now {
        return Err(malformed("The certificate is expired or not yet valid."));
    }
    let chain = Certificate::chain_from_pem(chain.unwrap_or_default());
    let chain = chain.map_err(|_| {
        malformed(
            "Unable to parse certificate chain. Please ensure the certificates are in PEM format.",
        )
    })?;
    let issued = [&certificate].into_iter().chain(&chain);
    if let Some(index) =
        issued.zip(&chain).position(|(issued, issuer)| !issued.is_issued_by(issuer))
    {
        return Err(malformed(&format!(
            "Unable to validate certificate chain. The certificate chain must start with the immediate signing certificate, followed by any intermediaries in order. The index within the chain of the invalid certificate is: {index}"
        )));
    }
    match certificate.fits(private_key) {
        Ok(true) => Ok(certificate),
        Ok(false) => {
            Err(KEY_PAIR_MISMATCH_EXCEPTION
                .because("The private key does not match the certificate."))
        }
        Err(_) => Err(malformed(
            "Unable to parse private key. Please ensure it is in PEM format and not encrypted.",
        )),
    }
}

impl Handle<GetServerCertificate> for Iam {
    const FACTS: Facts = Facts::read("iam:GetServerCertificate").on(&["server-certificate"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetServerCertificateRequest,
    ) -> Result<Vec<Resource>, Failure> {
        ServerCertificate::named(call, input.server_certificate_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetServerCertificateRequest,
    ) -> Result<GetServerCertificateResponse, Failure> {
        let certificate = find(call, input.server_certificate_name()).await?;
        let shown = api_iam::ServerCertificate {
            server_certificate_metadata: Some(show(call.account(), &certificate)),
            certificate_body: Some(certificate.body.clone()),
            certificate_chain: certificate.chain.clone(),
            tags: tags::show(&certificate.tags),
        };
        Ok(GetServerCertificateResponse { server_certificate: Some(shown) })
    }
}

impl Handle<ListServerCertificates> for Iam {
    const FACTS: Facts = Facts::read("iam:ListServerCertificates");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListServerCertificatesRequest,
    ) -> Result<ListServerCertificatesResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let (account, prefix) = (call.account(), input.path_prefix.as_deref());
        let listed = |certificate: &ServerCertificate| {
            paging::has_prefix(&certificate.path, prefix).then(|| show(account, certificate))
        };
        let found = page.scan(&call.tx, &find::scope(call), listed).await?;
        Ok(ListServerCertificatesResponse {
            server_certificate_metadata_list: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<UpdateServerCertificate> for Iam {
    const FACTS: Facts = Facts::write("iam:UpdateServerCertificate").on(&["server-certificate"]);

    // Whoever renames needs permission for what there is and for what comes of it.
    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateServerCertificateRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let certificate = find(call, input.server_certificate_name()).await?;
        let path = input.new_path.as_ref().unwrap_or(&certificate.path);
        let name = input.new_server_certificate_name.as_ref().unwrap_or(&certificate.name);
        let target = named(call.account(), path, name);
        let source = resource(call.account(), &certificate);
        Ok(if target.arn == source.arn { vec![source] } else { vec![source, target] })
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateServerCertificateRequest,
    ) -> Result<Unit, Failure> {
        let found = find(call, input.server_certificate_name()).await?;
        let mut certificate = ServerCertificate::clone(&found);
        if let Some(path) = &input.new_path {
            certificate.path.clone_from(path);
        }
        let (scope, old) = (find::scope(call), record::id(&certificate.name));
        if let Some(name) = &input.new_server_certificate_name {
            let id = record::id(name);
            let taken = call.tx.get::<ServerCertificate>(&scope, &id).await.or_internal()?;
            if id != old && taken.is_some() {
                return Err(exists(name));
            }
            certificate.name.clone_from(name);
            call.tx.delete::<ServerCertificate>(&scope, &old).or_internal()?;
        }
        certificate.save(call)?;
        Ok(Unit::default())
    }
}

impl Handle<DeleteServerCertificate> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteServerCertificate").on(&["server-certificate"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteServerCertificateRequest,
    ) -> Result<Vec<Resource>, Failure> {
        ServerCertificate::named(call, input.server_certificate_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteServerCertificateRequest,
    ) -> Result<Unit, Failure> {
        let certificate = find(call, input.server_certificate_name()).await?;
        let (scope, id) = (find::scope(call), record::id(&certificate.name));
        call.tx.delete::<ServerCertificate>(&scope, &id).or_internal()?;
        Ok(Unit::default())
    }
}

impl Tagged for ServerCertificate {
    async fn named(call: &mut Call, name: &str) -> Result<Vec<Resource>, Failure> {
        let certificate = find(call, name).await?;
        Ok(vec![resource(call.account(), &certificate)])
    }

    async fn take(call: &mut Call, name: &str) -> Result<Self, Failure> {
        Ok(Self::clone(&*find(call, name).await?))
    }

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn save(&self, call: &mut Call) -> Result<(), Failure> {
        let scope = find::scope(call);
        call.tx.put(&scope, &record::id(&self.name), self).or_internal()
    }
}

async fn find(call: &mut Call, name: &str) -> Result<Arc<ServerCertificate>, Failure> {
    let (scope, id) = (find::scope(call), record::id(name));
    let found = call.tx.get::<ServerCertificate>(&scope, &id).await.or_internal()?;
    found.ok_or_else(|| {
        let text = format!("The Server Certificate with name {name} cannot be found.");
        NO_SUCH_ENTITY_EXCEPTION.because(text)
    })
}

fn exists(name: &str) -> Failure {
    let text = format!("The Server Certificate with name {name} already exists.");
    ENTITY_ALREADY_EXISTS_EXCEPTION.because(text)
}

fn named(account: AccountId, path: &str, name: &str) -> Resource {
    find::named(account, SERVER_CERTIFICATE, "server-certificate", path, name)
}

fn resource(account: AccountId, certificate: &ServerCertificate) -> Resource {
    let resource = named(account, &certificate.path, &certificate.name);
    Resource { tags: certificate.tags.clone(), ..resource }
}

fn show(account: AccountId, certificate: &ServerCertificate) -> ServerCertificateMetadata {
    let ServerCertificate { path, name, .. } = certificate;
    ServerCertificateMetadata {
        path: Some(path.clone()),
        server_certificate_name: Some(name.clone()),
        server_certificate_id: Some(certificate.unique_id.clone()),
        arn: Some(ids::arn(account, "server-certificate", path, name)),
        upload_date: Some(certificate.uploaded),
        expiration: Some(certificate.expires),
    }
}
