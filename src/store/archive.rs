//! The file of a backup: JSON lines that any engine of ours can write and read again, with a head that says what it holds and
//! an end that proves it whole. What is copied out and put back stands with the adapters.

use std::io::{BufRead, Read as _, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::audit::{Noted, Report};
use super::chain::{Head, Link};
use crate::domain::instant::Instant;

/// The format that is written; a later one that cannot be read as this has another number.
pub const FORMAT: u32 = 1;
/// Longest line that is read, in bytes; the largest row is far below it.
const LINE: u64 = 64 << 20;

/// One line of the file, in this order: `backup` once, the rows of each table, `end` once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Backup(Header),
    Entry(EntryLine),
    Snapshot(SnapshotLine),
    Outbox(OutboxLine),
    Token(TokenLine),
    Counter(CounterLine),
    Setting(SettingLine),
    End(End),
}

/// What the file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub format: u32,
    /// The version of warboard that wrote it.
    pub warboard: String,
    pub made_at: Instant,
    /// The epoch of the store it was made from; a store restored from it has another.
    pub epoch: String,
    /// Where the list of codenames began.
    pub codename_start: String,
    pub head: Head,
    pub counts: Counts,
}

/// How many lines of each kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    pub entry: u64,
    pub snapshot: u64,
    pub outbox: u64,
    pub token: u64,
    pub counter: u64,
    pub setting: u64,
}

impl Counts {
    fn add(&mut self, line: &Line) {
        let of = match line {
            Line::Entry(_) => &mut self.entry,
            Line::Snapshot(_) => &mut self.snapshot,
            Line::Outbox(_) => &mut self.outbox,
            Line::Token(_) => &mut self.token,
            Line::Counter(_) => &mut self.counter,
            Line::Setting(_) => &mut self.setting,
            Line::Backup(_) | Line::End(_) => return,
        };
        *of += 1;
    }
}

/// An entry, byte for byte as it is stored: the chain covers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryLine {
    pub seq: u64,
    pub incident: String,
    pub version: u64,
    pub at: String,
    pub by: String,
    pub via: String,
    pub kind: String,
    pub body: String,
    pub salt: Option<String>,
    pub prev: String,
    pub hash: String,
}

impl EntryLine {
    /// As the chain sees it.
    pub fn link(&self) -> Link<'_> {
        Link {
            seq: self.seq,
            incident: &self.incident,
            version: self.version,
            at: &self.at,
            by: &self.by,
            via: &self.via,
            kind: &self.kind,
            body: &self.body,
            salt: self.salt.as_deref(),
            prev: &self.prev,
        }
    }
}

/// An incident as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotLine {
    pub seq: u64,
    pub body: String,
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboxLine {
    pub key: String,
    pub page: String,
    pub incident: String,
    pub team: String,
    pub route: String,
    pub step: i64,
    pub body: Bytes,
    pub attempts: i64,
    pub next_at: i64,
    pub queued_at: i64,
    pub done: i64,
    /// When the first attempt began.
    pub first_at: Option<i64>,
    /// Whether an attempt may have arrived; one that was under way may. No lease comes along.
    pub may_have_arrived: i64,
    pub held_back: i64,
    pub stand_down: i64,
}

/// A token: never the secret, its sha256.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenLine {
    pub id: String,
    pub name: String,
    pub sha256: Bytes,
    pub role: String,
    pub counsel: bool,
    pub clearance: String,
    pub services: String,
    pub team: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
    /// It speaks for people who proved to a door who they are.
    pub door: bool,
}

/// How far numbers were given out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterLine {
    pub prefix: String,
    pub last: i64,
}

/// A value kept between starts; the key that signs the links of pages is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingLine {
    pub name: String,
    pub value: Bytes,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Of all bytes before this line, in hex.
    pub sha256: String,
}

/// Bytes, in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bytes(pub Vec<u8>);

