//! One session from its beginning to its end: a board, or something printed once. It ends by itself, by its person, and by
//! everything that ends a door: idleness, age, a key taken away, the process. A fault ends this one session alone.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures::FutureExt as _;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::door::{Channel, Last, SshDoor};
use super::house::{Asked, Visit};
use super::limit::Seat;
use super::people::Guest;
use super::share::named;
use super::tenure::Tenure;
use super::terminal::Terminal;
use crate::domain::instant::Mono;
use crate::session::board::Viewing;
use crate::session::run::{Incoming, Setup};
use crate::time::timeout;
use crate::ui::App;

/// The window is drawn anew at most this often, however often a client says another size.
const RESIZE_EVERY_MS: i64 = 30;
/// How long the board's loop is given to leave.
const LEAVE_WITHIN_MS: i64 = 2_000;
/// How long something may take to be printed.
const PRINT_WITHIN_MS: i64 = 60_000;
/// What a fault of ours ends a session with.
const BROKEN: i32 = 70;

/// What one session needs.
pub struct Sitting {
    pub shared: Arc<Shared>,
    pub guest: Arc<Guest>,
    pub channel: Channel,
    pub terminal: Terminal,
    pub size: watch::Receiver<(u16, u16)>,
    pub input: mpsc::Sender<Incoming>,
    pub incoming: mpsc::Receiver<Incoming>,
    /// When a key was last pressed.
    pub pressed_at: Arc<AtomicI64>,
    /// As long as it lasts the person may stay.
    pub tenure: Tenure,
    /// The client says no more.
    pub eof: CancellationToken,
    /// The client is gone.
    pub gone: CancellationToken,
    /// Its place; None: there was none, and this is what to say.
    pub seat: Result<Arc<Seat>, super::limit::Full>,
}

/// Why a session ends before its person ends it.
struct Goodbye {
    code: i32,
    sentence: Option<&'static str>,
}

impl Sitting {
    /// Does what was asked; nothing asked for is the board.
    pub async fn run(self, words: String) {
        let (channel, clock) = (self.channel.clone(), self.shared.clock.clone());
        let person = self.guest.person().to_owned();
        let running = AssertUnwindSafe(self.asked(words)).catch_unwind();
        if running.await.is_err() {
            tracing::error!(target: "login", person, "a session broke; the others go on");
            let sentence = "this session broke; log in again. The fault stands in the log";
            channel.leave(true, Some(sentence), BROKEN, &clock).await;
        }
    }

    async fn asked(mut self, words: String) {
        if let Err(full) = &self.seat {
            let last = refusal(&full.to_string(), 1);
            return self.print(last).await;
        }
        if let Some(over) = self.tenure.over() {
            return self.print(refusal(over.sentence(), over.code())).await;
        }
        let visit = Visit {
            guest: self.guest.clone(),
            apis: self.shared.boards.apis_of(&self.guest.grant),
            terminal: self.terminal.clone(),
        };
        match self.shared.house.asked(visit, &words) {
            Asked::Board(_) if !self.terminal.is_there() => {
                let told = "a board needs a terminal: log in without a command, or with  ssh -t";
                self.print(refusal(told, 2)).await;
            }
            Asked::Board(_) if self.terminal.is_dumb() => {
                let told = "TERM=dumb cannot show a board: set TERM to what your terminal is, or ask for  board --once";
                self.print(refusal(told, 2)).await;
            }
            Asked::Board(app) => self.board(*app).await,
            Asked::Print(printing) => {
                // Nobody reads what is typed to it: bytes that wait would hold its own answer up.
                self.incoming.close();
                let shared = self.shared.clone();
                let clock = shared.clock.clone();
                // A turn is over when it is printed, however slowly the client takes it then.
                let printing = async {
                    let _turn = shared.prints.acquire().await;
                    timeout(&*clock, PRINT_WITHIN_MS, printing).await
                };
                let last = tokio::select! {
                    printed = printing => {
                        printed.unwrap_or_else(|_| refusal("it took too long; ask for less", 1))
                    }
                    over = self.tenure.ended() => refusal(over.sentence(), over.code()),
                    () = self.gone.cancelled() => return,
                    () = shared.ending.cancelled() => refusal("this door is about to end", 1),
                };
                self.print(last).await;
            }
        }
    }

