//! The steps that insights count.
//! Which event counts as which, the table of kinds says; how they are counted, `insight`.

crate::named! {
    /// A step that is counted.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Step {
        /// A login link was made.
        LinksIssued = "links_issued",
        /// Somebody pressed Continue on its page, for the first time.
        LinksOpened = "links_opened",
        /// The login page answered that the customer logged in.
        LoggedIn = "logged_in",
        /// An invitation was made.
        Invited = "invited",
        /// Somebody pressed Continue on its page, for the first time.
        Arrived = "arrived",
        /// A participant came in by an invitation.
        Entered = "entered",
        /// A message with a code left the gateway.
        CodesSent = "codes_sent",
        /// A message with a code arrived, as the platform says.
        CodesDelivered = "codes_delivered",
        /// A message with a code could not be sent by one way.
        CodesFailed = "codes_failed",
        /// A challenge was answered wrongly.
        CodesWrong = "codes_wrong",
        /// A challenge was answered rightly.
        CodesAnswered = "codes_answered",
        /// A participant is authenticated.
        Authenticated = "authenticated",
        /// A participant failed too often at a method, which is locked for a time.
        Lockouts = "lockouts",
        /// A participant is banned.
        Bans = "bans",
        /// The customer said "This wasn't me" on a link's page.
        Reported = "reported",
    }
}
