//! The platform's own word that the browser which has logged in is the one's who chats: a proof that waits for its
//! code needs none any more.
//!
//! What is carried is asked for, and who carried it is the platform's to say. That the platform may
//! be believed in this, and that who carried it is who chats, is seen to before.

use crate::base::binding::Binding;
use crate::conversation::context::{Context, budgets};
use crate::conversation::interaction::Interaction;
use crate::proof::link;
use crate::refusal::Refusal;
use crate::rules::challenges::answer::AnswerOutcome;
use crate::rules::chat::confirm;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// The proof counts.
    Passed,
    /// No proof waits for that.
    Nothing,
}

/// Whether a proof of the one who chats waits, so that a word of the platform's could mean something.
pub fn awaits(interaction: &Interaction) -> bool {
    interaction.primary().confirmations().next().is_some()
}

/// Takes it. What nobody waits for costs nothing: it is too long to be guessed, and the platform tells
/// whatever anybody wrote into a link.
pub fn linked(context: &mut Context<'_>, said: &str) -> Result<Linked, Refusal> {
    context.must_be_open()?;
    let at = context.find(None)?;
    let (id, key) = (context.interaction.id, &context.environment.keys.confirmation);
    let Some(source) = confirm::find(context, at, |confirmation| confirmation.is_carried(said, id, key)) else {
        return Ok(Linked::Nothing);
    };
    context.touch();
    budgets::look_up(context, at);
    budgets::admit(context, at, link::BUDGET)?;
    let outcome = confirm::pass(context, at, source, Binding::Platform);
    Ok(if outcome == AnswerOutcome::Passed { Linked::Passed } else { Linked::Nothing })
}
