//! TLS from outside: which certificates a client takes, what it says of the others, and a certificate that changes while
//! connections go on. Authorities and certificates are made for each test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tempfile::TempDir;

use crate::http::PATIENCE;
use crate::program::{output, warboard};

/// An authority of the test's own.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub fn put(&self, path: &Path) {
        std::fs::write(path, self.0.pem()).unwrap();
    }

    /// Writes a certificate for these names and its key.
    pub fn issue(&self, names: &[&str], expired: bool, place: &Place) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        if expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        std::fs::write(&place.certificate, certificate.pem()).unwrap();
        std::fs::write(&place.key, key.serialize_pem()).unwrap();
        std::fs::set_permissions(&place.key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

pub struct Place {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

struct Server {
    home: TempDir,
    place: Place,
    child: Child,
    url: String,
    token: String,
    said: Receiver<String>,
}

impl Server {
    fn start(prepare: impl FnOnce(&Place)) -> Server {
        let home = tempfile::tempdir().unwrap();
        let place = Place {
            certificate: home.path().join("server.pem"),
            key: home.path().join("server.key"),
        };
        prepare(&place);
        let store = format!("sqlite:{}", home.path().join("test.db").display());
        let args = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--store",
            &store,
            "--tls-cert",
            place.certificate.to_str().unwrap(),
            "--tls-key",
            place.key.to_str().unwrap(),
        ];
        let mut child = warboard(home.path(), &args)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, said) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let mut server = Server {
            home,
            place,
            child,
            url: String::new(),
            token: String::new(),
            said,
        };
        server.url = server
            .hear("listening on ")
            .split(' ')
            .next_back()
            .unwrap()
            .to_owned();
        let issue = [
            "token",
            "issue",
            "--store",
            &store,
            "--role",
            "commander",
            "--name",
            "x",
        ];
        let issued = output(server.home.path(), &issue);
        server.token = String::from_utf8(issued.stdout).unwrap().trim().to_owned();
        server
    }

    /// Pairs a display from this page over TLS; the headers of the answer, in small letters.
    fn pair(&self, origin: &str) -> String {
        let store = format!("sqlite:{}", self.home.path().join("test.db").display());
        let name = format!("wall-{}", origin.len());
        let made = ["display", "pair", "--store", &store, "--name", &name];
        let made = output(self.home.path(), &made);
        assert!(made.status.success(), "{made:?}");
        let said = String::from_utf8(made.stdout).unwrap();
        let code = said.trim();
        let done = std::process::Command::new("/usr/bin/curl")
            .args(["-sk", "-D", "-", "-H", &format!("Origin: {origin}")])
            .args(["-H", "Content-Type: application/json"])
            .args(["-d", &format!("{{\"code\": \"{code}\"}}")])
            .arg(format!("{}/display/pair", self.url))
            .output()
            .unwrap();
        String::from_utf8(done.stdout).unwrap().to_lowercase()
    }

    /// The next line of the server's that holds this.
    fn hear(&self, part: &str) -> String {
        loop {
            let line = self.said.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("never said: {part}"));
            if line.contains(part) {
                return line;
            }
        }
    }

    fn authority(&self) -> PathBuf {
        self.home.path().join("authority.pem")
    }

    /// Lists incidents by this URL, with these authorities: exit code, and what was said.
    fn list(&self, url: &str, authority: &Path) -> (i32, String) {
        let args = [
            "list",
            "--url",
            url,
            "--ca-file",
            authority.to_str().unwrap(),
        ];
        let done = warboard(self.home.path(), &args)
            .env("WARBOARD_TOKEN", &self.token)
            .output()
            .unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        (done.status.code().unwrap(), said)
    }

    fn hang_up(&self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(pid, Signal::SIGHUP).unwrap();
    }

    fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_client_takes_the_right_certificate_and_says_what_is_wrong_with_another() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let good = Server::start(|place| ours.issue(&["localhost", "127.0.0.1"], false, place));
    ours.put(&good.authority());
    assert!(good.url.starts_with("https://127.0.0.1:"), "{}", good.url);
    let (code, said) = good.list(&good.url, &good.authority());
    assert_eq!(code, 0, "{said}");
    let named = format!("https://localhost:{}", good.port());
    assert_eq!(good.list(&named, &good.authority()).0, 0);

    let unknown = good.home.path().join("other.pem");
    other.put(&unknown);
    let (code, said) = good.list(&good.url, &unknown);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("authority that is not known"), "{said}");

    let wrong = Server::start(|place| ours.issue(&["elsewhere.example"], false, place));
    let (code, said) = wrong.list(&wrong.url, &good.authority());
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("is for another name"), "{said}");

    let expired = Server::start(|place| ours.issue(&["127.0.0.1"], true, place));
    let (code, said) = expired.list(&expired.url, &good.authority());
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("has expired"), "{said}");

    // Who does not speak TLS gets nothing, and harms nobody.
    let mut plain = TcpStream::connect(("127.0.0.1", good.port())).unwrap();
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(good.list(&good.url, &good.authority()).0, 0);
}

