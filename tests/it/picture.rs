//! The README's pictures are what the program draws: made by it, compared here. `WARBOARD_DRAW=1` makes them anew.

use crate::program::warboard;

const PICTURES: [(&str, &[&str]); 4] = [
    ("lanes", &["--size", "120x36"]),
    ("clocks", &["--size", "100x32", "--screen", "clocks"]),
    ("wall", &["--size", "60x17", "--screen", "wall", "--wall"]),
    ("incident", &["--size", "120x40", "--screen", "AZ-3"]),
];

#[test]
fn the_readme_s_pictures_are_what_is_drawn() {
    let home = tempfile::tempdir().unwrap();
    for (name, args) in PICTURES {
        let fixed = [
            "demo",
            "--seed",
            "7",
            "--at",
            "2026-11-23T14:07:32Z",
            "--once",
            "--format",
            "svg",
        ];
        let mut command = warboard(home.path(), &fixed);
        let done = command.args(args).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        let drawn = String::from_utf8(done.stdout).unwrap();
        let path = format!("{}/tests/pictures/{name}.svg", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("WARBOARD_DRAW").is_some() {
            std::fs::write(&path, &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == drawn,
            "{path} is not what is drawn: look at it, then run with WARBOARD_DRAW=1"
        );
    }
}
