//! A code that a browser is shown, and that must come back through the chat: what the right one binds, and what a
//! wrong one costs. Which texts come here, `hear` says.

use crate::base::binding::{Binding, PageSource};
use crate::conversation::context::{Context, budgets};
use crate::event::EventData;
use crate::event::data::links::ConfirmationWrongData;
use crate::proof::confirmation::{Candidate, Confirmation};
use crate::proof::flag::Reason;
use crate::proof::link;
use crate::proof::lockout::Consequence;
use crate::proof::page_proof::PendingStep;
use crate::rules::challenges::answer::AnswerOutcome;
use crate::rules::pages::bind::Finish;
use crate::rules::pages::bind::bind;

/// The link or challenge of the participant whose code it is.
pub(crate) fn whose(context: &Context<'_>, at: usize, said: &Candidate) -> Option<PageSource> {
    let (id, key) = (context.interaction.id, &context.environment.keys.confirmation);
    find(context, at, |confirmation| confirmation.is(said, id, key))
}

/// The link or challenge of the participant whose browser is shown such a code.
pub(crate) fn find(context: &Context<'_>, at: usize, is_it: impl Fn(&Confirmation) -> bool) -> Option<PageSource> {
    sources(context, at).into_iter().find(|source| {
        let shown = context.page(at, *source).and_then(|page| page.confirmation());
        shown.is_some_and(|(confirmation, _)| is_it(confirmation))
    })
}

/// Everything of the participant that waits for such a code.
fn sources(context: &Context<'_>, at: usize) -> Vec<PageSource> {
    let participant = &context.interaction.participants[at];
    let links = participant.links.iter().filter(|link| link.page.confirmation().is_some());
    let challenge = participant.challenge.iter().filter(|challenge| challenge.page.confirmation().is_some());
    let links = links.map(|link| PageSource::Link(link.number));
    links.chain(challenge.map(|challenge| PageSource::Challenge(challenge.number))).collect()
}

/// It was right: the proof is bound to the chat.
pub(crate) fn pass(context: &mut Context<'_>, at: usize, source: PageSource, binding: Binding) -> AnswerOutcome {
    let shown = context.page(at, source).and_then(|page| page.confirmation());
    let browser = shown.map(|(confirmation, _)| confirmation.browser).expect("the caller chose one that waits");
    budgets::clear_failure_limit(context, at);
    match bind(context, at, source, binding, &browser) {
        Finish::OtherCustomer => AnswerOutcome::SubjectConflict,
        Finish::Over => AnswerOutcome::Expired,
        _ => AnswerOutcome::Passed,
    }
}

/// It was wrong: the count is saved before anybody is told.
pub(crate) fn count_wrong_code(context: &mut Context<'_>, at: usize) -> AnswerOutcome {
    let id = context.interaction.participants[at].id.clone();
    let sources = sources(context, at);
    let mut tries_left = 0;
    for source in &sources {
        tries_left = tries_left.max(missed(context, at, *source));
    }
    context.tell(EventData::ConfirmationWrong(ConfirmationWrongData { tries_left: tries_left.into() }), Some(id));
    let consequence = budgets::fail_in_conversation(context, at, link::BUDGET);
    let is_locked = consequence != Consequence::Counted;
    for source in sources.into_iter().filter(|_| is_locked || tries_left == 0) {
        // A lock ends what it guards.
        if context.page(at, source).is_some_and(|page| page.confirmation().is_some()) {
            fail(context, at, source);
        }
    }
    match consequence {
        Consequence::Counted => AnswerOutcome::Wrong,
        Consequence::Locked(_) => AnswerOutcome::Locked,
        Consequence::Banned => AnswerOutcome::Banned,
    }
}

/// Takes one try from the proof that waits there.
fn missed(context: &mut Context<'_>, at: usize, source: PageSource) -> u8 {
    let pending = context.page_mut(at, source).pending.as_deref_mut();
    match pending.map(|pending| &mut pending.step) {
        Some(PendingStep::Code(confirmation)) => {
            confirmation.tries_left = confirmation.tries_left.saturating_sub(1);
            confirmation.tries_left
        }
        _ => 0,
    }
}

/// No more tries: Continue begins a login anew, while its link lasts; a challenge is over.
fn fail(context: &mut Context<'_>, at: usize, source: PageSource) {
    context.participant(at).flag.explain(Reason::ConfirmationFailed);
    let (now, by) = (context.environment.now, context.actor.clone());
    match source {
        PageSource::Link(number) => context.drop_code_of_link(at, number, now),
        PageSource::Challenge(_) => context.drop_code_of_challenge(at, now, &by),
    }
}
