//! Proofs of the file of keys, on a clock that stands still: what counts when, however the file is written, and what a file that
//! cannot be used changes.

use super::*;
use crate::session::ssh::roster::Standing;
use crate::time::{Clock as _, TestClock};
use russh::keys::{Algorithm, PrivateKey};
use std::os::unix::fs::PermissionsExt;
use std::task::Poll;

/// A file with a key of `a` and one of `b`, on a clock that stands still.
struct Kept {
    _folder: tempfile::TempDir,
    path: PathBuf,
    test: TestClock,
    file: Arc<RosterFile>,
    keys: [PublicKey; 2],
    lines: [String; 2],
}

fn kept() -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let test = TestClock::default();
    let made = ["a", "b"].map(|person| {
        let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
        let text = key.public_key().to_openssh().unwrap();
        let line = format!("warboard=\"person={person},role=viewer\" {text}\n");
        (key.public_key().clone(), line)
    });
    let [(a, line_a), (b, line_b)] = made;
    std::fs::write(&path, format!("{line_a}{line_b}")).unwrap();
    let file = Arc::new(RosterFile::open(&path, Arc::new(test.clone())).unwrap());
    Kept {
        _folder: folder,
        path,
        test,
        file,
        keys: [a, b],
        lines: [line_a, line_b],
    }
}

impl Kept {
    /// Which of the two open the door to whoever logs in now.
    async fn opens(&self) -> [bool; 2] {
        let find = |at: usize| self.driven(self.file.find(&self.keys[at]));
        [find(0).await.is_some(), find(1).await.is_some()]
    }

    /// To whom those who are connected are held.
    fn holds(&self) -> [bool; 2] {
        let roster = self.file.watch().borrow().clone();
        [0, 1].map(|at| roster.find(&self.keys[at]).is_some())
    }

    /// Does something while the clock is moved whenever it waits for that.
    async fn driven<F: Future>(&self, work: F) -> F::Output {
        let mut work = std::pin::pin!(work);
        loop {
            // Before the clock moves, everybody has gone as far as they can.
            tokio::task::yield_now().await;
            if let Poll::Ready(output) = futures::poll!(work.as_mut()) {
                return output;
            }
            if let Some(at) = self.test.next_sleeper_at() {
                self.test.advance(at - self.test.mono());
            }
        }
    }

    /// How long it takes until those who are connected are held to what a change left, made right after a look.
    async fn settles_after(&self, change: impl FnOnce()) -> i64 {
        let mut watch = self.file.watch();
        watch.mark_unchanged();
        let file = self.file.clone();
        let following = tokio::spawn(async move { file.follow().await });
        while self.test.next_sleeper_at().is_none() {
            tokio::task::yield_now().await;
        }
        change();
        let begun = self.test.mono();
        self.driven(watch.changed()).await.unwrap();
        following.abort();
        let took = self.test.mono() - begun;
        assert!(following.await.unwrap_err().is_cancelled());
        took
    }
}

#[tokio::test]
async fn a_key_taken_out_counts_within_a_second_however_the_file_is_written() {
    let put_in_place = |path: &Path, text: &str| {
        let beside = path.with_extension("new");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(&beside, path).unwrap();
    };
    let written = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
    for change in [put_in_place, written] {
        let kept = kept();
        let took = kept
            .settles_after(|| change(&kept.path, &kept.lines[1]))
            .await;
        assert!(took <= 1_000, "{took} ms");
        assert_eq!(kept.holds(), [false, true]);
        assert_eq!(kept.file.former(&kept.keys[0]).unwrap().1, "a");
        assert_eq!(kept.opens().await, [false, true]);
    }
}

#[tokio::test]
async fn a_write_that_leaves_size_and_times_as_they_were_is_seen() {
    let kept = kept();
    // One of the same length, within what a coarse file system tells apart.
    let before = std::fs::metadata(&kept.path).unwrap().modified().unwrap();
    let text = std::fs::read_to_string(&kept.path).unwrap();
    let took = kept
        .settles_after(|| {
            std::fs::write(&kept.path, text.replace("person=a", "person=c")).unwrap();
            let file = File::options().write(true).open(&kept.path).unwrap();
            file.set_modified(before).unwrap();
            // As if the change time were as coarse.
            let mut last = kept.file.last();
            last.mark = Some(Mark::of(&file.metadata().unwrap()));
        })
        .await;
    assert!(took <= 1_000, "{took} ms");
    let (_, entry) = kept.file.watch().borrow().find(&kept.keys[0]).unwrap();
    assert_eq!(entry.person(), "c");
}

#[tokio::test]
async fn a_file_that_rests_is_not_read_again() {
    let kept = kept();
    let mark = kept.file.last().mark;
    assert!(read(&kept.path, mark).unwrap().is_none());
    assert!(read(&kept.path, None).unwrap().is_some());
    kept.test.advance(COARSE_FOR_MS);
    // What stands in the memory counts, so it was not read.
    kept.file.last().read = Ok("nothing".to_owned());
    kept.file.look(false).await;
    assert_eq!(kept.file.last().read, Ok("nothing".to_owned()));
    kept.file.look(true).await;
    assert_ne!(kept.file.last().read, Ok("nothing".to_owned()));
}