    /// Sends what was printed; a client that does not take it is not waited for long.
    async fn print(&mut self, last: Last) {
        self.incoming.close();
        let last = match self.terminal.is_there() {
            true => last.for_terminal(),
            false => last,
        };
        let ending = self.channel.clone().end(last);
        tokio::select! {
            _ = timeout(&*self.shared.clock, PRINT_WITHIN_MS, ending) => {}
            () = self.gone.cancelled() => {}
        }
    }

    async fn board(self, app: App) {
        let Sitting {
            shared,
            guest,
            channel,
            mut size,
            tenure,
            input,
            mut incoming,
            ..
        } = self;
        let (clock, terminal) = (shared.clock.clone(), self.terminal);
        let (w, h) = *size.borrow_and_update();
        let setup = Setup {
            w,
            h,
            depth: terminal.depth(),
        };
        let (person, key) = (guest.person().to_owned(), tenure.clone());
        let (boards, watch) = watch::channel(shared.boards.of(&guest.grant));
        let viewing = Viewing {
            app,
            apis: shared.boards.apis_of(&guest.grant),
            watch,
            clock: clock.clone(),
            shown: Some(Box::new(move |board| {
                named(board, &person, key.expires_at())
            })),
        };
        let mut door = SshDoor::new(&channel);
        let tending = Tending {
            shared: &shared,
            tenure,
            input,
            size,
            pressed_at: &self.pressed_at,
            eof: &self.eof,
            gone: &self.gone,
        };
        let (code, sentence) = {
            let mut viewed = std::pin::pin!(viewing.run(&mut door, &mut incoming, setup));
            tokio::select! {
                code = &mut viewed => (code, None),
                never = shared.boards.follow(&guest.grant, &boards) => match never {},
                goodbye = tending.run() => {
                    // The loop was told; what it still waits for is not worth more than a moment.
                    let left = timeout(&*clock, LEAVE_WITHIN_MS, viewed).await;
                    (left.unwrap_or(goodbye.code), goodbye.sentence)
                }
            }
        };
        incoming.close();
        channel
            .leave(door.has_entered(), sentence, code, &clock)
            .await;
    }
}

/// A sentence beside the data, and a code.
fn refusal(sentence: &str, code: i32) -> Last {
    Last {
        out: Vec::new(),
        err: format!("warboard: {sentence}\n").into_bytes(),
        code,
    }
}

/// What goes on beside a board's loop.
struct Tending<'a> {
    shared: &'a Shared,
    tenure: Tenure,
    input: mpsc::Sender<Incoming>,
    size: watch::Receiver<(u16, u16)>,
    pressed_at: &'a AtomicI64,
    eof: &'a CancellationToken,
    gone: &'a CancellationToken,
}

impl Tending<'_> {
    /// Passes new sizes on until the session has to end.
    async fn run(mut self) -> Goodbye {
        let clock = &self.shared.clock;
        let goodbye = loop {
            let idle_for = self.shared.limits.idle_for_ms;
            let idle_at = Mono(self.pressed_at.load(Ordering::Relaxed)) + idle_for;
            if let Some(over) = self.tenure.over() {
                break bye(over.code(), over.sentence());
            } else if clock.mono() >= idle_at {
                break bye(0, "no key was pressed for long; log in again");
            }
            tokio::select! {
                changed = self.size.changed() => {
                    if changed.is_err() {
                        break gone();
                    }
                    let (w, h) = *self.size.borrow_and_update();
                    if self.input.send(Incoming::Size { w, h }).await.is_err() {
                        break gone();
                    }
                    clock.sleep(RESIZE_EVERY_MS).await;
                }
                _ = self.tenure.ended() => {}
                () = clock.sleep_until(idle_at) => {}
                () = self.eof.cancelled() => break gone(),
                () = self.gone.cancelled() => break gone(),
                () = self.shared.ending.cancelled() => {
                    break bye(143, "this door ends now; log in again in a moment");
                }
            }
        };
        // A loop that has ended by itself needs no end.
        let _ = self.input.send(Incoming::End(goodbye.code)).await;
        goodbye
    }
}

fn bye(code: i32, sentence: &'static str) -> Goodbye {
    Goodbye {
        code,
        sentence: Some(sentence),
    }
}

fn gone() -> Goodbye {
    Goodbye {
        code: 129,
        sentence: None,
    }
}
