//! `/admin/teams/TEAM/intents`: what bots may ask for, as it holds, and which layer says so.
//! What an intent means is the rules'.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::{Admitted, PageRequest};
use crate::domain::base::binding::Binding;
use crate::domain::base::method::Method;
use crate::domain::settings::{Effective, Intent, SettingSource};
use crate::http::consoles::shown;
use crate::http::state::Shared;
use crate::pages::admin::intents::{self, Intents};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new().route("/admin/teams/{team}/intents", get(show))
}

async fn show(request: PageRequest) -> Response {
    request
        .draw("intents", async |state, Admitted { frame, team, .. }| {
            let effective = &team.effective;
            let all = effective.settings.intents.iter().map(|(name, intent)| view(effective, name, intent));
            let page = Intents {
                frame,
                intents: all.collect(),
                methods: Method::ALL.map(Method::as_str).into(),
                bindings: Binding::ALL.into_iter().rev().map(Binding::as_str).collect(),
            };
            Ok(shown(state, state.pages.admin_intents(&page)))
        })
        .await
}

fn view(effective: &Effective, name: &str, intent: &Intent) -> intents::IntentRow {
    intents::IntentRow {
        own: effective.source.get(&format!("intents.{name}")) == Some(&SettingSource::Team),
        name: name.to_owned(),
        label: intent.label.clone(),
        accept: intent.accept.iter().map(|method| method.as_str()).collect(),
        max_age: intent.max_age_minutes,
        acr: intent.acr.clone(),
        bindings: intent.bindings.iter().map(|binding| binding.as_str()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::Method;
    use crate::pages::in_english;

    #[test]
    fn each_method_has_its_words_in_the_consoles() {
        for method in Method::ALL {
            for words in ["choice", "js.method"] {
                let key = format!("{words}.{}", method.as_str());
                assert!(in_english(&key).is_some(), "{key}");
            }
        }
    }
}
