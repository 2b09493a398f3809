//! Two people, each with a browser, an account and a chat of their own, and every address handed on. In no order of
//! acts is the stranger's chat authenticated as the customer, nor the customer's as the stranger, as long as codes
//! and done addresses stay with whom they were shown to.

mod story;

use proptest::prelude::*;

use super::cases;
use story::{Stage, Story};

const METHODS: [&str; 4] = ["otp", "pin", "kba", "photo_id"];

#[derive(Clone, Debug)]
enum Step {
    /// The bot sends a login link into somebody's chat, to the primary or to a cosigner.
    Link {
        chat: usize,
        cosigner: bool,
    },
    /// The bot asks for a proof on a page, which only one of the two can give.
    Ask {
        chat: usize,
        method: &'static str,
    },
    /// Somebody is invited by text message, and has to prove something at the door.
    Invite {
        chat: usize,
    },
    /// Somebody presses Continue on any page, in the chat's own window where it is theirs.
    Continue {
        who: usize,
        page: usize,
    },
    /// Somebody logs in at any signed address, with their own account. The gateway's own login page may ask for the
    /// number that they chat with.
    LogIn {
        who: usize,
        visit: usize,
        whose: usize,
    },
    /// Somebody answers on a page, where they know the answer, or shows their document.
    Answer {
        who: usize,
        page: usize,
    },
    /// The provider finds a document genuine.
    Judge {
        check: usize,
    },
    /// Somebody comes to a done page that they were led to.
    Return {
        who: usize,
        done: usize,
    },
    /// Somebody says which number they chat with.
    Name {
        who: usize,
        done: usize,
        whose: usize,
    },
    /// Somebody types a code that they were shown into their own chat.
    Say {
        who: usize,
        code: usize,
    },
    Report {
        who: usize,
        page: usize,
    },
    SignOut {
        chat: usize,
    },
    Pass {
        seconds: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (who, some) = (0..2usize, 0..32usize);
    prop_oneof![
        4 => (who.clone(), prop::bool::weighted(0.2)).prop_map(|(chat, cosigner)| Step::Link { chat, cosigner }),
        3 => (who.clone(), prop::sample::select(METHODS.to_vec())).prop_map(|(chat, method)| Step::Ask { chat, method }),
        1 => who.clone().prop_map(|chat| Step::Invite { chat }),
        7 => (who.clone(), some.clone()).prop_map(|(who, page)| Step::Continue { who, page }),
        7 => (who.clone(), some.clone(), 0..2usize).prop_map(|(who, visit, whose)| Step::LogIn { who, visit, whose }),
        5 => (who.clone(), some.clone()).prop_map(|(who, page)| Step::Answer { who, page }),
        2 => some.clone().prop_map(|check| Step::Judge { check }),
        7 => (who.clone(), some.clone()).prop_map(|(who, done)| Step::Return { who, done }),
        2 => (who.clone(), some.clone(), 0..2usize).prop_map(|(who, done, whose)| Step::Name { who, done, whose }),
        6 => (who.clone(), some.clone()).prop_map(|(who, code)| Step::Say { who, code }),
        1 => (who.clone(), some).prop_map(|(who, page)| Step::Report { who, page }),
        1 => who.prop_map(|chat| Step::SignOut { chat }),
        2 => prop::sample::select(vec![1u64, 29, 61, 119, 121, 601]).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

fn told(stage: Stage, steps: &[Step]) -> u32 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut story = Story::begin(stage).await;
        for step in steps {
            story.step(step).await;
        }
        story.raised
    })
}

prop_compose! {
    fn stages()(
        binding in prop::sample::select(vec!["auto", "auto", "code", "opener"]),
        other_browser in prop::sample::select(vec!["ask", "ask", "refuse"]),
        channel in prop::sample::select(vec!["webchat", "webchat", "sms", "telegram", "session"]),
        first in prop::sample::select(vec!["login", "otp", "kba", "photo_id"]),
        hosted in prop::bool::weighted(0.2),
        knows in prop::sample::select(vec![[1, 1], [0, 1], [0, 0]]),
    ) -> Stage {
        Stage { binding, other_browser, channel, first, hosted, knows }
    }
}

proptest! {
    #![proptest_config(cases(24, 400))]

    /// A001 for logins, codes, PINs, questions and documents, at pages and at doors, for primaries and cosigners.
    #[test]
    fn a001_nobodys_chat_is_authenticated_as_somebody_else(
        stage in stages(),
        steps in prop::collection::vec(step(), 10..60),
    ) {
        told(stage, &steps);
    }
}

/// The acts do lead to flags, by each way, or nothing would be tried.
#[test]
fn the_two_come_to_flags_of_their_own() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let raised: u32 = (0..12)
        .map(|_| {
            let steps = prop::collection::vec(step(), 60).new_tree(&mut runner).expect("steps").current();
            told(Stage::USUAL, &steps)
        })
        .sum();
    assert!(raised > 0);
    for method in METHODS {
        let steps = [
            Step::Ask { chat: 1, method },
            Step::Answer { who: 1, page: 0 },
            Step::Judge { check: 0 },
            Step::Return { who: 1, done: 0 },
            Step::Say { who: 1, code: 0 },
        ];
        assert!(told(Stage { channel: "sms", ..Stage::USUAL }, &steps) > 0, "{method}");
    }
    let steps = [
        Step::Link { chat: 1, cosigner: false },
        Step::Continue { who: 1, page: 0 },
        Step::LogIn { who: 1, visit: 0, whose: 1 },
        Step::Return { who: 1, done: 0 },
        Step::Say { who: 1, code: 0 },
    ];
    assert!(told(Stage { channel: "sms", hosted: true, ..Stage::USUAL }, &steps) > 0, "the gateway's own login page");
}
