//! A vendor behind a proxy, with a certificate of an authority that only its owner knows: how it is reached by what the file
//! or the environment says, and what is said where it is not.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use warboard::connector::connector;
use warboard::connector::error::ConnectorError;
use warboard::connector::port::Batch;
use warboard::connector::settings::ConnectorSettings;
use warboard::connector::vendor::Vendor;
use warboard::net::ServerTls;
use warboard::time::{SharedClock, TestClock};

use crate::program::warboard;
use crate::tls::{Authority, Place};

/// What stands before a body that is read in one piece.
async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&part[..n]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A vendor that is known as `cases.example` and reached through a proxy only.
struct Site {
    home: TempDir,
    proxy: String,
    /// Heads of what the proxy was asked.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// `verdict` is what the proxy says to a tunnel; `200` opens it.
    async fn new(verdict: &'static str) -> Site {
        let home = tempfile::tempdir().unwrap();
        let place = Place {
            certificate: home.path().join("server.pem"),
            key: home.path().join("server.key"),
        };
        let authority = Authority::new("of the house");
        authority.issue(&["cases.example"], false, &place);
        authority.put(&home.path().join("ca.pem"));
        let tls = ServerTls::load(&place.certificate, &place.key).unwrap();
        let vendor = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = vendor.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = vendor.accept().await {
                // Whoever does not trust it hangs up here.
                let Ok(mut stream) = tls.accept(stream).await else {
                    continue;
                };
                head(&mut stream).await;
                let body = json!({"status": "success", "data": {"cases": [
                    {"case_id": 7, "name": "Mailbox rules", "state": {"state_name": "Open"}}], "next_page": null}});
                let body = body.to_string();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noting = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let head = head(&mut stream).await;
                noting.lock().unwrap().push(head);
                let line = format!("HTTP/1.1 {verdict} x\r\n\r\n");
                stream.write_all(line.as_bytes()).await.unwrap();
                if verdict == "200" {
                    let mut there = TcpStream::connect(to).await.unwrap();
                    tokio::spawn(async move {
                        let _ = copy_bidirectional(&mut stream, &mut there).await;
                    });
                }
            }
        });
        Site { home, proxy, asked }
    }

    fn authority(&self) -> PathBuf {
        self.home.path().join("ca.pem")
    }

    async fn list(&self, trusted: bool, proxy: &str) -> Result<Batch, ConnectorError> {
        let vendor = Vendor::of("iris").unwrap();
        let settings = ConnectorSettings {
            ca_file: trusted.then(|| self.authority()),
            proxy: Some(proxy.to_owned()),
            ..crate::sync::settings(vendor, "cases", "https://cases.example")
        };
        let clock: SharedClock = Arc::new(TestClock::default());
        connector(&settings, &clock).unwrap().list(None).await
    }
}

#[tokio::test]
async fn pitfall_16_a_vendor_behind_a_proxy_with_a_private_authority_is_reached_by_both() {
    let site = Site::new("200").await;
    let batch = site.list(true, &site.proxy).await.unwrap();
    assert_eq!(batch.cases[0].key, "7");
    let asked = site.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].starts_with("CONNECT cases.example:443 HTTP/1.1\r\n"),
        "{asked:?}"
    );
    // The proxy learns where to, and no more.
    assert!(
        !asked[0].to_lowercase().contains("authorization") && !asked[0].contains("hunter2"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn pitfall_16_a_private_authority_that_is_not_named_is_not_believed() {
    let site = Site::new("200").await;
    let vendor = Vendor::of("iris").unwrap();
    // Another authority than the vendor's, so that it does not matter which ones this machine knows.
    let other = site.home.path().join("other.pem");
    Authority::new("of another house").put(&other);
    std::fs::rename(&other, site.authority()).unwrap();
    let error = site.list(true, &site.proxy).await.unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Transport(why) if why.contains("name the authority with ca_file")),
        "{error:?}"
    );
    // There is no key that lets a certificate be anything.
    assert!(!vendor.keys.iter().any(|key| key.contains("insecure")));
}

#[tokio::test]
async fn pitfall_16_a_proxy_that_refuses_or_is_not_there_is_told_from_the_vendor() {
    let site = Site::new("403").await;
    for (proxy, told) in [
        (site.proxy.clone(), "unsuccessful"),
        ("http://127.0.0.1:1".to_owned(), "refuses connections"),
    ] {
        let error = site.list(true, &proxy).await.unwrap_err().to_string();
        let place = proxy.trim_start_matches("http://");
        assert!(
            error.contains(told) && error.contains(&format!("through the proxy {place}")),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pitfall_16_the_environments_proxy_is_used_where_the_file_names_none() {
    let site = Site::new("200").await;
    let home = site.home.path().to_owned();
    let file = "[[connector]]\nkind = \"iris\"\nname = \"cases\"\nurl = \"https://cases.example\"\ntoken_env = \"T\"\nservice = \"azure\"\nca_file = \"ca.pem\"\n";
    for (proxy, of_environment) in [
        ("", site.proxy.clone()),
        (site.proxy.as_str(), "http://127.0.0.1:1".to_owned()),
    ] {
        let named = match proxy {
            "" => file.to_owned(),
            proxy => format!("{file}proxy = \"{proxy}\"\n"),
        };
        std::fs::write(home.join("server.toml"), named).unwrap();
        let args = ["connector", "check", "cases", "--config", "server.toml"];
        let mut command = warboard(&home, &args);
        command
            .env("T", "hunter2")
            .env("https_proxy", of_environment);
        let done = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&done.stdout), text(&done.stderr));
        assert!(
            done.status.success() && out.contains("Mailbox rules"),
            "{out}{err}"
        );
    }
    assert_eq!(site.asked.lock().unwrap().len(), 2);
}
