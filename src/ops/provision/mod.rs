//! Provisioning: from what a project wants to ids in its wrangler file.
//!
//! Data flows one way: [`wants`](want::wants) reads files and arguments, [`plan`](plan::plan)
//! compares with the account and is pure, [`apply`](apply::apply) creates, and
//! [`edits`](apply::edits) says what the file must hold then.

pub mod apply;
pub mod destination;
pub mod plan;
pub mod titles;
pub mod want;
