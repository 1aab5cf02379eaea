//! PutParameter: makes a parameter or adds a version to one.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>

use api_ssm::error::{
    HIERARCHY_TYPE_MISMATCH_EXCEPTION, INVALID_ALLOWED_PATTERN_EXCEPTION, PARAMETER_ALREADY_EXISTS,
    PARAMETER_MAX_VERSION_LIMIT_EXCEEDED, PARAMETER_PATTERN_MISMATCH_EXCEPTION,
    UNSUPPORTED_PARAMETER_TYPE,
};
use api_ssm::operations::PutParameter;
use api_ssm::{ParameterTier, PutParameterRequest, PutParameterResult};
use platform::{Audit, Call, Facts, Handle, Resource};
use shape::Failure;
use shape::error::VALIDATION;

use crate::find::OrInternal as _;
use crate::policies::{self, Policy};
use crate::record::{About, Kind, Parameter, Tier, VERSIONS_MAX, Value, Version, version_id};
use crate::{Ssm, events, find, name, record, secure, settings, tags};

/// Largest compiled `AllowedPattern`, in bytes.
const PATTERN_MAX_BYTES: usize = 256 * 1024;

impl Handle<PutParameter> for Ssm {
    const FACTS: Facts = Facts::write("ssm:PutParameter")
        .on(&["parameter"])
        .keys(&["aws:RequestTag/${TagKey}", "aws:TagKeys", "ssm:Overwrite", "ssm:Policies"])
        .audited(Audit::REQUEST_AND_RESPONSE.without_request(&["Value"]));

    async fn resources(
        &self,
        call: &mut Call,
        input: &PutParameterRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let resource = find::resource(call, input.name()).await?;
        let tagging = input.tags.is_some().then(|| resource.clone());
        let tagging = tagging.map(|resource| resource.for_action("ssm:AddTagsToResource"));
        Ok([resource].into_iter().chain(tagging).collect())
    }

    fn conditions(&self, _call: &Call, input: &PutParameterRequest, request: &mut authz::Request) {
        let context = &mut request.context;
        context.set("ssm:Overwrite", input.overwrite.unwrap_or(false));
        if let Some(policies) = &input.policies {
            context.set("ssm:Policies", policies.clone());
        }
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &PutParameterRequest,
    ) -> Result<PutParameterResult, Failure> {
        let named = name::read(input.name())?;
        if named.scope.as_ref().is_some_and(|scope| *scope != call.scope()) {
            let text = "A parameter is written in its own account and Region only.";
            return Err(VALIDATION.because(text));
        }
        name::check(&named.name)?;
        let scope = call.scope();
        let before = call.tx.get::<Parameter>(&scope, &named.name).await.or_internal()?;
        let overwrite = input.overwrite.unwrap_or(false);
        if before.is_some() && !overwrite {
            return Err(PARAMETER_ALREADY_EXISTS.because(
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            ));
        }
        if overwrite && input.tags.is_some() {
            return Err(VALIDATION.because(
                "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
                 overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
                 RemoveTagsFromResource.",
            ));
        }
        let kind = kind(input, before.as_deref())?;
        let policies = match &input.policies {
            Some(text) => policies::read(text, call.now)?,
            None => kept_policies(before.as_deref(), call)?,
        };
        let tier = tier(call, input, before.as_deref(), &policies).await?;
        check_value(input, tier)?;
        let data_type = data_type(input)?;

        let key_id = match kind {
            Kind::SecureString => {
                Some(input.key_id.clone().unwrap_or_else(|| secure::DEFAULT_KEY.to_owned()))
            }
            _ if input.key_id.is_some() => {
                let text = "KeyId is valid for parameters of type SecureString only.";
                return Err(VALIDATION.because(text));
            }
            _ => None,
        };
        let arn = record::arn(&scope, &named.name).to_string();
        let value = match &key_id {
            Some(key) => secure::encrypt(call, key, &arn, tier, input.value()).await?,
            None => Value::Plain(input.value().to_owned()),
        };
        let about = About {
            description: input
                .description
                .clone()
                .or_else(|| before.as_ref().and_then(|before| before.about.description.clone())),
            allowed_pattern: input.allowed_pattern.clone(),
            key_id,
            modified: call.now,
            modified_by: call.caller.arn(),
        };
        let created = before.is_none();
        let mut parameter = match before {
            Some(before) => Parameter::clone(&before),
            None => Parameter {
                name: named.name.clone(),
                kind,
                tier,
                data_type: data_type.clone(),
                created: call.now,
                latest: 0,
                versions: Vec::new(),
                labels: Default::default(),
                tags: Default::default(),
                about: about.clone(),
                policies: Vec::new(),
                sharing: Default::default(),
            },
        };
        tags::add(&mut parameter.tags, input.tags.as_deref().unwrap_or_default())?;
        make_room(call, &mut parameter)?;
        parameter.latest += 1;
        parameter.versions.push(parameter.latest);
        parameter.tier = tier;
        parameter.data_type.clone_from(&data_type);
        parameter.about = about.clone();
        parameter.policies.clone_from(&policies);
        let version = Version { number: parameter.latest, tier, about, value, data_type, policies };
        let id = version_id(&parameter.name, version.number);
        call.tx.create(&scope, &id, &version).or_internal()?;
        call.tx.put(&scope, &parameter.name, &parameter).or_internal()?;
        policies::schedule(call, &scope, &parameter)?;
        events::change(call, &parameter, if created { "Create" } else { "Update" })?;
        Ok(PutParameterResult {
            version: Some(i64::try_from(version.number).unwrap_or(i64::MAX)),
            tier: Some(ParameterTier::from(tier.as_str())),
        })
    }
}

