//! What the tests stand on: a chat server, a chromedriver, and browsers, all ended when the [`Rig`] is dropped.

mod process;

use std::fmt::Display;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use process::{Driver, Process, free_port};

pub const ENTER: &str = "\u{E007}";
pub const TAB: &str = "\u{E004}";
pub const SHIFT_TAB: &str = "\u{E008}\u{E004}\u{E008}";
pub const SHIFT_ENTER: &str = "\u{E008}\u{E007}\u{E008}";
pub const END: &str = "\u{E010}";

/// No wait is longer; every wait ends as soon as what it waits for is true.
const DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// One test at a time: browsers are hungry.
static TURN: Mutex<()> = Mutex::const_new(());

// ---- The rig ----

/// A chat server and a chromedriver. Fields are dropped in this order: browsers quit before their profiles go.
pub struct Rig {
    driver: Driver,
    server: Option<Process>,
    server_args: Vec<String>,
    port: u16,
    profiles: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Rig {
    /// A server with its own page.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A server with more arguments than its address.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let turn = TURN.lock().await;
        let port = free_port();
        let mut server_args = vec!["--listen".to_owned(), format!("127.0.0.1:{port}")];
        server_args.extend(arguments.iter().map(ToString::to_string));
        let mut rig = Self {
            driver: Driver::start(),
            server: None,
            server_args,
            port,
            profiles: tempfile::tempdir().expect("a temporary folder"),
            _turn: turn,
        };
        rig.start_server().await;
        rig
    }

    /// Starts the server, again on the same port after [`Rig::stop_server`].
    pub async fn start_server(&mut self) {
        let program = std::env::var_os("CHAT_DEMO_BIN")
            .expect("set CHAT_DEMO_BIN to the absolute path of the chat-demo binary");
        let mut server = Process::spawn(&program, &self.server_args, Stdio::null());
        until("the server accepts connections", async || {
            assert_eq!(server.exited(), None, "the server ended at once");
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        })
        .await;
        self.server = Some(server);
    }

    /// Asks the server to stop, as an init system does, and sees that it ends well.
    pub async fn stop_server(&mut self) {
        let mut server = self.server.take().expect("a running server");
        let pid = server.id().to_string();
        // Every shell has `kill`; not every machine has it as a program.
        Command::new("sh").args(["-c", "kill -TERM \"$0\"", &pid]).status().expect("sh");
        let status = until("the server ends after SIGTERM", async || server.exited()).await;
        assert!(status.success(), "the server ended with {status}");
    }

    /// The address of the chat page.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// For what is measured in time: an allowance that fills up again.
    pub async fn wait_a_second(&self) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// A new browser with an empty profile, at the chat page, connected.
    pub async fn page(&self) -> Page {
        let page = self.browser().await;
        page.goto(&self.url()).await;
        page.is_online().await;
        page
    }

    /// A new browser at the page, which meets what this script has prepared.
    pub async fn page_after(&self, script: &str) -> Page {
        let page = self.browser().await;
        page.before_the_page_runs(script).await;
        page.goto(&self.url()).await;
        page
    }

    /// A new browser with an empty profile, at no page.
    pub async fn browser(&self) -> Page {
        self.browser_with_font(16).await
    }

    /// A new browser whose user has chosen this size for texts.
    pub async fn browser_with_font(&self, px: u32) -> Page {
        let profile = tempfile::tempdir_in(&self.profiles).expect("a temporary folder").keep();
        let capabilities = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "prefs": { "webkit": { "webprefs": { "default_font_size": px } } }, "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--hide-scrollbars", "--lang=en-GB", "--window-size=1000,800",
                format!("--user-data-dir={}", profile.display()),
            ] },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.driver.port))
            .await
            .expect("a browser");
        Page { client }
    }
}

// ---- One browser ----

pub struct Page {
    client: Client,
}

