//! Service settings of Parameter Store: the tier of parameters that name none, and throughput.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateServiceSetting.html>

use api_ssm::error::SERVICE_SETTING_NOT_FOUND;
use api_ssm::operations::{GetServiceSetting, ResetServiceSetting, UpdateServiceSetting};
use api_ssm::{
    GetServiceSettingRequest, GetServiceSettingResult, ResetServiceSettingRequest,
    ResetServiceSettingResult, ServiceSetting, UpdateServiceSettingRequest,
    UpdateServiceSettingResult,
};
use base::{Arn, Timestamp};
use platform::{Call, Facts, Handle, Resource};
use serde::{Deserialize, Serialize};
use shape::Failure;
use shape::error::VALIDATION;
use store::{Record, Scope};

use crate::Ssm;
use crate::find::OrInternal as _;
use crate::record::SERVICE;

const DEFAULT_TIER: &str = "/ssm/parameter-store/default-parameter-tier";
/// Settings: id, default, allowed values.
const SETTINGS: &[(&str, &str, &[&str])] = &[
    (DEFAULT_TIER, "Standard", &["Standard", "Advanced", "Intelligent-Tiering"]),
    ("/ssm/parameter-store/high-throughput-enabled", "false", &["true", "false"]),
];

/// A setting that was changed, kept under its id.
#[derive(Serialize, Deserialize)]
struct Setting {
    value: String,
    modified: Timestamp,
    modified_by: String,
}

impl Record for Setting {
    const SERVICE: &'static str = SERVICE;
    const KIND: &'static str = "service-setting";
}

/// The tier of parameters whose request names none.
///
/// # Errors
/// A failing store.
pub(crate) async fn default_tier(call: &mut Call) -> Result<String, Failure> {
    let scope = call.scope();
    let setting = call.tx.get::<Setting>(&scope, DEFAULT_TIER).await.or_internal()?;
    Ok(setting.map_or_else(|| "Standard".to_owned(), |setting| setting.value.clone()))
}

impl Handle<GetServiceSetting> for Ssm {
    const FACTS: Facts = Facts::read("ssm:GetServiceSetting").on(&["servicesetting"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetServiceSettingRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![resource(&call.scope(), find(input.setting_id())?.0)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetServiceSettingRequest,
    ) -> Result<GetServiceSettingResult, Failure> {
        Ok(GetServiceSettingResult { service_setting: Some(show(call, input.setting_id()).await?) })
    }
}

impl Handle<UpdateServiceSetting> for Ssm {
    const FACTS: Facts = Facts::write("ssm:UpdateServiceSetting").on(&["servicesetting"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateServiceSettingRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![resource(&call.scope(), find(input.setting_id())?.0)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateServiceSettingRequest,
    ) -> Result<UpdateServiceSettingResult, Failure> {
        let (id, _, allowed) = find(input.setting_id())?;
        let value = input.setting_value();
        if !allowed.contains(&value) {
            let text = format!("{value} is not a valid value of {id}.");
            return Err(VALIDATION.because(text));
        }
        let setting =
            Setting { value: value.to_owned(), modified: call.now, modified_by: call.caller.arn() };
        call.tx.put(&call.scope(), id, &setting).or_internal()?;
        Ok(UpdateServiceSettingResult {})
    }
}

impl Handle<ResetServiceSetting> for Ssm {
    const FACTS: Facts = Facts::write("ssm:ResetServiceSetting").on(&["servicesetting"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ResetServiceSettingRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Ok(vec![resource(&call.scope(), find(input.setting_id())?.0)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ResetServiceSettingRequest,
    ) -> Result<ResetServiceSettingResult, Failure> {
        let (id, ..) = find(input.setting_id())?;
        call.tx.delete::<Setting>(&call.scope(), id).or_internal()?;
        Ok(ResetServiceSettingResult { service_setting: Some(show(call, id).await?) })
    }
}

type Known = (&'static str, &'static str, &'static [&'static str]);

/// A setting by its id or its ARN.
fn find(text: &str) -> Result<Known, Failure> {
    let id = text.split_once(":servicesetting").map_or(text, |(_, id)| id);
    let known = SETTINGS.iter().find(|(known, ..)| *known == id).copied();
    known.ok_or_else(|| SERVICE_SETTING_NOT_FOUND.because(format!("Setting {text} is not found.")))
}

fn resource(scope: &Scope, id: &str) -> Resource {
    let arn = Arn::new(SERVICE, &scope.region, scope.account, &format!("servicesetting{id}"));
    Resource::new(arn, "AWS::SSM::ServiceSetting", scope.account)
}

async fn show(call: &mut Call, text: &str) -> Result<ServiceSetting, Failure> {
    let (id, default, _) = find(text)?;
    let scope = call.scope();
    let setting = call.tx.get::<Setting>(&scope, id).await.or_internal()?;
    Ok(ServiceSetting {
        setting_id: Some(id.to_owned()),
        setting_value: Some(setting.as_ref().map_or(default, |s| &s.value).to_owned()),
        last_modified_date: setting.as_ref().map(|setting| setting.modified),
        last_modified_user: Some(
            setting.as_ref().map_or("System", |setting| &setting.modified_by).to_owned(),
        ),
        arn: Some(resource(&scope, id).arn.to_string()),
        status: Some(if setting.is_some() { "Customized" } else { "Default" }.to_owned()),
    })
}
