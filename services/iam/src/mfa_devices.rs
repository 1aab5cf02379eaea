//! Virtual MFA devices. Their codes are checked by `identity::mfa`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable_cliapi.html>. AWS gives the root user its devices in
//! the console only; here the root user enables one under the account's number as its name. Security keys (FIDO) and hardware
//! tokens are absent.

use std::sync::Arc;

use api_iam::error::{
    DELETE_CONFLICT_EXCEPTION, ENTITY_ALREADY_EXISTS_EXCEPTION,
    INVALID_AUTHENTICATION_CODE_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION,
};
use api_iam::operations::{
    CreateVirtualMFADevice, DeactivateMFADevice, DeleteVirtualMFADevice, EnableMFADevice,
    GetMFADevice, ListMFADevices, ListVirtualMFADevices, ResyncMFADevice,
};
use api_iam::{
    AssignmentStatusType, CreateVirtualMFADeviceRequest, CreateVirtualMFADeviceResponse,
    DeactivateMFADeviceRequest, DeleteVirtualMFADeviceRequest, EnableMFADeviceRequest,
    GetMFADeviceRequest, GetMFADeviceResponse, ListMFADevicesRequest, ListMFADevicesResponse,
    ListVirtualMFADevicesRequest, ListVirtualMFADevicesResponse, MFADevice, ResyncMFADeviceRequest,
    Unit, VirtualMFADevice,
};
use base::AccountId;
use identity::mfa;
use identity::record::{self, MfaDevice, MfaOwner, Tags, User};
use keyring::{Secret, totp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::{Call, Facts, Handle, Identity, Resource, Service};
use shape::{Blob, Failure};

use crate::find::{self, OrInternal as _};
use crate::holder::{self, Holder};
use crate::paging::Page;
use crate::tagging::Tagged;
use crate::users::{self, ROOT_PATH};
use crate::{Iam, account, qr, tags};

/// Devices of a user, and of the root user, at most.
const DEVICES_PER_USER_MAX: usize = 8;
/// Virtual devices of an account at most: as many as users.
const DEVICES_MAX: usize = users::USERS_MAX;
/// Virtual devices, as audit records name them.
const DEVICE: &str = "AWS::IAM::VirtualMFADevice";

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateVirtualMFADevice, _>(iam)
        .operation::<DeleteVirtualMFADevice, _>(iam)
        .operation::<ListVirtualMFADevices, _>(iam)
        .operation::<EnableMFADevice, _>(iam)
        .operation::<ResyncMFADevice, _>(iam)
        .operation::<DeactivateMFADevice, _>(iam)
        .operation::<ListMFADevices, _>(iam)
        .operation::<GetMFADevice, _>(iam)
}

impl Handle<CreateVirtualMFADevice> for Iam {
    const FACTS: Facts = Facts::write("iam:CreateVirtualMFADevice")
        .on(&["mfa"])
        .keys(&["aws:TagKeys", "aws:RequestTag/${TagKey}"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateVirtualMFADeviceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let path = input.path.as_deref().unwrap_or(ROOT_PATH);
        let name = input.virtual_mfa_device_name();
        Ok(vec![find::named(call.account(), DEVICE, "mfa", path, name)])
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &CreateVirtualMFADeviceRequest,
        request: &mut authz::Request,
    ) {
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateVirtualMFADeviceRequest,
    ) -> Result<CreateVirtualMFADeviceResponse, Failure> {
        let (scope, account) = (find::scope(call), call.account());
        let name = input.virtual_mfa_device_name();
        let id = record::id(name);
        if call.tx.get::<MfaDevice>(&scope, &id).await.or_internal()?.is_some() {
            let text = "MFADevice entity at the same path and name already exists.";
            return Err(ENTITY_ALREADY_EXISTS_EXCEPTION.because(text));
        }
        find::within_quota::<MfaDevice>(call, "VirtualMFADevicesPerAccount", DEVICES_MAX).await?;
        let keyring = call.credentials().keyring();
        let (seed, sealed) = mfa::new_seed(keyring, account, &id).map_err(Failure::internal)?;
        let mut device = MfaDevice {
            name: name.to_owned(),
            path: input.path.clone().unwrap_or_else(|| ROOT_PATH.to_owned()),
            seed: sealed,
            created: call.now.trunc_seconds(),
            owner: None,
            enabled: None,
            last_step: 0,
            drift: 0,
            tags: Tags::new(),
        };
        tags::add(&mut device.tags, input.tags.as_deref().unwrap_or_default())?;
        call.tx.create(&scope, &id, &device).or_internal()?;

        let issuer = account::alias(call).await?.unwrap_or_else(|| account.to_string());
        let seed = totp::base32(&seed);
        let picture = qr::png(uri(name, &issuer, &seed).expose())?;
        let device = VirtualMFADevice {
            serial_number: Some(mfa::serial(account, &device)),
            base32_string_seed: Some(Blob::from(seed.expose())),
            qr_code_png: Some(Blob::new(picture)),
            tags: tags::show(&device.tags),
            ..VirtualMFADevice::default()
        };
        Ok(CreateVirtualMFADeviceResponse { virtual_mfa_device: Some(device) })
    }
}

/// What the picture says to an authenticator app (`VirtualMFADevice` in the API reference).
fn uri(name: &str, issuer: &str, seed: &Secret) -> Secret {
    let label = format!("{name}@{issuer}");
    let head = format!("otpauth://totp/{}?secret=", utf8_percent_encode(&label, NON_ALPHANUMERIC));
    let mut uri = Vec::with_capacity(head.len() + seed.len());
    uri.extend_from_slice(head.as_bytes());
    uri.extend_from_slice(seed.expose());
    uri.into()
}

impl Handle<DeleteVirtualMFADevice> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteVirtualMFADevice").on(&["mfa"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteVirtualMFADeviceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        resources(call, input.serial_number()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteVirtualMFADeviceRequest,
    ) -> Result<Unit, Failure> {
        let (id, device) = find(call, input.serial_number()).await?;
        if device.owner.is_some() {
            let text = "MFA VirtualDevice in use. Must deactivate first.";
            return Err(DELETE_CONFLICT_EXCEPTION.because(text));
        }
        let scope = find::scope(call);
        call.tx.delete::<MfaDevice>(&scope, &id).or_internal()?;
        Ok(Unit::default())
    }
}

