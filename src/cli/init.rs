//! `init`: writes the settings of a board once: which backend, which token, which theme. Asks for what is not given, tries the
//! connection, and overwrites nothing without being told to.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::ask::{hidden, is_yes, line};
use super::environment::{block_on, clock, variable};
use super::exit::{DONE, Failure, Outcome};
use super::output::Output;
use crate::client::{Api, SourceSettings};
use crate::config::{config_home, new_source};
use crate::domain::word::Via;
use crate::secret::{Place, Secret, read_secret_file};
use crate::ui::theme::SHIPPED;

/// Flags of `init`.
#[derive(Debug, ClapArgs)]
pub struct InitArgs {
    /// The backend
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// A file that holds the token already; else it is asked for, or taken from WARBOARD_TOKEN
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// night, day, high-contrast, ansi16 or mono
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Certificate authorities to trust in place of the system's, PEM
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Speak to a backend on another machine in the clear too: everybody on the way reads the token
    #[arg(long)]
    pub insecure: bool,
    /// Overwrite settings that are there
    #[arg(long)]
    pub force: bool,
    /// Do not try the connection
    #[arg(long)]
    pub no_check: bool,
    /// Write this file instead of the default one
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

const THEME: &str = "night";
/// How often something is asked for again before it is given up.
const TRIES: usize = 5;

/// What was decided, before anything is written.
struct Plan {
    url: String,
    name: String,
    theme: String,
    ca_file: Option<PathBuf>,
    insecure: bool,
    token: Token,
}

enum Token {
    /// It lies in a file already.
    In(PathBuf),
    /// It is put into a file of ours.
    New(Secret),
}

pub fn run(args: InitArgs) -> Outcome {
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
    let home = config_home(&variable);
    let path = args
        .config
        .clone()
        .unwrap_or_else(|| home.join("config.toml"));
    may_overwrite(&path, args.force, asks)?;
    let plan = plan(&args, asks)?;
    if !args.no_check {
        check(&plan, asks)?;
    }
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    make_folder(&folder)?;
    let token_file = match &plan.token {
        Token::In(file) => absolute(file)?,
        Token::New(secret) => {
            let file = absolute(&folder)?.join(format!("{}.token", file_name(&plan.name)));
            may_overwrite(&file, args.force, asks)?;
            put(&file, &format!("{}\n", secret.expose()))?;
            file
        }
    };
    put(&path, &settings(&plan, &token_file)?)?;
    let output = Output::default();
    output.note(&format!("written: {}", path.display()));
    output.note("now:  warboard doctor  looks at everything,  warboard  shows the board");
    Ok(DONE)
}

fn plan(args: &InitArgs, asks: bool) -> Result<Plan, Failure> {
    let (url, name) = match &args.url {
        Some(url) => (
            url.clone(),
            new_source(url, args.insecure).map_err(Failure::usage)?,
        ),
        None => asked(asks, "--url", "Backend, as https://host:port: ", |line| {
            new_source(line, args.insecure).map(|name| (line.to_owned(), name))
        })?,
    };
    let given = variable("WARBOARD_TOKEN");
    let token = match (&args.token_file, given) {
        (Some(file), _) => {
            // Read once: a file that cannot be used later is better told of now.
            read_secret_file(file).map_err(|error| Failure::usage(error.to_string()))?;
            Token::In(file.clone())
        }
        (None, Some(token)) => Token::New(Secret::new(token.trim())),
        (None, None) if asks => ask_token()?,
        (None, None) => {
            return Err(Failure::usage(
                "no token: give --token-file FILE, or set WARBOARD_TOKEN",
            ));
        }
    };
    let shipped = || SHIPPED.iter().map(|(name, _)| *name);
    let known = |name: &str| match shipped().find(|known| *known == name) {
        Some(known) => Ok(known.to_owned()),
        None => Err(format!(
            "there is no theme '{name}': choose {}",
            shipped().collect::<Vec<_>>().join(", ")
        )),
    };
    let theme = match &args.theme {
        Some(theme) => known(theme).map_err(Failure::usage)?,
        None if asks => {
            let question = format!(
                "Theme, {} [{THEME}]: ",
                shipped().collect::<Vec<_>>().join(", ")
            );
            asked(asks, "--theme", &question, |line| match line {
                "" => Ok(THEME.to_owned()),
                name => known(name),
            })?
        }
        None => THEME.to_owned(),
    };
    Ok(Plan {
        url,
        name,
        theme,
        ca_file: args.ca_file.clone(),
        insecure: args.insecure,
        token,
    })
}

/// Asks until the answer will do.
fn asked<T>(
    asks: bool,
    flag: &str,
    question: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    if !asks {
        return Err(Failure::usage(format!(
            "{flag} is missing, and there is no terminal to ask on"
        )));
    }
    for _ in 0..TRIES {
        match read(&line(question)?) {
            Ok(value) => return Ok(value),
            Err(why) => Output::default().note(&why),
        }
    }
    Err(Failure::usage(format!("given up; give {flag}")))
}

fn ask_token() -> Result<Token, Failure> {
    let secret = hidden("Token (it is not shown; nothing: it lies in a file): ")
        .map_err(|error| Failure::new(format!("nothing was written: {error}")))?;
    if !secret.expose().is_empty() {
        return Ok(Token::New(secret));
    }
    asked(true, "--token-file", "The token's file: ", |line| {
        let file = PathBuf::from(line);
        match read_secret_file(&file) {
            Ok(_) => Ok(Token::In(file)),
            Err(error) => Err(error.to_string()),
        }
    })
}

/// Tries the connection. Where it fails, a person may want to go on all the same.
fn check(plan: &Plan, asks: bool) -> Result<(), Failure> {
    let token = match &plan.token {
        Token::In(file) => Place::File(file.clone()),
        Token::New(secret) => Place::Given(secret.clone()),
    };
    let settings = SourceSettings {
        name: plan.name.clone(),
        url: plan.url.clone(),
        token,
        ca_file: plan.ca_file.clone(),
    };
    let api = Api::new(&settings, &clock(), Via::Cli)?;
    let output = Output::default();
    match block_on(1, async { api.about().await })? {
        Ok(heard) => {
            let you = heard.value.you;
            output.note(&format!(
                "{} answers: you are {}, {}",
                heard.value.name, you.name, you.role
            ));
            Ok(())
        }
        Err(error) => {
            output.note(&format!("{} cannot be used: {error}", plan.name));
            if asks && is_yes(&line("Write the settings all the same? [y/N] ")?) {
                return Ok(());
            }
            Err(error.into())
        }
    }
}

fn may_overwrite(path: &Path, force: bool, asks: bool) -> Result<(), Failure> {
    if force || !path.exists() {
        return Ok(());
    }
    let shown = path.display();
    if asks && is_yes(&line(&format!("{shown} is there. Overwrite it? [y/N] "))?) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{shown} is there and stays as it is; --force overwrites it"
    )))
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| Failure::new(format!("{} cannot be made: {error}", folder.display())))
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::new(format!("{} leads nowhere: {error}", path.display())))
}

