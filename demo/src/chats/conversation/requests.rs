//! Requests that the gateway must allow: the bot asks whether one may run, and if not, for a proof.
//!
//! The proof is a login by a link, or a code; of a code the customer may want another.

use crate::api::{ApiError, ProblemReply};
use crate::bot::{ProtectedRequest, RequiredProof, bot};
use crate::outsiders::channel::ChatChannel;

use super::state::{Conversation, PendingRequest};

impl Conversation {
    /// Asks whether it may run; if not, asks for a way to prove it.
    pub async fn answer_request(&mut self, want: ProtectedRequest) -> Result<(), ApiError> {
        let interaction = self.interaction(None).await?;
        if self.may_run(&interaction, want).await? {
            self.view.add(want.answer());
            return Ok(());
        }
        self.requests += 1;
        let state = format!("request-{}", self.requests);
        match want.proof() {
            RequiredProof::Login => self.send_link(&interaction, want, &state).await?,
            RequiredProof::Code if !self.send_code(&interaction, want, &state, false).await? => return Ok(()),
            RequiredProof::Code => {}
        }
        self.pending.retain(|other| other.want != want);
        self.pending.push(PendingRequest { state, want });
        Ok(())
    }

    /// Offers the customer a login link.
    async fn send_link(&mut self, interaction: &str, want: ProtectedRequest, state: &str) -> Result<(), ApiError> {
        let sent = self.channel == ChatChannel::WhatsApp;
        let link = self.team.bot.login_link(interaction, want.intent(), state, sent).await?;
        self.view.add(bot(format!("For {} I need to know that it is you. Please log in:", want.spoken())));
        let (told, deliver) = match self.channel {
            ChatChannel::Web => {
                ("The bot asked for a login link, put it in the chat, and remembers what was wanted.", "")
            }
            ChatChannel::WhatsApp => {
                ("The gateway sends the login link to WhatsApp itself; the bot only waits.", ", deliver: true")
            }
        };
        let wire = format!(
            "POST …/login-links {{purpose: mid_chat, intent: {}, state: {state}{deliver}}} → 201",
            want.intent()
        );
        self.view.explain(told, wire);
        self.view.add_login(link, want.spoken(), sent);
        if let Some(account) = self.account.clone() {
            self.notice(&account, false);
        }
        self.refresh().await
    }

    /// The customer wants another code: in the place of the one that is waited for, or a new one.
    pub async fn send_again(&mut self) -> Result<(), ApiError> {
        let Some((challenge, want)) = self.code.clone() else { return Ok(()) };
        match self.team.bot.resend(&challenge).await {
            Ok(challenge) => {
                self.view.add(bot("I have sent you another code. The one before no longer works."));
                self.view.explain(
                    "Another code is on its way; the one before is dead, and wrong tries go on counting.",
                    "POST …/challenges/…/resend → 202",
                );
                self.view.update_code(&challenge);
                self.view.move_code_to_end();
                Ok(())
            }
            Err(ApiError::Refused(ProblemReply { status: 410, .. })) => self.answer_request(want).await,
            Err(ApiError::Refused(problem)) if self.may_not_send(&problem) => {
                self.view.move_code_to_end();
                self.update_code().await
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// The customer wants the code by mail: a new one, in the place of the one that is waited for.
    pub async fn send_by_mail(&mut self) -> Result<(), ApiError> {
        let (Some((_, want)), Some(interaction)) = (self.code.clone(), self.interaction.clone()) else { return Ok(()) };
        let state = self.pending.iter().find(|pending| pending.want == want).map(|pending| pending.state.clone());
        match state {
            Some(state) => self.send_code(&interaction, want, &state, true).await.map(drop),
            None => self.answer_request(want).await,
        }
    }
}