#[tokio::test]
async fn a_file_that_cannot_be_used_keeps_what_was_known_and_is_told() {
    let kept = kept();
    let text = std::fs::read(&kept.path).unwrap();
    let open_to_others = |path: &Path| {
        std::fs::write(path, "").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
    };
    type Spoil = fn(&Path);
    let spoils: [(Spoil, &str); 4] = [
        (|path| std::fs::remove_file(path).unwrap(), "cannot be read"),
        (open_to_others, "chmod go-w"),
        (
            |path| std::fs::write(path, b"\xff\xfe").unwrap(),
            "cannot be read",
        ),
        (
            |path| std::fs::write(path, "<html>\n404\n").unwrap(),
            "no line of it is right",
        ),
    ];
    for (spoil, told) in spoils {
        spoil(&kept.path);
        assert_eq!(kept.opens().await, [true, true], "{told}");
        let trouble = kept.file.last().trouble.clone().unwrap();
        assert!(trouble.contains(told), "{trouble}");
        kept.driven(kept.file.rested()).await;
        kept.file.reread().await;
        assert_eq!(kept.holds(), [true, true], "{told}");
        let _gone = std::fs::remove_file(&kept.path);
        std::fs::write(&kept.path, &text).unwrap();
        kept.driven(kept.file.rested()).await;
        assert_eq!(kept.file.last().trouble, None);
    }
    // One wrong line is one person's; and a key taken out is taken out, whatever else is wrong.
    std::fs::write(&kept.path, format!("{}nonsense\n", kept.lines[1])).unwrap();
    kept.driven(kept.file.rested()).await;
    assert_eq!(kept.holds(), [false, true]);
}

#[tokio::test]
async fn a_file_written_in_two_steps_sends_nobody_away_and_keeps_nobody_out() {
    let kept = kept();
    let text = std::fs::read(&kept.path).unwrap();
    std::fs::write(&kept.path, "").unwrap();
    let mut find = std::pin::pin!(kept.file.find(&kept.keys[0]));
    // It has seen the empty file when it waits.
    while kept.test.next_sleeper_at().is_none() {
        assert!(futures::poll!(find.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    std::fs::write(&kept.path, &text).unwrap();
    assert!(kept.driven(find).await.is_some());
    assert_eq!(kept.holds(), [true, true]);
}

#[tokio::test]
async fn whoever_logs_in_by_a_new_line_is_held_to_it_from_then_on() {
    let kept = kept();
    let more = kept.lines[0].replace("role=viewer", "role=commander");
    std::fs::write(&kept.path, &more).unwrap();
    let (name, entry) = kept.driven(kept.file.find(&kept.keys[0])).await.unwrap();
    let now = kept.test.now();
    let settled = kept.file.watch().borrow().clone();
    assert_eq!(settled.standing(&name, &entry.grant, now), Standing::Kept);
    assert_eq!(entry.grant.audience.role.as_str(), "commander");
}

#[tokio::test]
async fn a_file_that_is_read_again_on_demand_counts_for_the_connected_at_once() {
    let kept = kept();
    std::fs::write(&kept.path, &kept.lines[1]).unwrap();
    kept.file.reread().await;
    assert_eq!(kept.holds(), [false, true]);
    assert_eq!(kept.file.former(&kept.keys[0]).unwrap().1, "a");
    std::fs::write(&kept.path, &kept.lines[0]).unwrap();
    kept.file.reread().await;
    assert_eq!(kept.holds(), [true, false]);
    assert_eq!(kept.file.former(&kept.keys[0]), None);
}

#[tokio::test]
async fn those_who_are_connected_are_woken_when_a_key_expires_whatever_the_wall_clock_does() {
    let kept = kept();
    let at = kept.test.now() + chrono::TimeDelta::milliseconds(2_500);
    let expiry = at.format("expiry-time=\"%Y%m%d%H%M%S\",").to_string();
    std::fs::write(&kept.path, format!("{expiry}{}", kept.lines[0])).unwrap();
    kept.file.reread().await;
    // To the second.
    let at = at - chrono::TimeDelta::milliseconds(500);
    let mut watch = kept.file.watch();
    let expires = |watch: &watch::Receiver<Arc<Roster>>| {
        let (name, _) = watch.borrow().find(&kept.keys[0]).unwrap();
        watch.borrow().expires_at(&name)
    };
    assert_eq!(expires(&watch), Some(at));
    let file = kept.file.clone();
    let expiring = tokio::spawn(async move { file.expire().await });
    kept.driven(watch.changed()).await.unwrap();
    assert_eq!(kept.test.now(), at, "at that instant");
    // It steps back behind it, and comes there again.
    kept.test.step_wall(-1_200);
    kept.driven(watch.changed()).await.unwrap();
    assert_eq!(kept.test.now(), at);
    expiring.abort();
}
