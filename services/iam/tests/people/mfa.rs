use std::time::Duration;

use api_iam::operations as op;
use api_iam::*;
use keyring::{Secret, totp};

use crate::common::{ACCOUNT, World, some};

const STEP: Duration = Duration::from_secs(30);

/// An authenticator app.
struct Phone {
    serial: String,
    seed: Secret,
}

impl Phone {
    async fn new(world: &World, name: &str) -> Self {
        let input = CreateVirtualMFADeviceRequest {
            virtual_mfa_device_name: some(name),
            ..Default::default()
        };
        let made = world.root::<op::CreateVirtualMFADevice>(input).await;
        let device = made.virtual_mfa_device.expect("a device");
        let picture = device.qr_code_png.expect("a picture");
        assert!(picture.starts_with(b"\x89PNG"));
        let text = device.base32_string_seed.expect("a seed");
        assert_eq!(text.len(), 64);
        let mut bits = text.iter().flat_map(|letter| {
            let digit = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|l| l == letter);
            let digit = digit.expect("base32");
            (0..5).rev().map(move |bit| (digit >> bit & 1) as u8)
        });
        let byte =
            || -> Option<u8> { (0..8).try_fold(0, |byte, _| Some(byte << 1 | bits.next()?)) };
        let seed = std::iter::from_fn(byte).collect::<Vec<u8>>();
        Self { serial: device.serial_number.expect("its ARN"), seed: seed.into() }
    }

    /// The code on display, or the one so many steps from it.
    fn code(&self, world: &World, steps: i64) -> String {
        totp::code(&self.seed, world.0.now().seconds() / 30 + steps)
    }

    fn enable(&self, world: &World, user: &str) -> EnableMFADeviceRequest {
        EnableMFADeviceRequest {
            user_name: some(user),
            serial_number: some(&self.serial),
            authentication_code1: Some(self.code(world, -1)),
            authentication_code2: Some(self.code(world, 0)),
        }
    }
}

async fn serials(world: &World, user: Option<&str>) -> Vec<String> {
    let input = ListMFADevicesRequest { user_name: user.map(str::to_owned), ..Default::default() };
    let devices = world.root::<op::ListMFADevices>(input).await.mfa_devices.expect("devices");
    devices.into_iter().filter_map(|device| device.serial_number).collect()
}

async fn listed(world: &World, status: AssignmentStatusType) -> usize {
    let input =
        ListVirtualMFADevicesRequest { assignment_status: Some(status), ..Default::default() };
    let found = world.root::<op::ListVirtualMFADevices>(input).await;
    found.virtual_mfa_devices.expect("devices").len()
}

#[tokio::test]
async fn a_device_is_enabled_by_two_codes_and_used_by_one_user() {
    let world = World::new().await;
    world.user("bob").await;
    let phone = Phone::new(&world, "phone").await;
    assert_eq!(phone.serial, format!("arn:aws:iam::{ACCOUNT}:mfa/phone"));
    let again = CreateVirtualMFADeviceRequest {
        virtual_mfa_device_name: some("PHONE"),
        ..Default::default()
    };
    assert_eq!(
        world.refused::<op::CreateVirtualMFADevice>(again).await,
        "EntityAlreadyExists: MFADevice entity at the same path and name already exists."
    );
    let wrong = "InvalidAuthenticationCode: Authentication code for device is not valid.";
    let twice = EnableMFADeviceRequest {
        authentication_code1: Some(phone.code(&world, 0)),
        ..phone.enable(&world, "ada")
    };
    assert_eq!(world.refused::<op::EnableMFADevice>(twice).await, wrong);
    assert_eq!(listed(&world, AssignmentStatusType::Unassigned).await, 1);
    world.root::<op::EnableMFADevice>(phone.enable(&world, "ada")).await;
    assert_eq!(serials(&world, Some("ada")).await, std::slice::from_ref(&phone.serial));
    assert_eq!(listed(&world, AssignmentStatusType::Unassigned).await, 0);
    assert_eq!(listed(&world, AssignmentStatusType::Assigned).await, 1);
    assert_eq!(
        world.refused::<op::EnableMFADevice>(phone.enable(&world, "bob")).await,
        "EntityAlreadyExists: MFA Device is already in use."
    );
    let of_bob = GetMFADeviceRequest { user_name: some("bob"), serial_number: some(&phone.serial) };
    assert_eq!(
        world.refused::<op::GetMFADevice>(of_bob).await,
        "NoSuchEntity: MFA Device invalid for user."
    );
}

