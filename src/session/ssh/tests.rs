//! The door as a protocol, spoken to by a client in the same process: what a fault on one connection does to others.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use russh::client::{self, Handle};
use russh::keys::{Algorithm, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Setup;
use super::house::{Asked, House, Last, Visit};
use super::limit::Limits;
use super::roster_file::RosterFile;
use crate::time::{SharedClock, SystemClock, timeout};

/// Says its words back; breaks, waits and says much where it is asked to.
struct Echo;

impl House for Echo {
    fn asked(&self, visit: Visit, words: &str) -> Asked {
        assert_ne!(words, "break at once");
        let said = format!("{} {words}\n", visit.guest.person());
        let words = words.to_owned();
        Asked::Print(Box::pin(async move {
            tokio::task::yield_now().await;
            assert_ne!(words, "break later");
            if words == "wait" {
                std::future::pending::<()>().await;
            }
            Last {
                out: match words.as_str() {
                    "much" => vec![b'.'; 1 << 20],
                    _ => said.into_bytes(),
                },
                ..Last::default()
            }
        }))
    }
}

struct Believes;

impl client::Handler for Believes {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

fn key() -> PrivateKey {
    PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap()
}

/// A door with an echo behind it, for one person.
struct Opened {
    address: SocketAddr,
    person: Arc<PrivateKey>,
    serving: tokio::task::JoinHandle<()>,
    reload: Arc<Notify>,
    /// Where the file of keys is read again and again.
    folder: tempfile::TempDir,
}

impl Opened {
    /// Comes in.
    async fn login(&self) -> Handle<Believes> {
        self.login_as(client::Config::default()).await
    }

    /// Comes in as such a client.
    async fn login_as(&self, config: client::Config) -> Handle<Believes> {
        let mut handle = client::connect(Arc::new(config), self.address, Believes)
            .await
            .unwrap();
        let key = PrivateKeyWithHashAlg::new(self.person.clone(), None);
        let done = handle.authenticate_publickey("x", key).await.unwrap();
        assert!(done.success());
        handle
    }
}

async fn open(ending: &CancellationToken, limits: Limits) -> Opened {
    let (host, person) = (key(), key());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let public = person.public_key().to_openssh().unwrap();
    std::fs::write(
        &path,
        format!("warboard=\"person=a,role=viewer\" {public}\n"),
    )
    .unwrap();
    let clock: SharedClock = Arc::new(SystemClock::new());
    let reload = Arc::new(Notify::new());
    let setup = Setup {
        house: Arc::new(Echo),
        apis: Vec::new(),
        roster: RosterFile::open(&path, clock.clone()).unwrap(),
        key: host,
        key_file: folder.path().join("host"),
        reload: reload.clone(),
        clock,
        limits,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(super::serve(
        listener,
        setup,
        ending.clone().cancelled_owned(),
    ));
    Opened {
        address,
        person: Arc::new(person),
        serving,
        reload,
        folder,
    }
}

/// What a command printed, and its exit code.
async fn ran(handle: &Handle<Believes>, words: &str) -> (String, Option<u32>) {
    heard(begun(handle, words).await).await
}

/// A command that runs.
async fn begun(handle: &Handle<Believes>, words: &str) -> Channel<client::Msg> {
    let mut channel = handle.channel_open_session().await.unwrap();
    channel.exec(true, words).await.unwrap();
    assert!(matches!(channel.wait().await, Some(ChannelMsg::Success)));
    channel
}

/// What it prints until its end, and its exit code.
async fn heard(mut channel: Channel<client::Msg>) -> (String, Option<u32>) {
    let (mut said, mut code) = (Vec::new(), None);
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. } => {
                said.extend_from_slice(&data);
            }
            ChannelMsg::ExitStatus { exit_status } => code = Some(exit_status),
            _ => {}
        }
    }
    (String::from_utf8_lossy(&said).into_owned(), code)
}

