//! One viewer's loop: input and news in, frames out, at most one frame in flight. Generic over the door, the screen and the
//! clock, so that one process can run many. It wakes for input, for news, and when the screen says that its text changes.

use std::future::Future;
use std::io;

use base64::Engine;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::emit::{Depth, Emitter};
use super::input::Decoder;
use super::pace::{Pace, QUESTION};
use crate::domain::instant::Mono;
use crate::time::{Clock, SharedClock, timeout};
use crate::ui::input::{Input, TerminalReply};
pub use crate::ui::live::{Patch, Tick};

/// What a door brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// Bytes from the terminal, at any cut.
    Bytes(Vec<u8>),
    /// The window's size, in cells.
    Size {
        /// Columns.
        w: u16,
        /// Rows.
        h: u16,
    },
    /// Somebody outside wants us stopped as a job.
    Suspend,
    /// We were stopped and go on; the terminal may have been used by others.
    Continued,
    /// The viewer is gone or the process has to end: with this exit code.
    End(i32),
}

/// A way in for one viewer: takes frames, one at a time.
pub trait Door: Send {
    /// Starts writing a frame. Never called while one is being written.
    fn start(&mut self, frame: Vec<u8>);

    /// Waits until the frame is written and gives its memory back. Dropping the future loses nothing.
    fn done(&mut self) -> impl Future<Output = io::Result<Vec<u8>>> + Send;

