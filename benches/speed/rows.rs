//! What a conversation asks of a gateway, one operation after the other: each round takes so many
//! new conversations from a link to a flag, so that every link, post-back and code is used once.
//! Before each operation comes a moment of hello-world on the same core.

use std::time::Duration;

use anyhow::Context;

use super::bank::{Bank, code, text};
use super::load::{CALLERS, Load, Run, request};
use super::processes::Process;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Extent {
    pub rounds: usize,
    /// Conversations of a round.
    pub conversations: usize,
    /// Of what can be repeated.
    pub span: Duration,
}

/// An operation of one round.
pub struct Point {
    pub operation: &'static str,
    /// A second.
    pub rate: f64,
    /// Hello-world's in the same seconds.
    pub hello: f64,
    /// How busy the server's core was with that: where it was not, the load generator was the limit.
    pub hello_busy: f64,
    pub typical: Duration,
    /// What one of a hundred exceeds.
    pub slow: Duration,
    /// How busy the server's core was with it: below 0.9 something else was the limit.
    pub busy: f64,
}

/// One round of every operation.
pub struct Round<'a> {
    pub hello: &'a Process,
    pub gateway: &'a Process,
    pub bank: &'a Bank,
    pub extent: Extent,
}

impl Round<'_> {
    /// Conversations from `first` on.
    pub async fn points(&self, first: usize) -> anyhow::Result<Vec<Point>> {
        let bank = self.bank;
        let opened = bank.each(&bank.openings(first..first + self.extent.conversations), 201).await?.json()?;
        let ids = opened.iter().map(|opened| text(opened, "id").map(str::to_owned));
        let ids: Vec<String> = ids.collect::<Result<_, _>>()?;
        let mut points = Vec::new();

        let links: Vec<_> = ids.iter().map(|id| bank.link(id)).collect();
        let made = self.point("issue a link", &links, 201, &mut points).await?.json()?;

        let numbered = made.iter().enumerate().map(|(n, link)| bank.post_back(first + n, link));
        let post_backs: Vec<_> = numbered.collect::<Result<_, _>>()?;
        let accepted = self.point("post-back", &post_backs, 200, &mut points).await?.json()?;

        let numbered = accepted.iter().enumerate().map(|(n, accepted)| bank.returns(first + n, accepted));
        let pages = bank.each(&numbered.collect::<Result<Vec<_>, _>>()?, 200).await?;
        let asked = accepted.iter().zip(&pages.bodies).enumerate();
        let numbered = asked.map(|(n, (accepted, page))| bank.names(first + n, accepted, page));
        let pages = bank.each(&numbered.collect::<Result<Vec<_>, _>>()?, 200).await?;
        let codes: Vec<String> = pages.bodies.iter().map(|page| code(page)).collect::<Result<_, _>>()?;
        let said: Vec<_> = ids.iter().zip(&codes).map(|(id, code)| bank.message(id, code)).collect();
        let heard = self.point("answer with a code", &said, 200, &mut points).await?.json()?;
        let wrong = heard.iter().find(|heard| heard["outcome"] != "passed");
        anyhow::ensure!(wrong.is_none(), "a code did not pass: {wrong:?}");

        let flags: Vec<_> = ids.iter().map(|id| bank.flag(id)).collect();
        let hello = self.hello().await?;
        let load = Load { server: bank.server, requests: &flags, status: 200, callers: CALLERS };
        let before = self.gateway.busy()?;
        let run = load.over_and_over(self.extent.span).await?;
        points.push(self.told("read the flag", &run, hello, before)?);

        let asked: Vec<_> = ids.iter().map(|id| bank.challenge(id)).collect();
        let put = self.point("start an OTP", &asked, 202, &mut points).await?.json()?;
        // The code is told to nobody here, so each answer is the one that costs most: a wrong one is
        // counted at the customer's failure limit before it is counted at its address.
        let answers: Vec<_> = put.iter().map(|put| bank.answer(put)).collect::<Result<_, _>>()?;
        let answered = self.point("answer an OTP", &answers, 200, &mut points).await?.json()?;
        let other = answered.iter().find(|told| told["outcome"] != "wrong" && told["outcome"] != "passed");
        anyhow::ensure!(other.is_none(), "an answer was not judged: {other:?}");
        Ok(points)
    }

    /// Each request once, after hello-world.
    async fn point(
        &self,
        operation: &'static str,
        requests: &[Vec<u8>],
        status: u16,
        points: &mut Vec<Point>,
    ) -> anyhow::Result<Run> {
        let hello = self.hello().await?;
        let before = self.gateway.busy()?;
        let run = self.bank.each(requests, status).await.context(operation)?;
        points.push(self.told(operation, &run, hello, before)?);
        Ok(run)
    }

    fn told(
        &self,
        operation: &'static str,
        run: &Run,
        (hello, hello_busy): (f64, f64),
        before: f64,
    ) -> anyhow::Result<Point> {
        let busy = (self.gateway.busy()? - before) / run.took.as_secs_f64();
        let (typical, slow) = (run.wait(0.5), run.wait(0.99));
        Ok(Point { operation, rate: run.rate(), hello, hello_busy, typical, slow, busy })
    }

    /// Hello-worlds a second, and how busy the server's core was with them.
    async fn hello(&self) -> anyhow::Result<(f64, f64)> {
        let requests = [request("GET", "/", &[], "")];
        let load = Load { server: self.hello.address, requests: &requests, status: 200, callers: CALLERS };
        let before = self.hello.busy()?;
        let run = load.over_and_over(self.extent.span).await?;
        Ok((run.rate(), (self.hello.busy()? - before) / run.took.as_secs_f64()))
    }
}
