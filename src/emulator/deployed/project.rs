//! Pages projects. Imports `domain`. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Deployed;
use crate::domain::AccountId;

/// A Pages project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::emulator) struct Project {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    /// In UNIX seconds.
    pub(in crate::emulator) created: i64,
    /// The rest, as it was sent: `production_branch`, `deployment_configs` and others.
    pub(in crate::emulator) fields: Map<String, Value>,
}

/// Why a project is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum ProjectError {
    /// It does not exist.
    Absent,
    /// It exists.
    Taken,
}

impl Deployed {
    /// Makes a project.
    pub(in crate::emulator) fn create_project(
        &mut self,
        account: &AccountId,
        name: &str,
        fields: Map<String, Value>,
        now: i64,
    ) -> Result<Project, ProjectError> {
        if self.project(account, name).is_some() {
            return Err(ProjectError::Taken);
        }
        let project = Project {
            id: self.new_uuid(),
            name: name.to_owned(),
            created: now,
            fields,
        };
        let projects = self.projects_mut(account);
        projects.insert(name.to_owned(), project.clone());
        Ok(project)
    }

    /// Changes the fields of a project.
    pub(in crate::emulator) fn change_project(
        &mut self,
        account: &AccountId,
        name: &str,
        fields: Map<String, Value>,
    ) -> Result<Project, ProjectError> {
        let project = self.projects_mut(account).get_mut(name);
        let project = project.ok_or(ProjectError::Absent)?;
        project.fields = merge(std::mem::take(&mut project.fields), fields);
        Ok(project.clone())
    }

    /// Deletes a project.
    pub(in crate::emulator) fn delete_project(
        &mut self,
        account: &AccountId,
        name: &str,
    ) -> Result<(), ProjectError> {
        let deleted = self.projects_mut(account).remove(name);
        deleted.map(drop).ok_or(ProjectError::Absent)
    }
}

/// Merges `changes` into `fields`: objects field by field, anything else as a whole, and `null`
/// removes.
pub(in crate::emulator) fn merge(
    mut fields: Map<String, Value>,
    changes: Map<String, Value>,
) -> Map<String, Value> {
    for (name, change) in changes {
        match (fields.remove(&name), change) {
            (_, Value::Null) => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                fields.insert(name, merge(old, new).into());
            }
            (_, Value::Object(new)) => {
                fields.insert(name, merge(Map::new(), new).into());
            }
            (_, change) => {
                fields.insert(name, change);
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_merged_and_null_removes() {
        let map = |json: Value| json.as_object().cloned().unwrap();
        let old = map(json!({ "a": { "b": 1, "c": { "d": 2 } }, "e": [1], "f": 1 }));
        let change = map(json!({ "a": { "b": null, "c": { "g": 3, "h": null } }, "e": [2] }));
        let expected = map(json!({ "a": { "c": { "d": 2, "g": 3 } }, "e": [2], "f": 1 }));
        assert_eq!(merge(old, change), expected);
    }
}
