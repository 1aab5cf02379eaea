//! Who may use which key: key policies, policies of identities and grants together, one file a topic.

mod across;
mod common;
mod conditions;
mod creation;
mod grants;
mod policies;
