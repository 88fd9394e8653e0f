//! A backend as `serve` runs it, on a free port of this machine, over a store that is gone with it or over a given file;
//! with a token of each role, on the machine's clock or on one moved by hand.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use warboard::connector::alert::AlertSettings;
use warboard::domain::board::SeverityMeaning;
use warboard::domain::clock::Catalogue;
use warboard::domain::directory::{Directory, Team};
use warboard::domain::duty::Rules;
use warboard::domain::word::{Role, TeamKind, Tlp};
use warboard::paging::settings::RouteSettings;
use warboard::paging::{Routes, view};
use warboard::server::{
    AlertIntake, Doors, Limits, PolledConnector, RouteCourier, ServerError, ServerState, Setup,
    TokenRequest, connector_routes, issue_token, serve,
};
use warboard::store::audit::{Noted, Report};
use warboard::store::sqlite::{self, SqliteStore};
use warboard::store::{Record as _, Store, StoreError};
use warboard::time::{Clock as _, SharedClock, SystemClock, TestClock};

use crate::http::{Answer, Ask, soon};

/// What a backend shall be.
pub struct Plan {
    path: Option<PathBuf>,
    store: Option<Arc<SqliteStore>>,
    clock: Option<TestClock>,
    directory: Directory,
    routes: Vec<(String, Vec<RouteSettings>)>,
    limits: Limits,
    polled: Vec<PolledConnector>,
    intakes: Vec<AlertSettings>,
    metrics: bool,
    rules: Rules,
}

impl Plan {
    /// On the machine's clock, over a temporary store, with the default directory.
    pub fn new() -> Plan {
        Plan {
            path: None,
            store: None,
            clock: None,
            directory: Directory {
                severities: Vec::<SeverityMeaning>::new(),
                ..Directory::default()
            },
            routes: Vec::new(),
            limits: Limits::default(),
            polled: Vec::new(),
            intakes: Vec::new(),
            metrics: false,
            rules: Rules::built_in().unwrap(),
        }
    }

    /// With a file of regimes beside the built-in ones.
    pub fn regimes(mut self, text: &str) -> Plan {
        let catalogue = Catalogue::built_in().unwrap();
        self.rules = Rules::new(catalogue.with_user_file("own.toml", text).unwrap());
        self
    }

    /// With a listener for metrics beside it.
    pub fn metrics(mut self) -> Plan {
        self.metrics = true;
        self
    }

    pub fn at(mut self, path: &Path) -> Plan {
        self.path = Some(path.to_owned());
        self
    }

    /// Beside another backend, as a second node.
    pub fn beside(mut self, first: &Backend) -> Plan {
        self.store = Some(first.store.clone());
        self
    }

    pub fn clock(mut self, clock: &TestClock) -> Plan {
        self.clock = Some(clock.clone());
        self
    }

    /// Takes incidents in from these.
    pub fn polled(mut self, polled: Vec<PolledConnector>) -> Plan {
        self.polled = polled;
        self
    }

    /// Takes alerts in from these.
    pub fn intakes(mut self, intakes: Vec<AlertSettings>) -> Plan {
        self.intakes = intakes;
        self
    }

    pub fn limits(mut self, limits: Limits) -> Plan {
        self.limits = limits;
        self
    }

    /// The ids of all teams of the directory.
    pub fn teams(&self) -> Vec<String> {
        self.directory
            .teams
            .iter()
            .map(|team| team.id.clone())
            .collect()
    }

    /// Adds a partner to the directory.
    pub fn partner(mut self, id: &str) -> Plan {
        let team = Team::new(id, id, TeamKind::Partner);
        self.directory.teams.push(team);
        self
    }

    /// Changes a team of the directory.
    pub fn team(mut self, id: &str, change: impl FnOnce(&mut Team)) -> Plan {
        let team = self.directory.teams.iter_mut().find(|team| team.id == id);
        change(team.unwrap());
        self
    }

    /// Gives a team its routes, in order.
    pub fn routes(self, team: &str, routes: Vec<RouteSettings>) -> Plan {
        let views = routes.iter().map(view).collect();
        let mut plan = self.team(team, |team| team.routes = views);
        plan.routes.push((team.to_owned(), routes));
        plan
    }

    pub async fn start(self) -> Backend {
        self.try_start().await.unwrap()
    }

