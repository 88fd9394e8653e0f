//! The page in a real browser: Chromium without a window, spoken to through its pipe. It is told what to wait for, so that
//! nothing here asks again and again.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::PATIENCE;
use crate::program::{Backend, output};

struct Browser {
    child: Child,
    orders: ChildStdin,
    answers: Receiver<Value>,
    events: VecDeque<Value>,
    session: Option<String>,
    last: u64,
    _home: TempDir,
}

impl Browser {
    fn start() -> Browser {
        let home = tempfile::tempdir().unwrap();
        let script = format!(
            "exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
             --no-proxy-server --hide-scrollbars --window-size=1920,1080 --user-data-dir='{}' \
             --remote-debugging-pipe about:blank 3<&0 4>&1 >/dev/null 2>/dev/null",
            home.path().display()
        );
        let has = Command::new("chromium").arg("--version").output();
        assert!(
            has.is_ok_and(|done| done.status.success()),
            "this test needs Chromium: apt-get install --no-install-recommends chromium fonts-dejavu-core"
        );
        let mut child = Command::new("bash")
            .args(["-c", &script])
            .env("HOME", home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let mut pipe = child.stdout.take().unwrap();
        let (tell, answers) = channel();
        std::thread::spawn(move || {
            let (mut read, mut bytes) = (Vec::new(), [0; 64 * 1024]);
            while let Ok(n @ 1..) = pipe.read(&mut bytes) {
                read.extend(&bytes[..n]);
                while let Some(end) = read.iter().position(|byte| *byte == 0) {
                    let message: Vec<u8> = read.drain(..=end).collect();
                    let message = serde_json::from_slice(&message[..end]).unwrap();
                    if tell.send(message).is_err() {
                        return;
                    }
                }
            }
        });
        Browser {
            child,
            orders,
            answers,
            events: VecDeque::new(),
            session: None,
            last: 0,
            _home: home,
        }
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut order = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        let mut bytes = order.to_string().into_bytes();
        bytes.push(0);
        self.orders.write_all(&bytes).unwrap();
        loop {
            let Ok(message) = self.answers.recv_timeout(PATIENCE) else {
                panic!("the browser does not answer {method} {params}");
            };
            if message["id"] == self.last {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }

    /// Opens a page and hears what goes wrong in it.
    fn open(&mut self, url: &str) {
        let page = self.call("Target.createTarget", &json!({"url": "about:blank"}));
        let target = json!({"targetId": page["targetId"], "flatten": true});
        let attached = self.call("Target.attachToTarget", &target);
        self.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Runtime.enable", "Log.enable", "Page.enable"] {
            self.call(domain, &json!({}));
        }
        self.size(1920, 1080);
        self.call("Page.navigate", &json!({"url": url}));
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            match self.answers.recv_timeout(PATIENCE) {
                Ok(message) => self.events.push_back(message),
                Err(_) => panic!("{url} was not loaded"),
            }
        }
    }

    fn size(&mut self, width: u32, height: u32) {
        let params =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &params);
    }

    /// The value of an expression in the page; a promise's when it is kept.
    fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let told = self.call("Runtime.evaluate", &params);
        assert!(
            told.get("exceptionDetails").is_none(),
            "{expression}: {told}"
        );
        told["result"]["value"].clone()
    }

    /// Waits until a condition holds in the page: it is looked at whenever anything in the page changes.
    fn until(&mut self, condition: &str) {
        let seen = self.value(&format!(
            "new Promise((done) => {{
                const look = () => {{ if ({condition}) {{ eyes.disconnect(); clearTimeout(late); done(true); }} }};
                const eyes = new MutationObserver(look);
                const late = setTimeout(() => done(document.body.textContent), 60000);
                eyes.observe(document, {{subtree: true, childList: true, characterData: true, attributes: true}});
                look();
            }})"
        ));
        assert_eq!(seen, true, "{condition} did not come");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Already gone, if the test failed by it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const WALL: &str = "document.getElementById('wall')";

