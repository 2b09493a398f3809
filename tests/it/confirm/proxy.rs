//! A TCP proxy on a loopback port that can be told what becomes of what passes: to hold it, to
//! delay it, to cut every connection, to lead elsewhere from now on, and to write down what passed.
//!
//! Between replica and primary it is the network between them; between a gateway and the primary
//! it is the address that moves to whoever is promoted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of what the server says. What its clients say always passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// It passes.
    Open,
    /// It waits until the mode is another.
    Held,
    /// It passes so much later, piece by piece.
    Slow(Duration),
    /// Connections are closed, and what waited is lost; no new one gets through.
    Cut,
}

#[derive(Clone, Copy)]
struct State {
    server: u16,
    mode: Mode,
    /// Connections of an earlier one are closed.
    era: u64,
}

/// Who said what on one connection, in the order in which it came.
pub type Said = Vec<(By, Vec<u8>)>;

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    Client,
    Server,
}

/// What passed, connection by connection.
type Record = Arc<Mutex<Vec<Arc<Mutex<Said>>>>>;

pub struct Proxy {
    pub port: u16,
    state: watch::Sender<State>,
    record: Record,
    accepting: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.state.send_modify(|state| state.mode = Mode::Cut);
    }
}

impl Proxy {
    /// Leads to a loopback port; `writes`: keeps what passes.
    pub async fn to(server: u16, writes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, watched) = watch::channel(State { server, mode: Mode::Open, era: 0 });
        let record = Record::default();
        let kept = record.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let said = Arc::new(Mutex::new(Said::new()));
                if writes {
                    kept.lock().unwrap().push(said.clone());
                }
                tokio::spawn(lead(client, watched.clone(), writes.then_some(said)));
            }
        });
        Self { port, state, record, accepting }
    }

    pub fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }

    /// From now on it leads elsewhere; what led to the old place is closed.
    pub fn turn_to(&self, server: u16) {
        self.state.send_modify(|state| *state = State { server, mode: state.mode, era: state.era + 1 });
    }

    /// What passed so far on each connection.
    pub fn said(&self) -> Vec<Said> {
        self.record.lock().unwrap().iter().map(|said| said.lock().unwrap().clone()).collect()
    }
}

async fn lead(client: TcpStream, mut state: watch::Receiver<State>, said: Option<Arc<Mutex<Said>>>) {
    let State { server, era, .. } = *state.borrow();
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let held = state.clone();
    // Whichever ends first ends the connection.
    tokio::select! {
        () = pass(from_client, to_server, None, By::Client, said.as_ref()) => {}
        () = pass(from_server, to_client, Some(held), By::Server, said.as_ref()) => {}
        _ = state.wait_for(|state| state.mode == Mode::Cut || state.era != era) => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: Option<watch::Receiver<State>>,
    by: By,
    said: Option<&Arc<Mutex<Said>>>,
) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(n @ 1..) = from.read(&mut piece).await {
        if let Some(said) = said {
            said.lock().unwrap().push((by, piece[..n].to_vec()));
        }
        if let Some(state) = &mut state {
            let Ok(State { mode, .. }) = state.wait_for(|state| state.mode != Mode::Held).await.map(|state| *state)
            else {
                return;
            };
            if let Mode::Slow(by) = mode {
                tokio::time::sleep(by).await;
            }
        }
        if to.write_all(&piece[..n]).await.is_err() {
            return;
        }
    }
}
