//! LookupEvents: the last 90 days of a Region's management events, newest first.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
//! The store narrows records by text that a match must contain; each record is then read and compared exactly.

use std::time::Duration;

use api_cloudtrail::operations::LookupEvents;
use api_cloudtrail::{
    Event, LookupAttribute, LookupAttributeKey, LookupEventsRequest, LookupEventsResponse,
    Resource, error,
};
use base::{Timestamp, time::DAY};
use platform::{Call, Facts, Handle};
use serde::Deserialize;
use shape::Failure;
use store::{JournalEntry, JournalQuery, JournalToken};

use crate::CloudTrail;

/// How far back events can be looked up.
const HISTORY: Duration = Duration::from_secs(90 * DAY.as_secs());
/// Events on a page unless fewer are asked for, and at the most.
const PAGE_MAX: i32 = 50;
/// Stretches of history that one call looks through; a page may then be short, or empty, and its token goes on.
const SCANS_MAX: usize = 16;

impl Handle<LookupEvents> for CloudTrail {
    const FACTS: Facts = Facts::read("cloudtrail:LookupEvents");

    async fn handle(
        &self,
        call: &mut Call,
        input: &LookupEventsRequest,
    ) -> Result<LookupEventsResponse, Failure> {
        let limit = page_size(input.max_results)?;
        let filter = Filter::new(input.lookup_attributes.as_deref().unwrap_or_default())?;
        // Insights events are found by nobody yet, so there are none to list.
        if input.event_category.is_some() {
            return Ok(LookupEventsResponse { events: Some(Vec::new()), next_token: None });
        }
        let (from, to) = (input.start_time, input.end_time);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(error::INVALID_TIME_RANGE_EXCEPTION.because(
                "Invalid time range specified. The start time must be before the end time.",
            ));
        }
        let fingerprint = fingerprint(input);
        let mut query = JournalQuery {
            from: from.unwrap_or(Timestamp::MIN).max(call.now - HISTORY),
            to: to.unwrap_or(Timestamp::MAX),
            contains: filter.needles(),
            after: input.next_token.as_deref().map(|t| open_token(t, &fingerprint)).transpose()?,
            ..JournalQuery::newest(call.scope(), limit)
        };

        let mut events = Vec::new();
        for _ in 0..SCANS_MAX {
            query.limit = limit - events.len();
            let page = call.journal(query.clone()).await?;
            for entry in &page.entries {
                let record: Record<'_> =
                    serde_json::from_slice(&entry.body).map_err(Failure::internal)?;
                if filter.matches(&record) {
                    events.push(event(entry, record));
                }
            }
            query.after = page.next;
            if page.next.is_none() || events.len() == limit {
                break;
            }
        }
        let next_token = query.after.map(|token| seal_token(&token, &fingerprint));
        Ok(LookupEventsResponse { events: Some(events), next_token })
    }
}

fn page_size(asked: Option<i32>) -> Result<usize, Failure> {
    let asked = asked.unwrap_or(PAGE_MAX);
    if !(1..=PAGE_MAX).contains(&asked) {
        return Err(error::INVALID_MAX_RESULTS_EXCEPTION.because(format!(
            "Invalid max results specified. Specify a value from 1 to {PAGE_MAX}."
        )));
    }
    Ok(usize::try_from(asked).unwrap_or(1))
}

/// What of a record can be looked up by.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow)]
    event_name: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    event_source: std::borrow::Cow<'a, str>,
    read_only: bool,
    user_identity: UserIdentity,
    #[serde(default)]
    resources: Vec<RecordResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    r#type: Option<String>,
    user_name: Option<String>,
    access_key_id: Option<String>,
    invoked_by: Option<String>,
}

impl UserIdentity {
    fn name(&self) -> Option<&str> {
        match self.r#type.as_deref() {
            Some("Root") => Some("root"),
            _ => self.user_name.as_deref().or(self.invoked_by.as_deref()),
        }
    }
}

#[derive(Deserialize)]
struct RecordResource {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "ARN")]
    arn: String,
}

/// The attribute that is looked for, if any.
struct Filter<'a>(Option<(LookupAttributeKey, &'a str)>);

