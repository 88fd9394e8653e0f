//! The browser display over the socket: its stream, and that it shows what a terminal's wall shows. Page and pairing stand in
//! `pair`, what a real browser makes of it in `browser`.

mod browser;
mod pair;
mod stream;

use chrono::TimeDelta;
use serde_json::{Value, json};
use warboard::client::{Api, SourceSettings, Watch};
use warboard::domain::word::{Role, Tlp, Via};
use warboard::secret::{Place, Secret};
use warboard::session::display::pair::{PairRequest, begin, finish};
use warboard::session::{BoardScreen, Depth, Emitter, Event, Screen as _};
use warboard::store::Store as _;
use warboard::time::{Clock as _, TestClock};
use warboard::ui::App;
use warboard::ui::glyph::Glyphs;
use warboard::ui::input::Input;
use warboard::ui::keymap::Keymap;
use warboard::ui::message::Message;
use warboard::ui::shared::{Options, Shared};
use warboard::ui::theme::Theme;

use crate::backend::{Backend, Plan};
use crate::http::{Answer, Ask, soon};
use stream::Stream;

const WALL: (u16, u16) = (60, 17);

fn request(name: &str) -> PairRequest {
    PairRequest {
        name: name.to_owned(),
        clearance: None,
        services: Vec::new(),
        expires_after: TimeDelta::days(90),
    }
}

async fn code(backend: &Backend, name: &str) -> String {
    let code = begin(&*backend.store, backend.clock.now(), request(name)).await;
    code.unwrap().expose().to_owned()
}

/// The token of a display that was paired without a browser.
async fn paired_as(backend: &Backend, request: PairRequest) -> String {
    let now = backend.clock.now();
    let code = begin(&*backend.store, now, request).await.unwrap();
    let (secret, _) = finish(&*backend.store, now, code.expose()).await.unwrap();
    secret.expose().to_owned()
}

async fn paired(backend: &Backend, name: &str) -> String {
    paired_as(backend, request(name)).await
}

/// A code sent from the backend's own page.
fn sent(backend: &Backend, code: &str) -> Ask {
    backend
        .ask("POST", "/display/pair")
        .header("origin", "http://backend")
        .json(&json!({ "code": code }))
}

fn detail(answer: &Answer, status: u16, word: &str) -> String {
    let (found, detail) = answer.problem(status);
    assert_eq!(found, word);
    detail
}

#[tokio::test]
async fn the_first_picture_is_whole_and_then_only_rows_that_changed_come() {
    let (backend, clock) = Backend::still().await;
    backend.opened().await;
    let token = paired(&backend, "a").await;
    let mut stream = Stream::open(&backend, &token, WALL).await;
    let first = stream.first(&clock).await.data;
    assert_eq!(first["whole"], true);
    assert_eq!(
        (&first["columns"], &first["lines"]),
        (&json!(60), &json!(17))
    );
    assert_eq!(first["rows"].as_array().unwrap().len(), 17);
    assert_eq!(first["ground"], "#11151b");
    clock.advance(1_000);
    let (before, _) = stream.now(&clock).await;
    clock.advance(1_000);
    let (after, told) = stream.now(&clock).await;
    let changed: Vec<usize> = (0..17)
        .filter(|y| before.rows()[*y] != after.rows()[*y])
        .collect();
    assert!(changed.contains(&0), "{changed:?}");
    // Also those where only a colour is another one.
    assert!(
        changed.iter().all(|y| told.contains(y)),
        "{changed:?} of {told:?}"
    );
    assert!(told.len() < 8, "{told:?}");
    let time = clock.now().format("%H:%M:%S UTC").to_string();
    assert!(
        after.rows()[0].contains(&time),
        "{time} in {}",
        after.text()
    );
    backend.stop_at(&clock).await;
}

#[tokio::test]
async fn a_change_comes_by_itself_and_each_size_has_its_own_picture() {
    let backend = Backend::new().await;
    let token = paired(&backend, "a").await;
    let mut small = Stream::open(&backend, &token, WALL).await;
    let mut large = Stream::open(&backend, &token, (120, 34)).await;
    let id = backend.opened().await;
    let codename = backend.incident(&id).await["codename"].clone();
    let codename = codename.as_str().unwrap();
    for (stream, w, h) in [(&mut small, 60, 17), (&mut large, 120, 34)] {
        let shown = stream.until(|shown| shown.text().contains(codename)).await;
        assert_eq!((shown.columns, shown.rows().len()), (w, h));
    }
    for (asked, given) in [((1, 1), (40, 12)), ((9_999, 9_999), (240, 80))] {
        let mut stream = Stream::open(&backend, &token, asked).await;
        let data = stream.next().await.data;
        assert_eq!(
            (&data["columns"], &data["lines"]),
            (&json!(given.0), &json!(given.1))
        );
    }
    backend.stop().await;
}

