//! Which APIs a server has, from its answer to ApiVersions (`fluss.md` 2.2).

use thalweg_wire::message::{ApiKey, ApiVersionsResponse};

use crate::call::SPOKEN;

/// The APIs of one server.
#[derive(Debug, Default)]
pub(super) struct Versions(Vec<(i32, i32, i32)>);

impl Versions {
    /// What a server said.
    pub(super) fn new(response: &ApiVersionsResponse) -> Self {
        Self(response.api_versions.iter().map(|api| (api.api_key, api.min_version, api.max_version)).collect())
    }

    /// Whether the server has an API in the version that the engine speaks.
    pub(super) fn has(&self, api: ApiKey) -> bool {
        let spoken = i32::from(SPOKEN);
        self.0.iter().any(|&(key, least, most)| key == i32::from(api.code()) && (least..=most).contains(&spoken))
    }
}