    pub async fn try_start(self) -> Result<Backend, StoreError> {
        let store = match (self.store, &self.path) {
            (Some(store), _) => store,
            (None, Some(path)) => Arc::new(SqliteStore::open(path).await?),
            (None, None) => Arc::new(SqliteStore::temporary().await?),
        };
        let clock: SharedClock = match &self.clock {
            Some(clock) => Arc::new(clock.clone()),
            None => Arc::new(SystemClock::new()),
        };
        let routes = Routes::new(&self.routes, &clock, &connector_routes(&self.polled)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let intakes = self.intakes.into_iter();
        let intakes = intakes.map(|settings| AlertIntake::new(settings, clock.now()));
        let state = ServerState::load(Setup {
            store: store.clone(),
            clock: clock.clone(),
            directory: self.directory,
            rules: self.rules,
            courier: Arc::new(RouteCourier::new(routes, clock.clone())),
            name: "azure".to_owned(),
            public_url: Some(format!("http://{address}")),
            limits: self.limits,
            polled: self.polled,
            intakes: intakes.collect(),
        })
        .await?;
        let ending = CancellationToken::new();
        let (told, workers) = (ending.clone(), state.clone());
        let mut doors = Doors::from(listener);
        let mut measured = None;
        if self.metrics {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            measured = Some(listener.local_addr().unwrap());
            doors.metrics = Some(listener);
        }
        let display = warboard::session::display::routes(&state);
        let serving =
            tokio::spawn(async move { serve(doors, state, display, told.cancelled_owned()).await });
        let mut backend = Backend {
            address,
            measured,
            store,
            clock,
            ending,
            workers,
            serving,
            tokens: Tokens::default(),
        };
        for role in [Role::Viewer, Role::Responder, Role::Commander, Role::Admin] {
            let token = backend.issue(role.as_str(), role).await;
            match role {
                Role::Viewer => backend.tokens.viewer = token,
                Role::Responder => backend.tokens.responder = token,
                Role::Commander => backend.tokens.commander = token,
                Role::Admin => backend.tokens.admin = token,
            }
        }
        backend.tokens.counsel = backend
            .issue_as("counsel", Role::Viewer, |request| {
                request.counsel = true;
                request.clearance = Some(Tlp::Red);
            })
            .await;
        Ok(backend)
    }
}

/// What is found in the record of a file, whoever serves it. `noted` are ends of the chain that were noted before.
pub async fn report(file: &Path, noted: &[Noted]) -> Report {
    let mut record = sqlite::record(file).await.unwrap();
    record.verify(noted).await.unwrap()
}

/// One token of each kind. Where a store outlives its backend, a new one has tokens of new names.
#[derive(Default, Clone)]
pub struct Tokens {
    pub viewer: String,
    pub responder: String,
    pub commander: String,
    pub admin: String,
    /// A viewer with the capability counsel, cleared for everything.
    pub counsel: String,
}

/// A running backend.
pub struct Backend {
    pub address: SocketAddr,
    /// Where metrics are answered.
    pub measured: Option<SocketAddr>,
    pub store: Arc<SqliteStore>,
    pub clock: SharedClock,
    pub tokens: Tokens,
    ending: CancellationToken,
    workers: Arc<ServerState>,
    serving: JoinHandle<Result<(), ServerError>>,
}

impl Backend {
    /// On the machine's clock, over a temporary store.
    pub async fn new() -> Backend {
        Plan::new().start().await
    }

    /// The same on a clock moved by hand.
    pub async fn still() -> (Backend, TestClock) {
        let clock = TestClock::default();
        (Plan::new().clock(&clock).start().await, clock)
    }

    /// A token of this role, for this name; another one where a store that is opened again has it.
    pub async fn issue(&self, name: &str, role: Role) -> String {
        self.issue_as(name, role, |_| {}).await
    }

    pub async fn issue_as(
        &self,
        name: &str,
        role: Role,
        change: impl FnOnce(&mut TokenRequest),
    ) -> String {
        let now = self.clock.now();
        let mut request = TokenRequest {
            name: name.to_owned(),
            role,
            counsel: false,
            clearance: None,
            services: Vec::new(),
            team: None,
            door: false,
            expires_at: now + chrono::TimeDelta::days(90),
        };
        change(&mut request);
        // A name is taken until its token is revoked; a store may come with those of the time before.
        self.store.revoke_token(name, now).await.unwrap();
        let (secret, _) = issue_token(&*self.store, now, request).await.unwrap();
        secret.expose().to_owned()
    }

    pub fn ask(&self, method: &str, path: &str) -> Ask {
        Ask::new(self.address, method, path)
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask("GET", path).token(token).send().await
    }

    /// Opens an incident as the commander; the answer's body.
    pub async fn open(&self, body: &Value) -> Value {
        let ask = self.ask("POST", "/v1/incidents");
        let answer = ask.token(&self.tokens.commander).json(body).send().await;
        answer.expect(201)
    }

    /// Opens a plain one; its id.
    pub async fn opened(&self) -> String {
        let opened = self
            .open(&json!({"service": "azure", "title": "odd sign-ins"}))
            .await;
        opened["id"].as_str().unwrap().to_owned()
    }

    /// A command for any version.
    pub fn order(&self, token: &str, id: &str, body: &Value) -> Ask {
        self.order_at(token, id, "*", body)
    }

