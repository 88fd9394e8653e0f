//! Alarms, from flags: silence what rings, shelve, take off the shelf.

use clap::Args as ClapArgs;

use super::{Sending, Sent, send, to_incident};
use crate::cli::environment::block_on;
use crate::cli::exit::{DONE, Failure, Outcome};
use crate::cli::given::instant;
use crate::cli::output::Output;
use crate::domain::alarm;
use crate::domain::command::Command;
use crate::domain::command::acknowledge_alarm::AcknowledgeAlarm;
use crate::domain::command::shelve_alarm::ShelveAlarm;
use crate::domain::command::unshelve_alarm::UnshelveAlarm;
use crate::domain::word::{AlarmState, Via};

/// Flags of `silence`.
#[derive(Debug, ClapArgs)]
pub struct SilenceArgs {
    pub id: String,
    /// Alarms, as ms-72h/customer#passed; without any: all that wait to be heard
    #[arg(value_name = "ALARM")]
    pub alarms: Vec<String>,
    #[command(flatten)]
    pub sending: Sending,
}

/// Silences alarms: one command each.
pub fn run_silence(args: SilenceArgs) -> Outcome {
    block_on(1, args.silence())?
}

impl SilenceArgs {
    async fn silence(self) -> Outcome {
        let alarms = match self.alarms.is_empty() {
            true => waiting(&self.id, &self.sending).await?,
            false => self.alarms,
        };
        if alarms.is_empty() {
            Output::default().note(&format!("no alarm of {} waits to be heard", self.id));
        }
        let several = alarms.len() > 1;
        for alarm in alarms {
            let mut sending = self.sending.clone();
            // One key for several commands would be refused as used for another one.
            if let Some(key) = sending.idempotency_key.as_mut().filter(|_| several) {
                key.push_str(&format!("-{alarm}"));
            }
            let command = Command::AcknowledgeAlarm(AcknowledgeAlarm { alarm });
            send(to_incident(self.id.clone(), command, sending)).await?;
        }
        Ok(DONE)
    }
}

/// What rings, and what was over before anybody heard it.
async fn waiting(id: &str, sending: &Sending) -> Result<Vec<String>, Failure> {
    let api = sending.reach.of_incident(id, Via::Cli).await?;
    let got = api.incident(id).await?;
    let alarms = alarm::of_view(&got.value, got.now).into_iter();
    let waits = alarms.filter(|alarm| {
        matches!(
            alarm.state,
            AlarmState::Unacknowledged | AlarmState::Returned
        )
    });
    Ok(waits.map(|alarm| alarm.id).collect())
}

/// Flags of `shelve`.
#[derive(Debug, ClapArgs)]
pub struct ShelveArgs {
    pub id: String,
    /// The alarm, as ms-72h/customer#latest_start
    pub alarm: String,
    #[arg(long)]
    pub reason: String,
    /// When it rings again: at most 24 hours ahead
    #[arg(long, value_name = "INSTANT")]
    pub until: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl ShelveArgs {
    /// The command that these flags ask for.
    ///
    /// # Errors
    /// `--until` is no instant.
    pub fn sent(self) -> Result<Sent, Failure> {
        let command = Command::ShelveAlarm(ShelveAlarm {
            alarm: self.alarm,
            reason: self.reason,
            until: instant(&self.until)?,
        });
        Ok(to_incident(self.id, command, self.sending))
    }
}

/// Flags of `unshelve`.
#[derive(Debug, ClapArgs)]
pub struct UnshelveArgs {
    pub id: String,
    pub alarm: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl UnshelveArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::UnshelveAlarm(UnshelveAlarm { alarm: self.alarm });
        to_incident(self.id, command, self.sending)
    }
}
