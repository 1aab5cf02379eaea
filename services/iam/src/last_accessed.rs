//! When permissions were last used: reports over the counts that the platform keeps of every identity's calls.
//!
//! A report remembers what was asked for and is put together when it is read, so it is never older than it looks. It is kept for
//! the time that AWS keeps one.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html>

mod entities;
mod granting;
mod grants;
mod services;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api_iam::error::NO_SUCH_ENTITY_EXCEPTION;
use api_iam::operations::{
    GenerateServiceLastAccessedDetails, GetServiceLastAccessedDetails,
    GetServiceLastAccessedDetailsWithEntities,
};
use api_iam::{
    AccessAdvisorUsageGranularityType as Granularity, EntityDetails, EntityInfo,
    GenerateServiceLastAccessedDetailsRequest, GenerateServiceLastAccessedDetailsResponse,
    GetServiceLastAccessedDetailsRequest, GetServiceLastAccessedDetailsResponse,
    GetServiceLastAccessedDetailsWithEntitiesRequest,
    GetServiceLastAccessedDetailsWithEntitiesResponse, JobStatusType, ServiceLastAccessed,
    TrackedActionLastAccessed,
};
use base::Timestamp;
use identity::record;
use platform::usage::{self, IDENTITY_KIND};
use platform::{Call, Facts, Handle, Resource, Service, Work};
use serde::{Deserialize, Serialize};
use shape::Failure;
use store::{Record, Tally};

use crate::Iam;
use crate::find::{self, OrInternal as _};
use crate::paging::Page;
use entities::{Entity, Target};

/// How long a report may be read.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    let service = service
        .operation::<GenerateServiceLastAccessedDetails, _>(iam)
        .operation::<GetServiceLastAccessedDetails, _>(iam)
        .operation::<GetServiceLastAccessedDetailsWithEntities, _>(iam)
        .work(&Arc::new(Sweep));
    granting::operations(service, iam)
}

/// A report that was asked for. Its id in the store is the job's.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    /// About whom or what: an ARN.
    arn: String,
    /// Whether single actions are told.
    by_action: bool,
    /// When it was asked for.
    created: Timestamp,
}

impl Record for Report {
    const SERVICE: &'static str = record::SERVICE;
    const KIND: &'static str = Sweep::KIND;
}

/// Throws reports away that are past their time.
struct Sweep;

impl Work for Sweep {
    const KIND: &'static str = "access-report";

    async fn run(&self, call: &mut Call, id: &str) -> Result<(), Failure> {
        let scope = call.scope();
        call.tx.delete::<Report>(&scope, id).or_internal()?;
        call.tx.put_due(&scope, record::SERVICE, Self::KIND, id, None).or_internal()
    }
}

impl Handle<GenerateServiceLastAccessedDetails> for Iam {
    const FACTS: Facts = Facts::read("iam:GenerateServiceLastAccessedDetails")
        .on(&["group", "policy", "role", "user"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GenerateServiceLastAccessedDetailsRequest,
    ) -> Result<Vec<Resource>, Failure> {
        Target::find(call, input.arn()).await?.named(call, input.arn()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GenerateServiceLastAccessedDetailsRequest,
    ) -> Result<GenerateServiceLastAccessedDetailsResponse, Failure> {
        let (scope, id) = (find::scope(call), call.uuid());
        let report = Report {
            arn: input.arn().to_owned(),
            by_action: input.granularity == Some(Granularity::ActionLevel),
            created: call.now.trunc_seconds(),
        };
        call.tx.create(&scope, &id, &report).or_internal()?;
        let due = Some(call.now + KEPT);
        call.tx.put_due(&scope, record::SERVICE, Sweep::KIND, &id, due).or_internal()?;
        Ok(GenerateServiceLastAccessedDetailsResponse { job_id: Some(id) })
    }
}

impl Handle<GetServiceLastAccessedDetails> for Iam {
    const FACTS: Facts = Facts::read("iam:GetServiceLastAccessedDetails");

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetServiceLastAccessedDetailsRequest,
    ) -> Result<GetServiceLastAccessedDetailsResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let report = report(call, input.job_id()).await?;
        let target = Target::find(call, &report.arn).await?;
        let entities = target.entities(call, &report.arn).await?;
        let documents = target.documents(call).await?;
        let mut uses = Uses::default();
        for entity in &entities {
            uses.add(call, entity).await?;
        }
        // What was used is told even if it is not granted any more.
        let listed = services::ALL.iter().filter(|(namespace, _)| {
            uses.0.contains_key(*namespace)
                || documents.iter().any(|text| grants::grants(text, namespace))
        });
        let found = page.select(listed.map(|(namespace, name)| {
            let used = uses.0.get(*namespace).map(Vec::as_slice).unwrap_or_default();
            ((*namespace).to_owned(), show(namespace, name, used, report.by_action))
        }));
        let granularity =
            if report.by_action { Granularity::ActionLevel } else { Granularity::ServiceLevel };
        Ok(GetServiceLastAccessedDetailsResponse {
            job_status: Some(JobStatusType::Completed),
            job_type: Some(granularity),
            job_creation_date: Some(report.created),
            services_last_accessed: Some(found.items),
            job_completion_date: Some(report.created),
            is_truncated: Some(found.truncated),
            marker: found.marker,
            error: None,
        })
    }
}

