//! Tagging what has tags: the three operations of each kind, over what [`Tagged`] says of it.

use std::future::Future;
use std::sync::Arc;

use api_iam::operations::{
    ListInstanceProfileTags, ListMFADeviceTags, ListOpenIDConnectProviderTags, ListPolicyTags,
    ListRoleTags, ListSAMLProviderTags, ListServerCertificateTags, ListUserTags,
    TagInstanceProfile, TagMFADevice, TagOpenIDConnectProvider, TagPolicy, TagRole,
    TagSAMLProvider, TagServerCertificate, TagUser, UntagInstanceProfile, UntagMFADevice,
    UntagOpenIDConnectProvider, UntagPolicy, UntagRole, UntagSAMLProvider, UntagServerCertificate,
    UntagUser,
};
use identity::record::{
    InstanceProfile, ManagedPolicy, MfaDevice, OidcProvider, Role, SamlProvider, Tags, User,
};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::{Failure, Operation};

use crate::paging::{Found, Page};
use crate::server_certificates::ServerCertificate;
use crate::{Iam, tags};

/// Something that has tags.
pub(crate) trait Tagged: Sized + Send {
    /// What authorization judges where `key` names one.
    fn named(
        call: &mut Call,
        key: &str,
    ) -> impl Future<Output = Result<Vec<Resource>, Failure>> + Send;

    /// The one that `key` names, to be changed.
    fn take(call: &mut Call, key: &str) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Its tags.
    fn tags(&mut self) -> &mut Tags;

    /// Keeps it.
    fn save(&self, call: &mut Call) -> Result<(), Failure>;
}

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<TagPolicy, _>(iam)
        .operation::<UntagPolicy, _>(iam)
        .operation::<ListPolicyTags, _>(iam)
        .operation::<TagRole, _>(iam)
        .operation::<UntagRole, _>(iam)
        .operation::<ListRoleTags, _>(iam)
        .operation::<TagInstanceProfile, _>(iam)
        .operation::<UntagInstanceProfile, _>(iam)
        .operation::<ListInstanceProfileTags, _>(iam)
        .operation::<TagOpenIDConnectProvider, _>(iam)
        .operation::<UntagOpenIDConnectProvider, _>(iam)
        .operation::<ListOpenIDConnectProviderTags, _>(iam)
        .operation::<TagSAMLProvider, _>(iam)
        .operation::<UntagSAMLProvider, _>(iam)
        .operation::<ListSAMLProviderTags, _>(iam)
        .operation::<TagUser, _>(iam)
        .operation::<UntagUser, _>(iam)
        .operation::<ListUserTags, _>(iam)
        .operation::<TagMFADevice, _>(iam)
        .operation::<UntagMFADevice, _>(iam)
        .operation::<ListMFADeviceTags, _>(iam)
        .operation::<TagServerCertificate, _>(iam)
        .operation::<UntagServerCertificate, _>(iam)
        .operation::<ListServerCertificateTags, _>(iam)
}

macro_rules! tagging {
    ($tagged:ty, $word:literal, $key:ident, $tag:ident, $untag:ident, $list:ident) => {
        impl Handle<$tag> for Iam {
            const FACTS: Facts = Facts::write(concat!("iam:", stringify!($tag)))
                .on(&[$word])
                .keys(&["aws:TagKeys", "aws:RequestTag/${TagKey}"]);

            async fn resources(
                &self,
                call: &mut Call,
                input: &<$tag as Operation>::Input,
            ) -> Result<Vec<Resource>, Failure> {
                <$tagged>::named(call, input.$key()).await
            }

            fn conditions(
                &self,
                _call: &Call,
                input: &<$tag as Operation>::Input,
                request: &mut authz::Request,
            ) {
                tags::conditions(request, input.tags.as_ref());
            }

            async fn handle(
                &self,
                call: &mut Call,
                input: &<$tag as Operation>::Input,
            ) -> Result<<$tag as Operation>::Output, Failure> {
                let mut tagged = <$tagged>::take(call, input.$key()).await?;
                tags::add(Tagged::tags(&mut tagged), input.tags.as_deref().unwrap_or_default())?;
                Tagged::save(&tagged, call)?;
                Ok(Default::default())
            }
        }

        impl Handle<$untag> for Iam {
            const FACTS: Facts = Facts::write(concat!("iam:", stringify!($untag)))
                .on(&[$word])
                .keys(&["aws:TagKeys"]);

            async fn resources(
                &self,
                call: &mut Call,
                input: &<$untag as Operation>::Input,
            ) -> Result<Vec<Resource>, Failure> {
                <$tagged>::named(call, input.$key()).await
            }

            fn conditions(
                &self,
                _call: &Call,
                input: &<$untag as Operation>::Input,
                request: &mut authz::Request,
            ) {
                let keys = input.tag_keys.iter().flatten().cloned();
                request.context.set_all("aws:TagKeys", keys);
            }

            async fn handle(
                &self,
                call: &mut Call,
                input: &<$untag as Operation>::Input,
            ) -> Result<<$untag as Operation>::Output, Failure> {
                let mut tagged = <$tagged>::take(call, input.$key()).await?;
                let keys = input.tag_keys.as_deref().unwrap_or_default();
                tags::remove(Tagged::tags(&mut tagged), keys);
                Tagged::save(&tagged, call)?;
                Ok(Default::default())
            }
        }

        impl Handle<$list> for Iam {
            const FACTS: Facts = Facts::read(concat!("iam:", stringify!($list))).on(&[$word]);

            async fn resources(
                &self,
                call: &mut Call,
                input: &<$list as Operation>::Input,
            ) -> Result<Vec<Resource>, Failure> {
                <$tagged>::named(call, input.$key()).await
            }

            async fn handle(
                &self,
                call: &mut Call,
                input: &<$list as Operation>::Input,
            ) -> Result<<$list as Operation>::Output, Failure> {
                let page = Page::new(input.max_items, input.marker.as_deref())?;
                let found = list::<$tagged>(call, input.$key(), &page).await?;
                type Output = <$list as Operation>::Output;
                Ok(Output {
                    tags: Some(found.items),
                    is_truncated: Some(found.truncated),
                    marker: found.marker,
                })
            }
        }
    };
}

