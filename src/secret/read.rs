//! Reading a secret from a file that only its owner may read, or from a command that prints it.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use futures::future::{Either, select};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::{Secret, open_to_others};
use crate::domain::text::SafeText;

/// The longest secret; whoever has a longer one has named the wrong file.
const LENGTH_MAX: u64 = 16 * 1024;

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Opening or reading failed.
    #[error("cannot read the secret in {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Others than the owner may read it.
    #[error("{} can be read by others than its owner (mode {mode:03o}): run  chmod 600 {}", path.display(), path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Nothing in it, too much in it, or not text.
    #[error("{from} gives no usable secret: {why}")]
    Unusable {
        /// The file or the command.
        from: String,
        /// What is wrong with it.
        why: String,
    },
    /// The variable was not set at the start.
    #[error("the variable {name} is not set")]
    Unset {
        /// The variable.
        name: String,
    },
    /// The command could not be run, or said that it failed.
    #[error("the command {command} failed: {why}; run it by hand to see what is wrong")]
    Command {
        /// Its name, without arguments.
        command: String,
        /// Exit code and the beginning of what it said.
        why: String,
    },
    /// The command took too long.
    #[error(
        "the command {command} gave no secret in time and was stopped; it must not ask questions"
    )]
    Slow {
        /// Its name, without arguments.
        command: String,
    },
}

/// Reads the secret in a file without its last line break.
///
/// # Errors
/// It cannot be read, others may read it too ([`open_to_others`]), or what is in it is no secret.
pub fn read_secret_file(path: &Path) -> Result<Secret, SecretError> {
    let unreadable = |cause| SecretError::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let file = File::open(path).map_err(unreadable)?;
    // Asked of the open file: a name could meanwhile mean another one.
    if let Some(mode) = open_to_others(&file.metadata().map_err(unreadable)?) {
        return Err(SecretError::TooOpen {
            path: path.to_owned(),
            mode,
        });
    }
    let mut bytes = Vec::new();
    file.take(LENGTH_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    usable(bytes, || path.display().to_string())
}

/// Runs a command without a shell and takes what it prints, without its last line break. It is stopped, with all that it
/// started, when `limit` ends, when it prints too much and when nobody waits for it any more.
///
/// # Errors
/// `Command`: it cannot be started, or failed, with what it said; `Slow`: `limit` ended first; `Unusable`: what it prints
/// can be no secret.
pub async fn read_secret_command(
    words: &[String],
    limit: impl Future<Output = ()>,
) -> Result<Secret, SecretError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(SecretError::Command {
            command: "''".into(),
            why: "it is empty".into(),
        });
    };
    let failed = |why: String| SecretError::Command {
        command: program.clone(),
        why,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env_remove("WARBOARD_TOKEN")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|cause| failed(cause.to_string()))?;
    let mut group = Group::of(&child);
    let (bytes, said) =
        match select(std::pin::pin!(output(&mut child)), std::pin::pin!(limit)).await {
            Either::Left((read, _)) => read.map_err(|cause| failed(cause.to_string()))?,
            Either::Right(_) => {
                return Err(SecretError::Slow {
                    command: program.clone(),
                });
            }
        };
    if bytes.len() as u64 <= LENGTH_MAX {
        group.ended();
    }
    if let Some(said) = said {
        return Err(failed(said));
    }
    usable(bytes, || program.clone())
}

/// A command and all that it started, killed with this value. A command that ended by itself may leave something behind on
/// purpose, an agent that keeps a key unlocked.
struct Group(Option<Pid>);

impl Group {
    /// Of a command that was started in a group of its own.
    fn of(child: &Child) -> Group {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Group(id.and_then(Pid::from_raw))
    }

    /// It was waited for: from now on its number may be another's.
    fn ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // One that is gone needs no end.
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}

/// What the command printed, and, if it failed, why.
async fn output(child: &mut Child) -> io::Result<(Vec<u8>, Option<String>)> {
    let (mut bytes, mut said) = (Vec::new(), Vec::new());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let read_out = async {
        if let Some(out) = out {
            let read = out.take(LENGTH_MAX + 1).read_to_end(&mut bytes).await;
            // Who has said too much need not be heard to the end.
            let enough = read.map_err(Some)? as u64 > LENGTH_MAX;
            return if enough { Err(None) } else { Ok(()) };
        }
        Ok(())
    };
    let read_err = async {
        match err {
            Some(err) => {
                let read = err.take(1_000).read_to_end(&mut said).await;
                read.map(|_| ()).map_err(Some)
            }
            None => Ok(()),
        }
    };
    match futures::future::try_join(read_out, read_err).await {
        Ok(_) => {}
        Err(None) => return Ok((bytes, None)),
        Err(Some(error)) => return Err(error),
    }
    let status = child.wait().await?;
    let why = (!status.success()).then(|| {
        format!(
            "{status}, {}",
            SafeText::line(String::from_utf8_lossy(&said).trim()).truncated(200)
        )
    });
    Ok((bytes, why))
}

