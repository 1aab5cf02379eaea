//! Console passwords: login profiles, and the change of one's own password.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_admin-change-user.html>. A password is kept as a
//! hash only, with those before it, so that they are not taken again where the account's policy forbids it.

use std::sync::Arc;

use api_iam::error::{
    ENTITY_ALREADY_EXISTS_EXCEPTION, INVALID_USER_TYPE_EXCEPTION, NO_SUCH_ENTITY_EXCEPTION,
    PASSWORD_POLICY_VIOLATION_EXCEPTION,
};
use api_iam::operations::{
    ChangePassword, CreateLoginProfile, DeleteLoginProfile, GetLoginProfile, UpdateLoginProfile,
};
use api_iam::{
    ChangePasswordRequest, CreateLoginProfileRequest, CreateLoginProfileResponse,
    DeleteLoginProfileRequest, GetLoginProfileRequest, GetLoginProfileResponse, LoginProfile, Unit,
    UpdateLoginProfileRequest,
};
use identity::record::{self, Password, User};
use keyring::{Secret, password};
use platform::{Call, Facts, Handle, Identity, Resource, Service};
use shape::Failure;
use shape::error::{ACCESS_DENIED, VALIDATION};

use crate::find::{self, OrInternal as _};
use crate::password_policy::{self, PasswordPolicy};
use crate::{Iam, account, holder};

/// Hashes of earlier passwords that are kept: with the current one, as many as a policy can forbid.
const EARLIER_MAX: usize = 23;

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateLoginProfile, _>(iam)
        .operation::<GetLoginProfile, _>(iam)
        .operation::<UpdateLoginProfile, _>(iam)
        .operation::<DeleteLoginProfile, _>(iam)
        .operation::<ChangePassword, _>(iam)
}

impl Handle<CreateLoginProfile> for Iam {
    const FACTS: Facts = Facts::write("iam:CreateLoginProfile").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateLoginProfileRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateLoginProfileRequest,
    ) -> Result<CreateLoginProfileResponse, Failure> {
        let mut user = User::clone(&*find::user(call, input.user_name.as_deref()).await?);
        if user.password.is_some() {
            let text = format!("Login Profile for user {} already exists.", user.name);
            return Err(ENTITY_ALREADY_EXISTS_EXCEPTION.because(text));
        }
        let Some(given) = &input.password else {
            return Err(VALIDATION.because("Password is required."));
        };
        set(call, &mut user, given).await?;
        if let Some(password) = &mut user.password {
            password.reset_required = input.password_reset_required.unwrap_or(false);
        }
        save(call, &user)?;
        Ok(CreateLoginProfileResponse { login_profile: Some(show(&user)?) })
    }
}

impl Handle<GetLoginProfile> for Iam {
    const FACTS: Facts = Facts::read("iam:GetLoginProfile").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetLoginProfileRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetLoginProfileRequest,
    ) -> Result<GetLoginProfileResponse, Failure> {
        let user = find::user(call, input.user_name.as_deref()).await?;
        Ok(GetLoginProfileResponse { login_profile: Some(show(&user)?) })
    }
}

impl Handle<UpdateLoginProfile> for Iam {
    const FACTS: Facts = Facts::write("iam:UpdateLoginProfile").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateLoginProfileRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, Some(input.user_name())).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateLoginProfileRequest,
    ) -> Result<Unit, Failure> {
        let mut user = User::clone(&*find::user(call, Some(input.user_name())).await?);
        current(&user)?;
        if let Some(given) = &input.password {
            set(call, &mut user, given).await?;
        }
        if let (Some(password), Some(required)) =
            (&mut user.password, input.password_reset_required)
        {
            password.reset_required = required;
        }
        save(call, &user)?;
        Ok(Unit::default())
    }
}

impl Handle<DeleteLoginProfile> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteLoginProfile").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteLoginProfileRequest,
    ) -> Result<Vec<Resource>, Failure> {
        holder::resources(call, input.user_name.as_deref()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteLoginProfileRequest,
    ) -> Result<Unit, Failure> {
        let mut user = User::clone(&*find::user(call, input.user_name.as_deref()).await?);
        current(&user)?;
        user.password = None;
        save(call, &user)?;
        Ok(Unit::default())
    }
}