tagging!(ManagedPolicy, "policy", policy_arn, TagPolicy, UntagPolicy, ListPolicyTags);
tagging!(Role, "role", role_name, TagRole, UntagRole, ListRoleTags);
tagging!(
    InstanceProfile,
    "instance-profile",
    instance_profile_name,
    TagInstanceProfile,
    UntagInstanceProfile,
    ListInstanceProfileTags
);
tagging!(
    OidcProvider,
    "oidc-provider",
    open_id_connect_provider_arn,
    TagOpenIDConnectProvider,
    UntagOpenIDConnectProvider,
    ListOpenIDConnectProviderTags
);
tagging!(
    SamlProvider,
    "saml-provider",
    saml_provider_arn,
    TagSAMLProvider,
    UntagSAMLProvider,
    ListSAMLProviderTags
);

tagging!(User, "user", user_name, TagUser, UntagUser, ListUserTags);
tagging!(MfaDevice, "mfa", serial_number, TagMFADevice, UntagMFADevice, ListMFADeviceTags);
tagging!(
    ServerCertificate,
    "server-certificate",
    server_certificate_name,
    TagServerCertificate,
    UntagServerCertificate,
    ListServerCertificateTags
);

async fn list<T: Tagged>(
    call: &mut Call,
    key: &str,
    page: &Page,
) -> Result<Found<api_iam::Tag>, Failure> {
    let mut tagged = T::take(call, key).await?;
    let shown = tags::show(tagged.tags()).unwrap_or_default();
    Ok(page.select(shown.into_iter().map(|tag| (tag.key().to_owned(), tag))))
}

impl Tagged for ManagedPolicy {
    async fn named(call: &mut Call, arn: &str) -> Result<Vec<Resource>, Failure> {
        crate::managed::named(call, arn).await
    }

    async fn take(call: &mut Call, arn: &str) -> Result<Self, Failure> {
        crate::managed::find_own(call, arn).await
    }

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn save(&self, call: &mut Call) -> Result<(), Failure> {
        crate::managed::save(call, self)
    }
}

impl Tagged for User {
    async fn named(call: &mut Call, name: &str) -> Result<Vec<Resource>, Failure> {
        crate::bearer::named::<Self>(call, name).await
    }

    async fn take(call: &mut Call, name: &str) -> Result<Self, Failure> {
        Ok(Self::clone(&*crate::bearer::find::<Self>(call, name).await?))
    }

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn save(&self, call: &mut Call) -> Result<(), Failure> {
        crate::bearer::save(call, self)
    }
}

impl Tagged for Role {
    async fn named(call: &mut Call, name: &str) -> Result<Vec<Resource>, Failure> {
        crate::bearer::named::<Self>(call, name).await
    }

    async fn take(call: &mut Call, name: &str) -> Result<Self, Failure> {
        // Tags of service-linked roles may be changed.
        Ok(Self::clone(&*crate::bearer::find::<Self>(call, name).await?))
    }

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn save(&self, call: &mut Call) -> Result<(), Failure> {
        crate::bearer::save(call, self)
    }
}