    /// Stops the process as a job, if this door belongs to one. True: it stops now or in a moment (which thread goes on until
    /// then is open), and [`Incoming::Continued`] tells that it goes on.
    ///
    /// # Errors
    /// The system does not tell whose session this is, or does not take the signal.
    fn suspend(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    /// Puts the terminal into our modes again.
    ///
    /// # Errors
    /// The terminal does not take them.
    fn enter_again(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What happened, for a screen.
#[derive(Debug)]
pub enum Event<N> {
    /// The viewer did something.
    Input(Input),
    /// The world did: a new board, an effect's outcome.
    News(N),
    /// The time has come that [`Screen::next_tick_at`] named.
    Tick,
}

/// What a screen wants of its terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A sound.
    Bell,
    /// A text for the clipboard (OSC 52).
    Copy(String),
    /// Clear and draw everything: something else may have written.
    Repaint,
    /// Stop as a job.
    Suspend,
}

/// What follows from an event.
#[derive(Debug)]
pub struct Handled<E> {
    /// Something visible may have changed.
    pub redraw: bool,
    /// Work for outside; goes to the outlet in order.
    pub effects: Vec<E>,
    /// What is wanted of the terminal.
    pub wishes: Vec<Wish>,
}

impl<E> Handled<E> {
    /// Nothing follows.
    pub fn nothing() -> Handled<E> {
        Handled {
            redraw: false,
            effects: Vec::new(),
            wishes: Vec::new(),
        }
    }

    /// Only the picture changes.
    pub fn redraw() -> Handled<E> {
        Handled {
            redraw: true,
            ..Handled::nothing()
        }
    }
}

/// A viewer's screen: pure, told the time.
pub trait Screen {
    /// What comes from the world.
    type News: Send;
    /// What goes to it.
    type Effect;
    /// What of a drawn picture depends on time.
    type Live;

    /// Takes in what happened.
    fn handle(&mut self, event: Event<Self::News>, at: Mono) -> Handled<Self::Effect>;
    /// Draws everything into an empty buffer.
    fn draw(&mut self, buffer: &mut Buffer, at: Mono) -> Self::Live;
    /// What is different at `at` from what was drawn.
    fn tick(&self, live: &Self::Live, at: Mono) -> Tick;
    /// When, after `since`, something of it is different; `None`: never by time alone.
    fn next_tick_at(&self, live: &Self::Live, since: Mono) -> Option<Mono>;
    /// The exit code, once the viewer wants to leave.
    fn quit(&self) -> Option<i32>;
}

/// What the loop has to know of the terminal at its start.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Columns.
    pub w: u16,
    /// Rows.
    pub h: u16,
    /// Its colours.
    pub depth: Depth,
}

/// A screen that names a time already past is asked again after this, not at once.
const TICK_AT_LEAST_MS: i64 = 20;
/// Events taken in before the next frame.
const EVENTS_A_FRAME: usize = 256;
/// What a terminal takes into its clipboard at once.
const COPY_MAX: usize = 74_000;
/// How long the last frame is waited for at the end.
const LAST_FRAME_MS: i64 = 1_000;
/// How long a question's answer is waited for at the end, so that it is not typed into the shell.
const LAST_ANSWER_MS: i64 = 300;

/// Runs a viewer until it leaves; gives the exit code. `outlet` gets the effects and must not block.
pub async fn run<S: Screen, D: Door>(
    screen: &mut S,
    door: &mut D,
    incoming: &mut mpsc::Receiver<Incoming>,
    news: &mut mpsc::Receiver<S::News>,
    clock: &SharedClock,
    setup: Setup,
    outlet: impl FnMut(S::Effect),
) -> i32 {
    let mut viewer = Viewer::new(screen, setup, outlet, clock.mono());
    let (mut in_flight, mut hears_news) = (false, true);
    loop {
        let at = clock.mono();
        viewer.pass(at);
        if let Some(code) = viewer.code() {
            if in_flight {
                // What is half written would go on after the terminal is given back.
                let _ = timeout(&**clock, LAST_FRAME_MS, door.done()).await;
            }
            return viewer.leave(code, incoming, &**clock).await;
        }
        if !in_flight {
            if viewer.obey(door).is_err() {
                return 129;
            }
            if let Some(frame) = viewer.frame(at) {
                door.start(frame);
                in_flight = true;
            }
        }
        let wake_at = viewer.wake_at(at, in_flight);
        tokio::select! {
            biased;
            got = incoming.recv() => {
                viewer.take_in(got.unwrap_or(Incoming::End(129)), clock.mono());
                for _ in 1..EVENTS_A_FRAME {
                    let Ok(more) = incoming.try_recv() else { break };
                    viewer.take_in(more, clock.mono());
                }
            }
            got = news.recv(), if hears_news => {
                hears_news = got.is_some();
                let mut next = got;
                for _ in 0..EVENTS_A_FRAME {
                    let Some(one) = next else { break };
                    viewer.handle(Event::News(one), clock.mono());
                    next = news.try_recv().ok();
                }
            }
            written = door.done(), if in_flight => {
                in_flight = false;
                match written {
                    Ok(memory) => viewer.memory = memory,
                    Err(_) => return 129,
                }
            }
            () = until(&**clock, wake_at) => {}
        }
    }
}

async fn until(clock: &dyn Clock, at: Option<Mono>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The loop's state, apart from what it waits for.
struct Viewer<'s, S: Screen, O> {
    screen: &'s mut S,
    outlet: O,
    emitter: Emitter,
    back: Buffer,
    pace: Pace,
    decoder: Decoder,
    inputs: Vec<Input>,
    /// When an unfinished sequence of keys is finished by time.
    flush_at: Option<Mono>,
    live: Option<S::Live>,
    ticked_at: Mono,
    redraw: bool,
    greeted: bool,
    bell: bool,
    copy: Option<String>,
    suspend: bool,
    /// The terminal is somebody else's until we go on.
    stopped: bool,
    enter_again: bool,
    end: Option<i32>,
    memory: Vec<u8>,
}

impl<'s, S: Screen, O: FnMut(S::Effect)> Viewer<'s, S, O> {
    fn new(screen: &'s mut S, setup: Setup, outlet: O, at: Mono) -> Self {
        let mut viewer = Viewer {
            screen,
            outlet,
            emitter: Emitter::new(setup.w, setup.h, setup.depth),
            back: Buffer::empty(Rect::new(0, 0, setup.w, setup.h)),
            pace: Pace::new(at),
            decoder: Decoder::default(),
            inputs: Vec::new(),
            flush_at: None,
            live: None,
            ticked_at: at,
            redraw: true,
            greeted: false,
            bell: false,
            copy: None,
            suspend: false,
            stopped: false,
            enter_again: false,
            end: None,
            memory: Vec::new(),
        };
        viewer.handle(
            Event::Input(Input::Resize {
                w: setup.w,
                h: setup.h,
            }),
            at,
        );
        viewer
    }

    fn code(&self) -> Option<i32> {
        self.end.or_else(|| self.screen.quit())
    }

    fn handle(&mut self, event: Event<S::News>, at: Mono) {
        let handled = self.screen.handle(event, at);
        self.redraw |= handled.redraw;
        handled.effects.into_iter().for_each(&mut self.outlet);
        for wish in handled.wishes {
            match wish {
                Wish::Bell => self.bell = true,
                Wish::Copy(text) => self.copy = Some(text),
                Wish::Repaint => self.repaint(),
                Wish::Suspend => self.suspend = true,
            }
        }
    }

    fn repaint(&mut self) {
        self.emitter.invalidate();
        self.redraw = true;
    }

    fn take_in(&mut self, incoming: Incoming, at: Mono) {
        match incoming {
            Incoming::Bytes(bytes) => {
                self.decoder.feed(&bytes, &mut self.inputs);
                self.flush_at = self.decoder.flush_after().map(|ms| at + ms);
                self.deliver(at);
            }
            Incoming::Size { w, h } => {
                self.emitter.resize(w, h);
                self.back = Buffer::empty(Rect::new(0, 0, w, h));
                self.redraw = true;
                self.handle(Event::Input(Input::Resize { w, h }), at);
            }
            Incoming::Suspend => self.suspend = true,
            Incoming::Continued => self.enter_again = true,
            Incoming::End(code) => self.end = Some(code),
        }
    }

