//! A client's way to its server, apart from the I/O.

mod error;
mod plan;
mod redirect;
mod response;

pub use error::{ConnectError, Step};
pub use plan::{HEAD, Plan, Request};
pub use redirect::RedirectError;
pub use response::Response;
