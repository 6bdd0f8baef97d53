//! A real browser: Chromium, driven by WebDriver (<https://www.w3.org/TR/webdriver2/>), and by
//! Chromium's own protocol for what WebDriver lacks. The few commands that the tests need are here.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Running, free_address, tool};
use crate::site::Site;

/// The key by which WebDriver refers to elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Chromium's flags: it asks no other host, and it runs without a display and as root. Through the
/// pipe it notices when its driver is gone, for whatever reason, and then it ends too.
const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--lang=en",
    "--remote-debugging-pipe",
];

/// A browser with one window and a profile of its own. Dropping it ends the browser.
pub struct Browser {
    driver: Site,
    session: String,
    // Dropped after the driver, whose browser works in it.
    folder: TempDir,
}

/// An element of the current page.
pub struct Element(String);

impl Browser {
    /// A new browser, in which pages run no script.
    #[must_use]
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let address = free_address();
        let mut chromedriver = tool("chromedriver");
        chromedriver.arg(format!("--port={}", address.port()));
        let server = Running::server(chromedriver, &folder.path().join("log"), address);
        let mut browser =
            Self { driver: Site::new(server, address), session: String::new(), folder };
        let profile =
            format!("--user-data-dir={}", browser.folder.path().join("profile").display());
        let flags: Vec<_> = FLAGS.iter().copied().chain([profile.as_str()]).collect();
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            // A look at a page may take long on a busy machine. In milliseconds.
            "timeouts": { "script": 300_000, "pageLoad": 300_000 },
            "goog:chromeOptions": {
                "args": flags,
                "prefs": {
                    "download.default_directory": browser.downloads(),
                    // Debian's start page is that of a search engine.
                    "session.restore_on_startup": 4,
                    "session.startup_urls": ["about:blank"],
                },
            },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        }}});
        let session = browser.command("POST", "", &capabilities);
        browser.session = format!("/{}", session["sessionId"].as_str().unwrap());
        browser.tell("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
        browser
    }

    /// Lets scripts run in the pages from now on, for tools that look at a page. What a page itself
    /// brings still has to be allowed by its Content-Security-Policy.
    pub fn allow_scripts(&self) {
        self.tell("Emulation.setScriptExecutionDisabled", &json!({ "value": false }));
    }

    /// The folder into which files are downloaded.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        let folder = self.folder.path().join("downloads");
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Opens a URL and waits until it is loaded.
    pub fn open(&self, url: &str) {
        self.command("POST", "/url", &json!({ "url": url }));
    }

    /// The URL of the page.
    #[must_use]
    pub fn url(&self) -> String {
        self.read("/url")
    }

    /// The title of the page.
    #[must_use]
    pub fn title(&self) -> String {
        self.read("/title")
    }

    /// The first element that a CSS selector finds. Fails the test if there is none.
    #[must_use]
    #[track_caller]
    pub fn find(&self, selector: &str) -> Element {
        let query = json!({ "using": "css selector", "value": selector });
        Element::new(&self.command("POST", "/element", &query))
    }

    /// The element that has the keyboard focus.
    #[must_use]
    pub fn active(&self) -> Element {
        Element::new(&self.command("GET", "/element/active", &Value::Null))
    }

    /// The text of an element, as it is displayed.
    #[must_use]
    pub fn text(&self, element: &Element) -> String {
        self.read(&format!("/element/{}/text", element.0))
    }

    /// The value of a CSS property of an element.
    #[must_use]
    pub fn style(&self, element: &Element, property: &str) -> String {
        self.read(&format!("/element/{}/css/{property}", element.0))
    }

    /// An attribute of an element; empty if it is absent.
    #[must_use]
    pub fn attribute(&self, element: &Element, name: &str) -> String {
        self.read(&format!("/element/{}/attribute/{name}", element.0))
    }

    /// Clicks an element, and waits for the page that this leads to.
    pub fn click(&self, element: &Element) {
        self.command("POST", &format!("/element/{}/click", element.0), &json!({}));
    }

    /// Presses keys, in the element that has the focus: characters of text, or WebDriver's code
    /// points for other keys (<https://www.w3.org/TR/webdriver2/#keyboard-actions>).
    pub fn press(&self, keys: &str) {
        let actions: Vec<_> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|what| json!({ "type": what, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.command("POST", "/actions", &json!({ "actions": [keyboard] }));
    }

    /// The value of a JavaScript expression in the page. It runs although scripts of pages do not.
    #[must_use]
    pub fn evaluate(&self, expression: &str) -> Value {
        let script = json!({ "script": format!("return {expression}"), "args": [] });
        self.command("POST", "/execute/sync", &script)
    }

    /// Sends a command of Chromium's own protocol
    /// (<https://chromedevtools.github.io/devtools-protocol/>), and returns its result.
    pub fn tell(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.command("POST", "/goog/cdp/execute", &body)
    }

    /// Sets the size of the window, in CSS pixels. One that is narrower than 700 is that of a
    /// phone.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700,
        });
        self.tell("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Sets the colour scheme that the visitor prefers: `light` or `dark`.
    pub fn prefer(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.tell("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
    }

    /// The errors and warnings in the browser's console since the last call. Violations of a
    /// content security policy are among them.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let messages = self.log("browser");
        messages.iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// The URLs that the browser requested since the last call.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let events = self.log("performance").into_iter().map(|entry| {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            event["message"].clone()
        });
        let sent = events.filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// What a screen reader gets: the role and the name of each node, in the order of the page.
    #[must_use]
    pub fn accessibility(&self) -> Vec<(String, String)> {
        let tree = self.tell("Accessibility.getFullAXTree", &json!({}));
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        let nodes = tree["nodes"].as_array().unwrap().iter();
        nodes
            .filter(|node| node["ignored"] != true)
            .map(|node| (text(&node["role"]), text(&node["name"])))
            .collect()
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.command("POST", "/se/log", &json!({ "type": kind }));
        entries.as_array().unwrap().clone()
    }

    #[track_caller]
    fn read(&self, path: &str) -> String {
        self.command("GET", path, &Value::Null).as_str().unwrap_or_default().to_owned()
    }

    /// The value that a command returns. Fails the test if it returns an error.
    #[track_caller]
    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/session{}{path}", self.session);
        let headers = [("Content-Type", "application/json")];
        let answer = if body.is_null() {
            self.driver.request(method, &path, &[])
        } else {
            self.driver.send(method, &path, &headers, body.to_string())
        };
        let text = answer.is(200).text();
        let value: Value = serde_json::from_str(&text).unwrap();
        value["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser has to end before its driver, and before its folder is deleted. In a test
        // that fails already, a second panic would abort the process.
        if !std::thread::panicking() && !self.session.is_empty() {
            self.command("DELETE", "", &Value::Null);
        }
    }
}

impl Element {
    #[track_caller]
    fn new(value: &Value) -> Self {
        Self(value[ELEMENT].as_str().unwrap().to_owned())
    }
}
