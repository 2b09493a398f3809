//! The questions of the gateway's own login page to a conversation: whether somebody may try there, from which browser,
//! and what a wrong password or code costs. A right one comes back like every login page's word: `postback`.

use crate::base::binding::PageSource;
use crate::base::id::CustomerId;
use crate::base::own_address::is_own_address;
use crate::conversation::context::{Context, budgets, link_data};
use crate::conversation::interaction::Device;
use crate::event::EventData;
use crate::proof::flag::Reason;
use crate::proof::link;
use crate::proof::link::LinkEnd;
use crate::proof::page_proof::StartingBrowser;
use crate::refusal::Refusal;
use crate::rules::flag::binding::starts_elsewhere;
use crate::rules::links::postback::opened;
use crate::rules::pages::bind::wrong_address;
use crate::secret::Tag;
use crate::secret::token::Token;

/// The participant at the page.
#[derive(Clone, Debug)]
pub struct HostedPage {
    /// The customer that the conversation is known to be with.
    pub known: Option<CustomerId>,
    /// The device, as the bot described it.
    pub device: Option<Device>,
    /// The end of the link.
    pub expires_at: Option<crate::time::Moment>,
    /// Whether it is the browser that pressed Continue.
    pub browser: AtPage,
}

/// Whose browser is at the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtPage {
    /// The one that pressed Continue, or one that has named the address that it chats with.
    Known,
    /// Another: it is asked first which address it chats with; whether it was wrong before.
    Asked(bool),
    /// Another, and only the one that pressed Continue counts.
    Refused,
}

/// Whether the page may be shown for the link that the handle belongs to.
pub fn open_page(context: &mut Context<'_>, handle: &Token, browser: &Tag) -> Result<HostedPage, Refusal> {
    if let Ok((at, _)) = opened(context, handle) {
        budgets::look_up(context, at);
    }
    find(context, handle, browser)
}

/// A wrong password or code was typed there: it counts like every wrong answer of the conversation.
pub fn count_wrong_login(context: &mut Context<'_>, handle: &Token) -> Result<(), Refusal> {
    let (at, _) = opened(context, handle)?;
    budgets::look_up(context, at);
    budgets::admit(context, at, link::BUDGET)?;
    budgets::fail(context, at, link::BUDGET);
    context.touch();
    Ok(())
}

/// Another browser says which address it chats with. Named rightly, it goes on in the place of the one that
/// pressed Continue; nobody vouches for it. The second wrong one ends the login.
pub fn name_address(context: &mut Context<'_>, handle: &Token, browser: &Tag, said: &str) -> Result<AtPage, Refusal> {
    let (at, link) = opened(context, handle)?;
    match at_page(context, at, PageSource::Link(link.number), browser) {
        AtPage::Asked(_) => {}
        known => return Ok(known),
    }
    let source = PageSource::Link(link.number);
    let told = match is_own_address(context.interaction.conversation.as_str(), said) {
        None => AtPage::Asked(true),
        Some(true) => {
            context.page_mut(at, source).start = Some(StartingBrowser { fingerprint: *browser, vouched: false });
            AtPage::Known
        }
        Some(false) if wrong_address(context.page_mut(at, source)) => AtPage::Asked(true),
        Some(false) => {
            let participant = context.participant(at);
            participant.flag.explain(Reason::OtherBrowser);
            participant.links.retain(|own| own.number != link.number);
            let id = participant.id.clone();
            let data = link_data(context.interaction.id, &link);
            context.tell(EventData::ProofOtherBrowser(data.into()), Some(id));
            context.end_link(link, LinkEnd::OtherBrowser);
            AtPage::Refused
        }
    };
    context.touch();
    Ok(told)
}

fn at_page(context: &Context<'_>, at: usize, source: PageSource, browser: &Tag) -> AtPage {
    match starts_elsewhere(context, at, source, browser) {
        None => AtPage::Known,
        Some(true) => AtPage::Asked(context.page(at, source).is_some_and(|page| page.wrong_addresses > 0)),
        Some(false) => AtPage::Refused,
    }
}

fn find(context: &Context<'_>, handle: &Token, browser: &Tag) -> Result<HostedPage, Refusal> {
    context.must_be_open()?;
    let (at, link) = opened(context, handle)?;
    budgets::admit(context, at, link::BUDGET)?;
    let participant = &context.interaction.participants[at];
    let known = participant.known_as().cloned();
    // The bot described the device of the person who chats.
    let chats = context.interaction.primary().id == participant.id;
    let device = context.interaction.device.clone().filter(|_| chats);
    let browser = at_page(context, at, PageSource::Link(link.number), browser);
    Ok(HostedPage { known, device, expires_at: link.expires_at, browser })
}
