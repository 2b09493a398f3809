//! A real Chromium before a real `countersign demo`: processes, waiting, screenshots.
//!
//! It knows how to look and to click; what should be seen is the journeys' business.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::http::{Request, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use serde_json::json;
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::prelude::*;
use thirtyfour::session::http::{Body, HttpClient};
use tokio::sync::Semaphore;

use super::process::{Printed, Process};
use crate::interop::{installed, root};
use crate::ports::free_port;

/// How long anything but the passing of time may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long to wait before one looks again.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How long a whole journey may take.
const LONGEST: Duration = Duration::from_secs(300);
/// One journey waits more than it works, three make each other slow.
static TURNS: Semaphore = Semaphore::const_new(2);

/// How a person looks at the demo.
#[derive(Clone, Copy)]
pub struct Eyes {
    pub width: u32,
    pub script: bool,
}

impl Eyes {
    /// A small phone.
    pub const PHONE: Self = Self { width: 360, script: true };
    /// A phone as most are.
    pub const LARGE_PHONE: Self = Self { width: 390, script: true };
    /// A desktop window.
    pub const DESKTOP: Self = Self { width: 1280, script: true };

    /// The same with JavaScript turned off.
    pub const fn without_script(self) -> Self {
        Self { script: false, ..self }
    }
}

/// A browser that stands before the demo, or another gateway.
pub struct Browser {
    pub driver: WebDriver,
    pub eyes: Eyes,
    pub base: String,
    name: String,
    printed: Printed,
}

/// Walks one journey through the demo; on a machine without Chromium it is skipped, unless this is CI.
pub async fn walk(name: &str, eyes: Eyes, journey: impl AsyncFnOnce(&Browser) -> WebDriverResult<()>) {
    let Some(programs) = Programs::find(name) else { return };
    let _turn = TURNS.acquire().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_countersign"));
    demo.args(["demo", "--port", "0"]).env("TMPDIR", folder.path()).current_dir(folder.path());
    let (demo, base) = Process::start(&mut demo, "countersign listening on ");
    drive(&programs, name, eyes, (base, demo.printed.clone()), journey).await;
}

/// Walks one journey through the pages of a gateway that listens at `base`.
pub async fn walk_at(base: &str, name: &str, eyes: Eyes, journey: impl AsyncFnOnce(&Browser) -> WebDriverResult<()>) {
    let Some(programs) = Programs::find(name) else { return };
    let _turn = TURNS.acquire().await;
    drive(&programs, name, eyes, (base.to_owned(), Printed::default()), journey).await;
}

/// Walks one journey of two people, each with a browser of their own that knows nothing of the other's.
pub async fn walk_both_at(
    base: &str,
    name: &str,
    eyes: Eyes,
    journey: impl AsyncFnOnce(&Browser, &Browser) -> WebDriverResult<()>,
) {
    let Some(programs) = Programs::find(name) else { return };
    let _turns = TURNS.acquire_many(2).await;
    let one = Session::start(&programs, name, eyes, (base.to_owned(), Printed::default())).await;
    let other = Session::start(&programs, &format!("{name}-other"), eyes, (base.to_owned(), Printed::default())).await;
    let walking = tokio::time::timeout(LONGEST, journey(&one.browser, &other.browser));
    let walked = AssertUnwindSafe(walking).catch_unwind().await;
    end(name, vec![one, other], walked).await;
}

/// Where the browser and its driver are.
struct Programs {
    chromium: PathBuf,
    chromedriver: PathBuf,
}

impl Programs {
    fn find(name: &str) -> Option<Self> {
        let (Some(chromium), Some(chromedriver)) = (on_path("chromium"), on_path("chromedriver")) else {
            assert!(std::env::var_os("CI").is_none(), "CI has no chromium and chromedriver");
            eprintln!("skipped: {name} needs chromium and chromedriver");
            return None;
        };
        Some(Self { chromium, chromedriver })
    }
}

async fn drive(
    programs: &Programs,
    name: &str,
    eyes: Eyes,
    (base, printed): (String, Printed),
    journey: impl AsyncFnOnce(&Browser) -> WebDriverResult<()>,
) {
    let session = Session::start(programs, name, eyes, (base, printed)).await;
    let walking = tokio::time::timeout(LONGEST, journey(&session.browser));
    let walked = AssertUnwindSafe(walking).catch_unwind().await;
    end(name, vec![session], walked).await;
}