/// Takes as long as a picture needs to grow old: ten seconds, by the browser's own clock.
#[test]
fn a_browser_pairs_shows_the_wall_says_stale_comes_back_and_is_revoked() {
    let mut backend = Backend::start();
    let store = format!("sqlite:{}", backend.home.path().join("test.db").display());
    let opened = [
        "open",
        "<b>odd & sign-ins</b>",
        "--service",
        "azure",
        "--severity",
        "sev1",
    ];
    backend.done(&opened);
    let display = |args: &[&str]| {
        let mut all = vec!["display"];
        all.extend(args);
        all.extend(["--store", &store]);
        let done = output(backend.home.path(), &all);
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    let code = display(&["pair", "--name", "war-room", "--clearance", "amber"]);
    assert!(display(&["list"]).contains("waits for its code"));
    let mut browser = Browser::start();
    browser.open(&format!("{}/display#code={}", backend.url, code.trim()));
    browser.until(&format!("{WALL}.textContent.includes('NO COMMANDER')"));
    assert!(display(&["list"]).contains("works"));
    // The code is not left in the address, and no script can read the token.
    assert_eq!(browser.value("location.hash + document.cookie"), "");
    // Cells as for a wall, and the window filled with them.
    assert_eq!(browser.value(&format!("{WALL}.dataset.size")), "60x17");
    let fits = "(() => {
        const wall = document.getElementById('wall'), box = wall.getBoundingClientRect();
        const right = Math.max(...[...wall.querySelectorAll('span')].map((s) => s.getBoundingClientRect().right));
        const tall = [...wall.children].every((row) => row.getBoundingClientRect().height === wall.children[0].getBoundingClientRect().height);
        return tall && right <= box.right + 0.5 && box.width > 0.9 * innerWidth && box.height > 0.9 * innerHeight
            && document.documentElement.scrollHeight <= innerHeight && document.getElementById('banner').hidden;
    })()";
    assert_eq!(browser.value(fits), true);
    let once = [
        "board", "--once", "--wall", "--screen", "wall", "--size", "60x17",
    ];
    let terminal = backend.done(&once);
    let counts = |text: &str| text.lines().any(|line| line.contains("DETECT 1"));
    let page = browser.value(&format!(
        "[...{WALL}.children].map((row) => row.textContent).join('\\n')"
    ));
    assert!(
        counts(&terminal) && counts(page.as_str().unwrap()),
        "{page} {terminal}"
    );
    // Another window, another size.
    browser.size(1024, 1024);
    browser.until(&format!(
        "{WALL}.dataset.size === '60x30' && {WALL}.textContent.includes('NO COMMANDER')"
    ));
    assert_eq!(browser.value(fits), true);

    backend.kill();
    browser.until("!document.getElementById('banner').hidden");
    let banner = browser.value("document.getElementById('banner').textContent");
    let banner = banner.as_str().unwrap();
    assert!(
        banner.starts_with("STALE 1") && banner.contains(" UTC"),
        "{banner}"
    );
    assert!(banner.contains("does not answer"), "{banner}");
    // It lies over the row that said "live", and the row with the mark and the counts stays.
    let lies = "(() => {
        const box = document.getElementById('banner').getBoundingClientRect();
        const [first, second, third] = [...document.getElementById('wall').children].map((row) => row.getBoundingClientRect());
        return box.top >= first.bottom - 0.5 && box.bottom <= third.top + 0.5 && box.left <= second.left + 0.5 && box.right >= second.right - 0.5;
    })()";
    browser.until(lies);
    let second = browser.value("document.getElementById('wall').children[1].textContent");
    assert!(second.as_str().unwrap().contains("live"), "{second}");
    assert_eq!(
        browser.value("document.body.classList.contains('stale')"),
        true
    );
    backend.start_again();
    browser.until("document.getElementById('banner').hidden");
    browser.until(&format!("{WALL}.textContent.includes('NO COMMANDER')"));

    let done = output(
        backend.home.path(),
        &["display", "revoke", "war-room", "--store", &store],
    );
    assert!(done.status.success(), "{done:?}");
    browser.until("!document.getElementById('pair').hidden");
    assert_eq!(browser.value(&format!("{WALL}.childElementCount")), 0);
    let why = browser.value("document.getElementById('pair-why').textContent");
    assert!(why.as_str().unwrap().contains("revoked"), "{why}");
    // Typed, a code that was used is refused in words.
    browser.value(&format!(
        "document.getElementById('code').value = '{}'; document.querySelector('#pair button').click()",
        code.trim()
    ));
    browser.until("document.getElementById('pair-error').textContent.includes('opens nothing')");

    let bad: Vec<&Value> = browser
        .events
        .iter()
        .filter(|event| {
            let text = event.to_string();
            event["method"] == "Runtime.exceptionThrown" || text.contains("Content Security Policy")
        })
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
}
