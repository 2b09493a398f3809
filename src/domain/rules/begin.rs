//! Continue on a page that a proof is made on: which browser begins, and whether the chat's own window vouches
//! for it.

use super::accept::proof_data;
use super::binding::{Source, is_at_door, opener_tag, rule_now};
use crate::domain::event::EventKind;
use crate::domain::page_proof::MAX_STARTS;
use crate::domain::refusal::Refusal;
use crate::domain::secret::Tag;
use crate::domain::settings::BindingRule;
use crate::domain::turn::Turn;

/// Continue was pressed in that browser; true where it begins anew, and what waited before is void. The same
/// browser pressing again is where it was.
///
/// # Errors
///
/// `LoginInProgress` while another browser has the code on its screen; `NotOpenedByChat` where only the chat's
/// own window counts and did not vouch; `LinkUsed` where it was pressed too often.
pub(super) fn begin(
    turn: &mut Turn<'_>,
    at: usize,
    source: Source,
    browser: &Tag,
    opener: Option<&str>,
) -> Result<bool, Refusal> {
    let page = turn.page(at, source).ok_or(Refusal::NotFound("page"))?;
    if page.is_shown_elsewhere(browser) {
        return Err(Refusal::LoginInProgress);
    }
    let said = opener.filter(|said| !said.is_empty()).map(|said| opener_tag(turn, said));
    let vouched = said.is_some() && said == page.opener;
    let stays = page.was_started_by(browser) && page.answered.is_none();
    let was_vouched = page.is_vouched(browser);
    if rule_now(turn, at, source) == BindingRule::Opener && !vouched && !was_vouched {
        return Err(Refusal::NotOpenedByChat);
    }
    if stays {
        if let Some(start) = turn.page_mut(at, source).start.as_mut() {
            start.vouched |= vouched;
        }
        return Ok(false);
    }
    // Who was invited may come as often as they like.
    if page.starts >= MAX_STARTS && !is_at_door(&turn.interaction.participants[at], source) {
        return Err(Refusal::LinkUsed);
    }
    if page.is_answered() {
        let who = turn.interaction.participants[at].id.clone();
        let mut data = proof_data(turn, at, source);
        data.insert("reason".into(), "started_again".into());
        turn.tell(EventKind::ConfirmationExpired, Some(who), data);
    }
    turn.page_mut(at, source).begin(*browser, vouched);
    Ok(true)
}
