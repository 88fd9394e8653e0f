//! The binary: installs what only a process may install, panic hook and log, then hands over to `cli`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;
use warboard::cli;
use warboard::domain::text::SafeText;
use warboard::session::Restorer;

fn main() -> ExitCode {
    let invocation = match cli::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(fault) => {
            // Help and version go to standard output, faults to standard error.
            let _ = fault.print();
            return exit_code(fault.exit_code());
        }
    };
    let restorer = Restorer::default();
    report_panics(restorer.clone());
    if invocation.logs() {
        log_to_stderr();
    }
    exit_code(invocation.run(&restorer))
}

fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// A panic gives the terminal back before it is told. One of a worker's is only logged: what it did not do shows as age.
fn report_panics(restorer: Restorer) {
    let (hook, _) = color_eyre::config::HookBuilder::blank()
        .theme(color_eyre::config::Theme::new())
        .display_env_section(false)
        .panic_section("This is a defect of warboard. What was acknowledged is on disk.")
        .into_hooks();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() != Some("main") {
            tracing::error!(place = %info.location().map(ToString::to_string).unwrap_or_default(), "a worker panicked");
            return;
        }
        restorer.restore();
        let report = hook.panic_report(info).to_string();
        let _ = writeln!(std::io::stderr(), "{}", SafeText::multi(&report).shown());
    }));
}

/// What is logged unless `WARBOARD_LOG` says otherwise: what goes wrong, and where the record ends.
const LOGGED: &str = "warn,warboard::record=info";

fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("WARBOARD_LOG").unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // Somebody who tests in this process may have set one before.
    let _ = match std::io::stderr().is_terminal() {
        true => log.with_ansi(false).try_init(),
        false => log.json().try_init(),
    };
}