/// The wall of a terminal: its own pollers over the socket, drawn by a session, emitted as bytes, read by a terminal.
struct Terminal {
    watch: Watch,
    screen: BoardScreen,
    size: (u16, u16),
}

impl Terminal {
    fn open(backend: &Backend, (w, h): (u16, u16)) -> Terminal {
        let settings = SourceSettings {
            name: "azure".to_owned(),
            url: format!("http://{}", backend.address),
            token: Place::Given(Secret::new(backend.tokens.viewer.clone())),
            ca_file: None,
        };
        let api = Api::new(&settings, &backend.clock, Via::Board).unwrap();
        let options = Options {
            wall: true,
            ..Options::default()
        };
        let theme = Theme::shipped("night").unwrap();
        let shared = Shared::new(options, theme, Glyphs::default(), Keymap::default());
        let mut screen = BoardScreen::new(App::new(shared), backend.clock.clone());
        let resize = Event::Input(Input::Resize { w, h });
        screen.handle(resize, backend.clock.mono());
        Terminal {
            watch: Watch::start(vec![api], backend.clock.clone()),
            screen,
            size: (w, h),
        }
    }

    /// Waits for its first whole board.
    async fn is_whole(&self, clock: &TestClock) {
        let mut boards = self.watch.board();
        let waiting = async {
            loop {
                let whole = boards.wait_for(|board| {
                    let source = &board.sources[0];
                    source.complete && source.about.is_some()
                });
                match tokio::time::timeout(stream::STEP, whole).await {
                    Ok(_) => return,
                    Err(_) => clock.advance(20),
                }
            }
        };
        soon("a whole board", waiting).await;
    }

    fn rows(&mut self, clock: &TestClock) -> Vec<String> {
        let (w, h) = self.size;
        let board = self.watch.board().borrow().clone();
        self.screen
            .handle(Event::News(Message::Board(board)), clock.mono());
        let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, w, h));
        self.screen.draw(&mut buffer, clock.mono());
        let cells = |n| std::num::NonZeroU16::new(n).unwrap();
        let mut terminal = vt100::Parser::new(cells(h), cells(w), 0);
        terminal.process(Emitter::new(w, h, Depth::True).frame(&buffer));
        let rows = terminal.screen().rows(0, w);
        rows.map(|row| row.trim_end().to_owned()).collect()
    }
}

#[tokio::test]
async fn the_browser_display_and_the_terminal_s_wall_show_the_same_text_at_the_same_moment() {
    let (backend, clock) = Backend::still().await;
    let id = backend.opened().await;
    let set = json!({"type": "set", "severity": "sev1", "classification": "confirmed_breach"});
    backend.done(&id, &set).await;
    let declare = json!({"type": "declare", "reason": "customer data was read"});
    backend.done(&id, &declare).await;
    let hostile = "<b>漢字</b> \u{1b}[31m";
    backend
        .open(&json!({"service": "azure", "title": hostile, "exercise": true}))
        .await;
    let token = paired(&backend, "a").await;
    for size in [WALL, (120, 34), (80, 24), (40, 12)] {
        let mut stream = Stream::open(&backend, &token, size).await;
        stream.first(&clock).await;
        let mut terminal = Terminal::open(&backend, size);
        terminal.is_whole(&clock).await;
        for _ in 0..3 {
            // Not so far that the sources would have to answer again before they are live.
            clock.advance(1_700);
            let (shown, _) = stream.now(&clock).await;
            let rows = shown.rows();
            assert_eq!(rows, terminal.rows(&clock), "{size:?}");
            assert!(
                rows.iter().filter(|row| !row.is_empty()).count() > 5,
                "{rows:?}"
            );
        }
    }
    backend.stop_at(&clock).await;
}

#[tokio::test]
async fn a_display_shows_what_its_token_may_see_and_no_more() {
    let backend = Backend::new().await;
    let azure = backend.opened().await;
    let other = backend
        .open(&json!({"service": "microsoft-365", "title": "b"}))
        .await;
    let name = |incident: &Value| incident["codename"].as_str().unwrap().to_owned();
    let (azure, other) = (name(&backend.incident(&azure).await), name(&other));
    let mut narrow = request("narrow");
    narrow.services = vec!["microsoft-365".to_owned()];
    narrow.clearance = Some(Tlp::Amber);
    let narrow = paired_as(&backend, narrow).await;
    let all = paired(&backend, "all").await;
    let mut narrow = Stream::open(&backend, &narrow, (120, 34)).await;
    let mut all = Stream::open(&backend, &all, (120, 34)).await;
    let shown = narrow.until(|shown| shown.text().contains(&other)).await;
    assert!(!shown.text().contains(&azure), "{}", shown.text());
    let shown = all.until(|shown| shown.text().contains(&other)).await;
    assert!(shown.text().contains(&azure), "{}", shown.text());
    backend.stop().await;
}

