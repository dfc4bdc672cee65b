//! The calls of a connection's beginning: versions, authentication, the token for remote files.

use bytes::Bytes;
use thalweg_wire::message::{
    ApiVersionsRequest, ApiVersionsResponse, AuthenticateRequest, AuthenticateResponse,
    GetFileSystemSecurityTokenRequest, GetFileSystemSecurityTokenResponse, PbApiVersion, ServerErrorCode,
};

use crate::failure::Failure;
use crate::handlers::served::SERVED;
use crate::handlers::service::Service;

/// Lists what is served. The server's role is left out, so that clients take this port for the coordinator as well as
/// for the tablet server (`fluss.md` 2.2).
pub(crate) fn versions(_: &Service, _: ApiVersionsRequest) -> Result<ApiVersionsResponse, Failure> {
    let version = |key: &thalweg_wire::message::ApiKey| PbApiVersion {
        api_key: i32::from(key.code()),
        min_version: 0,
        max_version: i32::from(key.max_version()),
    };
    Ok(ApiVersionsResponse { api_versions: SERVED.iter().map(version).collect(), server_type: None })
}

/// There is nothing to log in to.
pub(crate) fn authenticate(_: &Service, request: AuthenticateRequest) -> Result<AuthenticateResponse, Failure> {
    let text = format!(
        "Authenticate protocol not match: protocol of server is 'PLAINTEXT' while protocol of client is '{}'",
        request.protocol
    );
    Err(Failure::new(ServerErrorCode::AUTHENTICATE, text))
}

/// Says that remote files need no token; there are none.
pub(crate) fn file_system_token(
    _: &Service,
    _: GetFileSystemSecurityTokenRequest,
) -> Result<GetFileSystemSecurityTokenResponse, Failure> {
    Ok(GetFileSystemSecurityTokenResponse { schema: "file".to_owned(), token: Bytes::new(), ..Default::default() })
}
