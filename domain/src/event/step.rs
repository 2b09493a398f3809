//! The steps that insights count.
//! Which event counts as which, the table of kinds says; how they are counted, `insight`.

use serde::{Deserialize, Serialize};

macro_rules! steps {
    ($($variant:ident = $text:literal;)*) => {
        /// A step that is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Step {
            $(#[doc = $text] $variant,)*
        }

        impl Step {
            /// Every step, in the order in which they are told.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in replies.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

steps! {
    LinksIssued = "links_issued";
    LinksOpened = "links_opened";
    LoggedIn = "logged_in";
    Invited = "invited";
    Arrived = "arrived";
    Entered = "entered";
    CodesSent = "codes_sent";
    CodesDelivered = "codes_delivered";
    CodesFailed = "codes_failed";
    CodesWrong = "codes_wrong";
    CodesAnswered = "codes_answered";
    Authenticated = "authenticated";
    Lockouts = "lockouts";
    Bans = "bans";
    Reported = "reported";
}
