//! The program as a process: a backend in the background, commands that print and end. Each has a home of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

/// A home with a backend that serves it.
pub struct Backend {
    pub home: TempDir,
    /// Where it stores, as `--store` is given it.
    store: String,
    child: Child,
    pub url: String,
    /// A commander's token.
    pub token: String,
    /// Where its metrics are, where it tells some.
    pub metrics: Option<String>,
    log: Log,
}

/// What a backend has logged so far.
type Log = Arc<Mutex<String>>;

/// The program, with nothing of the machine's own settings.
pub fn warboard(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warboard"));
    command
        .args(args)
        .env_clear()
        .env("HOME", home)
        .env("USER", "tester")
        .env("LANG", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn output(home: &Path, args: &[&str]) -> Output {
    warboard(home, args).output().unwrap()
}

type Served = (Child, String, Option<String>, Log);

fn serve(home: &Path, listen: &str, store: &str, level: &str) -> Served {
    let mut args = vec!["serve", "--listen", listen, "--store", store];
    if level == "trace" {
        args.extend(["--metrics-listen", "127.0.0.1:0"]);
    }
    let mut child = warboard(home, &args)
        .env("WARBOARD_LOG", level)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    let url = loop {
        let Some(Ok(line)) = lines.next() else {
            panic!("the backend ended: {said:?}");
        };
        if let Some(url) = line.strip_prefix("listening on ") {
            break url.to_owned();
        }
        said.push(line);
    };
    let metrics = said
        .iter()
        .find_map(|line| line.strip_prefix("metrics on "));
    let metrics = metrics.map(str::to_owned);
    // Its log goes on; a full pipe would hold it up.
    let log = Log::new(Mutex::new(said.join("\n")));
    let kept = log.clone();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let mut kept = kept.lock().unwrap();
            kept.push_str(&line);
            kept.push('\n');
        }
    });
    (child, url, metrics, log)
}

impl Backend {
    /// Starts a backend on a free port, with a commander's token.
    pub fn start() -> Backend {
        Backend::made("", "warn")
    }

    /// The same, logging all it ever logs, and with metrics.
    pub fn talkative() -> Backend {
        Backend::made("", "trace")
    }

    /// The place of its store, as `--store` takes it.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// The same with a file of its own.
    pub fn with(server_toml: &str) -> Backend {
        Backend::made(server_toml, "warn")
    }

    fn made(server_toml: &str, level: &str) -> Backend {
        let home = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", home.path().join("test.db").display());
        Backend::serving(home, server_toml, store, level, "d.okafor")
    }

    /// One of several on a database, with a token for this name.
    pub fn on(store: &str, server_toml: &str, name: &str) -> Backend {
        let home = tempfile::tempdir().unwrap();
        Backend::serving(home, server_toml, store.to_owned(), "warn", name)
    }

    fn serving(
        home: TempDir,
        server_toml: &str,
        store: String,
        level: &str,
        name: &str,
    ) -> Backend {
        if !server_toml.is_empty() {
            let folder = home.path().join(".config/warboard");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("server.toml"), server_toml).unwrap();
        }
        let (child, url, metrics, log) = serve(home.path(), "127.0.0.1:0", &store, level);
        let mut backend = Backend {
            home,
            store,
            child,
            url,
            metrics,
            token: String::new(),
            log,
        };
        backend.token = backend.issue("commander", name);
        backend
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// A token of a role.
    pub fn issue(&self, role: &str, name: &str) -> String {
        self.issue_with(role, name, &[])
    }

    /// The same with more flags.
    pub fn issue_with(&self, role: &str, name: &str, more: &[&str]) -> String {
        let args = ["token", "issue", "--store", &self.store, "--role", role];
        let args = [&args[..], &["--name", name], more].concat();
        let issued = output(self.home.path(), &args);
        assert!(issued.status.success(), "{issued:?}");
        String::from_utf8(issued.stdout).unwrap().trim().to_owned()
    }

    /// A subcommand that speaks to it: its exit code, and what it printed to either stream.
    pub fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut all: Vec<&str> = args.to_vec();
        all.extend(["--url", &self.url]);
        let done = warboard(self.home.path(), &all)
            .env("WARBOARD_TOKEN", &self.token)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            done.status.code().unwrap(),
            text(done.stdout),
            text(done.stderr),
        )
    }

    /// The same, which has to succeed; gives what it printed.
    pub fn done(&self, args: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(args);
        assert_eq!(code, 0, "{args:?}: {stdout}{stderr}");
        stdout
    }

    /// Ends it without a warning.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again at the same place.
    pub fn start_again(&mut self) {
        let place = self.url.trim_start_matches("http://").to_owned();
        let (child, url, _, log) = serve(self.home.path(), &place, &self.store, "warn");
        assert_eq!(url, self.url);
        self.log = log;
        self.child = child;
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // Already gone, in some tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A backend whose log is kept.
pub struct Logged {
    backend: Backend,
    log: std::thread::JoinHandle<String>,
}

impl Logged {
    /// Starts it with these variables.
    pub fn start(env: &[(&str, &str)]) -> Logged {
        let home = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", home.path().join("test.db").display());
        let args = ["serve", "--listen", "127.0.0.1:0", "--store", &store];
        let mut command = warboard(home.path(), &args);
        command.envs(env.iter().copied()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().unwrap().unwrap();
            if let Some(url) = line.strip_prefix("listening on ") {
                break url.to_owned();
            }
        };
        let log = std::thread::spawn(move || {
            let lines: Vec<String> = lines.map_while(Result::ok).collect();
            lines.join("\n")
        });
        let mut backend = Backend {
            home,
            store,
            child,
            url,
            metrics: None,
            log: Log::default(),
            token: String::new(),
        };
        backend.token = backend.issue("commander", "d.okafor");
        Logged { backend, log }
    }

    pub fn run(&self, args: &[&str]) -> (i32, String, String) {
        self.backend.run(args)
    }

    pub fn done(&self, args: &[&str]) -> String {
        self.backend.done(args)
    }

    /// Ends it, and gives what it logged.
    pub fn end(mut self) -> String {
        self.backend.kill();
        self.log.join().unwrap()
    }
}