impl Handle<ChangePassword> for Iam {
    const FACTS: Facts = Facts::write("iam:ChangePassword").on(&["user"]);

    async fn resources(
        &self,
        call: &mut Call,
        _input: &ChangePasswordRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let user = calling_user(call).await?;
        let policy = password_policy::own_account_policy(call, "iam:ChangePassword").await?;
        let resource = find::user_resource(call.account(), &user);
        Ok(vec![Resource { policy, ..resource }])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ChangePasswordRequest,
    ) -> Result<Unit, Failure> {
        let mut user = User::clone(&*calling_user(call).await?);
        let password = current(&user)?;
        let policy = PasswordPolicy::of(call).await?;
        if policy.is_some_and(|policy| policy.is_locked_out(password, call.now)) {
            let text = "The password has expired. An administrator must set a new one.";
            return Err(ACCESS_DENIED.because(text));
        }
        if !is_one_of(call, input.old_password(), vec![password.hash.clone()]).await? {
            return Err(ACCESS_DENIED.because("The old password was incorrect."));
        }
        set(call, &mut user, input.new_password()).await?;
        save(call, &user)?;
        Ok(Unit::default())
    }
}

/// The calling user.
///
/// # Errors
/// `InvalidUserType` for everyone else.
async fn calling_user(call: &mut Call) -> Result<Arc<User>, Failure> {
    match call.caller.identity {
        Identity::User { .. } => find::user(call, None).await,
        _ => {
            let text = "Only IAM Users can change their own password";
            Err(INVALID_USER_TYPE_EXCEPTION.because(text))
        }
    }
}

/// The user's password.
fn current(user: &User) -> Result<&Password, Failure> {
    user.password.as_ref().ok_or_else(|| {
        let text = format!("Login Profile for User {} cannot be found.", user.name);
        NO_SUCH_ENTITY_EXCEPTION.because(text)
    })
}

/// Gives the user another password, if the account's policy takes it.
async fn set(call: &mut Call, user: &mut User, given: &str) -> Result<(), Failure> {
    let policy = PasswordPolicy::of(call).await?;
    let alias = account::alias(call).await?;
    password_policy::check(policy.as_deref(), alias.as_deref(), given)?;

    let before = user.password.take();
    let created = before.as_ref().map_or(call.now.trunc_seconds(), |before| before.created);
    let mut earlier: Vec<String> = before
        .into_iter()
        .flat_map(|before| [vec![before.hash], before.earlier].concat())
        .collect();
    let remembered = policy.map_or(0, |policy| policy.remembered());
    let forbidden = earlier.iter().take(remembered).cloned().collect();
    if is_one_of(call, given, forbidden).await? {
        let text = "Password has been used before and must not be used again";
        return Err(PASSWORD_POLICY_VIOLATION_EXCEPTION.because(text));
    }
    earlier.truncate(EARLIER_MAX);
    let secret = Secret::copy_of(given.as_bytes());
    let hash = call.offload(move || password::hash(&secret)).await?.map_err(Failure::internal)?;
    let changed = call.now.trunc_seconds();
    user.password = Some(Password { hash, earlier, created, changed, reset_required: false });
    Ok(())
}

/// Whether one of `hashes` was made of the password.
async fn is_one_of(call: &Call, given: &str, hashes: Vec<String>) -> Result<bool, Failure> {
    let secret = Secret::copy_of(given.as_bytes());
    let search = move || {
        for hash in &hashes {
            if password::matches(&secret, hash)? {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let found: Result<bool, keyring::Error> = call.offload(search).await?;
    found.map_err(Failure::internal)
}

fn save(call: &mut Call, user: &User) -> Result<(), Failure> {
    let scope = find::scope(call);
    call.tx.put(&scope, &record::id(&user.name), user).or_internal()
}

fn show(user: &User) -> Result<LoginProfile, Failure> {
    let password = current(user)?;
    Ok(LoginProfile {
        user_name: Some(user.name.clone()),
        create_date: Some(password.created),
        password_reset_required: Some(password.reset_required),
    })
}
