//! PostgreSQL for the tests: a private cluster on a socket in a short folder, one database a test, gone with the process.
//! And a line to it that can be held up or cut where a network would.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use warboard::secret::Secret;

static SHARED: OnceLock<Cluster> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A server of our own. It ends when this is dropped, or with the process that started it, however that ends.
pub struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    /// While this is open the guard leaves the server alone; closed, it ends it and removes its folder.
    pipe: Option<ChildStdin>,
    guard: Child,
}

/// The programs of PostgreSQL, which Debian keeps out of the way.
fn programs() -> PathBuf {
    if let Some(bin) = std::env::var_os("PG_BIN") {
        return PathBuf::from(bin);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions
        .filter_map(|version| {
            let version = version.ok()?;
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            let bin = version.path().join("bin");
            bin.join("initdb").exists().then_some((number, bin))
        })
        .max();
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    });
    newest.map(|(_, bin)| bin).or(on_path).unwrap_or_else(|| {
        panic!(
            "PostgreSQL is not here, and the store is tested on it: apt-get install postgresql, or set PG_BIN to the folder of initdb and pg_ctl"
        )
    })
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program of PostgreSQL's, which refuses to run as root.
fn program(bin: &Path, name: &str) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid=postgres",
            "--regid=postgres",
            "--init-groups",
            "--",
        ]);
        command.arg(bin.join(name));
        command
    } else {
        Command::new(bin.join(name))
    };
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn done(mut command: Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?} cannot be run: {error}; install util-linux and postgresql")
    });
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

impl Cluster {
    /// The one that the tests of this process share.
    pub fn shared() -> &'static Cluster {
        SHARED.get_or_init(Cluster::start)
    }

    /// One for a test that stops it. Blocks for about two seconds.
    pub fn start() -> Cluster {
        Cluster::made_by("initdb", |make, data| {
            make.arg("-D").arg(data);
            make.args(["-U", "warboard", "--auth=trust", "--no-sync"]);
            make.args(["-E", "UTF8", "--locale=C"]);
        })
    }

    /// A replica of this one, which follows it.
    pub fn replica(&self) -> Cluster {
        Cluster::made_by("pg_basebackup", |make, data| {
            make.arg("-D").arg(data).arg("-h").arg(&self.folder);
            make.args([
                "-U",
                "warboard",
                "-R",
                "-X",
                "stream",
                "--no-sync",
                "-c",
                "fast",
            ]);
        })
    }

    fn made_by(name: &str, with: impl FnOnce(&mut Command, &Path)) -> Cluster {
        let bin = programs();
        // A socket's path is short, whatever TMPDIR is.
        let folder = tempfile::Builder::new()
            .prefix("wbpg")
            .tempdir_in("/tmp")
            .map(TempDir::keep)
            .unwrap();
        if is_root() {
            let mut chown = Command::new("chown");
            chown.arg("postgres:postgres").arg(&folder);
            done(chown);
        }
        let data = folder.join("data");
        let mut make = program(&bin, name);
        with(&mut make, &data);
        done(make);
        let mut guard = Command::new("sh");
        guard
            .arg("-c")
            .arg("read _; \"$@\" >/dev/null 2>&1; rm -rf \"$WARBOARD_CLUSTER\"")
            .arg("guard");
        let mut stop = program(&bin, "pg_ctl");
        stop.arg("-D").arg(&data).args(["-m", "immediate", "stop"]);
        guard.arg(stop.get_program()).args(stop.get_args());
        let mut guard = guard
            .env("WARBOARD_CLUSTER", &folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C at the tests must not end it before its work.
            .process_group(0)
            .spawn()
            .unwrap();
        let cluster = Cluster {
            bin,
            folder,
            pipe: guard.stdin.take(),
            guard,
        };
        cluster.up();
        cluster
    }

    /// Starts the server again.
    pub fn up(&self) {
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories={} -c fsync=off -c full_page_writes=off -c shared_buffers=16MB -c max_connections=300 -c autovacuum=off",
            self.folder.display()
        );
        let mut start = program(&self.bin, "pg_ctl");
        start.arg("-D").arg(self.folder.join("data"));
        start.arg("-l").arg(self.folder.join("log"));
        start.args(["-w", "-t", "60", "-o", &options, "start"]);
        done(start);
    }

    /// Stops the server; what is connected is cut off.
    pub fn down(&self) {
        let mut stop = program(&self.bin, "pg_ctl");
        stop.arg("-D").arg(self.folder.join("data"));
        stop.args(["-w", "-m", "fast", "stop"]);
        done(stop);
    }

    /// Makes a replica the primary.
    pub fn promote(&self) {
        let mut promote = program(&self.bin, "pg_ctl");
        promote.arg("-D").arg(self.folder.join("data"));
        promote.args(["-w", "promote"]);
        done(promote);
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    fn url_as(&self, role: &str, database: &str) -> Secret {
        Secret::new(format!(
            "postgres://{role}@localhost/{database}?host={}",
            self.folder.display()
        ))
    }

    /// A database of its own, empty; its name.
    pub async fn database(&self) -> Database<'_> {
        let name = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let admin = self.url_as("warboard", "postgres");
        let mut admin = PgConnection::connect(admin.expose()).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(create))
            .execute(&mut admin)
            .await
            .unwrap();
        admin.close().await.unwrap();
        Database {
            cluster: self,
            name,
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.pipe.take() {
            let _ = pipe.write_all(b"\n");
        }
        let _ = self.guard.wait();
    }
}

/// A database of a cluster.
pub struct Database<'a> {
    cluster: &'a Cluster,
    pub name: String,
}

impl Database<'_> {
    pub fn url(&self) -> Secret {
        self.url_as("warboard")
    }

    pub fn url_as(&self, role: &str) -> Secret {
        self.cluster.url_as(role, &self.name)
    }

    /// The same database on a replica.
    pub fn url_on(&self, replica: &Cluster) -> Secret {
        replica.url_as("warboard", &self.name)
    }

    /// The same over TCP, by whoever listens on this port.
    pub fn url_by(&self, port: u16) -> Secret {
        Secret::new(format!(
            "postgres://warboard@127.0.0.1:{port}/{}?sslmode=disable",
            self.name
        ))
    }

    /// A connection for statements that no store would make.
    pub async fn connection(&self) -> PgConnection {
        self.connection_as("warboard").await
    }

    pub async fn connection_as(&self, role: &str) -> PgConnection {
        PgConnection::connect(self.url_as(role).expose())
            .await
            .unwrap()
    }
}