/// Writes a file as a whole, for its owner alone.
fn put(path: &Path, content: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let written =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).and_then(|mut file| {
            file.write_all(content.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)
        });
    written
        .map(|_| ())
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))
}

/// A source's name as part of a file's name.
fn file_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' {
            c
        } else {
            '-'
        }
    };
    name.chars().map(plain).collect()
}

fn settings(plan: &Plan, token_file: &Path) -> Result<String, Failure> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = format!(
        "# The board's settings; every key can be left out.  warboard config show  prints what is in force.\n\
         theme = {:<35} # night, day, high-contrast, ansi16, mono, or a file of your own\n\
         # zone = \"Europe/Berlin\"                   # your own zone, beside UTC; without it TZ\n\
         # mask = true                              # titles, texts and names left out, for a shared room\n\
         \n\
         [[source]]                                 # one for each backend\n\
         name = {}\n\
         url = {}\n\
         token_file = {}\n",
        quoted(&plan.theme),
        quoted(&plan.name),
        quoted(&plan.url),
        quoted(&token_file.display().to_string()),
    );
    if let Some(file) = &plan.ca_file {
        let file = absolute(file)?.display().to_string();
        text.push_str(&format!("ca_file = {}\n", quoted(&file)));
    }
    if plan.insecure {
        text.push_str(
            "insecure = true                            # everybody on the way reads the token\n",
        );
    }
    text.push_str(
        "\n# [keys]\n# forward = \">\"                            # an action's name and its key\n",
    );
    Ok(text)
}
