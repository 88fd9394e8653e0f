//! The client's pollers and a session's errands against the real backend: what one board does, another one sees.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use warboard::client::{Api, ApiError, SourceSettings, Watch};
use warboard::domain::board::{Board, Freshness};
use warboard::domain::command::open::Open;
use warboard::domain::directory::Directory;
use warboard::domain::duty::Rules;
use warboard::domain::word::{Role, Via};
use warboard::secret::{Place, Secret};
use warboard::server::{self, RouteCourier, ServerState, TokenRequest};
use warboard::session::Errand;
use warboard::store::sqlite::SqliteStore;
use warboard::time::{SharedClock, SystemClock};
use warboard::ui::message::{Effect, Message, Reply};

/// A backend in this process; it ends when this is dropped.
struct Backend {
    url: String,
    store: Arc<SqliteStore>,
    clock: SharedClock,
    _end: oneshot::Sender<()>,
}

impl Backend {
    async fn start() -> Backend {
        let clock: SharedClock = Arc::new(SystemClock::new());
        let store = Arc::new(SqliteStore::temporary().await.unwrap());
        let routes = warboard::paging::Routes::default();
        let state = ServerState::load(server::Setup {
            store: store.clone(),
            clock: clock.clone(),
            directory: Directory::default(),
            rules: Rules::default(),
            courier: Arc::new(RouteCourier::new(routes, clock.clone())),
            name: "Azure".into(),
            public_url: None,
            limits: server::Limits::default(),
            polled: Vec::new(),
            intakes: Vec::new(),
        })
        .await
        .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (end, ended) = oneshot::channel::<()>();
        tokio::spawn(server::serve(listener, state, Default::default(), async {
            drop(ended.await);
        }));
        Backend {
            url,
            store,
            clock,
            _end: end,
        }
    }

    async fn token(&self, name: &str, role: Role) -> Secret {
        let now = self.clock.now();
        let request = TokenRequest {
            name: name.into(),
            role,
            counsel: false,
            clearance: None,
            services: Vec::new(),
            team: None,
            door: false,
            expires_at: now + chrono::TimeDelta::days(1),
        };
        let issued = server::issue_token(&*self.store, now, request).await;
        issued.unwrap().0
    }

    fn api(&self, token: Place) -> Api {
        let settings = SourceSettings {
            name: "azure".into(),
            url: self.url.clone(),
            token,
            ca_file: None,
        };
        Api::new(&settings, &self.clock, Via::Board).unwrap()
    }

    async fn api_of(&self, name: &str, role: Role) -> Api {
        self.api(Place::Given(self.token(name, role).await))
    }
}

fn open(title: &str) -> Open {
    serde_json::from_value(json!({ "service": "azure", "title": title })).unwrap()
}

/// The board, once it is so.
async fn until(watch: &Watch, is_so: impl Fn(&Board) -> bool) -> Arc<Board> {
    let mut board = watch.board();
    board.wait_for(|board| is_so(board)).await.unwrap().clone()
}