#[tokio::test]
async fn a_device_goes_when_nobody_uses_it() {
    let world = World::new().await;
    let phone = Phone::new(&world, "phone").await;
    world.root::<op::EnableMFADevice>(phone.enable(&world, "ada")).await;
    let delete = || DeleteVirtualMFADeviceRequest { serial_number: some(&phone.serial) };
    assert_eq!(
        world.refused::<op::DeleteVirtualMFADevice>(delete()).await,
        "DeleteConflict: MFA VirtualDevice in use. Must deactivate first."
    );
    let user = DeleteUserRequest { user_name: some("ada") };
    assert_eq!(
        world.refused::<op::DeleteUser>(user).await,
        "DeleteConflict: Cannot delete entity, must delete MFA device first."
    );
    // It follows its user to another name.
    let rename = UpdateUserRequest {
        user_name: some("ada"),
        new_user_name: some("lovelace"),
        ..Default::default()
    };
    world.root::<op::UpdateUser>(rename).await;
    let deactivate = DeactivateMFADeviceRequest {
        user_name: some("lovelace"),
        serial_number: some(&phone.serial),
    };
    world.root::<op::DeactivateMFADevice>(deactivate).await;
    assert!(serials(&world, Some("lovelace")).await.is_empty());
    world.root::<op::DeleteVirtualMFADevice>(delete()).await;
    assert_eq!(
        world.refused::<op::DeleteVirtualMFADevice>(delete()).await,
        format!(
            "NoSuchEntity: VirtualMFADevice with serial number {} doesn't exist.",
            phone.serial
        )
    );
}

#[tokio::test]
async fn codes_count_once_and_a_drifting_clock_is_followed() {
    let world = World::new().await;
    let phone = Phone::new(&world, "phone").await;
    world.root::<op::EnableMFADevice>(phone.enable(&world, "ada")).await;
    let resync = |first: i64| ResyncMFADeviceRequest {
        user_name: some("ada"),
        serial_number: some(&phone.serial),
        authentication_code1: Some(phone.code(&world, first)),
        authentication_code2: Some(phone.code(&world, first + 1)),
    };
    let used = world.refused::<op::ResyncMFADevice>(resync(-1)).await;
    assert!(used.starts_with("InvalidAuthenticationCode"), "{used}");
    world.root::<op::ResyncMFADevice>(resync(20)).await;
    world.0.advance(STEP).await;
    world.root::<op::ResyncMFADevice>(resync(21)).await;
    let far = world.refused::<op::ResyncMFADevice>(resync(500)).await;
    assert!(far.starts_with("InvalidAuthenticationCode"), "{far}");
}

#[tokio::test]
async fn the_root_user_has_devices_too() {
    let world = World::new().await;
    let phone = Phone::new(&world, "phone").await;
    world.root::<op::EnableMFADevice>(phone.enable(&world, ACCOUNT)).await;
    assert_eq!(serials(&world, None).await, std::slice::from_ref(&phone.serial));
    let all =
        world.root::<op::ListVirtualMFADevices>(ListVirtualMFADevicesRequest::default()).await;
    let user = all.virtual_mfa_devices.expect("devices").remove(0).user.expect("its user");
    assert_eq!(user.arn, Some(format!("arn:aws:iam::{ACCOUNT}:root")));
    // Nobody but the root user means it by the number.
    world.empower("ada").await;
    let other = Phone::new(&world, "other").await;
    let refused = world.by::<op::EnableMFADevice>("ada", other.enable(&world, ACCOUNT)).await;
    let none = format!("NoSuchEntity: The user with name {ACCOUNT} cannot be found.");
    assert_eq!(refused.map(drop), Err(none));
}
