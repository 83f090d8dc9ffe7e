//! Provisioning: from what a project wants to ids in its wrangler file.
//!
//! Data flows one way: [`desired_bindings`](desired::desired_bindings) reads files and arguments, [`LookUp`](plan::LookUp)
//! asks what is deployed, [`plan`](plan::plan) compares with the account and is pure, [`apply`](apply::apply) creates, and
//! [`edits`](apply::edits) returns the edits of the file.

pub mod apply;
pub mod desired;
pub mod destination;
pub mod local_names;
pub mod new_section;
pub mod plan;
pub mod titles;
