//! The bot and codes from the phone: it asks for one, and learns how it went.
//!
//! It learns where a code went and how many tries are left, and never the code: that leaves the
//! gateway for the phone, and what the customer types is taken out before the bot reads it.

use serde_json::Value;

use super::state::Conversation;
use crate::api::{ApiError, ProblemReply};
use crate::bot::{ProtectedRequest, bot};
use crate::outsiders::channel::ChatChannel;
use crate::outsiders::events::TeamEvent;

impl Conversation {
    /// Has a code sent to the customer's phone, or by mail. `false`: the gateway sends none for now.
    pub async fn send_code(
        &mut self,
        interaction: &str,
        want: ProtectedRequest,
        state: &str,
        by_mail: bool,
    ) -> Result<bool, ApiError> {
        let (by, whither) = match self.channel {
            _ if by_mail => ("email", "by mail"),
            ChatChannel::Web => ("sms", "to your phone"),
            ChatChannel::WhatsApp => ("chat", "to your WhatsApp"),
        };
        let challenge = match self.team.bot.ask_code(interaction, want.intent(), state, by).await {
            Err(ApiError::Refused(problem)) if self.may_not_send(&problem) => return Ok(false),
            other => other?,
        };
        self.view.add(bot(format!(
            "For {} I need to know that it is you. I have sent a code {whither}; please type it here.",
            want.spoken()
        )));
        self.view.explain(
            "The bot asked the gateway to send a code to an address that the bank has on file.",
            format!(
                "POST …/challenges {{method: otp, deliver_to: {by}, intent: {}, state: {state}}} → 202",
                want.intent()
            ),
        );
        self.view.add_code(&challenge, want.spoken());
        self.code = Some((challenge.id, want));
        self.refresh().await?;
        Ok(true)
    }

    /// What the bot says to a code that was typed; what a right one opens is told by an event.
    pub async fn answer_code(&mut self, outcome: &str) -> Result<(), ApiError> {
        let Some((challenge, _)) = &self.code else { return Ok(()) };
        let challenge = self.team.bot.challenge(challenge).await?;
        self.view.update_code(&challenge);
        match (outcome, challenge.tries_left) {
            ("passed", _) => return Ok(()),
            ("locked", _) => self.notice(
                "There were too many wrong codes: no code is taken in this chat for a minute. You can chat on meanwhile.",
                true,
            ),
            ("banned", _) => self.notice("There were too many wrong codes. A person has to help you now.", true),
            ("wrong", 0) => self.view.add(bot("That was not it, and it was the last try. You can ask for a new code.")),
            ("wrong", 1) => self.view.add(bot("That was not it. You have one try left.")),
            ("wrong", left) => self.view.add(bot(format!("That was not it. You have {left} tries left."))),
            _ => self.view.add(bot("That code is no longer good. You can ask for a new one.")),
        }
        self.view.move_code_to_end();
        Ok(())
    }

    /// Takes an event about a code. One that was typed has been told by its reply already.
    pub async fn take_code_event(&mut self, event: &TeamEvent, wire: String) -> Result<(), ApiError> {
        let about = event.data.get("challenge").and_then(Value::as_str);
        if about.is_none() || about != self.code.as_ref().map(|(challenge, _)| challenge.as_str()) {
            return Ok(());
        }
        if !self.show_effect(&event.kind, wire) {
            return Ok(());
        }
        self.refresh().await?;
        self.update_code().await
    }

    /// Asks how the code stands, where there is one.
    pub async fn update_code(&mut self) -> Result<(), ApiError> {
        if let Some((challenge, _)) = &self.code {
            let challenge = self.team.bot.challenge(challenge).await?;
            self.view.update_code(&challenge);
        }
        Ok(())
    }

    /// Says why no code is sent, where the gateway's "no" is one for the customer.
    pub fn may_not_send(&mut self, problem: &ProblemReply) -> bool {
        let wait = problem.retry_after_seconds.unwrap_or(60);
        let said = match problem.status {
            423 => format!("There were too many wrong codes. Please ask again in {wait} seconds."),
            403 if problem.code == "banned" => "There were too many wrong codes. A person has to help you now.".into(),
            429 => format!("A code was sent a moment ago. You can have another in {wait} seconds."),
            _ => return false,
        };
        self.view.add(bot(said));
        self.view.explain("The gateway sends no code now.", format!("{} {}", problem.status, problem.code));
        true
    }
}