impl TryFrom<String> for Bytes {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Bytes, base64::DecodeError> {
        STANDARD.decode(text).map(Bytes)
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> String {
        STANDARD.encode(bytes.0)
    }
}

/// What is wrong with a file that should be a backup.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("line {line} is not one of a backup: {why}")]
    Line { line: u64, why: String },
    #[error(
        "it has format {0}, and this warboard knows {FORMAT}; restore it with the one that wrote it"
    )]
    Format(u32),
    #[error("it ends after line {0}, in the middle of the backup: it was cut, or not copied whole")]
    Cut(u64),
    #[error("its bytes are not those that were written: the checksum at its end does not fit")]
    Checksum,
    #[error("it does not hold what its head says: {0}")]
    Counts(String),
}

/// Writes a backup line by line.
pub struct Writer<'a> {
    out: &'a mut (dyn Write + Send),
    digest: Sha256,
}

impl<'a> Writer<'a> {
    /// Begins with what it will hold.
    ///
    /// # Errors
    /// `Archive`: it cannot be written there.
    pub fn begin(
        out: &'a mut (dyn Write + Send),
        header: Header,
    ) -> Result<Writer<'a>, StoreError> {
        let mut writer = Writer {
            out,
            digest: Sha256::new(),
        };
        writer.put(&Line::Backup(header))?;
        Ok(writer)
    }

    /// The next line.
    ///
    /// # Errors
    /// `Archive`: it cannot be written there.
    pub fn put(&mut self, line: &Line) -> Result<(), StoreError> {
        let mut bytes =
            serde_json::to_vec(line).map_err(|error| StoreError::Fault(error.to_string()))?;
        bytes.push(b'\n');
        self.digest.update(&bytes);
        self.out.write_all(&bytes).map_err(unwritable)
    }

    /// Ends it with what proves it whole.
    ///
    /// # Errors
    /// `Archive`: it cannot be written there.
    pub fn end(mut self) -> Result<(), StoreError> {
        let sha256 = hex::encode(std::mem::take(&mut self.digest).finalize());
        self.put(&Line::End(End { sha256 }))?;
        self.out.flush().map_err(unwritable)
    }
}

fn unwritable(error: std::io::Error) -> StoreError {
    StoreError::Archive(format!(
        "the backup cannot be written: {error}; look at the disk it goes to"
    ))
}

/// Reads a backup line by line; the last line comes only if all before it are as they were written.
pub struct Reader<'a> {
    from: &'a mut (dyn BufRead + Send),
    digest: Sha256,
    line: u64,
    header: Header,
    counts: Counts,
    ended: bool,
}

