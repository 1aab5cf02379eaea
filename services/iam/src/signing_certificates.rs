//! Signing certificates of users: X.509 certificates that some older services take signatures of. None that is built does.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_server-certs.html> leaves them to the API reference:
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadSigningCertificate.html>

use std::sync::Arc;

use api_iam::error::{
    DUPLICATE_CERTIFICATE_EXCEPTION, INVALID_CERTIFICATE_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION,
    MALFORMED_CERTIFICATE_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION,
};
use api_iam::operations::{
    DeleteSigningCertificate, ListSigningCertificates, UpdateSigningCertificate,
    UploadSigningCertificate,
};
use api_iam::{
    DeleteSigningCertificateRequest, ListSigningCertificatesRequest,
    ListSigningCertificatesResponse, StatusType, Unit, UpdateSigningCertificateRequest,
    UploadSigningCertificateRequest, UploadSigningCertificateResponse,
};
use base::Timestamp;
use identity::record::{self, User};
use keyring::Certificate;
use platform::{Call, Facts, Handle, Resource, Service};
use serde::{Deserialize, Serialize};
use shape::Failure;
use store::Record;

use crate::find::{self, OrInternal as _};
use crate::paging::Page;
use crate::{Iam, access_keys, holder};

/// Signing certificates of a user at most.
pub(crate) const CERTIFICATES_MAX: usize = 2;

/// A signing certificate, filed under its user's unique id and its own, so that renaming the user leaves it alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SigningCertificate {
    body: String,
    active: bool,
    /// When it was uploaded.
    pub(crate) uploaded: Timestamp,
}

impl SigningCertificate {
    /// Whether it may be used.
    pub(crate) fn is_active(&self) -> bool {
        self.active
    }
}

impl Record for SigningCertificate {
    const SERVICE: &'static str = record::SERVICE;
    const KIND: &'static str = "signing-certificate";
}

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<UploadSigningCertificate, _>(iam)
        .operation::<ListSigningCertificates, _>(iam)
        .operation::<UpdateSigningCertificate, _>(iam)
        .operation::<DeleteSigningCertificate, _>(iam)
}

impl Handle<UploadSigningCertificate> for Iam {
    const FACTS: Facts = Facts::write("iam:UploadSigningCertificate").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UploadSigningCertificateRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UploadSigningCertificateRequest,
    ) -> Result<UploadSigningCertificateResponse, Failure> {
        let mut user = User::clone(&*find::user(call, input.user_name.as_deref()).await?);
        let given = Certificate::from_pem(input.certificate_body()).map_err(|_| {
            MALFORMED_CERTIFICATE_EXCEPTION.because(
                "Unable to parse certificate. Please ensure the certificate is in PEM format.",
            )
        })?;
        if call.now < given.not_before || given.not_after <= call.now {
            let text = "The certificate is expired or not yet valid.";
            return Err(INVALID_CERTIFICATE_EXCEPTION.because(text));
        }
        for known in of(call, &user).await? {
            if Certificate::from_pem(&known.body).is_ok_and(|known| known == given) {
                let text = "The certificate is already in use.";
                return Err(DUPLICATE_CERTIFICATE_EXCEPTION.because(text));
            }
        }
        if user.signing_certificates.len() >= CERTIFICATES_MAX {
            let text =
                format!("Cannot exceed quota for SigningCertificatesPerUser: {CERTIFICATES_MAX}");
            return Err(LIMIT_EXCEEDED_EXCEPTION.because(text));
        }
        let id = call.uuid().replace('-', "").to_ascii_uppercase();
        let certificate = SigningCertificate {
            body: input.certificate_body().to_owned(),
            active: true,
            uploaded: call.now.trunc_seconds(),
        };
        let scope = find::scope(call);
        call.tx.create(&scope, &key(&user, &id), &certificate).or_internal()?;
        let shown = show(&user, &id, &certificate);
        user.signing_certificates.push(id);
        call.tx.put(&scope, &record::id(&user.name), &user).or_internal()?;
        Ok(UploadSigningCertificateResponse { certificate: Some(shown) })
    }
}

impl Handle<ListSigningCertificates> for Iam {
    const FACTS: Facts = Facts::read("iam:ListSigningCertificates").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListSigningCertificatesRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListSigningCertificatesRequest,
    ) -> Result<ListSigningCertificatesResponse, Failure> {
        let user = find::user(call, input.user_name.as_deref()).await?;
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let certificates = of(call, &user).await?;
        let listed = user.signing_certificates.iter().zip(&certificates);
        let found = page.select(listed.map(|(id, one)| (id.clone(), show(&user, id, one))));
        Ok(ListSigningCertificatesResponse {
            certificates: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<UpdateSigningCertificate> for Iam {
    const FACTS: Facts = Facts::write("iam:UpdateSigningCertificate").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateSigningCertificateRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateSigningCertificateRequest,
    ) -> Result<Unit, Failure> {
        let user = find::user(call, input.user_name.as_deref()).await?;
        let active = access_keys::is_active(input.status.as_ref())?;
        let known = find_of(call, &user, input.certificate_id()).await?;
        let certificate = SigningCertificate { active, ..SigningCertificate::clone(&known) };
        let scope = find::scope(call);
        call.tx.put(&scope, &key(&user, input.certificate_id()), &certificate).or_internal()?;
        Ok(Unit::default())
    }
}

impl Handle<DeleteSigningCertificate> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteSigningCertificate").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteSigningCertificateRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteSigningCertificateRequest,
    ) -> Result<Unit, Failure> {
        let mut user = User::clone(&*find::user(call, input.user_name.as_deref()).await?);
        let id = input.certificate_id();
        find_of(call, &user, id).await?;
        user.signing_certificates.retain(|known| known != id);
        let scope = find::scope(call);
        call.tx.delete::<SigningCertificate>(&scope, &key(&user, id)).or_internal()?;
        call.tx.put(&scope, &record::id(&user.name), &user).or_internal()?;
        Ok(Unit::default())
    }
}

/// A user's signing certificates, in the order of their upload.
///
/// # Errors
/// A failing store.
pub(crate) async fn of(call: &Call, user: &User) -> Result<Vec<Arc<SigningCertificate>>, Failure> {
    let mut certificates = Vec::with_capacity(user.signing_certificates.len());
    for id in &user.signing_certificates {
        let scope = find::scope(call);
        certificates.extend(call.tx.peek(&scope, &key(user, id)).await.or_internal()?);
    }
    Ok(certificates)
}

async fn find_of(
    call: &mut Call,
    user: &User,
    id: &str,
) -> Result<Arc<SigningCertificate>, Failure> {
    let scope = find::scope(call);
    let found = call.tx.get::<SigningCertificate>(&scope, &key(user, id)).await.or_internal()?;
    found.ok_or_else(|| {
        let text = format!("The Certificate with id {id} cannot be found.");
        NO_SUCH_ENTITY_EXCEPTION.because(text)
    })
}

fn key(user: &User, id: &str) -> String {
    format!("{}/{id}", user.unique_id)
}

fn show(user: &User, id: &str, certificate: &SigningCertificate) -> api_iam::SigningCertificate {
    let status = if certificate.active { StatusType::Active } else { StatusType::Inactive };
    api_iam::SigningCertificate {
        user_name: Some(user.name.clone()),
        certificate_id: Some(id.to_owned()),
        certificate_body: Some(certificate.body.clone()),
        status: Some(status),
        upload_date: Some(certificate.uploaded),
    }
}