impl<'a> Filter<'a> {
    fn new(attributes: &'a [LookupAttribute]) -> Result<Self, Failure> {
        let invalid = |text: &str| error::INVALID_LOOKUP_ATTRIBUTES_EXCEPTION.because(text);
        match attributes {
            [] => Ok(Self(None)),
            [one] => match (&one.attribute_key, &one.attribute_value) {
                (Some(key), Some(value)) => Ok(Self(Some((key.clone(), value)))),
                _ => Err(invalid("A lookup attribute needs a key and a value.")),
            },
            _ => Err(invalid("You can only specify one lookup attribute.")),
        }
    }

    /// Texts that every matching record contains, for the store to narrow by.
    fn needles(&self) -> Vec<Vec<u8>> {
        let Some((key, value)) = &self.0 else { return Vec::new() };
        // A value that JSON would escape is left to the exact comparison.
        let plain = value.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\');
        let text = match key {
            LookupAttributeKey::EventName => format!("\"eventName\":\"{value}\""),
            LookupAttributeKey::EventSource => format!("\"eventSource\":\"{value}\""),
            LookupAttributeKey::EventId => format!("\"eventID\":\"{value}\""),
            LookupAttributeKey::AccessKeyId => format!("\"accessKeyId\":\"{value}\""),
            LookupAttributeKey::ReadOnly => format!("\"readOnly\":{value}"),
            LookupAttributeKey::ResourceName | LookupAttributeKey::ResourceType => {
                (*value).to_owned()
            }
            _ => return Vec::new(),
        };
        if plain { vec![text.into_bytes()] } else { Vec::new() }
    }

    fn matches(&self, record: &Record<'_>) -> bool {
        let Some((key, value)) = &self.0 else { return true };
        let value = *value;
        match key {
            LookupAttributeKey::EventName => record.event_name == value,
            LookupAttributeKey::EventSource => record.event_source == value,
            LookupAttributeKey::Username => record.user_identity.name() == Some(value),
            LookupAttributeKey::AccessKeyId => {
                record.user_identity.access_key_id.as_deref() == Some(value)
            }
            LookupAttributeKey::ReadOnly => record.read_only.to_string() == value,
            LookupAttributeKey::ResourceType => record.resources.iter().any(|r| r.kind == value),
            LookupAttributeKey::ResourceName => record.resources.iter().any(|r| r.is_named(value)),
            // The needle held the whole id.
            LookupAttributeKey::EventId => true,
            LookupAttributeKey::Unknown(_) => false,
        }
    }
}

impl RecordResource {
    /// Resources go by their ARN and by what stands behind its last separator.
    fn is_named(&self, name: &str) -> bool {
        self.arn == name || self.arn.rsplit(['/', ':']).next() == Some(name)
    }
}

fn event(entry: &JournalEntry, record: Record<'_>) -> Event {
    let resource = |resource: &RecordResource| Resource {
        resource_type: Some(resource.kind.clone()),
        resource_name: Some(resource.arn.clone()),
    };
    Event {
        event_id: Some(entry.id.clone()),
        event_name: Some(record.event_name.into_owned()),
        read_only: Some(record.read_only.to_string()),
        event_time: Some(entry.at.trunc_seconds()),
        event_source: Some(record.event_source.into_owned()),
        username: record.user_identity.name().map(str::to_owned),
        access_key_id: record.user_identity.access_key_id,
        resources: Some(record.resources.iter().map(resource).collect()),
        cloud_trail_event: Some(String::from_utf8_lossy(&entry.body).into_owned()),
    }
}

/// A short text that changes with the parameters that a token is good for.
fn fingerprint(input: &LookupEventsRequest) -> String {
    use std::hash::{Hash as _, Hasher as _};
    let mut hasher = std::hash::DefaultHasher::new();
    (input.start_time, input.end_time).hash(&mut hasher);
    for attribute in input.lookup_attributes.iter().flatten() {
        (&attribute.attribute_key, &attribute.attribute_value).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

fn seal_token(token: &JournalToken, fingerprint: &str) -> String {
    format!("{fingerprint}{token}")
}

fn open_token(text: &str, fingerprint: &str) -> Result<JournalToken, Failure> {
    let token = text.strip_prefix(fingerprint).and_then(|token| token.parse().ok());
    token.ok_or_else(|| {
        error::INVALID_NEXT_TOKEN_EXCEPTION.because(
            "Invalid next token. Pass the token with the same parameters as the call that gave it.",
        )
    })
}