fn write_secret(path: &Path, secret: &Secret) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, secret.expose()).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_board_does_another_one_sees() {
    let backend = Backend::start().await;
    let okafor = backend.api_of("d.okafor", Role::Commander).await;
    let display = backend.api_of("display", Role::Viewer).await;
    let opened = okafor.open(&open("keys leaked"), "k1").await.unwrap();
    assert_eq!(
        okafor.open(&open("keys leaked"), "k1").await.unwrap().id,
        opened.id
    );

    let watch = Arc::new(Watch::start(vec![okafor.clone()], backend.clock.clone()));
    let other = Watch::start(vec![display.clone()], backend.clock.clone());
    for watch in [&*watch, &other] {
        let board = until(watch, |b| {
            b.sources[0].complete && b.sources[0].about.is_some()
        })
        .await;
        let source = &board.sources[0];
        assert_eq!(source.freshness(backend.clock.mono()), Freshness::Live);
        assert!(source.error.is_none() && source.skew_ms.unwrap().abs() < 500);
        assert!(board.incident(0, &opened.id).is_some());
    }

    let (sender, mut news) = mpsc::channel(16);
    let errand = Errand::new(
        vec![okafor.clone()],
        tokio::sync::watch::channel(watch.clone()).1,
        backend.clock.clone(),
        sender,
    );
    let advance = json!({ "type": "advance", "to": "containment_eradication_and_recovery" });
    errand.send(Effect::Send {
        ticket: 1,
        source: 0,
        id: opened.id.clone(),
        version: opened.version,
        command: Box::new(serde_json::from_value(advance).unwrap()),
    });
    let Some(Message::Replied {
        ticket: 1,
        reply: Reply::Done { incident, unmet },
    }) = news.recv().await
    else {
        panic!("the command was not done");
    };
    assert!(!unmet.is_empty());
    let own = watch
        .board()
        .borrow()
        .incident(0, &opened.id)
        .unwrap()
        .version;
    assert_eq!(own, incident.version);
    let seen = until(&other, |b| {
        b.incident(0, &opened.id)
            .is_some_and(|i| i.phase == incident.phase)
    })
    .await;
    // A display is not cleared for the title.
    assert!(seen.incident(0, &opened.id).unwrap().is_masked("title"));

    errand.send(Effect::Timeline {
        source: 0,
        id: opened.id.clone(),
    });
    let Some(Message::Timeline {
        entries, complete, ..
    }) = news.recv().await
    else {
        panic!("no timeline");
    };
    assert!(complete && entries.len() >= 2);
    assert_eq!(entries.last().unwrap().via, Via::Board);

    // An old version is a conflict, a display's command is not allowed, an unknown id is not there.
    let note: warboard::domain::command::Command =
        serde_json::from_value(json!({ "type": "note", "text": "seen", "kind": "fact" })).unwrap();
    let stale = okafor.command(&opened.id, Some(99), &note, "k2").await;
    assert!(
        matches!(
            stale,
            Err(ApiError::Conflict {
                incident: Some(_),
                ..
            })
        ),
        "{stale:?}"
    );
    let weak = display.command(&opened.id, None, &note, "k3").await;
    assert!(
        matches!(weak, Err(ApiError::NotAllowed { status: 403, .. })),
        "{weak:?}"
    );
    assert_eq!(
        okafor.incident("AZ-99").await.unwrap_err(),
        ApiError::NotFound
    );
    let body = okafor
        .get_raw(&format!("/v1/incidents/{}", opened.id))
        .await
        .unwrap();
    assert!(body.starts_with(b"{\"id\":"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_comes_in_pages_and_is_whole() {
    let backend = Backend::start().await;
    let api = backend.api_of("d.okafor", Role::Commander).await;
    for stretch in 0..21 {
        let opens = (0..50).map(|n| {
            let api = api.clone();
            async move {
                let key = format!("many-{stretch}-{n}");
                api.open(&open("one of many"), &key).await
            }
        });
        for opened in futures::future::join_all(opens).await {
            opened.unwrap();
        }
    }
    let watch = Watch::start(vec![api], backend.clock.clone());
    let board = until(&watch, |board| board.sources[0].complete).await;
    assert_eq!(board.len(), 1_050);
    let sorted = board.sources[0].incidents.is_sorted_by(|a, b| a.id < b.id);
    assert!(sorted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_replaced_is_found_without_help() {
    let backend = Backend::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    write_secret(&path, &Secret::new("wb_000000000000_nobody"));
    let watch = Watch::start(
        vec![backend.api(Place::File(path.clone()))],
        backend.clock.clone(),
    );
    let board = until(&watch, |board| board.sources[0].error.is_some()).await;
    assert!(board.sources[0].refused_since.is_some());
    write_secret(&path, &backend.token("late", Role::Viewer).await);
    watch.ask_now();
    let board = until(&watch, |board| board.sources[0].about.is_some()).await;
    assert_eq!(board.sources[0].about.as_ref().unwrap().you.name, "late");
}
