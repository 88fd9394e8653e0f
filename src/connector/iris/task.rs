//! A page as a task of a case: DFIR-IRIS calls nobody itself, but tells a person of a task that is theirs. Users and states of
//! tasks are known by name, and what was written is read again: that it was taken does not say that anybody has it.

use serde_json::{Value, json};

use super::Iris;
use crate::connector::error::ConnectorError;
use crate::connector::field::{items, text};
use crate::connector::port::{Receipt, Whom};
use crate::net::escaped;

/// The state in which a task begins.
const TO_DO: &str = "To do";
/// The longest title, in characters.
const TITLE_MAX: usize = 120;

impl Iris {
    pub(super) async fn task_for(
        &self,
        key: &str,
        whom: &Whom,
        message: &str,
        once: &str,
    ) -> Result<Receipt, ConnectorError> {
        let invalid = |field: &str, message: String| ConnectorError::Invalid {
            field: field.to_owned(),
            message,
        };
        if !self.by_task {
            let why =
                "DFIR-IRIS pages nobody; page the team by its routes, or write page = \"task\"";
            return Err(invalid("page", why.to_owned()));
        }
        let Whom::Person(person) = whom else {
            let why = "a task is a person's: name one in place of a policy";
            return Err(invalid("policy", why.to_owned()));
        };
        let user = self.user_id(person).await?;
        let list = format!("/case/tasks/list?cid={}", escaped(key));
        let before = Iris::data(self.line.get(&list).await?, key)?;
        let states = items(&before, &["tasks_status"]).unwrap_or_default();
        let named = |state: &&Value| {
            text(state, &["status_name"]).is_some_and(|name| name.eq_ignore_ascii_case(TO_DO))
        };
        let state = states
            .iter()
            .find(named)
            .and_then(|state| state["id"].as_i64());
        let state = state.ok_or_else(|| {
            invalid(
                "task",
                format!("this server has no state of tasks called '{TO_DO}'"),
            )
        })?;
        let first = message.lines().next().unwrap_or_default();
        let title: String = format!("PAGE {first}").chars().take(TITLE_MAX).collect();
        let body = json!({
            "task_title": title,
            "task_description": format!("{message}\n\n{once}"),
            "task_status_id": state,
            "task_assignees_id": [user],
            "task_tags": "page",
            "custom_attributes": {},
        });
        let path = format!("/case/tasks/add?cid={}", escaped(key));
        let written = self.write(key, &path, Some(&body)).await?;
        let Some(id) = text(&written, &["id"]) else {
            return Err(ConnectorError::Unknown(format!(
                "the task in case {key} was taken, and its number not told"
            )));
        };
        let read = async { Iris::data(self.line.get(&list).await?, key) };
        let after = read.await.map_err(|error| {
            ConnectorError::Unknown(format!(
                "task {id} was written, and cannot be read: {error}"
            ))
        })?;
        let tasks = items(&after, &["tasks"]).unwrap_or_default();
        let task = tasks
            .iter()
            .find(|task| text(task, &["task_id"]).as_ref() == Some(&id));
        let status = task.and_then(|task| text(task, &["status_name"]));
        let people = task.and_then(|task| items(task, &["task_assignees"]));
        let people = people.unwrap_or_default().iter();
        let called = people.filter_map(|person| text(person, &["name"]));
        let status = status.unwrap_or_else(|| TO_DO.to_owned());
        Ok(Receipt {
            called: called.map(|name| (name, status.clone())).collect(),
        })
    }

    /// The id of a user by login, name or id.
    async fn user_id(&self, person: &str) -> Result<i64, ConnectorError> {
        let data = Iris::data(self.line.get("/manage/users/list").await?, "users")?;
        let users = data.as_array().map(Vec::as_slice).unwrap_or_default();
        let same = |user: &&Value| {
            ["user_login", "user_name", "user_id"].iter().any(|key| {
                text(user, &[key]).is_some_and(|value| value.eq_ignore_ascii_case(person))
            })
        };
        let found = users
            .iter()
            .find(same)
            .and_then(|user| user["user_id"].as_i64());
        found.ok_or_else(|| ConnectorError::Invalid {
            field: "person".to_owned(),
            message: format!("this server has no user '{person}'"),
        })
    }
}