fn usable(bytes: Vec<u8>, from: impl Fn() -> String) -> Result<Secret, SecretError> {
    let refuse = |why: &str| SecretError::Unusable {
        from: from(),
        why: why.into(),
    };
    if bytes.len() as u64 > LENGTH_MAX {
        return Err(refuse("it is longer than 16 KiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8 text"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(refuse("it is empty"));
    }
    if text.contains(['\n', '\r', '\0']) {
        return Err(refuse("it has more than one line"));
    }
    Ok(Secret::new(text))
}

/// Splits a command line into words at blanks; `'` and `"` hold blanks together. No variable, no wildcard, no shell.
pub fn command_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn file(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn one_line_break_is_not_part_of_a_secret() {
        for (content, expected) in [
            ("abc\n", "abc"),
            ("abc\r\n", "abc"),
            ("abc", "abc"),
            (" abc ", " abc "),
        ] {
            let (_folder, path) = file(content.as_bytes(), 0o600);
            assert_eq!(read_secret_file(&path).unwrap().expose(), expected);
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_remedy() {
        for mode in [0o640, 0o604, 0o660, 0o644] {
            let (_folder, path) = file(b"abc", mode);
            let error = read_secret_file(&path).unwrap_err().to_string();
            assert!(
                error.contains("chmod 600") && error.contains(&format!("{mode:03o}")),
                "{error}"
            );
        }
    }

    #[test]
    fn unusable_contents_are_refused_without_showing_them() {
        for content in [
            &b""[..],
            b"\n",
            b"hunter2\nhunter3\n",
            b"\xff\xfehunter2",
            &[b'h'; 20_000],
        ] {
            let (_folder, path) = file(content, 0o600);
            let error = read_secret_file(&path).unwrap_err().to_string();
            assert!(
                !error.contains("hunter") && !error.contains("hhh"),
                "{error}"
            );
        }
        assert!(
            read_secret_file(Path::new("/nowhere/token"))
                .unwrap_err()
                .to_string()
                .contains("/nowhere/token")
        );
    }

    #[tokio::test]
    async fn a_command_gives_its_output_or_its_reason() {
        let run = |line: &str| {
            let words = command_words(line);
            async move { read_secret_command(&words, std::future::pending()).await }
        };
        assert_eq!(run("printf 'abc\\n'").await.unwrap().expose(), "abc");
        let error = run("sh -c 'echo locked >&2; exit 3'")
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("locked") && error.contains('3'), "{error}");
        assert!(matches!(
            run("yes abc").await,
            Err(SecretError::Unusable { .. })
        ));
        assert!(matches!(
            run("/nowhere/pass").await,
            Err(SecretError::Command { .. })
        ));
        assert!(matches!(run("").await, Err(SecretError::Command { .. })));
    }

    #[tokio::test]
    async fn a_command_that_waits_is_stopped() {
        let words = command_words("sleep 60");
        assert!(matches!(
            read_secret_command(&words, async {}).await,
            Err(SecretError::Slow { .. })
        ));
    }

    /// Which way a command ends before its time.
    #[derive(Debug, Clone, Copy)]
    enum End {
        Slow,
        Unread,
        TooLong,
    }

    /// Starts a command whose child holds a pipe open, and waits until all who hold it are gone.
    async fn leaves_nobody(end: End) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("held");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let then = match end {
            End::TooLong => "yes abc",
            _ => "wait",
        };
        let script = format!(
            "exec 3>'{}'; sleep 600 & echo begun >&3; {then}",
            path.display()
        );
        let (begins, begun) = futures::channel::oneshot::channel();
        let held = tokio::task::spawn_blocking(move || {
            let mut pipe = std::io::BufReader::new(File::open(path).unwrap());
            let mut line = String::new();
            std::io::BufRead::read_line(&mut pipe, &mut line).unwrap();
            // Who prints too much may be done before this is heard.
            let _heard = begins.send(());
            // Ends when nobody has it open for writing any more.
            pipe.read_to_string(&mut line).unwrap();
            line
        });
        let words = ["sh", "-c", &script].map(str::to_owned);
        let limit = async {
            match end {
                End::TooLong => std::future::pending().await,
                _ => begun.await.unwrap(),
            }
        };
        match end {
            End::Slow => {
                let read = read_secret_command(&words, limit).await;
                assert!(matches!(read, Err(SecretError::Slow { .. })), "{read:?}");
            }
            End::Unread => {
                let reading = Box::pin(read_secret_command(&words, std::future::pending()));
                let first = select(reading, Box::pin(limit)).await;
                assert!(matches!(first, Either::Right(_)));
                drop(first);
            }
            End::TooLong => {
                let read = read_secret_command(&words, limit).await;
                assert!(
                    matches!(read, Err(SecretError::Unusable { .. })),
                    "{read:?}"
                );
            }
        }
        // The child would hold it for ten minutes.
        assert_eq!(held.await.unwrap(), "begun\n", "{end:?}");
    }

    #[tokio::test]
    async fn no_process_that_a_command_started_is_left_when_it_is_stopped() {
        for end in [End::Slow, End::Unread, End::TooLong] {
            leaves_nobody(end).await;
        }
    }

    #[tokio::test]
    async fn what_a_command_that_ended_well_leaves_behind_is_let_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // The agent waits for a reader of its pipe, long after the command is done.
        let script = format!(
            "(echo there >'{}') >/dev/null 2>&1 & echo hunter2",
            path.display()
        );
        let words = ["sh", "-c", &script].map(str::to_owned);
        let read = read_secret_command(&words, std::future::pending()).await;
        assert_eq!(read.unwrap().expose(), "hunter2");
        let heard = tokio::task::spawn_blocking(move || std::fs::read_to_string(path));
        assert_eq!(heard.await.unwrap().unwrap(), "there\n");
    }

    #[test]
    fn words_are_split_as_a_person_expects() {
        assert_eq!(
            command_words("  pass show 'my board' \"a'b\" '' x\"y z\"w"),
            ["pass", "show", "my board", "a'b", "", "xy zw"]
        );
    }
}
