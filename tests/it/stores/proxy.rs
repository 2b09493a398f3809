//! A stretch of network between a gateway and its Redis that can break in the worst moment: after
//! the server has done what it was asked, and before the answer is there.

use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use countersign::ambient::Entropy;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

use crate::world::ambient::SeededEntropy;

/// Passes everything on from a port of its own, and ends with the test.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
    accepting: AbortHandle,
}

struct State {
    chance: SeededEntropy,
    /// Of a hundred answers so many are lost, and their connection with them.
    lossy: AtomicU32,
    lost: AtomicU64,
}

impl Proxy {
    pub async fn before(port: u16, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = listener.local_addr().expect("it is bound").port();
        let state =
            Arc::new(State { chance: SeededEntropy::new(seed), lossy: AtomicU32::new(0), lost: AtomicU64::new(0) });
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                passing.spawn(async move { state.pass(client, port).await });
            }
        });
        Self { port: own, state, accepting: accepting.abort_handle() }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on so many of a hundred answers are lost.
    pub fn loses(&self, percent: u32) {
        self.state.lossy.store(percent, Ordering::Relaxed);
    }

    /// How many were.
    pub fn lost(&self) -> u64 {
        self.state.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl State {
    async fn pass(&self, client: TcpStream, port: u16) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
        let ((mut asked, mut asks), (mut answers, mut answered)) = (client.into_split(), server.into_split());
        let up = tokio::io::copy(&mut asked, &mut answered);
        let down = async {
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = answers.read(&mut bytes).await {
                let mut drawn = [0; 4];
                self.chance.fill(&mut drawn);
                if u32::from_le_bytes(drawn) % 100 < self.lossy.load(Ordering::Relaxed) {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                if asks.write_all(&bytes[..read]).await.is_err() {
                    return;
                }
            }
        };
        // Whichever ends first, the other falls with it.
        tokio::select! { _ = up => {}, () = down => {} }
    }
}
