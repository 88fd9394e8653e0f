//! The binary: installs what only a process may install, panic hook and log, then hands over to `cli`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use tracing_subscriber::util::SubscriberInitExt;
use warboard::cli;
use warboard::cli::log::{LogFormat, log};
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
    if invocation.logs()
        && let Err(fault) = log_to_stderr(invocation.log_format())
    {
        let _ = writeln!(std::io::stderr(), "warboard: {fault}");
        return exit_code(2);
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

/// Text for a person at a terminal, JSON for what collects logs, unless told otherwise.
fn log_to_stderr(asked: Option<LogFormat>) -> Result<(), String> {
    let format = asked.unwrap_or(match std::io::stderr().is_terminal() {
        true => LogFormat::Text,
        false => LogFormat::Json,
    });
    let filter = std::env::var("WARBOARD_LOG").ok();
    let filter = filter.as_deref().filter(|filter| !filter.trim().is_empty());
    // Somebody who tests in this process may have set one before.
    let _ = log(format, filter, std::io::stderr())?.try_init();
    Ok(())
}
