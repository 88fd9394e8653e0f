//! Who else may read a file that holds a secret. Where such files are, and what is in them, others know.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

/// The permission bits of a file that others than its owner may read; none where nobody else may.
///
/// A file of root's may be lent to this process by its group: that is how packages and systemd's credentials hand a secret
/// to a service that does not run as root.
pub fn open_to_others(about: &Metadata) -> Option<u32> {
    let lent = about.uid() == 0 && !rustix::process::geteuid().is_root();
    too_open(about.mode() & 0o777, lent)
}

fn too_open(mode: u32, lent: bool) -> Option<u32> {
    let shut = if lent { 0o037 } else { 0o077 };
    (mode & shut != 0).then_some(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_reads_what_root_lends_to_its_group_and_nobody_else_s_group_does() {
        for (mode, lent, refused) in [
            (0o600, false, false),
            (0o400, false, false),
            (0o640, false, true),
            (0o604, false, true),
            (0o440, true, false),
            (0o640, true, false),
            (0o660, true, true),
            (0o644, true, true),
            (0o650, true, true),
        ] {
            assert_eq!(too_open(mode, lent).is_some(), refused, "{mode:o} {lent}");
        }
    }
}