/// A connection that stays, with this authority.
struct Kept(rustls::StreamOwned<rustls::ClientConnection, TcpStream>);

impl Kept {
    fn open(server: &Server, authority: &Authority) -> Result<Kept, std::io::Error> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.0.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "127.0.0.1".try_into().unwrap();
        let client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", server.port()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut kept = Kept(rustls::StreamOwned::new(client, stream));
        kept.ask()?;
        Ok(kept)
    }

    fn ask(&mut self) -> Result<(), std::io::Error> {
        self.0
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")?;
        let mut read = Vec::new();
        let mut chunk = [0; 1024];
        while !read.ends_with(b"{\"status\":\"alive\"}") {
            let n = self.0.read(&mut chunk)?;
            if n == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            read.extend(&chunk[..n]);
        }
        Ok(())
    }
}

#[test]
fn a_new_certificate_is_taken_without_dropping_a_connection_and_a_bad_one_is_not() {
    let (before, after) = (Authority::new("before"), Authority::new("after"));
    let server = Server::start(|place| before.issue(&["127.0.0.1"], false, place));
    let mut kept = Kept::open(&server, &before).unwrap();

    std::fs::write(&server.place.certificate, "no certificate").unwrap();
    server.hang_up();
    let said = server.hear("stays the one that was read before");
    assert!(said.contains("server.pem"), "{said}");
    Kept::open(&server, &before).unwrap();

    after.issue(&["127.0.0.1"], false, &server.place);
    server.hang_up();
    server.hear("is in use");
    kept.ask().unwrap();
    Kept::open(&server, &after).unwrap();
    assert!(Kept::open(&server, &before).is_err());
    kept.ask().unwrap();
}

#[test]
fn a_key_that_others_can_read_is_refused_at_the_start() {
    let home = tempfile::tempdir().unwrap();
    let place = Place {
        certificate: home.path().join("a.pem"),
        key: home.path().join("a.key"),
    };
    Authority::new("ours").issue(&["127.0.0.1"], false, &place);
    std::fs::set_permissions(&place.key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let args = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        "a.pem",
        "--tls-key",
        "a.key",
    ];
    let done = output(home.path(), &args);
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("chmod 600"), "{said}");
}

#[test]
fn a_token_does_not_travel_in_the_clear_unless_it_is_allowed() {
    let home = tempfile::tempdir().unwrap();
    // An address of nobody's: what is refused is refused before anything is sent.
    let url = "http://192.0.2.1:9";
    let run = |args: &[&str]| {
        let done = warboard(home.path(), args)
            .env("WARBOARD_TOKEN", "wb_x")
            .output()
            .unwrap();
        (
            done.status.code().unwrap(),
            String::from_utf8(done.stderr).unwrap(),
        )
    };
    for args in [
        &["list", "--url", url][..],
        &["board", "--once", "--url", url],
        &["show", "AZ-1", "--url", url],
    ] {
        let (code, said) = run(args);
        assert_eq!(code, 2, "{args:?}: {said}");
        assert!(
            said.contains("in the clear") && said.contains("--insecure"),
            "{said}"
        );
    }
    let (code, said) = run(&["config", "check", "--url", url, "--insecure"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(&["config", "check", "--url", "http://localhost:9"]);
    assert_eq!(code, 0, "{said}");
    let folder = home.path().join(".config/warboard");
    std::fs::create_dir_all(&folder).unwrap();
    let source = |more: &str| format!("[[source]]\nname = \"a\"\nurl = \"{url}\"\n{more}");
    std::fs::write(folder.join("config.toml"), source("")).unwrap();
    let (code, said) = run(&["config", "check"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("config.toml:3: `source.url`"), "{said}");
    std::fs::write(folder.join("config.toml"), source("insecure = true\n")).unwrap();
    assert_eq!(run(&["config", "check"]).0, 0);
}

#[test]
fn a_display_that_was_paired_over_tls_has_a_cookie_that_never_goes_in_the_clear() {
    let server = Server::start(|place| Authority::new("x").issue(&["127.0.0.1"], false, place));
    // Whatever the page calls itself: what counts is how it came.
    for origin in [server.url.clone(), server.url.replace("https", "http")] {
        let said = server.pair(&origin);
        assert!(said.starts_with("http/1.1 204"), "{said}");
        let cookie = said
            .lines()
            .find(|line| line.starts_with("set-cookie:"))
            .unwrap();
        for wanted in [
            "; secure",
            "; httponly",
            "; samesite=strict",
            "; path=/display",
        ] {
            assert!(cookie.contains(wanted), "{wanted}: {cookie}");
        }
    }
}
