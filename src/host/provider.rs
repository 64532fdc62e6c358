//! What start-up code has registered as a provider of authentication or authorization.

use config::Handler;
use httpd::provider::Group;

/// One provider.
#[derive(Debug)]
pub struct Provider {
    /// Whether it authenticates or authorizes.
    pub group: Group,
    /// Its name in the configuration.
    pub name: Box<[u8]>,
    /// Says whether a password is right, or a request may pass.
    pub check: Handler,
    /// Finds a hash for `AuthDigestProvider`, or looks at a `Require` line.
    pub second: Option<Handler>,
}
