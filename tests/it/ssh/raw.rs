//! A client that says what no sound one says: sizes without sense, floods, connections that never log in.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use russh::client::{self, Handle};
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg};
use russh::{Channel, ChannelMsg};

use super::Door;
use crate::http::PATIENCE;

/// Believes every host.
pub struct Believes;

impl client::Handler for Believes {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        _: &russh::keys::PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

/// Logs in.
pub async fn login(door: &Door, person: &str) -> Handle<Believes> {
    let key = std::fs::read_to_string(door.key(person)).unwrap();
    let key = Arc::new(PrivateKey::from_openssh(&key).unwrap());
    let config = Arc::new(client::Config::default());
    let mut handle = client::connect(config, ("127.0.0.1", door.port), Believes)
        .await
        .unwrap();
    let key = PrivateKeyWithHashAlg::new(key, None);
    let done = handle.authenticate_publickey("anyone", key).await.unwrap();
    assert!(done.success());
    handle
}

/// A board in a window of this size; the first frame has come.
pub async fn board(handle: &Handle<Believes>, w: u32, h: u32) -> Channel<client::Msg> {
    let mut channel = handle.channel_open_session().await.unwrap();
    let (wide, high) = (w, h);
    channel
        .request_pty(true, "xterm-256color", wide, high, 0, 0, &[])
        .await
        .unwrap();
    channel.request_shell(true).await.unwrap();
    shows(&mut channel, "UTC").await;
    channel
}

/// Waits until the bytes of a text came.
pub async fn shows(channel: &mut Channel<client::Msg>, text: &str) {
    let mut seen = Vec::new();
    let looking = async {
        while let Some(message) = channel.wait().await {
            if let ChannelMsg::Data { data } = message {
                seen.extend_from_slice(&data);
                if String::from_utf8_lossy(&seen).contains(text) {
                    return true;
                }
            }
        }
        false
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    assert_eq!(
        found,
        Ok(true),
        "{text}: {}",
        String::from_utf8_lossy(&seen)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_without_sense_are_drawn_in_their_bounds_and_a_flood_of_them_is_one() {
    let door = Door::open(&["person=d.okafor,role=commander"]);
    door.incident("A");
    let (one, two) = (
        login(&door, "d.okafor").await,
        login(&door, "d.okafor").await,
    );
    let _none = board(&one, 0, 0).await;
    let _vast = board(&one, 1_000, 1_000).await;
    let mut flooded = board(&two, 80, 24).await;
    for n in 0..5_000u32 {
        let (w, h) = (n % 700, (n * 7) % 300);
        flooded.window_change(w, h, 0, 0).await.unwrap();
    }
    flooded
        .window_change(u32::MAX, u32::MAX, 0, 0)
        .await
        .unwrap();
    flooded.window_change(100, 30, 0, 0).await.unwrap();
    flooded.data(&b"?"[..]).await.unwrap();
    shows(&mut flooded, "the keys that work").await;
    assert!(rss_kib(&door) < 256 * 1024, "{} KiB", rss_kib(&door));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_connections_that_never_log_in_keep_nobody_out() {
    let door = Door::open(&["person=d.okafor,role=commander"]);
    let id = door.incident("A");
    let mut inside = door.board("d.okafor", (80, 24), &[]);
    inside.sees(&id);
    let half_open: Vec<TcpStream> = (0..100)
        .map(|n| {
            let mut stream = TcpStream::connect(("127.0.0.1", door.port)).unwrap();
            if n % 2 == 0 {
                // Some of them are cut already.
                let _ = stream.write_all(b"SSH-2.0-slow\r\n");
            }
            stream
        })
        .collect();
    inside.keys("?");
    inside.sees("the keys that work here");
    let done = door.ssh("d.okafor", &["list"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    // Of those that wait the oldest were cut: they read an end.
    let mut first = &half_open[0];
    first.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut rest = Vec::new();
    let ended = first.read_to_end(&mut rest);
    assert!(ended.is_ok() || ended.unwrap_err().kind() == std::io::ErrorKind::ConnectionReset);
}

/// What the door's process holds in memory.
pub fn rss_kib(door: &Door) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", door.pid())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Takes what is there already. What the board asks its terminal stays unanswered: then frames go by time alone.
pub async fn drained(channel: &mut Channel<client::Msg>) {
    let soon = std::time::Duration::from_millis(1);
    while let Ok(Some(_)) = tokio::time::timeout(soon, channel.wait()).await {}
}

/// A tick changes a few digits, which takes fewer bytes than anything a key does.
const TICK: usize = 100;

/// Waits for the next frame that more than time has changed.
pub async fn frame(channel: &mut Channel<client::Msg>) {
    loop {
        let waited = tokio::time::timeout(PATIENCE, channel.wait()).await;
        let message = waited
            .expect("a frame in time")
            .expect("a channel that is open");
        let is_frame = matches!(message, ChannelMsg::Data { data } if data.len() > TICK);
        if is_frame {
            return;
        }
    }
}
