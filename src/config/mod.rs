//! Settings in layers: flags, `WARBOARD_*` variables, the file, defaults; and the backend's own file with its directory.
//! Every room declares what it can be told; here it is read, checked and composed. Flags are read by the command line,
//! and so is the environment: it comes in as a lookup.

pub mod backend_json;
mod connector;
mod document;
mod fault;
mod home;
mod intake;
mod route;
mod server_file;
mod settings;
mod show;
mod source;

#[cfg(test)]
mod tests;

pub use self::source::new_source;
pub use fault::{COMMAND_LINE, ConfigError, ENVIRONMENT, Fault};
pub use home::{Environment, config_home, data_home};
pub use server_file::ServerFile;
pub use settings::{Flags, Layer, Settings};
pub use source::{SourceEntry, TokenEntry};