/// A type is needed to make a parameter, and stays.
fn kind(input: &PutParameterRequest, before: Option<&Parameter>) -> Result<Kind, Failure> {
    let given = match &input.r#type {
        None => None,
        Some(name) => Some(Kind::parse(name.as_str()).ok_or_else(|| {
            UNSUPPORTED_PARAMETER_TYPE.because(format!("{name} is not a supported type."))
        })?),
    };
    match (given, before) {
        (Some(given), Some(before)) if given != before.kind => {
            Err(HIERARCHY_TYPE_MISMATCH_EXCEPTION.because(format!(
                "The parameter is of type {}; a parameter's type cannot be changed.",
                before.kind.as_str()
            )))
        }
        (_, Some(before)) => Ok(before.kind),
        (Some(given), None) => Ok(given),
        (None, None) => {
            Err(VALIDATION.because("A parameter type is required when you create a parameter."))
        }
    }
}

/// Policies stay when a request names none, but for their clock: what waits for no change begins to wait anew.
fn kept_policies(before: Option<&Parameter>, call: &Call) -> Result<Vec<Policy>, Failure> {
    let Some(before) = before else { return Ok(Vec::new()) };
    let texts: Vec<&str> = before.policies.iter().map(|policy| policy.text.as_str()).collect();
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    policies::read(&format!("[{}]", texts.join(",")), call.now)
}

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
async fn tier(
    call: &mut Call,
    input: &PutParameterRequest,
    before: Option<&Parameter>,
    policies: &[Policy],
) -> Result<Tier, Failure> {
    let asked = match &input.tier {
        Some(tier) => tier.as_str().to_owned(),
        None => settings::default_tier(call).await?,
    };
    let was_advanced = before.is_some_and(|before| before.tier == Tier::Advanced);
    let needs_advanced =
        input.value().len() > Tier::Standard.value_max_bytes() || !policies.is_empty();
    match asked.as_str() {
        "Advanced" => Ok(Tier::Advanced),
        "Intelligent-Tiering" if was_advanced || needs_advanced => Ok(Tier::Advanced),
        "Intelligent-Tiering" => Ok(Tier::Standard),
        _ if was_advanced && input.tier.is_some() => Err(VALIDATION.because(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter \
             tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a \
             standard parameter.",
        )),
        _ if was_advanced => Ok(Tier::Advanced),
        _ if !policies.is_empty() => Err(VALIDATION.because(
            "Parameter policies need the advanced-parameter tier.",
        )),
        _ => Ok(Tier::Standard),
    }
}

fn check_value(input: &PutParameterRequest, tier: Tier) -> Result<(), Failure> {
    let value = input.value();
    if value.is_empty() {
        return Err(VALIDATION.because("Parameter value, cannot be empty."));
    }
    let max = tier.value_max_bytes();
    if value.len() > max {
        return Err(VALIDATION.because(format!(
            "{} tier parameters support a maximum parameter value of {max} characters. To create a larger parameter value, \
             upgrade the parameter to use the advanced-parameter tier.",
            tier.as_str()
        )));
    }
    let Some(pattern) = &input.allowed_pattern else { return Ok(()) };
    let compiled = regex::RegexBuilder::new(pattern).size_limit(PATTERN_MAX_BYTES).build();
    let compiled = compiled.map_err(|_| {
        INVALID_ALLOWED_PATTERN_EXCEPTION.because(format!(
            "The request does not meet the regular expression requirement: {pattern}"
        ))
    })?;
    if !compiled.is_match(value) {
        return Err(PARAMETER_PATTERN_MISMATCH_EXCEPTION.because(format!(
            "Parameter value, cannot be validated against allowedPattern: {pattern}"
        )));
    }
    Ok(())
}

/// `text` unless the request says otherwise. An image id is checked for its form; whether the image exists nobody here knows.
fn data_type(input: &PutParameterRequest) -> Result<String, Failure> {
    let data_type = input.data_type.as_deref().unwrap_or("text");
    let value = input.value();
    match data_type {
        "text" => {}
        "aws:ssm:integration"
            if input.r#type.as_ref().is_none_or(|t| t.as_str() == "SecureString") => {}
        "aws:ec2:image" => {
            let hex = value.strip_prefix("ami-").unwrap_or_default();
            let digits = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !digits || !matches!(hex.len(), 8 | 17) {
                let text = format!("The value {value} is not a valid Amazon Machine Image id.");
                return Err(VALIDATION.because(text));
            }
        }
        other => {
            let text = format!("The following data type is not supported: {other}");
            return Err(VALIDATION.because(text));
        }
    }
    Ok(data_type.to_owned())
}

/// The oldest version goes when there are as many as are kept, unless a label holds it.
fn make_room(call: &mut Call, parameter: &mut Parameter) -> Result<(), Failure> {
    if parameter.versions.len() < VERSIONS_MAX {
        return Ok(());
    }
    let oldest = parameter.versions.remove(0);
    let labels = parameter.labels_of(oldest);
    if !labels.is_empty() {
        return Err(PARAMETER_MAX_VERSION_LIMIT_EXCEEDED.because(format!(
            "You attempted to create a new version of {} by calling the PutParameter API. Version {oldest}, the oldest version, \
             can't be deleted because it has a label associated with it. Move the label to another version of the parameter, \
             and try again.",
            parameter.name
        )));
    }
    let id = version_id(&parameter.name, oldest);
    call.tx.delete::<Version>(&call.scope(), &id).or_internal()
}