    pub fn order_at(&self, token: &str, id: &str, if_match: &str, body: &Value) -> Ask {
        self.ask("POST", &format!("/v1/incidents/{id}/commands"))
            .token(token)
            .header("if-match", if_match)
            .json(body)
    }

    /// A commander's command that must be carried out; the incident after it.
    pub async fn done(&self, id: &str, body: &Value) -> Value {
        let answer = self.order(&self.tokens.commander, id, body).send().await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        answer.json()
    }

    /// A commander's command that must be refused; the problem's word and detail.
    pub async fn refused(&self, id: &str, body: &Value) -> (String, String) {
        let answer = self.order(&self.tokens.commander, id, body).send().await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        answer.problem(422)
    }

    /// The incident as the commander sees it.
    pub async fn incident(&self, id: &str) -> Value {
        let path = format!("/v1/incidents/{id}");
        self.get(&self.tokens.commander, &path).await.expect(200)
    }

    /// The kinds of entries in an incident's timeline.
    pub async fn timeline(&self, id: &str) -> Vec<Value> {
        let path = format!("/v1/incidents/{id}/timeline?limit=1000");
        let body = self.get(&self.tokens.commander, &path).await.expect(200);
        body["entries"].as_array().unwrap().clone()
    }

    /// A cursor at the end of the feed.
    pub async fn cursor(&self) -> String {
        let list = self.get(&self.tokens.commander, "/v1/incidents").await;
        list.expect(200)["cursor"].as_str().unwrap().to_owned()
    }

    /// Follows the feed until an incident is as wanted, and gives it then. Told of changes, not asking again and again.
    pub async fn until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            let mut cursor = self.cursor().await;
            loop {
                let incident = self.incident(id).await;
                if wanted(&incident) {
                    return incident;
                }
                let path = format!("/v1/changes?since={cursor}&wait=20");
                let news = self.get(&self.tokens.commander, &path).await.expect(200);
                cursor = news["cursor"].as_str().unwrap().to_owned();
            }
        };
        soon(&format!("the wanted state of {id}"), waiting).await
    }

    /// Moves the clock until an incident is as wanted: workers may lay themselves to sleep while it is moved.
    pub async fn until_at(
        &self,
        clock: &TestClock,
        id: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let waiting = async {
            loop {
                let incident = self.incident(id).await;
                if wanted(&incident) {
                    return incident;
                }
                self.turn(clock).await;
            }
        };
        soon(&format!("the wanted state of {id}"), waiting).await
    }

    /// The same beside a receiver that takes pages and never answers: what waits for it needs the clock to move.
    pub async fn until_past_silence(
        &self,
        clock: &TestClock,
        id: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let waiting = async {
            loop {
                let incident = self.incident(id).await;
                if wanted(&incident) {
                    return incident;
                }
                let settled = self.workers.settled();
                let _ = tokio::time::timeout(Duration::from_millis(100), settled).await;
                clock.advance(500);
            }
        };
        soon(&format!("the wanted state of {id}"), waiting).await
    }

    /// Moves the clock, and ends when what workers asked of the store since is on disk: a lease must not run out for want of a
    /// quick machine.
    pub async fn pass(&self, clock: &TestClock, ms: i64) {
        clock.advance(ms);
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        self.store.ready().await.unwrap();
    }

    /// Moves the clock once its workers have nothing left to do at this instant: it must not run ahead of those that a
    /// loaded machine gives no turn.
    pub async fn turn(&self, clock: &TestClock) {
        let settled = soon("the rest of the workers", self.workers.settled());
        settled.await.unwrap();
        clock.advance(500);
    }

    /// Waits until no display looks on.
    pub async fn unwatched(&self) {
        soon("the last display's leave", self.workers.unwatched()).await;
    }

    /// Asks the server to end, as SIGTERM does; does not wait for it.
    pub fn begin_to_end(&self) {
        self.ending.cancel();
    }

    /// Ends the server while the clock is moved, and tells how many milliseconds of the clock that took.
    pub async fn stop_at(self, clock: &TestClock) -> i64 {
        let before = clock.now();
        let store = self.store.clone();
        self.stop_serving(clock).await;
        store.close().await;
        (clock.now() - before).num_milliseconds()
    }

    /// Ends the server while the clock is moved; the store goes on for the nodes beside it.
    pub async fn stop_serving(self, clock: &TestClock) {
        self.ending.cancel();
        let mut serving = self.serving;
        let ending = async {
            loop {
                tokio::select! {
                    biased;
                    ended = &mut serving => return ended.unwrap().unwrap(),
                    // What is asked of the store on the way is not to take long by this clock.
                    () = tokio::time::sleep(Duration::from_millis(1)) => clock.advance(50),
                }
            }
        };
        soon("the end of the server", ending).await;
    }

    /// Ends the server and its store, in order.
    pub async fn stop(self) {
        self.ending.cancel();
        soon("the end of the server", self.serving)
            .await
            .unwrap()
            .unwrap();
        self.store.close().await;
    }
}
