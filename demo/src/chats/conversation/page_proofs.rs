//! The bot and what is done on a page of the gateway's: questions to be answered, a document to be shown.
//!
//! It gives the customer the page's address and hears how it ended. It reads neither questions' answers nor
//! pictures: those go from the customer's browser to the gateway.

use super::state::Conversation;
use crate::api::ApiError;
use crate::bot::bot;
use crate::outsiders::events::TeamEvent;
use crate::transcript::PageTask;

impl Conversation {
    /// Asks for a proof that is given on a page.
    pub async fn ask_for_task(&mut self, task: PageTask) -> Result<(), ApiError> {
        let interaction = self.interaction(None).await?;
        let page = self.team.bot.ask_page(&interaction, task.method()).await?;
        self.view.add(bot(match task {
            PageTask::Questions => "Before I go on I have to ask you some questions. Please answer them on this page:",
            PageTask::Document => "Before I go on I need to see a document of yours. Please show it on this page:",
        }));
        self.view.explain(
            "The bot asked the gateway for the proof and got the address of its page, and nothing else.",
            format!("POST …/challenges {{method: {}}} → 202 with page_url", task.method()),
        );
        self.view.add_task(task, page);
        self.refresh().await
    }

    /// A proof has been given, perhaps on such a page.
    pub fn finish_tasks(&mut self, event: &TeamEvent) {
        let proved = |task: PageTask| {
            let methods = event.data.get("methods").and_then(|methods| methods.as_array());
            methods.is_some_and(|all| all.iter().any(|method| method == task.method()))
        };
        for (task, told) in [
            (PageTask::Questions, "Enough of the answers were right; which they were, nobody here has read."),
            (PageTask::Document, "The demo provider called the document genuine; its pictures are kept nowhere."),
        ] {
            if proved(task) && self.view.finish_task(task) {
                self.view.add(bot("Thank you, that is done. Now I know that it is you."));
                self.view.explain(told, format!("event participant.authenticated {{methods: [{}]}}", task.method()));
            }
        }
    }
}