impl Handle<ListVirtualMFADevices> for Iam {
    const FACTS: Facts = Facts::read("iam:ListVirtualMFADevices");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListVirtualMFADevicesRequest,
    ) -> Result<ListVirtualMFADevicesResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let wanted = |device: &MfaDevice| match input.assignment_status {
            Some(AssignmentStatusType::Assigned) => device.owner.is_some(),
            Some(AssignmentStatusType::Unassigned) => device.owner.is_none(),
            _ => true,
        };
        let chosen = |device: &MfaDevice| wanted(device).then(|| device.clone());
        let found = page.scan(&call.tx, &find::scope(call), chosen).await?;
        let account = call.account();
        let mut shown = Vec::with_capacity(found.items.len());
        for device in found.items {
            let user = match &device.owner {
                None => None,
                Some(MfaOwner::Root) => Some(users::show_root(account, None)),
                Some(MfaOwner::User(name)) => {
                    let (scope, id) = (find::scope(call), record::id(name));
                    let user = call.tx.peek::<User>(&scope, &id).await.or_internal()?;
                    user.map(|user| users::listed(account, &user))
                }
            };
            shown.push(VirtualMFADevice {
                serial_number: Some(mfa::serial(account, &device)),
                user,
                enable_date: device.enabled,
                ..VirtualMFADevice::default()
            });
        }
        Ok(ListVirtualMFADevicesResponse {
            virtual_mfa_devices: Some(shown),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<EnableMFADevice> for Iam {
    const FACTS: Facts = Facts::write("iam:EnableMFADevice").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &EnableMFADeviceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let holder = holder_of(call, Some(input.user_name())).await?;
        Ok(vec![holder.resource(call)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &EnableMFADeviceRequest,
    ) -> Result<Unit, Failure> {
        let mut holder = holder_of(call, Some(input.user_name())).await?;
        let (id, device) = find(call, input.serial_number()).await?;
        if device.owner.is_some() {
            let text = "MFA Device is already in use.";
            return Err(ENTITY_ALREADY_EXISTS_EXCEPTION.because(text));
        }
        if holder.mfa_devices().len() >= DEVICES_PER_USER_MAX {
            let text = format!("Cannot exceed quota for MFADevicesPerUser: {DEVICES_PER_USER_MAX}");
            return Err(LIMIT_EXCEEDED_EXCEPTION.because(text));
        }
        let mut device = MfaDevice::clone(&device);
        synchronise(
            call,
            &id,
            &mut device,
            [input.authentication_code1(), input.authentication_code2()],
        )?;
        device.owner = Some(holder.mfa_owner());
        device.enabled = Some(call.now.trunc_seconds());
        holder.mfa_devices_mut().push(device.name.clone());
        holder.save(call)?;
        keep(call, &id, &device)
    }
}

impl Handle<ResyncMFADevice> for Iam {
    const FACTS: Facts = Facts::write("iam:ResyncMFADevice").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ResyncMFADeviceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let holder = holder_of(call, Some(input.user_name())).await?;
        Ok(vec![holder.resource(call)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ResyncMFADeviceRequest,
    ) -> Result<Unit, Failure> {
        let holder = holder_of(call, Some(input.user_name())).await?;
        let (id, device) = find_of(call, &holder, input.serial_number()).await?;
        let mut device = MfaDevice::clone(&device);
        synchronise(
            call,
            &id,
            &mut device,
            [input.authentication_code1(), input.authentication_code2()],
        )?;
        keep(call, &id, &device)
    }
}

impl Handle<DeactivateMFADevice> for Iam {
    const FACTS: Facts = Facts::write("iam:DeactivateMFADevice").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeactivateMFADeviceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let holder = holder_of(call, input.user_name.as_deref()).await?;
        Ok(vec![holder.resource(call)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeactivateMFADeviceRequest,
    ) -> Result<Unit, Failure> {
        let mut holder = holder_of(call, input.user_name.as_deref()).await?;
        let (id, device) = find_of(call, &holder, input.serial_number()).await?;
        holder.mfa_devices_mut().retain(|name| record::id(name) != id);
        holder.save(call)?;
        keep(call, &id, &MfaDevice { owner: None, enabled: None, ..MfaDevice::clone(&device) })
    }
}

impl Handle<ListMFADevices> for Iam {
    const FACTS: Facts = Facts::read("iam:ListMFADevices").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListMFADevicesRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListMFADevicesRequest,
    ) -> Result<ListMFADevicesResponse, Failure> {
        let holder = Holder::named(call, input.user_name.as_deref()).await?;
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let (scope, account) = (find::scope(call), call.account());
        let mut devices = Vec::new();
        for name in holder.mfa_devices() {
            let id = record::id(name);
            let device = call.tx.peek::<MfaDevice>(&scope, &id).await.or_internal()?;
            devices.extend(device.map(|device| (id, show(account, &holder, &device))));
        }
        let found = page.select(devices);
        Ok(ListMFADevicesResponse {
            mfa_devices: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<GetMFADevice> for Iam {
    const FACTS: Facts = Facts::read("iam:GetMFADevice").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetMFADeviceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetMFADeviceRequest,
    ) -> Result<GetMFADeviceResponse, Failure> {
        let holder = Holder::named(call, input.user_name.as_deref()).await?;
        let (_, device) = find_of(call, &holder, input.serial_number()).await?;
        let MFADevice { user_name, serial_number, enable_date } =
            show(call.account(), &holder, &device);
        Ok(GetMFADeviceResponse { user_name, serial_number, enable_date, certifications: None })
    }
}

impl Tagged for MfaDevice {
    async fn named(call: &mut Call, serial: &str) -> Result<Vec<Resource>, Failure> {
        resources(call, serial).await
    }

    async fn take(call: &mut Call, serial: &str) -> Result<Self, Failure> {
        Ok(Self::clone(&*find(call, serial).await?.1))
    }

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn save(&self, call: &mut Call) -> Result<(), Failure> {
        keep(call, &record::id(&self.name), self).map(drop)
    }
}

/// What authorization judges where a request names a device.
///
/// # Errors
/// `NoSuchEntity`.
async fn resources(call: &mut Call, serial: &str) -> Result<Vec<Resource>, Failure> {
    let (_, device) = find(call, serial).await?;
    let resource = find::named(call.account(), DEVICE, "mfa", &device.path, &device.name);
    Ok(vec![Resource { tags: device.tags.clone(), ..resource }])
}

/// The device with this serial number, with its id in the store.
///
/// # Errors
/// `NoSuchEntity`.
async fn find(call: &mut Call, serial: &str) -> Result<(String, Arc<MfaDevice>), Failure> {
    let account = call.account();
    let found = mfa::find(&mut call.tx, account, serial).await.map_err(Failure::internal)?;
    found.ok_or_else(|| {
        let text = format!("VirtualMFADevice with serial number {serial} doesn't exist.");
        NO_SUCH_ENTITY_EXCEPTION.because(text)
    })
}

/// The same, if it is this holder's.
async fn find_of(
    call: &mut Call,
    holder: &Holder,
    serial: &str,
) -> Result<(String, Arc<MfaDevice>), Failure> {
    let found = find(call, serial).await?;
    if found.1.owner != Some(holder.mfa_owner()) {
        return Err(NO_SUCH_ENTITY_EXCEPTION.because("MFA Device invalid for user."));
    }
    Ok(found)
}

async fn holder_of(call: &mut Call, name: Option<&str>) -> Result<Holder, Failure> {
    let is_root = call.caller.identity == Identity::Root;
    match name {
        Some(name) if is_root && name == call.account().as_str() => Holder::root(call).await,
        name => Holder::named(call, name).await,
    }
}

fn synchronise(
    call: &Call,
    id: &str,
    device: &mut MfaDevice,
    codes: [&str; 2],
) -> Result<(), Failure> {
    let right = mfa::synchronise(call.credentials(), call.account(), id, device, codes, call.now);
    if right.map_err(Failure::internal)? {
        return Ok(());
    }
    let text = "Authentication code for device is not valid.";
    Err(INVALID_AUTHENTICATION_CODE_EXCEPTION.because(text))
}

fn keep(call: &mut Call, id: &str, device: &MfaDevice) -> Result<Unit, Failure> {
    let scope = find::scope(call);
    call.tx.put(&scope, id, device).or_internal()?;
    Ok(Unit::default())
}

fn show(account: AccountId, holder: &Holder, device: &MfaDevice) -> MFADevice {
    MFADevice {
        user_name: holder.name().map(str::to_owned),
        serial_number: Some(mfa::serial(account, device)),
        enable_date: device.enabled,
    }
}