#[tokio::test]
async fn a_revoked_display_is_told_so_and_cannot_come_back() {
    let backend = Backend::new().await;
    let token = paired(&backend, "a").await;
    let other = paired(&backend, "b").await;
    let mut stream = Stream::open(&backend, &token, WALL).await;
    let mut others = Stream::open(&backend, &other, WALL).await;
    assert_eq!(stream.next().await.name, "frame");
    assert_eq!(others.next().await.name, "frame");
    let now = backend.clock.now();
    assert!(backend.store.revoke_token("display:a", now).await.unwrap());
    let end = stream.end().await;
    assert_eq!(end["why"], "unpaired");
    assert!(stream.is_closed().await);
    let again = backend
        .ask("GET", "/display/stream?columns=60&rows=17")
        .header("cookie", &format!("warboard_display={token}"));
    detail(&again.send().await, 401, "not_paired");
    // The other one of the same audience goes on.
    assert_eq!(others.next().await.name, "frame");
    backend.stop().await;
}

/// The displays that `/v1/who` names now.
async fn displays(backend: &Backend, token: &str) -> Vec<String> {
    let who = backend.get(token, "/v1/who").await.expect(200);
    let people = who["people"].as_array().unwrap().iter();
    let displays = people.filter(|one| one["via"] == "display");
    let names = displays.map(|one| one["person"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn displays_that_look_on_are_told_by_name_once_and_not_when_they_are_gone() {
    let backend = Backend::new().await;
    let reader = backend.issue("d.okafor", Role::Commander).await;
    let token = paired(&backend, "war-room").await;
    assert!(displays(&backend, &reader).await.is_empty());
    let first = Stream::open(&backend, &token, WALL).await;
    let second = Stream::open(&backend, &token, WALL).await;
    assert_eq!(displays(&backend, &reader).await, ["war-room"]);
    drop((first, second));
    // The backend learns of it when it next writes to them.
    backend.unwatched().await;
    assert!(displays(&backend, &reader).await.is_empty());
    backend.stop().await;
}

#[tokio::test]
async fn a_display_ends_with_its_token_s_time() {
    let (backend, clock) = Backend::still().await;
    let mut short = request("short");
    short.expires_after = TimeDelta::minutes(1);
    let token = paired_as(&backend, short).await;
    let mut stream = Stream::open(&backend, &token, WALL).await;
    assert_eq!(stream.first(&clock).await.name, "frame");
    clock.advance(60_000);
    assert_eq!(stream.end().await["why"], "unpaired");
    backend.stop_at(&clock).await;
}

#[tokio::test]
async fn a_backend_that_ends_lets_its_displays_go() {
    let backend = Backend::new().await;
    let token = paired(&backend, "a").await;
    let mut stream = Stream::open(&backend, &token, WALL).await;
    assert_eq!(stream.next().await.name, "frame");
    backend.begin_to_end();
    assert_eq!(stream.end().await["why"], "ending");
    assert!(stream.is_closed().await);
    backend.stop().await;
}

#[tokio::test]
async fn there_are_no_more_displays_than_there_is_room_for() {
    let backend = Plan::new().start().await;
    let full = async |token: &str| {
        let cookie = format!("warboard_display={token}");
        let ask = backend.ask("GET", "/display/stream?columns=60&rows=17");
        let full = ask.header("cookie", &cookie).send().await;
        detail(&full, 503, "too_many_displays")
    };
    let mut streams = Vec::new();
    for n in 0..16 {
        // One pairing takes no more than its share.
        let token = paired(&backend, &format!("a{n}")).await;
        for _ in 0..8 {
            streams.push(Stream::open(&backend, &token, WALL).await);
        }
        let words = full(&token).await;
        assert!(words.starts_with("8 displays of this pairing"), "{words}");
    }
    let token = paired(&backend, "b").await;
    let words = full(&token).await;
    assert!(words.starts_with("128 displays are"), "{words}");
    // All see the same picture, drawn once.
    for stream in &mut streams {
        assert_eq!(stream.next().await.name, "frame");
    }
    drop(streams);
    let room = async {
        loop {
            if let Some(mut stream) = Stream::try_open(&backend, &token, WALL).await {
                return stream.next().await;
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(soon("room for a display", room).await.name, "frame");
    backend.stop().await;
}
