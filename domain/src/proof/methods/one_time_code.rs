//! One-time codes: made by the gateway, sent to the customer or shown to an agent, and typed back.
//! A code is kept nowhere. How it goes out, the rules say.

use serde::{Deserialize, Serialize};

use super::check::{AnswerSource, Check, JudgeInputs, Judgement, PossibleAnswer};
use super::{AnswerForm, ExpectedAnswer, Prompt, ProofMethod, StartInputs, StartedCheck};
use crate::base::method::Method;
use crate::refusal::Refusal;
use crate::secret::Secret;
use crate::secret::typed::one_time_code;
use crate::settings::{Minutes, OtpRules, Settings};
use crate::time::Moment;

/// The method `otp`.
#[derive(Debug)]
pub struct OneTimeCode;

impl ProofMethod for OneTimeCode {
    fn method(&self) -> Method {
        Method::Otp
    }

    fn form(&self) -> AnswerForm {
        AnswerForm::Code
    }

    fn start(&self, inputs: &StartInputs<'_>) -> Result<StartedCheck, Refusal> {
        let rules = &inputs.settings.otp;
        let (lifetime, resend_at) = (rules.expires_minutes, inputs.settings.send_budget.resend_after(inputs.now));
        let otp = IssuedCode { length: rules.length, issue: 1, lifetime, resend_at };
        let expires_at = lifetime.after(inputs.now);
        Ok(StartedCheck { check: ExpectedAnswer::Otp(otp), expires_at, tries_left: rules.max_tries })
    }

    fn code_rules<'s>(&self, settings: &'s Settings) -> Option<&'s OtpRules> {
        Some(&settings.otp)
    }
}

/// A one-time code that was issued. It is kept nowhere: it follows from the challenge and a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuedCode {
    /// How many digits it has.
    pub length: u8,
    /// Which code of this challenge: sending again makes the next one, and the one before is dead.
    pub issue: u32,
    /// How long each issue lives, as it was set when the challenge was put.
    pub lifetime: Minutes,
    /// When another may be asked for.
    pub resend_at: Moment,
}

impl Check for IssuedCode {
    fn method(&self) -> Method {
        Method::Otp
    }

    fn prompt(&self) -> Prompt<'_> {
        Prompt::Code(self.length)
    }

    fn judge(&mut self, said: &PossibleAnswer, inputs: &JudgeInputs<'_>) -> Result<Judgement, Refusal> {
        Ok(said.is(&self.answer(&inputs.source)))
    }

    fn answer(&self, source: &AnswerSource<'_>) -> Secret {
        let (participant, number) = (source.participant.as_str().as_bytes(), source.number.to_be_bytes());
        let issue = self.issue.to_be_bytes();
        one_time_code(self.length, |round| {
            source.key.tag(&[source.interaction.as_bytes(), participant, &number, &issue, source.nonce, &[round]])
        })
    }

    fn issue(&self) -> Option<u32> {
        Some(self.issue)
    }

    fn resend_at(&self) -> Option<Moment> {
        Some(self.resend_at)
    }

    fn renew(&mut self, settings: &Settings, now: Moment) -> Result<Option<Moment>, Refusal> {
        if now < self.resend_at {
            return Err(Refusal::SendBudget(self.resend_at));
        }
        self.issue = self.issue.checked_add(1).ok_or(Refusal::Full)?;
        self.resend_at = settings.send_budget.resend_after(now);
        Ok(self.lifetime.after(now))
    }
}
