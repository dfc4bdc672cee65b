//! One page in the browser: looked at, clicked, typed into, by the debugging protocol. Waits are for a state.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::chromium::Chromium;
use crate::socket::{self, Socket};

/// How long a state is waited for.
const PATIENCE: Duration = Duration::from_secs(45);
/// How often an element may move before it is clicked all the same.
const MOVES: usize = 40;

/// A page.
pub(super) struct Tab {
    socket: Socket,
    session: String,
    next: u64,
    /// What the browser complained about: uncaught errors, refused loads, errors that the page logged.
    said: Vec<String>,
}

impl Tab {
    /// Opens an address, in a window of 1200 by 900 pixels.
    pub(super) async fn open(chromium: &Chromium, url: &str) -> Result<Self> {
        let (address, path) = chromium.debugger()?;
        let socket = socket::open(&address, &path, &[]).await?;
        let socket = socket.map_err(|status| anyhow::anyhow!("Chromium answered {status}"))?;
        let mut tab = Self { socket, session: String::new(), next: 0, said: Vec::new() };
        let target = tab.call("Target.createTarget", json!({ "url": "about:blank" })).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = tab.call("Target.attachToTarget", attach).await?;
        tab.session = attached["sessionId"].as_str().context("no session")?.to_owned();
        for domain in ["Runtime", "Page", "Log", "DOM"] {
            tab.call(&format!("{domain}.enable"), json!({})).await?;
        }
        tab.look_like(1200, "light").await?;
        tab.call("Page.navigate", json!({ "url": url })).await?;
        Ok(tab)
    }

    /// Sets width and color scheme.
    pub(super) async fn look_like(&mut self, width: u32, scheme: &str) -> Result<()> {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size).await?;
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features })).await?;
        Ok(())
    }

    /// What the browser complained about so far.
    pub(super) fn complaints(&self) -> Vec<String> {
        self.said.clone()
    }

    /// Forgets complaints that were to be expected.
    pub(super) fn forgive(&mut self) {
        self.said.clear();
    }

    /// Sends a command and gives its result.
    pub(super) async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        self.next += 1;
        let mut command = json!({ "id": self.next, "method": method, "params": params });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(command.to_string())).await?;
        loop {
            let Some(message) = self.socket.next().await? else { bail!("Chromium has ended") };
            let Message::Text(text) = message else { continue };
            let message: Value = serde_json::from_str(&text)?;
            if message["id"] == self.next {
                ensure!(message["error"].is_null(), "{method}: {}", message["error"]);
                return Ok(message["result"].clone());
            }
            self.note(&message);
        }
    }

    fn note(&mut self, event: &Value) {
        let params = &event["params"];
        let said = match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => &params["exceptionDetails"],
            Some("Runtime.consoleAPICalled") if params["type"] == "error" => &params["args"],
            Some("Log.entryAdded") if params["entry"]["level"] == "error" => &params["entry"],
            _ => return,
        };
        self.said.push(said.to_string().chars().take(600).collect());
    }

    /// The value of an expression.
    pub(super) async fn eval(&mut self, expression: &str) -> Result<Value> {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", asked).await?;
        ensure!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        Ok(result["result"]["value"].clone())
    }

    /// Waits until an expression is true, and gives its value.
    pub(super) async fn until(&mut self, expression: &str) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.eval(expression).await?;
            if !matches!(value, Value::Null | Value::Bool(false)) && value != json!(0) && value != json!("") {
                return Ok(value);
            }
            if Instant::now() > deadline {
                let problem =
                    self.eval("[...document.querySelectorAll('.note.bad')].map(note => note.textContent).join('; ')");
                let problem = problem.await?;
                bail!("it never becomes true: {expression}; the page says {problem}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks in the middle of an element, once it stands still: what the page changed just now may move it.
    pub(super) async fn click(&mut self, selector: &str) -> Result<()> {
        let mut place = self.middle(selector).await?;
        for _ in 0..MOVES {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let before = std::mem::replace(&mut place, self.middle(selector).await?);
            if before == place {
                break;
            }
        }
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place.0, "y": place.1, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    async fn middle(&mut self, selector: &str) -> Result<(f64, f64)> {
        let expression = format!(
            "(() => {{ const it = document.querySelector({}); if (!it) return null; it.scrollIntoView({{ block: 'center' }}); \
             const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(selector)
        );
        let place = self.until(&expression).await?;
        Ok((place[0].as_f64().context("no place")?, place[1].as_f64().context("no place")?))
    }

    /// Drops a file onto an element.
    pub(super) async fn drop_file(&mut self, selector: &str, file: &std::path::Path) -> Result<()> {
        let (x, y) = self.middle(selector).await?;
        let data = json!({ "items": [], "files": [file.to_str()], "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            self.call("Input.dispatchDragEvent", json!({ "type": kind, "x": x, "y": y, "data": data })).await?;
        }
        Ok(())
    }

    /// Types a text into what has the focus.
    pub(super) async fn type_text(&mut self, text: &str) -> Result<()> {
        self.call("Input.insertText", json!({ "text": text })).await?;
        Ok(())
    }

    /// Presses a key: `Tab`, `Enter`, `ArrowDown` or a space.
    pub(super) async fn press(&mut self, key: &str, shift: bool) -> Result<()> {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            "ArrowDown" => ("ArrowDown", 40, ""),
            " " => ("Space", 32, " "),
            _ => bail!("{key} is not known here"),
        };
        let modifiers = if shift { 8 } else { 0 };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({
                "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers,
            });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Presses Tab until an element that fits has the focus; fails when the walk through the page does not meet one.
    pub(super) async fn walk_to(&mut self, selector: &str) -> Result<()> {
        for _ in 0..120 {
            self.press("Tab", false).await?;
            let there = format!("document.activeElement.matches({})", json!(selector));
            if self.eval(&there).await? == true {
                return Ok(());
            }
        }
        bail!("{selector} cannot be reached with the keyboard")
    }

    /// Takes a picture of the whole page, into `target/page`.
    pub(super) async fn screenshot(&mut self, name: &str) -> Result<()> {
        use std::io::Write;
        let size = self.eval("[innerWidth, document.documentElement.scrollHeight]").await?;
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
        let shot = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true, "clip": clip })).await?;
        let folder = thalweg_tests::target().join("page");
        std::fs::create_dir_all(&folder)?;
        let bytes = from_base64(shot["data"].as_str().context("no picture")?);
        std::fs::File::create(folder.join(name).with_extension("png"))?.write_all(&bytes)?;
        Ok(())
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for digit in text.bytes().filter_map(value) {
        bits = bits << 6 | digit;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