    fn deliver(&mut self, at: Mono) {
        let mut inputs = std::mem::take(&mut self.inputs);
        for input in inputs.drain(..) {
            match input {
                Input::Reply(TerminalReply::Attributes) => self.pace.answered(),
                input => self.handle(Event::Input(input), at),
            }
        }
        self.inputs = inputs;
    }

    /// What time alone brings about.
    fn pass(&mut self, at: Mono) {
        if self.flush_at.is_some_and(|due| due <= at) {
            self.flush_at = None;
            self.decoder.flush(&mut self.inputs);
            self.deliver(at);
        }
    }

    /// Leaves and enters the terminal as asked; only between two frames.
    fn obey<D: Door>(&mut self, door: &mut D) -> io::Result<()> {
        if std::mem::take(&mut self.suspend) {
            self.enter_again = false;
            self.stopped = door.suspend()?;
        }
        if std::mem::take(&mut self.enter_again) {
            self.stopped = false;
            door.enter_again()?;
            self.repaint();
        }
        Ok(())
    }

    /// The next frame's bytes, if it may leave and there is one.
    fn frame(&mut self, at: Mono) -> Option<Vec<u8>> {
        if self.stopped || !self.pace.may_send(at) {
            return None;
        }
        if !std::mem::replace(&mut self.greeted, true) {
            self.emitter.append(QUESTION);
        }
        if self.tick_at().is_some_and(|due| due <= at) && !self.redraw {
            self.ticked_at = at;
            self.handle(Event::Tick, at);
            if let Some(live) = self.live.as_ref().filter(|_| !self.redraw) {
                let tick = self.screen.tick(live, at);
                self.redraw |= tick.redraw;
                for patch in tick.patches.iter().filter(|_| !tick.redraw) {
                    self.emitter
                        .patch(patch.x, patch.y, &patch.text, patch.style);
                }
            }
        }
        if std::mem::take(&mut self.redraw) {
            self.back.reset();
            self.live = Some(self.screen.draw(&mut self.back, at));
            self.ticked_at = at;
            self.emitter.draw(&self.back);
        }
        self.append_wishes();
        let bytes = self.emitter.pending();
        if bytes == 0 {
            return None;
        }
        if self.pace.sending(bytes, at) {
            self.emitter.append(QUESTION);
        }
        let mut frame = std::mem::take(&mut self.memory);
        frame.clear();
        frame.extend_from_slice(self.emitter.take());
        Some(frame)
    }

    fn append_wishes(&mut self) {
        if std::mem::take(&mut self.bell) {
            self.emitter.append(b"\x07");
        }
        if let Some(text) = self.copy.take().filter(|text| text.len() <= COPY_MAX) {
            let packed = base64::engine::general_purpose::STANDARD.encode(text);
            self.emitter
                .append(format!("\x1b]52;c;{packed}\x07").as_bytes());
        }
    }

    fn tick_at(&self) -> Option<Mono> {
        let due = self
            .screen
            .next_tick_at(self.live.as_ref()?, self.ticked_at)?;
        Some(due.max(self.ticked_at + TICK_AT_LEAST_MS))
    }

    /// When to look again if nothing happens. While a frame is in flight its end wakes us.
    fn wake_at(&self, at: Mono, in_flight: bool) -> Option<Mono> {
        let frame_at = match (in_flight || self.stopped, self.pace.opens_at(at)) {
            (true, _) => None,
            (false, Some(opens)) => Some(opens),
            (false, None) => self.tick_at(),
        };
        [self.flush_at, frame_at].into_iter().flatten().min()
    }

    /// Waits a moment for an answer still under way, so that nobody else reads it.
    async fn leave(
        &mut self,
        code: i32,
        incoming: &mut mpsc::Receiver<Incoming>,
        clock: &dyn Clock,
    ) -> i32 {
        let until = clock.mono() + LAST_ANSWER_MS;
        while self.pace.is_expecting() && code != 129 {
            let more = tokio::select! {
                more = incoming.recv() => more,
                () = clock.sleep_until(until) => None,
            };
            let Some(Incoming::Bytes(bytes)) = more else {
                break;
            };
            self.decoder.feed(&bytes, &mut self.inputs);
            for input in self.inputs.drain(..) {
                if input == Input::Reply(TerminalReply::Attributes) {
                    self.pace.answered();
                }
            }
        }
        code
    }
}

#[cfg(test)]
mod tests;
