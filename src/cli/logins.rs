//! `logins`: who came in over SSH, went, or was turned away, as it stands in the record.

use clap::Args as ClapArgs;

use super::connection::Reach;
use super::environment::block_on;
use super::exit::{DONE, Outcome};
use super::output::table;
use super::show::utc;
use crate::domain::word::Via;
use crate::wire::LoginEntryBody;

/// Flags of `logins`.
#[derive(Debug, ClapArgs)]
pub struct LoginsArgs {
    /// Of one person only
    #[arg(long, value_name = "NAME", conflicts_with = "json")]
    pub person: Option<String>,
    /// Only what stands behind this entry of the record
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub after: u64,
    #[command(flatten)]
    pub reach: Reach,
}

pub fn run(args: LoginsArgs) -> Outcome {
    block_on(1, logins(args))?
}

async fn logins(args: LoginsArgs) -> Outcome {
    let api = args.reach.one(Via::Cli)?;
    let output = args.reach.output();
    let mut after = args.after;
    if args.reach.json {
        let path = format!("/v1/logins?after={after}");
        output.json(&api.get_raw(&path).await?);
        return Ok(DONE);
    }
    loop {
        let stretch = api.logins(after).await?.value;
        let of_person =
            |entry: &&LoginEntryBody| args.person.is_none() || entry.login.person == args.person;
        let rows: Vec<Vec<String>> = stretch.logins.iter().filter(of_person).map(row).collect();
        for line in table(&rows) {
            output.line(&line);
        }
        match stretch.next {
            Some(next) if next > after => after = next,
            _ => return Ok(DONE),
        }
    }
}

fn row(entry: &LoginEntryBody) -> Vec<String> {
    let login = &entry.login;
    let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let mut happened = login.outcome.to_string();
    if let Some(reason) = login.reason {
        happened.push_str(&format!(": {reason}"));
    }
    if login.count > 1 {
        happened.push_str(&format!(
            ", {} times to {}",
            login.count,
            utc(login.last_at)
        ));
    }
    vec![
        entry.seq.to_string(),
        utc(login.at),
        said(&login.person),
        said(&login.address),
        said(&login.key),
        entry.door.clone(),
        happened,
    ]
}
