//! `countersign settings`: every setting of the system and of teams, as a table for people. Names and bounds
//! are the domain's, the words those of the admin console; nothing is read of any store.

use serde_json::Value;

use crate::domain::base::binding::Binding;
use crate::domain::base::method::Method;
use crate::domain::settings::{Described, SettingShape, described};
use crate::pages::in_english;

/// What stands above the table, for who reads it as a page.
const OPENING: &str = "# Settings\n\n\
    The owner sets these for the System (`PATCH /v1/settings`) and an admin for a team \
    (`PATCH /v1/teams/TEAM/settings`), in the console or by the API. A team's own value goes before the System's, \
    and that before the default; `null` takes a value back, and each reply says of every setting where its value \
    comes from. Dots stand for nested objects: `{\"link\": {\"ttl_minutes\": 5}}`. The schemas \
    `Settings`, `SettingsLayer` and `Intent` of the API's description (`/docs`) say the same to programs. \
    `countersign settings` prints this page.\n\n\
    | setting | takes | default | |\n| --- | --- | --- | --- |\n";

/// The text below the table; the names of methods and bindings are put into it.
const INTENTS: &str = "\n## Intents\n\n\
    An intent names something that the bot may want to do, and says which proofs are enough for it. The bot asks by the \
    name: `GET /v1/interactions/ID/authentication?intent=pay`. A patch changes intents by their names; `null` takes one away. The System \
    and a team together have at most 100.\n\n\
    ```json\n\
    {\"intents\": {\"pay\": {\"accept\": [\"login\", \"otp\"], \"max_age_minutes\": 5, \"label\": \"Pay a bill\"}}}\n\
    ```\n\n\
    | member | takes | where it is absent | |\n| --- | --- | --- | --- |\n\
    | `accept` | a list of METHODS, at least one | must be there | Methods that count. |\n\
    | `max_age_minutes` | 1 to 10080 | as long as the flag | A proof counts for so many minutes. |\n\
    | `label` | a text | – | The name for people. |\n\
    | `acr` | a list of texts | any | A login counts only where its `acr` is in the list. |\n\
    | `bindings` | a list of BINDINGS | all but `browser` and `none` | Bindings that count. |\n";

/// The page, in Markdown.
pub(super) fn page() -> String {
    let rows = described().map(|setting| {
        let Described { path, shape, default } = &setting;
        let means = [format!("setting.{path}"), format!("setting.{path}.hint")];
        let means: Vec<&str> = means.iter().filter_map(|key| in_english(key)).collect();
        let means = means.join(". ");
        format!("| `{path}` | {} | {} | {} |\n", takes(*shape), plain(default), means.replace('|', "\\|"))
    });
    let bindings = Binding::ALL.map(Binding::as_str);
    let intents = INTENTS.replace("METHODS", &listed(&Method::NAMES)).replace("BINDINGS", &listed(&bindings));
    [OPENING.to_owned()].into_iter().chain(rows).chain([intents]).collect()
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn takes(shape: SettingShape) -> String {
    match shape {
        SettingShape::Switch(_) => "`true`, `false`".to_owned(),
        SettingShape::Number(low, high, _) => format!("{low} to {high}"),
        SettingShape::Span(low, high, _) => format!("{low} to {high}, or `\"never\"`"),
        SettingShape::OneOf(words, _) => listed(words),
        SettingShape::Maybe(words) => format!("{}, or `\"none\"`", listed(words)),
        SettingShape::Text(_) => "a text, or `\"none\"`".to_owned(),
        SettingShape::Phrase(..) => "a text".to_owned(),
        SettingShape::MatchRules | SettingShape::QuestionRules => "a list of names or objects".to_owned(),
        SettingShape::List(..) => "a list of texts".to_owned(),
    }
}

fn plain(default: &Value) -> String {
    match default {
        Value::Null => "–".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        other => format!("`{other}`"),
    }
}
