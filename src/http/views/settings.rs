//! Settings as callers read them: those of one layer, and all of them as they hold. How their schemas are drawn
//! stands in `setting_schemas`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::setting_schemas::{self, SchemaUse};
use crate::domain::settings::{Effective, SettingSource, Warning};

/// Settings as they hold.
#[derive(Serialize, ToSchema)]
pub struct EffectiveView {
    /// Every setting.
    settings: SettingsView,
    /// The layer that each setting's value comes from, by its dotted path.
    #[schema(value_type = BTreeMap<String, SettingLayer>)]
    source: BTreeMap<String, SettingSource>,
    /// Settings that depart from a standard.
    #[schema(value_type = Vec<SettingWarning>)]
    warnings: Vec<Warning>,
}

/// The layer that a value comes from.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "read by the document alone; `SettingSource` is written")]
enum SettingLayer {
    /// Nobody sets it.
    Default,
    /// The System.
    System,
    /// The team.
    Team,
}

/// A setting that departs from a standard.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the document alone; `Warning` is written")]
struct SettingWarning {
    /// The setting's dotted path.
    path: String,
    /// A word for programs.
    code: String,
    /// A sentence for people.
    detail: String,
}

/// The layer's own settings; with `effective=true` the settings as they hold.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum SettingsReply {
    /// The settings of the layer.
    Layer(SettingsLayer),
    /// Every setting.
    Effective(EffectiveView),
}

impl From<Effective> for EffectiveView {
    fn from(effective: Effective) -> Self {
        Self { settings: SettingsView(effective.json), source: effective.source, warnings: effective.warnings }
    }
}

/// Every setting, in sections.
#[derive(Serialize)]
#[serde(transparent)]
pub struct SettingsView(Value);

/// The settings that one layer sets, in sections.
#[derive(Serialize)]
#[serde(transparent)]
pub struct SettingsLayer(pub Value);

impl PartialSchema for SettingsView {
    fn schema() -> RefOr<Schema> {
        setting_schemas::settings(SchemaUse::Effective)
    }
}

impl ToSchema for SettingsView {
    fn name() -> Cow<'static, str> {
        "Settings".into()
    }
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend(setting_schemas::parts());
    }
}

impl PartialSchema for SettingsLayer {
    fn schema() -> RefOr<Schema> {
        setting_schemas::settings(SchemaUse::Layer)
    }
}

impl ToSchema for SettingsLayer {
    fn name() -> Cow<'static, str> {
        "SettingsLayer".into()
    }
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend(setting_schemas::parts());
    }
}