impl Page {
    /// Runs a script before any of the next pages' own.
    pub async fn before_the_page_runs(&self, script: &str) {
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.expect("the page opens");
    }

    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page reloads");
    }

    /// Opens the page in another tab of this browser, and goes there.
    pub async fn open_tab(&self, url: &str) {
        let tab = self.client.new_window(true).await.expect("a tab");
        self.client.switch_to_window(tab.handle).await.expect("it opens");
        self.goto(url).await;
    }

    /// Goes to the tab that was opened first.
    pub async fn first_tab(&self) {
        let tabs = self.client.windows().await.expect("its tabs");
        self.client.switch_to_window(tabs[0].clone()).await.expect("it is there");
    }

    /// The value of a JavaScript expression in the page.
    pub async fn eval(&self, expression: &str) -> Value {
        self.client.execute(&format!("return {expression}"), vec![]).await.expect(expression)
    }

    /// Waits until a JavaScript condition holds in the page.
    pub async fn sees(&self, condition: &str) {
        let holds = async || {
            let value = self.client.execute(&format!("return Boolean({condition})"), vec![]).await;
            (value.expect(condition) == true).then_some(())
        };
        if wait(holds).await.is_none() {
            panic!("never true: {condition}; the page says: {}", self.eval("document.body.innerText").await);
        }
    }

    /// Waits until the element shows this text, among others.
    pub async fn shows(&self, id: &str, text: &str) {
        self.sees(&format!("document.getElementById({}).textContent.includes({})", json!(id), json!(text)))
            .await;
    }

    /// Waits for the green light.
    pub async fn is_online(&self) {
        self.shows("presence", "🟢").await;
        self.shows("presence", "online").await;
    }

    /// Presses keys wherever the focus is: nothing here needs a mouse.
    pub async fn press(&self, keys: &str) {
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(keys).await.expect("the keys arrive");
    }

    /// Puts the focus and a value into an input.
    pub async fn fill(&self, id: &str, value: &str) {
        let (id, value) = (json!(id), json!(value));
        self.eval(&format!(
            "[document.getElementById({id})].forEach((e) => {{ e.focus(); e.value = {value}; \
            e.dispatchEvent(new Event('input')); }})"
        ))
        .await;
    }

    /// Posts a message as this person.
    pub async fn say(&self, name: &str, text: &str) {
        self.fill("name", name).await;
        self.fill("text", text).await;
        self.press(ENTER).await;
    }

    /// Posts as somebody else, over a WebSocket of their own that stays open.
    pub async fn posts_as(&self, name: &str, texts: &[&str]) {
        self.eval(&format!(
            "new Promise((posted) => {{
               const all = (window.others ??= new Map());
               if (!all.has({name})) all.set({name}, new WebSocket('/ws', 'json-delta'));
               const socket = all.get({name});
               const post = () => {{
                 for (const text of {texts}) socket.send(JSON.stringify({{ user: {name}, text }}));
                 posted();
               }};
               socket.readyState === WebSocket.OPEN ? post() : (socket.onopen = post);
             }})",
            name = json!(name),
            texts = json!(texts),
        ))
        .await;
    }

    /// The messages shown, as `{user, text, time}`, oldest first.
    pub async fn messages(&self) -> Value {
        self.eval(
            "[...document.querySelectorAll('#log li')].map((li) => ({ user: li.querySelector('strong').textContent, \
             text: li.querySelector('p').textContent, time: li.querySelector('time').dateTime }))",
        )
        .await
    }

    /// A command of the Chrome DevTools Protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.vendor("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// Makes the browser a phone, sharp as they are, or a window of that size, in light or dark, where nothing moves.
    pub async fn look(&self, width: u32, height: u32, scheme: &str) {
        let mobile = width < 500;
        let scale = if mobile { 2 } else { 1 };
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        self.sees(&format!("innerWidth === {width} && innerHeight === {height}")).await;
        self.is_drawn().await;
    }

    /// Waits until the browser has drawn what is, and the page has heard of it (scrolling, new sizes).
    pub async fn is_drawn(&self) {
        self.eval("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))").await;
    }

    /// Scrolls up as a reader does: what is drawn.
    pub async fn scroll_up(&self) {
        self.is_drawn().await;
        self.eval("document.getElementById('log').scrollTo(0, 0)").await;
        self.is_drawn().await;
    }

    /// What the page looks like, as a PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.expect("a screenshot")
    }

    /// All texts and edges, with their contrast to what is behind or beside them.
    pub async fn contrasts(&self) -> Vec<(String, f64)> {
        let measured =
            self.client.execute(include_str!("contrasts.js"), vec![]).await.expect("the contrasts");
        let measured = measured.as_array().expect("a list").iter();
        measured.map(|one| (one[0].to_string(), one[1].as_f64().expect("a number"))).collect()
    }

    /// The warnings and errors that the console has got since the last call.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.vendor("se/log", json!({ "type": "browser" })).await;
        let bad = |entry: &&Value| ["WARNING", "SEVERE"].iter().any(|level| entry["level"] == *level);
        let entries = log.as_array().expect("a list of log entries");
        entries.iter().filter(bad).map(|entry| entry["message"].to_string()).collect()
    }

    async fn vendor(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(Vendor { path, body }).await.expect(path)
    }
}

/// A command that chromedriver has beyond the standard.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.expect("a session"), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

// ---- Waiting ----

/// Asks again and again, and gives the first answer; panics when there is none in time.
pub async fn until<T>(what: impl Display, ask: impl AsyncFnMut() -> Option<T>) -> T {
    wait(ask).await.unwrap_or_else(|| panic!("not in time: {what}"))
}

async fn wait<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let answer = ask().await;
        if answer.is_some() || start.elapsed() > DEADLINE {
            return answer;
        }
        tokio::time::sleep(POLL).await;
    }
}