impl<'a> Reader<'a> {
    /// Reads what it holds.
    ///
    /// # Errors
    /// It is empty, is no backup, or has a format of another version.
    pub fn begin(from: &'a mut (dyn BufRead + Send)) -> Result<Reader<'a>, ArchiveError> {
        let mut digest = Sha256::new();
        let header = match line(from, 1)? {
            None => return Err(ArchiveError::Cut(0)),
            Some((bytes, Line::Backup(header))) => {
                digest.update(&bytes);
                header
            }
            Some(_) => {
                return Err(ArchiveError::Line {
                    line: 1,
                    why: "a backup begins with its head".to_owned(),
                });
            }
        };
        if header.format != FORMAT {
            return Err(ArchiveError::Format(header.format));
        }
        Ok(Reader {
            from,
            digest,
            line: 1,
            header,
            counts: Counts::default(),
            ended: false,
        })
    }

    /// What it says it holds.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next row; None after the last, if everything was as it was written.
    ///
    /// # Errors
    /// It breaks off, has a line that cannot be read, or is not as it was written.
    pub fn row(&mut self) -> Result<Option<Line>, ArchiveError> {
        if self.ended {
            return Ok(None);
        }
        let number = self.line + 1;
        let Some((bytes, line)) = line(self.from, number)? else {
            return Err(ArchiveError::Cut(self.line));
        };
        self.line = number;
        match line {
            Line::End(end) => {
                self.ended = true;
                if hex::encode(std::mem::take(&mut self.digest).finalize()) != end.sha256 {
                    return Err(ArchiveError::Checksum);
                }
                if self.counts != self.header.counts {
                    return Err(ArchiveError::Counts(format!("{:?}", self.counts)));
                }
                match self.from.fill_buf()?.is_empty() {
                    true => Ok(None),
                    false => Err(ArchiveError::Line {
                        line: number + 1,
                        why: "something stands behind its end".to_owned(),
                    }),
                }
            }
            Line::Backup(_) => Err(ArchiveError::Line {
                line: number,
                why: "a second head".to_owned(),
            }),
            row => {
                self.digest.update(&bytes);
                self.counts.add(&row);
                Ok(Some(row))
            }
        }
    }
}

fn line(
    from: &mut (dyn BufRead + Send),
    number: u64,
) -> Result<Option<(Vec<u8>, Line)>, ArchiveError> {
    let wrong = |why: String| ArchiveError::Line { line: number, why };
    let mut bytes = Vec::new();
    let read = from.take(LINE).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.last() != Some(&b'\n') {
        return Err(match u64::try_from(read).unwrap_or(LINE) < LINE {
            true => ArchiveError::Cut(number),
            false => wrong("it is too long".to_owned()),
        });
    }
    let line = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    Ok(Some((bytes, line)))
}

/// Reads a whole backup and walks the chain in it.
///
/// # Errors
/// It is no backup, is not whole, or its chain does not hold.
pub fn check(from: &mut (dyn BufRead + Send)) -> Result<(Header, Report), ArchiveError> {
    let mut reader = Reader::begin(from)?;
    let header = reader.header().clone();
    let noted = [Noted {
        seq: Some(header.head.seq),
        hash: header.head.hash.clone(),
    }];
    let mut report = Report::default();
    while let Some(row) = reader.row()? {
        if let Line::Entry(entry) = row {
            report.step(&entry.link(), &entry.hash, &noted);
        }
    }
    if let Some(fault) = report.faults.first() {
        return Err(ArchiveError::Counts(fault.to_string()));
    }
    if report.head != header.head {
        return Err(ArchiveError::Counts(format!(
            "its record ends with entry {}, not {}",
            report.head.seq, header.head.seq
        )));
    }
    Ok((header, report))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(counts: Counts) -> Header {
        Header {
            format: FORMAT,
            warboard: "0.1.0".to_owned(),
            made_at: "2026-11-26T12:00:00Z".parse().unwrap(),
            epoch: "e".to_owned(),
            codename_start: "7".to_owned(),
            head: Head::default(),
            counts,
        }
    }

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        let counts = Counts {
            counter: 1,
            setting: 1,
            ..Counts::default()
        };
        let mut writer = Writer::begin(&mut bytes, header(counts)).unwrap();
        writer
            .put(&Line::Counter(CounterLine {
                prefix: "AZ".to_owned(),
                last: 3,
            }))
            .unwrap();
        writer
            .put(&Line::Setting(SettingLine {
                name: "link_key".to_owned(),
                value: Bytes(vec![0, 255, 10]),
            }))
            .unwrap();
        writer.end().unwrap();
        bytes
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else_is() {
        let bytes = written();
        let (head, _) = check(&mut bytes.as_slice()).unwrap();
        assert_eq!(head.codename_start, "7");
        for at in 0..bytes.len() {
            assert!(check(&mut &bytes[..at]).is_err(), "cut at {at}");
            let mut bent = bytes.clone();
            bent[at] ^= 1;
            assert!(check(&mut bent.as_slice()).is_err(), "bent at {at}");
        }
        let more = [bytes.as_slice(), b"{}\n"].concat();
        assert!(check(&mut more.as_slice()).is_err());
    }

    #[test]
    fn another_format_and_another_kind_of_file_are_told_apart() {
        let mut later = Vec::new();
        let mut head = header(Counts::default());
        head.format = 2;
        Writer::begin(&mut later, head).unwrap().end().unwrap();
        assert!(matches!(
            check(&mut later.as_slice()),
            Err(ArchiveError::Format(2))
        ));
        let no_backup = check(&mut b"SQLite format 3\0".as_slice()).unwrap_err();
        assert!(matches!(no_backup, ArchiveError::Cut(1)), "{no_backup}");
        assert!(matches!(
            check(&mut b"".as_slice()),
            Err(ArchiveError::Cut(0))
        ));
    }
}