#[tokio::test]
async fn a_fault_ends_one_session_and_the_others_go_on() {
    let ending = CancellationToken::new();
    let door = open(&ending, Limits::default()).await;
    let handle = door.login().await;
    assert_eq!(ran(&handle, "one").await, ("a one\n".to_owned(), Some(0)));
    for words in ["break at once", "break later"] {
        let (said, code) = ran(&handle, words).await;
        assert!(said.contains("this session broke"), "{said}");
        assert_eq!(code, Some(70));
    }
    assert_eq!(ran(&handle, "two").await, ("a two\n".to_owned(), Some(0)));
    ending.cancel();
    door.serving.await.unwrap();
}

/// Whether the door ends a connection.
async fn is_cut(handle: Handle<Believes>) -> bool {
    timeout(&SystemClock::new(), 60_000, handle).await.is_ok()
}

#[tokio::test]
async fn logins_without_a_session_take_no_place_and_the_oldest_of_too_many_goes() {
    let ending = CancellationToken::new();
    let limits = Limits {
        sessions: 1,
        half_open_of_address: 4,
        begin_within_ms: 600_000,
        ..Limits::default()
    };
    let door = open(&ending, limits).await;
    let mut idle = Vec::new();
    for _ in 0..4 {
        idle.push(door.login().await);
    }
    let busy = door.login().await;
    assert_eq!(ran(&busy, "one").await, ("a one\n".to_owned(), Some(0)));
    // Four fit beside whoever has begun a session.
    let oldest = idle.remove(0);
    assert!(is_cut(oldest).await, "the oldest is still there");
    // The place is the connection's as long as it is there.
    let (said, code) = ran(&idle[2], "two").await;
    assert!(said.contains("too many people"), "{said}");
    assert_eq!(code, Some(1));
    ending.cancel();
    door.serving.await.unwrap();
}

#[tokio::test]
async fn a_login_without_a_session_is_cut_soon() {
    let ending = CancellationToken::new();
    let limits = Limits {
        begin_within_ms: 100,
        ..Limits::default()
    };
    let door = open(&ending, limits).await;
    let idle = door.login().await;
    assert!(is_cut(idle).await, "it is still there");
    ending.cancel();
    door.serving.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_shows_no_board_ends_with_its_key_and_so_does_what_runs_on_it() {
    let ending = CancellationToken::new();
    let door = open(&ending, Limits::default()).await;
    let (kept, busy) = (door.login().await, door.login().await);
    assert_eq!(ran(&kept, "one").await, ("a one\n".to_owned(), Some(0)));
    let waiting = begun(&busy, "wait").await;
    std::fs::write(door.folder.path().join("keys"), "").unwrap();
    door.reload.notify_one();
    let (said, code) = heard(waiting).await;
    assert!(said.contains("your key no longer gives"), "{said}");
    assert_eq!(code, Some(4));
    assert!(is_cut(kept).await && is_cut(busy).await);
    ending.cancel();
    door.serving.await.unwrap();
}

#[tokio::test]
async fn a_connection_ends_after_its_total_time_whatever_runs_on_it() {
    let ending = CancellationToken::new();
    let limits = Limits {
        total_for_ms: 2_000,
        ..Limits::default()
    };
    let door = open(&ending, limits).await;
    let busy = door.login().await;
    let (said, code) = ran(&busy, "wait").await;
    assert!(said.contains("lasted long enough"), "{said}");
    assert_eq!(code, Some(0));
    assert!(is_cut(busy).await);
    ending.cancel();
    door.serving.await.unwrap();
}

#[tokio::test]
async fn clients_that_take_nothing_of_what_is_printed_hold_up_nobody_elses_print() {
    let ending = CancellationToken::new();
    let door = open(&ending, Limits::default()).await;
    let mut stuck = Vec::new();
    for _ in 0..super::PRINTS {
        let config = client::Config {
            window_size: 32 * 1024,
            maximum_packet_size: 16 * 1024,
            channel_buffer_size: 1,
            ..client::Config::default()
        };
        let handle = door.login_as(config).await;
        let mut channel = begun(&handle, "much").await;
        assert!(matches!(
            channel.wait().await,
            Some(ChannelMsg::Data { .. })
        ));
        stuck.push((handle, channel));
    }
    let other = door.login().await;
    let printed = timeout(&SystemClock::new(), 45_000, ran(&other, "one")).await;
    assert_eq!(printed, Ok(("a one\n".to_owned(), Some(0))));
    drop(stuck);
    ending.cancel();
    door.serving.await.unwrap();
}
