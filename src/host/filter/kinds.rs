//! The kinds of filter that a language's handlers are, as httpd knows them.

use httpd::Host;
use httpd::kind::{Kind, Way};

/// The kinds of filter of one language's handlers, each pair with that of input first.
pub struct Kinds {
    /// Of a request's body and answer.
    pub of_requests: [Kind; 2],
    /// Of what goes over a connection.
    pub of_connections: [Kind; 2],
}

impl Kinds {
    /// Makes them known to httpd. While the configuration is read, each time.
    pub fn register<H: Host>(&self) {
        self.of_requests.iter().chain(&self.of_connections).for_each(Kind::register::<H>);
    }

    /// That of a request's filter.
    pub fn of_request(&self, way: Way) -> &Kind {
        of_way(&self.of_requests, way)
    }

    /// That of a connection's filter.
    pub fn of_connection(&self, way: Way) -> &Kind {
        of_way(&self.of_connections, way)
    }
}

fn of_way(kinds: &[Kind; 2], way: Way) -> &Kind {
    let [input, output] = kinds;
    match way {
        Way::Input => input,
        Way::Output => output,
    }
}