/// A browser with a profile of its own, and the driver that ends with it.
struct Session {
    browser: Browser,
    _chromedriver: Process,
    _profile: tempfile::TempDir,
}

impl Session {
    async fn start(programs: &Programs, name: &str, eyes: Eyes, (base, printed): (String, Printed)) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        // A port that the driver chooses itself can be a connection's, by IPv4 or IPv6, and then it gives up.
        let mut chromedriver = Command::new(&programs.chromedriver);
        chromedriver.arg(format!("--port={}", free_port()));
        let (chromedriver, port) = Process::start(&mut chromedriver, "ChromeDriver was started successfully on port ");
        let driver = WebDriver::builder(
            format!("http://127.0.0.1:{}", port.trim_end_matches('.')),
            capabilities(&programs.chromium, profile.path(), eyes).expect("plain capabilities"),
        );
        let driver = driver.client(Http(client())).connect().await.expect("a session");
        let browser = Browser { driver, eyes, base, name: name.to_owned(), printed };
        Self { browser, _chromedriver: chromedriver, _profile: profile }
    }
}

/// How a journey went: within its time, and without a panic.
type Walked = Result<Result<WebDriverResult<()>, tokio::time::error::Elapsed>, Box<dyn Any + Send>>;

/// Ends the browsers, and fails where the journey did.
async fn end(name: &str, sessions: Vec<Session>, walked: Walked) {
    for Session { browser, .. } in sessions {
        if !matches!(walked, Ok(Ok(Ok(())))) {
            drop(browser.shot("failed").await);
        }
        drop(browser.driver.quit().await); // what does not end by itself ends with its process group
    }
    match walked {
        Ok(Ok(result)) => result.unwrap_or_else(|error| panic!("{name}: {error}")),
        Ok(Err(_)) => panic!("{name}: not done within {LONGEST:?}"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn capabilities(chromium: &Path, profile: &Path, eyes: Eyes) -> WebDriverResult<Capabilities> {
    let mut chrome = DesiredCapabilities::chrome();
    chrome.set_binary(&chromium.to_string_lossy())?;
    for arg in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-crash-reporter",
        "--disable-dev-shm-usage",
        // A camera that shows a drawn picture, and is not asked for leave.
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
    ] {
        chrome.add_arg(arg)?;
    }
    chrome.add_arg(&format!("--user-data-dir={}", profile.join("profile").display()))?;
    chrome.add_arg(&format!("--window-size={},800", eyes.width))?;
    if eyes.width < 500 {
        // Windows are not made smaller than 500 pixels; a phone's screen is.
        let screen = json!({"width": eyes.width, "height": 740, "pixelRatio": 1.0, "touch": false, "mobile": false});
        chrome.add_experimental_option("mobileEmulation", json!({"deviceMetrics": screen}))?;
    }
    if !eyes.script {
        chrome.add_experimental_option("prefs", json!({"profile.managed_default_content_settings.javascript": 2}))?;
    }
    Ok(chrome.into())
}

impl Browser {
    /// Opens a page of the gateway: a path, or a whole address.
    pub async fn open(&self, page: &str) -> WebDriverResult<()> {
        let path = page.strip_prefix(&self.base).unwrap_or(page);
        self.driver.goto(format!("{}{path}", self.base)).await
    }

    /// The element, once it is there.
    pub async fn find(&self, css: &str) -> WebDriverResult<WebElement> {
        self.until(css, async || Ok(self.driver.find(By::Css(css)).await.ok())).await
    }

    /// Its text, once it is there. An element that is redrawn in between is asked for again.
    pub async fn text(&self, css: &str) -> WebDriverResult<String> {
        self.until(css, async || self.driver.find(By::Css(css)).await?.text().await.map(Some)).await
    }

    /// Clicks it, once it can be clicked.
    pub async fn click(&self, css: &str) -> WebDriverResult<()> {
        self.until(css, async || {
            let found = self.driver.find(By::Css(css)).await?;
            Ok(if found.is_enabled().await? { found.click().await.ok() } else { None })
        })
        .await
    }

    /// Asks again until there is an answer. An element that was just redrawn is asked for again, too.
    pub async fn until<T>(&self, what: &str, look: impl AsyncFn() -> WebDriverResult<Option<T>>) -> WebDriverResult<T> {
        self.within(TIMEOUT, what, look).await
    }

    /// Like `until`, for what takes its own time. It counts its looks, not the time: a machine that stands still
    /// for a while takes no look away.
    pub async fn within<T>(
        &self,
        patience: Duration,
        what: &str,
        look: impl AsyncFn() -> WebDriverResult<Option<T>>,
    ) -> WebDriverResult<T> {
        let mut last = None;
        for _ in 0..patience.as_millis() / BETWEEN_LOOKS.as_millis() {
            match look().await {
                Ok(Some(seen)) => return Ok(seen),
                Ok(None) => last = None,
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        let why = last.map(|error| format!(": {error}")).unwrap_or_default();
        Err(WebDriverErrorInner::FatalError(format!("never seen: {what}{why}")).into())
    }

    /// What the demo has printed so far, logs and all.
    pub fn printed(&self) -> String {
        self.printed.lock().expect("nobody panics while printing").clone()
    }

    /// Keeps what is on the screen, as it is by day and by night.
    pub async fn looks(&self, step: &str) -> WebDriverResult<()> {
        for (scheme, name) in [("dark", format!("{step}-dark")), ("light", step.to_owned())] {
            let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            self.driver.cdp().send_raw("Emulation.setEmulatedMedia", features).await?;
            if self.eyes.script {
                self.does_not_move().await?;
                self.is_judged(&name).await?;
            }
            self.shot(&name).await?;
        }
        Ok(())
    }

    /// Until what fades has faded.
    async fn does_not_move(&self) -> WebDriverResult<()> {
        let script = "return document.getAnimations().every(({ playState }) => playState !== 'running')";
        let rests = async || Ok((self.driver.execute(script, Vec::new()).await?.json() == &json!(true)).then_some(()));
        self.until("everything at rest", rests).await
    }

    /// Axe-core finds nothing that keeps anybody from using what is on the screen.
    pub async fn is_judged(&self, step: &str) -> WebDriverResult<()> {
        let Some(axe) = axe() else { return Ok(()) };
        if self.driver.execute("return typeof axe", Vec::new()).await?.json() == &json!("undefined") {
            self.driver.execute(format!("{axe}; window.axe = axe;"), Vec::new()).await?;
        }
        let found = self.driver.execute_async(JUDGE, Vec::new()).await?.json().clone();
        assert_eq!(found, json!([]), "{} {step}", self.name);
        Ok(())
    }

    /// Keeps what is on the screen, for people to look at.
    pub async fn shot(&self, step: &str) -> WebDriverResult<()> {
        let folder = screens();
        std::fs::create_dir_all(&folder)?;
        let script = if self.eyes.script { "" } else { "-noscript" };
        let file = format!("{}-{}{script}-{step}.png", self.name, self.eyes.width);
        self.driver.screenshot(&folder.join(file)).await
    }
}

/// Asks axe for all of its rules, and answers what it found wrong.
const JUDGE: &str = "
    const done = arguments[arguments.length - 1];
    const told = ({ id, help, nodes }) => [id, help, ...nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary)];
    axe.run(document, { resultTypes: ['violations'] })
        .then(({ violations }) => done(violations.map(told)), (error) => done([String(error)]));";

/// The judge's own script. None where it cannot be had.
fn axe() -> Option<&'static str> {
    static AXE: LazyLock<Option<String>> = LazyLock::new(|| {
        let file = root().join("target/interop/axe/node_modules/axe-core/axe.min.js");
        installed("axe").then(|| std::fs::read_to_string(file).expect("axe is installed"))
    });
    AXE.as_deref()
}

fn screens() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screens")
}

pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// WebDriver over the client that the gateway uses anyway.
struct Http(reqwest::Client);

#[async_trait::async_trait]
impl HttpClient for Http {
    async fn send(&self, request: Request<Body<'_>>) -> WebDriverResult<Response<Bytes>> {
        let broken = |error: reqwest::Error| WebDriverErrorInner::FatalError(error.to_string());
        let (parts, body) = request.into_parts();
        let mut call = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers);
        if let Body::Json(json) = body {
            call = call.json(json);
        }
        let reply = call.send().await.map_err(broken)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = reply.status();
        *response.headers_mut() = reply.headers().clone();
        *response.body_mut() = reply.bytes().await.map_err(broken)?;
        Ok(response)
    }

    async fn new(&self) -> Arc<dyn HttpClient> {
        Arc::new(Self(client()))
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(TIMEOUT * 2).build().expect("a client")
}
