//! CloudTrail: so far, looking up what the pipeline recorded. Trails, delivery and digests come with S3.

mod lookup;

use std::sync::Arc;

use api_cloudtrail::operations::LookupEvents;
use platform::Service;

/// The service.
pub struct CloudTrail;

/// The service with its operations.
pub fn service() -> Service {
    let cloudtrail = Arc::new(CloudTrail);
    Service::new(&api_cloudtrail::SERVICE).operation::<LookupEvents, _>(&cloudtrail)
}
