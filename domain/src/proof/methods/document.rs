//! Documents that are shown on a page, with a face or without: how their check starts and what it locks.
//! How far a check has come lies in `providers::identity`; what each verdict leads to, `rules::pages::photo` says.

use super::check::{Check, JudgeInputs, Judgement, PossibleAnswer};
use super::{AnswerForm, Availability, ExpectedAnswer, Prompt, ProofMethod, StartInputs, StartedCheck};
use crate::base::method::{Guarded, Method};
use crate::proof::lockout::Budget;
use crate::providers::identity::{CheckStage, IdDocument};
use crate::refusal::Refusal;
use crate::settings::{Lockout, Settings};
use crate::time::Moment;

/// The guess budget that failed documents count in, with a face and without.
pub const BUDGET: Guarded = Guarded::PhotoId;

/// The methods `photo_id` and `photo_id_selfie`.
#[derive(Debug)]
pub struct ShownDocument {
    /// Whether a face is shown with it.
    pub selfie: bool,
}

impl ProofMethod for ShownDocument {
    fn method(&self) -> Method {
        method(self.selfie)
    }

    fn form(&self) -> AnswerForm {
        AnswerForm::Document
    }

    fn start(&self, inputs: &StartInputs<'_>) -> Result<StartedCheck, Refusal> {
        let provider = inputs.provider.ok_or(Refusal::MethodMissing)?.clone();
        let left = |stage| tries_left(inputs.settings, inputs.budget, stage);
        let document = IdDocument {
            selfie: self.selfie,
            provider,
            quality_left: left(CheckStage::Quality),
            attempts: 0,
            undecided: 0,
            checking: None,
            last: None,
        };
        let check = ExpectedAnswer::Document(Box::new(document));
        Ok(StartedCheck { check, expires_at: None, tries_left: left(CheckStage::Authentication) })
    }

    fn must_be_available(&self, known: &Availability<'_>) -> Result<(), Refusal> {
        known.provider.map(drop).ok_or(Refusal::MethodMissing)
    }

    fn lockout(&self, settings: &Settings) -> Lockout {
        settings.photo_id.lockout()
    }
}

fn method(selfie: bool) -> Method {
    if selfie { Method::PhotoIdSelfie } else { Method::PhotoId }
}

/// How many failed attempts a stage still takes.
pub fn tries_left(settings: &Settings, budget: Option<&Budget>, stage: CheckStage) -> u32 {
    let (threshold, failures) = match stage {
        CheckStage::Quality => (settings.photo_id.quality_threshold, budget.map_or(0, |b| b.quality_failures)),
        CheckStage::Authentication => (settings.photo_id.lockout().threshold, budget.map_or(0, |b| b.failures)),
    };
    threshold.saturating_sub(failures).max(1)
}

impl Check for IdDocument {
    fn method(&self) -> Method {
        method(self.selfie)
    }

    fn prompt(&self) -> Prompt<'_> {
        Prompt::Document(self)
    }

    /// Nothing that is typed shows a document.
    fn judge(&mut self, _said: &PossibleAnswer, _inputs: &JudgeInputs<'_>) -> Result<Judgement, Refusal> {
        Ok(Judgement::Wrong)
    }

    fn document_mut(&mut self) -> Option<&mut IdDocument> {
        Some(self)
    }

    fn judged_until(&self) -> Option<Moment> {
        self.checking.as_ref().map(|checking| checking.until)
    }

    fn give_up_late(&mut self, now: Moment) -> bool {
        Self::give_up_late(self, now)
    }

    fn is_given_up(&self) -> bool {
        Self::is_given_up(self)
    }
}
