//! Which APIs a server has, from its answer to ApiVersions (`fluss.md` 2.2).

use thalweg_wire::message::{ApiKey, ApiVersionsResponse};

/// The APIs of one server.
#[derive(Debug, Default)]
pub(super) struct Versions(Vec<(i32, i32, i32)>);

impl Versions {
    /// What a server said.
    pub(super) fn new(response: &ApiVersionsResponse) -> Self {
        Self(response.api_versions.iter().map(|api| (api.api_key, api.min_version, api.max_version)).collect())
    }

    /// The version of an API that the engine and the server both speak, the highest; `None`: there is none.
    pub(super) fn agreed(&self, api: ApiKey) -> Option<i16> {
        let (_, least, most) = self.0.iter().find(|(key, ..)| *key == i32::from(api.code()))?;
        api.agreed(*least, *most)
    }
}
