//! The SSH door from outside: a backend with a door as its own process, and Debian's OpenSSH client at it.

mod crowd;
mod expiry;
mod glass;
mod join;
mod login;
mod raw;
mod record;
mod refuse;
mod reload;
mod share;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::http::PATIENCE;
use crate::program::{output, warboard};
use crate::terminal::Terminal;

/// The client.
const SSH: &str = "/usr/bin/ssh";

/// A backend with a door, in a home of its own.
pub struct Door {
    pub home: TempDir,
    child: Child,
    pub url: String,
    pub port: u16,
    /// A commander's token, for what is done beside the door.
    pub token: String,
}

impl Door {
    /// People with their rights; each has the key `key(person)`.
    pub fn open(people: &[&str]) -> Door {
        Door::with(people, &[])
    }

    /// The same with further flags.
    pub fn with(people: &[&str], flags: &[&str]) -> Door {
        let home = tempfile::tempdir().unwrap();
        let mut lines = String::from("# the war room\n");
        for rights in people {
            let person = rights.split(['=', ',']).nth(1).unwrap();
            let key = new_key(&home, person);
            lines.push_str(&format!("warboard=\"{rights}\" {key}\n"));
        }
        std::fs::write(home.path().join("keys"), lines).unwrap();
        let store = store(&home, "test.db");
        let mut args = serving(&store);
        args.extend(flags);
        let (child, found) = started(&home, &args, &["http://", "ssh://"]);
        let token = issued(&home, &["--role", "commander", "--name", "desk"]);
        let port = found[1].rsplit(':').next().unwrap().parse().unwrap();
        Door {
            home,
            child,
            url: format!("http://{}", found[0]),
            port,
            token,
        }
    }

    /// The private key of somebody.
    pub fn key(&self, person: &str) -> PathBuf {
        self.home.path().join(format!("id_{person}"))
    }

    /// What every client is told.
    pub fn options(&self, person: &str) -> Vec<String> {
        options_of(&self.home, person, self.port)
    }

    /// A board over the door, with further words for the client.
    pub fn board(&self, person: &str, size: (u16, u16), more: &[&str]) -> Terminal {
        let mut args = self.options(person);
        args.push("-tt".to_owned());
        args.extend(
            more.iter()
                .filter(|word| word.starts_with('-'))
                .map(|w| (*w).to_owned()),
        );
        args.push("anyone@127.0.0.1".to_owned());
        args.extend(
            more.iter()
                .filter(|word| !word.starts_with('-'))
                .map(|w| (*w).to_owned()),
        );
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Terminal::running(SSH, self.home.path(), size, &args, &[])
    }

    /// A client without a terminal.
    pub fn client(&self, person: &str, options: &[&str], words: &[&str]) -> Command {
        let mut command = Command::new(SSH);
        command
            .args(self.options(person))
            .args(options)
            .arg("anyone@127.0.0.1")
            .args(words)
            .env_clear()
            .env("HOME", self.home.path())
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command over the door.
    pub fn ssh(&self, person: &str, words: &[&str]) -> Output {
        self.client(person, &[], words).output().unwrap()
    }

    /// A subcommand beside the door, as the desk; what it printed.
    pub fn desk(&self, args: &[&str]) -> String {
        let mut all = args.to_vec();
        all.extend(["--url", &self.url]);
        let done = warboard(self.home.path(), &all)
            .env("WARBOARD_TOKEN", &self.token)
            .output()
            .unwrap();
        assert!(done.status.success(), "{args:?}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// Opens an incident; its id.
    pub fn incident(&self, title: &str) -> String {
        let id = self.desk(&["open", title, "--service", "azure", "--severity", "sev2"]);
        id.trim().to_owned()
    }

    /// The process.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }

    /// Asks it to end; its exit code.
    pub fn ends(&mut self) -> i32 {
        kill(self.pid(), Signal::SIGTERM).unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Already gone, in some tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a client is told that comes from this home to a door.
pub fn options_of(home: &TempDir, person: &str, port: u16) -> Vec<String> {
    let known = home.path().join("known_hosts");
    let key = home.path().join(format!("id_{person}"));
    [
        "-F".to_owned(),
        "/dev/null".to_owned(),
        format!("-oUserKnownHostsFile={}", known.display()),
        "-oStrictHostKeyChecking=accept-new".to_owned(),
        "-oIdentitiesOnly=yes".to_owned(),
        "-oBatchMode=yes".to_owned(),
        "-oLogLevel=ERROR".to_owned(),
        "-oConnectTimeout=30".to_owned(),
        format!("-i{}", key.display()),
        format!("-p{port}"),
    ]
    .to_vec()
}

/// A store of this home, as `--store` is given it.
pub fn store(home: &TempDir, name: &str) -> String {
    format!("sqlite:{}", home.path().join(name).display())
}

/// The words that serve a store with a door, to those whom the file `keys` names.
pub fn serving(store: &str) -> Vec<&str> {
    let listens = ["--listen", "127.0.0.1:0", "--ssh", "127.0.0.1:0"];
    let mut words = vec!["serve", "--store", store];
    words.extend(listens);
    words.extend(["--host-key", "host", "--authorized-keys", "keys"]);
    words
}

/// Makes a key; its public line.
pub fn new_key(home: &TempDir, person: &str) -> String {
    let path = home.path().join(format!("id_{person}"));
    let made = Command::new("/usr/bin/ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", person, "-f"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let line = std::fs::read_to_string(format!("{}.pub", path.display())).unwrap();
    line.trim().to_owned()
}

/// Issues a token.
pub fn issued(home: &TempDir, rights: &[&str]) -> String {
    let store = store(home, "test.db");
    let mut args = vec!["token", "issue", "--store", &store];
    args.extend(rights);
    let issued = output(home.path(), &args);
    assert!(issued.status.success(), "{issued:?}");
    String::from_utf8(issued.stdout).unwrap().trim().to_owned()
}

/// Starts the program and waits until it has said where it listens, for each of these schemes.
pub fn started(home: &TempDir, args: &[&str], schemes: &[&str]) -> (Child, Vec<String>) {
    let mut child = warboard(home.path(), args)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let found = listening(&mut child, schemes);
    (child, found)
}

/// Reads where a process listens.
pub fn listening(child: &mut Child, schemes: &[&str]) -> Vec<String> {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (mut found, mut said) = (Vec::new(), Vec::new());
    while found.len() < schemes.len() {
        let Some(Ok(line)) = lines.next() else {
            panic!("it ended: {said:?}");
        };
        let place = line.strip_prefix("listening on ");
        if let Some(place) = place.and_then(|at| at.strip_prefix(schemes[found.len()])) {
            found.push(place.to_owned());
        }
        said.push(line);
    }
    // Its log goes on; a full pipe would hold it up.
    std::thread::spawn(move || for _ in lines.map_while(Result::ok) {});
    found
}

/// What a stream said.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits for something that others bring about.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
