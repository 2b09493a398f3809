//! Continue on a page that a proof is made on: which browser begins, and whether the chat's own window vouches
//! for it. The newest press has the proof, in whichever browser.

use crate::base::binding::PageSource;
use crate::conversation::context::Context;
use crate::event::EventData;
use crate::proof::page_proof::MAX_STARTS;
use crate::refusal::Refusal;
use crate::rules::flag::accept::proof_data;
use crate::rules::flag::binding::is_invitation_page;
use crate::rules::flag::binding::opener_tag;
use crate::rules::flag::binding::rule_now;
use crate::secret::Tag;
use crate::settings::BindingRule;

/// Continue was pressed in that browser; true where it begins anew, and what waited before is void. The same
/// browser pressing again is where it was.
///
/// # Errors
///
/// `NotOpenedByChat` where only the chat's own window counts and did not vouch; `LinkUsed` where it was pressed too
/// often.
pub(crate) fn begin(
    context: &mut Context<'_>,
    at: usize,
    source: PageSource,
    browser: &Tag,
    opener: Option<&str>,
) -> Result<bool, Refusal> {
    let page = context.page(at, source).ok_or(Refusal::NotFound("page"))?;
    let said = opener.filter(|said| !said.is_empty()).map(|said| opener_tag(context, said));
    // Its word for this browser stands; another browser needs it anew.
    let vouched = said.is_some() && said == page.opener || page.is_vouched(browser);
    let stays = page.was_started_by(browser) && page.answered.is_none();
    if rule_now(context, at, source) == BindingRule::Opener && !vouched {
        return Err(Refusal::NotOpenedByChat);
    }
    if stays {
        if let Some(start) = context.page_mut(at, source).start.as_mut() {
            start.vouched |= vouched;
        }
        return Ok(false);
    }
    // An invited person may come as often as they like, while every beginning has a handle of its own.
    let most = if is_invitation_page(&context.interaction.participants[at], source) { u16::MAX } else { MAX_STARTS };
    if page.starts >= most {
        return Err(Refusal::LinkUsed);
    }
    if page.is_answered() {
        let who = context.interaction.participants[at].id.clone();
        let data = proof_data(context, at, source).because("started_again");
        context.tell(EventData::ConfirmationExpired(data), Some(who));
    }
    context.page_mut(at, source).begin(*browser, vouched);
    Ok(true)
}