impl Handle<GetServiceLastAccessedDetailsWithEntities> for Iam {
    const FACTS: Facts = Facts::read("iam:GetServiceLastAccessedDetailsWithEntities");

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetServiceLastAccessedDetailsWithEntitiesRequest,
    ) -> Result<GetServiceLastAccessedDetailsWithEntitiesResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let report = report(call, input.job_id()).await?;
        let target = Target::find(call, &report.arn).await?;
        let mut listed = Vec::new();
        for entity in target.entities(call, &report.arn).await? {
            let mut uses = Uses::default();
            uses.add(call, &entity).await?;
            let used = uses.0.get(input.service_namespace());
            let last = used.and_then(|used| used.iter().map(|used| used.last).max());
            let details = EntityDetails {
                entity_info: Some(EntityInfo {
                    arn: Some(entity.arn.clone()),
                    name: Some(entity.name),
                    r#type: Some(entity.kind),
                    id: Some(entity.unique_id),
                    path: Some(entity.path),
                }),
                last_authenticated: last.map(Timestamp::trunc_seconds),
            };
            listed.push((entity.arn, details));
        }
        let found = page.select(listed);
        Ok(GetServiceLastAccessedDetailsWithEntitiesResponse {
            job_status: Some(JobStatusType::Completed),
            job_creation_date: Some(report.created),
            job_completion_date: Some(report.created),
            entity_details_list: Some(found.items),
            is_truncated: Some(found.truncated),
            marker: found.marker,
            error: None,
        })
    }
}

async fn report(call: &mut Call, job: &str) -> Result<Arc<Report>, Failure> {
    let found = match job.contains('\0') {
        true => None,
        false => call.tx.get::<Report>(&find::scope(call), job).await.or_internal()?,
    };
    let text = || format!("Job {job} cannot be found.");
    found.ok_or_else(|| NO_SUCH_ENTITY_EXCEPTION.because(text()))
}

/// One action that somebody used in one Region.
struct Used {
    entity: String,
    action: String,
    region: String,
    last: Timestamp,
}

/// What was used, by the namespaces of services.
#[derive(Default)]
struct Uses(BTreeMap<String, Vec<Used>>);

impl Uses {
    async fn add(&mut self, call: &Call, entity: &Entity) -> Result<(), Failure> {
        let path = [record::SERVICE, IDENTITY_KIND, entity.unique_id.as_str()];
        for Tally { counter, last, .. } in call.tallies(&find::scope(call), &path).await? {
            let Some((service, action)) = usage::action(&counter).split_once(':') else { continue };
            self.0.entry(service.to_owned()).or_default().push(Used {
                entity: entity.arn.clone(),
                action: action.to_owned(),
                region: usage::region(&counter).unwrap_or_default().to_owned(),
                last: last.trunc_seconds(),
            });
        }
        Ok(())
    }
}

fn show(namespace: &str, name: &str, used: &[Used], by_action: bool) -> ServiceLastAccessed {
    let last = used.iter().max_by_key(|used| used.last);
    let mut entities: Vec<&str> = used.iter().map(|used| used.entity.as_str()).collect();
    entities.sort_unstable();
    entities.dedup();
    let mut actions: BTreeMap<&str, &Used> = BTreeMap::new();
    for one in used {
        let known = actions.entry(&one.action).or_insert(one);
        if known.last < one.last {
            *known = one;
        }
    }
    let tracked = |(action, used): (&str, &Used)| TrackedActionLastAccessed {
        action_name: Some(action.to_owned()),
        last_accessed_entity: Some(used.entity.clone()),
        last_accessed_time: Some(used.last),
        last_accessed_region: Some(used.region.clone()),
    };
    ServiceLastAccessed {
        service_name: Some(name.to_owned()),
        last_authenticated: last.map(|used| used.last),
        service_namespace: Some(namespace.to_owned()),
        last_authenticated_entity: last.map(|used| used.entity.clone()),
        last_authenticated_region: last.map(|used| used.region.clone()),
        total_authenticated_entities: Some(i32::try_from(entities.len()).unwrap_or(i32::MAX)),
        tracked_actions_last_accessed: by_action
            .then(|| actions.into_iter().map(tracked).collect()),
    }
}
