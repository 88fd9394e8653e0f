//! The body that Alertmanager posts to a webhook, version 4, as far as it is read here. It is the sender's form: fields that
//! are not known are let be, and what may be missing or null is.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Labels or annotations: names with their values.
pub type Labels = BTreeMap<String, String>;

/// One group of alerts, and how it stands.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertGroupBody {
    /// `4`.
    pub version: String,
    pub group_key: String,
    /// Alerts that the sender left out of `alerts`.
    #[serde(default, deserialize_with = "or_default")]
    pub truncated_alerts: u64,
    pub status: AlertStatus,
    #[serde(default, deserialize_with = "or_default")]
    pub receiver: String,
    #[serde(default, deserialize_with = "or_default")]
    pub group_labels: Labels,
    #[serde(default, deserialize_with = "or_default")]
    pub common_labels: Labels,
    #[serde(default, deserialize_with = "or_default")]
    pub common_annotations: Labels,
    #[serde(rename = "externalURL", default, deserialize_with = "or_default")]
    pub external_url: String,
    pub alerts: Vec<AlertBody>,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertBody {
    pub status: AlertStatus,
    #[serde(default, deserialize_with = "or_default")]
    pub labels: Labels,
    #[serde(default, deserialize_with = "or_default")]
    pub annotations: Labels,
    #[serde(default, deserialize_with = "or_default")]
    pub starts_at: String,
    #[serde(default, deserialize_with = "or_default")]
    pub ends_at: String,
    #[serde(rename = "generatorURL", default, deserialize_with = "or_default")]
    pub generator_url: String,
    #[serde(default, deserialize_with = "or_default")]
    pub fingerprint: String,
}

/// How an alert, or a whole group, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    Firing,
    Resolved,
}

impl AlertStatus {
    /// The sender's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            AlertStatus::Firing => "firing",
            AlertStatus::Resolved => "resolved",
        }
    }
}

impl AlertGroupBody {
    /// What of it cannot be taken in, though it has the form.
    ///
    /// # Errors
    /// The field and why.
    pub fn check(&self) -> Result<(), String> {
        if self.version != super::BODY_VERSION {
            let given: String = self.version.chars().take(20).collect();
            return Err(format!(
                "'version' is '{given}'; what is understood is version {}",
                super::BODY_VERSION
            ));
        }
        if self.group_key.trim().is_empty() {
            return Err("'groupKey' is empty; without it nobody can tell groups apart".to_owned());
        }
        Ok(())
    }

    /// The alerts that fire.
    pub fn firing(&self) -> impl Iterator<Item = &AlertBody> {
        let alerts = self.alerts.iter();
        alerts.filter(|alert| alert.status == AlertStatus::Firing)
    }
}

/// What is null is as if it were not there.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
