//! Where a person's files stand, by the XDG base directories, and what a path in a file is relative to.
//! Variables are asked for through a lookup that the caller gives.

use std::path::{Path, PathBuf};

/// Asks for a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable that says something; an empty one says nothing.
pub(super) fn variable(env: Environment<'_>, name: &str) -> Option<String> {
    env(name).filter(|value| !value.trim().is_empty())
}

fn home(env: Environment<'_>) -> PathBuf {
    // Without a home the root stands in: a file that cannot be there is better than one of the current folder,
    // which another person may have put there.
    variable(env, "HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from)
}

fn base(env: Environment<'_>, name: &str, below_home: &str) -> PathBuf {
    variable(env, name)
        .map(PathBuf::from)
        // The specification has relative ones ignored.
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| home(env).join(below_home))
        .join("warboard")
}

/// `$XDG_CONFIG_HOME/warboard`.
pub fn config_home(env: Environment<'_>) -> PathBuf {
    base(env, "XDG_CONFIG_HOME", ".config")
}

/// `$XDG_DATA_HOME/warboard`.
pub fn data_home(env: Environment<'_>) -> PathBuf {
    base(env, "XDG_DATA_HOME", ".local/share")
}

/// A path as somebody wrote it: `~/` is the home, a relative one begins at `folder`.
pub(super) fn expand(path: &str, folder: &Path, env: Environment<'_>) -> PathBuf {
    match path.strip_prefix('~') {
        Some("") => home(env),
        Some(rest) if rest.starts_with('/') => home(env).join(rest.trim_start_matches('/')),
        _ => folder.join(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_follow_the_base_directories() {
        let of = |pairs: &'static [(&'static str, &'static str)]| {
            move |name: &str| {
                let found = pairs.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            }
        };
        for (pairs, config, data) in [
            (
                &[("HOME", "/home/ann")][..],
                "/home/ann/.config/warboard",
                "/home/ann/.local/share/warboard",
            ),
            (
                &[
                    ("HOME", "/home/ann"),
                    ("XDG_CONFIG_HOME", "/c"),
                    ("XDG_DATA_HOME", "/d"),
                ],
                "/c/warboard",
                "/d/warboard",
            ),
            (
                &[
                    ("HOME", "/home/ann"),
                    ("XDG_CONFIG_HOME", "here"),
                    ("XDG_DATA_HOME", ""),
                ],
                "/home/ann/.config/warboard",
                "/home/ann/.local/share/warboard",
            ),
            (&[], "/.config/warboard", "/.local/share/warboard"),
        ] {
            assert_eq!(config_home(&of(pairs)), Path::new(config));
            assert_eq!(data_home(&of(pairs)), Path::new(data));
        }
    }

    #[test]
    fn paths_begin_at_the_home_or_at_the_folder_of_their_file() {
        let env = |name: &str| (name == "HOME").then(|| "/home/ann".to_owned());
        for (written, expected) in [
            ("~/a.token", "/home/ann/a.token"),
            ("~", "/home/ann"),
            ("a.token", "/etc/warboard/a.token"),
            ("~bob/a.token", "/etc/warboard/~bob/a.token"),
            ("/run/a.token", "/run/a.token"),
        ] {
            assert_eq!(
                expand(written, Path::new("/etc/warboard"), &env),
                Path::new(expected)
            );
        }
    }
}
