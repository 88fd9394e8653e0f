//! The arguments: which subcommands there are and what the board alone takes. Each subcommand's own flags stand in its file.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

use super::verb::Verb;
use super::verb::alarm::SilenceArgs;
use crate::config::Flags;

/// A live board for security-incident command.
#[derive(Debug, Parser)]
#[command(
    name = "warboard",
    version,
    about = "A live board for security-incident command: phases, legal clocks and paging on one screen",
    long_about = "A live board for security-incident command: phases, legal clocks and paging on one screen.\n\nWithout a subcommand it shows the board of the configured backends, or of its own one if there are none.\nTo look around:  warboard demo",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    propagate_version = true
)]
pub struct Args {
    #[command(flatten)]
    pub board: BoardFlags,
    #[command(subcommand)]
    pub command: Option<Sub>,
}

/// What the board takes, by whatever name it is started.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct BoardFlags {
    /// A backend to show; may be given several times
    #[arg(long, value_name = "URL")]
    pub url: Vec<String>,
    /// Change nothing from here, whatever the token allows
    #[arg(long)]
    pub read_only: bool,
    /// The unattended display: one screen, no keys
    #[arg(long)]
    pub wall: bool,
    /// The wall ends on a signal only, not on Ctrl-C
    #[arg(long, requires = "wall")]
    pub no_quit: bool,
    /// night, day, high-contrast, ansi16, mono, or a theme file
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Only ASCII signs
    #[arg(long)]
    pub ascii: bool,
    /// Leave out titles, texts and names, for a shared room
    #[arg(long)]
    pub mask: bool,
    /// Nothing blinks
    #[arg(long)]
    pub no_blink: bool,
    /// Certificate authorities to trust in place of the system's, PEM
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Speak to backends on other machines in the clear too: everybody on the way reads the token
    #[arg(long)]
    pub insecure: bool,
    /// Read this file instead of the default one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl BoardFlags {
    /// As settings take them.
    pub fn flags(&self) -> Flags {
        Flags {
            urls: self.url.clone(),
            theme: self.theme.clone(),
            ascii: self.ascii,
            mask: self.mask,
            no_blink: self.no_blink,
            read_only: self.read_only,
            wall: self.wall,
            ca_file: self.ca_file.clone(),
            insecure: self.insecure,
            config: self.config.clone(),
        }
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Sub {
    /// Show the board
    Board(super::board::BoardArgs),
    /// Show a living board over a backend of its own; everything in it is an exercise
    Demo(super::demo::DemoArgs),
    /// Run a backend
    Serve(super::serve::ServeArgs),
    /// Show the board over SSH, to people who have nothing installed
    SshServe(super::ssh::SshServeArgs),
    /// Issue, list and revoke tokens, on the store itself
    Token(super::token::TokenArgs),
    /// Verify that nothing in a store's record was changed, on the store itself
    Verify(super::verify::VerifyArgs),
    /// Copy a whole store into a file, whether or not a server runs
    Backup(super::backup::BackupArgs),
    /// Make a new store from a backup
    Restore(super::backup::RestoreArgs),
    /// Print an incident as a document: situation report, hand-over, log or review
    Export(super::export::ExportArgs),
    /// Pair, list and end browsers that show the wall, on the store itself
    Display(super::display::DisplayArgs),
    /// Open an incident
    Open(super::open::OpenArgs),
    /// List incidents
    List(super::list::ListArgs),
    /// Show one incident
    Show(super::show::ShowArgs),
    /// Show an incident's timeline
    Timeline(super::show::TimelineArgs),
    /// List teams and how they can be reached
    Teams(super::teams::TeamsArgs),
    /// List who logged in over SSH, and who was turned away; for admins and counsel
    Logins(super::logins::LoginsArgs),
    #[command(flatten)]
    Verb(Verb),
    /// Silence alarms on all boards; it is recorded
    Silence(SilenceArgs),
    /// Bring incidents in from files
    Import(super::import::ImportArgs),
    /// List and check the incident systems that a backend can be connected to
    Connector(super::connector::ConnectorArgs),
    /// Say what is due, and why, without a backend
    Clocks(super::clocks::ClocksArgs),
    /// List, show and check the regimes that clocks are counted by
    Regimes(super::regimes::RegimesArgs),
    /// List and check themes
    Themes(super::themes::ThemesArgs),
    /// Show and check the settings in force
    Config(super::config_show::ConfigArgs),
    /// Say what is wrong with terminal, settings, token, backend and clock, and how to mend it
    Doctor(super::doctor::DoctorArgs),
    /// Write the settings of a board, asking for what is not given
    Init(super::init::InitArgs),
    /// Print a completion script
    Completions(super::completions::CompletionsArgs),
    /// Print the manual page
    Man,
}
