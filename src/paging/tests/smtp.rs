//! Mail, handed to a server on a real socket: what stands in it, what is required before, and what each failure means.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;
use crate::paging::mail::Envelope;
use crate::paging::settings::MailSettings;
use crate::paging::smtp::Smtp;
use crate::paging::text::REPEAT;
use crate::paging::{Route, mail};
use crate::time::SystemClock;

fn settings(port: u16) -> MailSettings {
    MailSettings {
        host: "127.0.0.1".to_owned(),
        port,
        username: None,
        password_file: None,
        from: "Warboard <board@example.com>".to_owned(),
        to: vec![
            "one@example.com".to_owned(),
            "Two <two@example.com>".to_owned(),
        ],
    }
}

fn smtp(settings: MailSettings, ca_file: Option<std::path::PathBuf>) -> Smtp {
    Smtp::new(settings, ca_file, Arc::new(SystemClock::new())).unwrap()
}

/// What a server answers to; what it is not told, it takes.
#[derive(Clone, Copy, Default)]
struct Script {
    starttls: bool,
    /// The beginning of a line, and what to answer to it; empty: closes.
    answers: &'static [(&'static str, &'static str)],
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn tls(stream: std::net::TcpStream) -> Box<dyn Stream> {
    let chain = CertificateDer::from_pem_slice(include_bytes!("tls/localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let session = rustls::ServerConnection::new(Arc::new(config)).unwrap();
    Box::new(rustls::StreamOwned::new(session, stream))
}

/// Serves one connection by the script; gives every line it was told, those under TLS marked.
fn serves(script: Script) -> (u16, std::thread::JoinHandle<Vec<String>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        let (plain, _) = listener.accept().unwrap();
        let mut bare = Some(plain.try_clone().unwrap());
        let mut stream: BufReader<Box<dyn Stream>> = BufReader::new(Box::new(plain));
        let (mut heard, mut text, mut secured) = (Vec::new(), false, "");
        let say = |stream: &mut BufReader<Box<dyn Stream>>, line: &str| {
            let told = stream.get_mut().write_all(format!("{line}\r\n").as_bytes());
            told.and_then(|()| stream.get_mut().flush()).is_ok()
        };
        say(&mut stream, "220 test ESMTP");
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).unwrap_or(0) == 0 {
                return heard;
            }
            let line = line.trim_end_matches("\r\n").to_owned();
            heard.push(format!("{secured}{line}"));
            let end = text && line == ".";
            if text && !end {
                continue;
            }
            let scripted = script
                .answers
                .iter()
                .find(|(start, _)| line.starts_with(start));
            let answer = match scripted {
                Some((_, "")) => return heard,
                Some((_, answer)) => answer,
                None if line.starts_with("EHLO") && script.starttls && secured.is_empty() => {
                    "250-test\r\n250 STARTTLS"
                }
                None if line.starts_with("EHLO") => "250-test\r\n250 AUTH PLAIN",
                None if line.starts_with("AUTH") => "235 ok",
                None if line == "DATA" => "354 go on",
                None if line == "STARTTLS" => "220 go on",
                None if line == "QUIT" => "221 bye",
                None => "250 ok",
            };
            text = line == "DATA" && answer.starts_with('3');
            if !say(&mut stream, answer) {
                return heard;
            }
            if line == "STARTTLS"
                && let Some(plain) = bare.take()
            {
                stream = BufReader::new(tls(plain));
                secured = "TLS ";
            }
        }
    });
    (port, serving)
}

async fn sent(route: &Smtp, repeat: bool) -> Sent {
    let body = route.body("p1-0", &hostile());
    route
        .send(Attempt {
            repeat,
            ..attempt(&body)
        })
        .await
}

#[tokio::test]
async fn a_mail_goes_by_starttls_with_its_proof_only_under_it() {
    let (port, serving) = serves(Script {
        starttls: true,
        ..Script::default()
    });
    let (_folder, password) = secret_file("hunter2");
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), include_bytes!("tls/authority.pem")).unwrap();
    let with_proof = MailSettings {
        host: "localhost".to_owned(),
        username: Some("board".to_owned()),
        password_file: Some(password),
        ..settings(port)
    };
    let route = smtp(with_proof, Some(authority.path().to_owned()));
    assert_eq!(sent(&route, false).await, Sent::Accepted);
    let heard = serving.join().unwrap();
    let bare: Vec<&String> = heard
        .iter()
        .filter(|line| !line.starts_with("TLS "))
        .collect();
    assert_eq!(
        bare.len(),
        2,
        "EHLO and STARTTLS alone in the clear: {bare:?}"
    );
    assert!(heard.iter().any(|line| line.starts_with("TLS AUTH PLAIN ")));
    assert!(heard.contains(&"TLS MAIL FROM:<board@example.com>".to_owned()));
    assert!(heard.contains(&"TLS RCPT TO:<two@example.com>".to_owned()));
}

#[tokio::test]
async fn a_server_whose_certificate_nobody_vouches_for_gets_nothing() {
    let (port, serving) = serves(Script {
        starttls: true,
        ..Script::default()
    });
    let other = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(other.path(), include_bytes!("tls/localhost.pem")).unwrap();
    let route = smtp(settings(port), Some(other.path().to_owned()));
    let ended = sent(&route, false).await;
    assert!(matches!(ended, Sent::NotTaken { .. }), "{ended:?}");
    assert!(
        !serving
            .join()
            .unwrap()
            .iter()
            .any(|line| line.contains("MAIL"))
    );
}

#[tokio::test]
async fn without_starttls_nothing_leaves_the_machine() {
    // An authority was named, so this server stands for one elsewhere.
    let (port, serving) = serves(Script::default());
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), include_bytes!("tls/authority.pem")).unwrap();
    let route = smtp(settings(port), Some(authority.path().to_owned()));
    match sent(&route, false).await {
        Sent::Failed(why) => assert!(why.contains("STARTTLS"), "{why}"),
        ended => panic!("{ended:?}"),
    }
    let heard = serving.join().unwrap();
    assert_eq!(heard.len(), 1, "{heard:?}");
}

#[tokio::test]
async fn the_message_is_the_same_on_every_attempt_but_for_its_mark() {
    let mut mails = Vec::new();
    for repeat in [false, false, true] {
        let (port, serving) = serves(Script::default());
        assert_eq!(
            sent(&smtp(settings(port), None), repeat).await,
            Sent::Accepted
        );
        let heard = serving.join().unwrap();
        let start = heard.iter().position(|line| line == "DATA").unwrap() + 1;
        let end = heard.iter().position(|line| line == ".").unwrap();
        mails.push(heard[start..end].join("\n"));
    }
    assert_eq!(mails[0], mails[1]);
    for mail in &mails {
        let (head, _) = mail.split_once("\n\n").unwrap();
        for line in [
            "From: Warboard <board@example.com>",
            "Message-ID: <warboard-p1-0@example.com>",
            "Auto-Submitted: auto-generated",
            "Date: Mon, 23 Nov 2026 10:00:00 +0000",
            "Content-Type: text/plain; charset=utf-8",
        ] {
            assert!(head.lines().any(|l| l == line), "no {line} in {head}");
        }
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    }
    assert!(!mails[0].contains(REPEAT));
    assert!(
        mails[2].contains(&format!("Subject: {REPEAT}: PAGE")),
        "{}",
        mails[2]
    );
}

#[tokio::test]
async fn what_a_failure_means_depends_on_how_far_it_came() {
    #[derive(Debug, PartialEq)]
    enum Means {
        Accepted,
        NotTaken,
        Failed,
        Unknown,
    }
    for (answers, expected) in [
        (&[("EHLO", "")][..], Means::NotTaken),
        (&[("MAIL", "451 later")], Means::NotTaken),
        (&[("MAIL", "550 no")], Means::Failed),
        (&[("RCPT TO:<one", "550 gone")], Means::Accepted),
        (&[("RCPT", "550 gone")], Means::Failed),
        (&[("RCPT", "450 later")], Means::NotTaken),
        (&[("DATA", "")], Means::NotTaken),
        (&[(".", "")], Means::Unknown),
        (&[(".", "452 full")], Means::NotTaken),
        (&[(".", "554 spam\u{1b}[2J")], Means::Failed),
    ] {
        let (port, serving) = serves(Script {
            starttls: false,
            answers,
        });
        let (means, why) = match sent(&smtp(settings(port), None), false).await {
            Sent::Accepted => (Means::Accepted, String::new()),
            Sent::NotTaken { why, .. } => (Means::NotTaken, why),
            Sent::Failed(why) => (Means::Failed, why),
            Sent::Unknown(why) => (Means::Unknown, why),
        };
        assert_eq!(means, expected, "{answers:?}: {why}");
        assert!(!why.contains('\u{1b}'), "{why}");
        assert!(
            means == Means::Accepted || why.starts_with("127.0.0.1:"),
            "{why}"
        );
        serving.join().unwrap();
    }
}

#[test]
fn a_subject_is_one_short_line_whatever_it_is_made_of() {
    let envelope = Envelope::new(&settings(25)).unwrap();
    for message in [hostile(), long()] {
        let mail = mail::mail(&mail::body(&message), "p1\r\nX: y", &envelope, true).unwrap();
        let subject = mail
            .headers()
            .get::<lettre::message::header::Subject>()
            .unwrap();
        let subject: &str = subject.as_ref();
        assert!(subject.chars().count() <= 200 && !subject.contains(['\r', '\n']));
        let whole = String::from_utf8(mail.formatted()).unwrap();
        let (head, _) = whole.split_once("\r\n\r\n").unwrap();
        for line in head.split("\r\n") {
            assert!(line.is_ascii() && !line.contains('\n'), "{line}");
            let own = [
                "From: ",
                "To: ",
                "Subject: ",
                "Date: ",
                "Message-ID: ",
                "MIME-Version: ",
            ];
            let own = own.iter().chain(&["Auto-Submitted: ", "Content-T", " "]);
            assert!(
                own.into_iter().any(|start| line.starts_with(start)),
                "{line}"
            );
        }
    }
}

#[test]
fn an_address_that_is_none_is_named() {
    for (change, key) in [
        (
            &(|s: &mut MailSettings| s.from = "board".to_owned()) as &dyn Fn(&mut MailSettings),
            "from",
        ),
        (
            &|s: &mut MailSettings| s.to = vec!["a@b\r\nBcc: c@d".to_owned()],
            "to",
        ),
        (
            &|s: &mut MailSettings| s.to = vec!["ä@ö.example".to_owned()],
            "to",
        ),
        (&|s: &mut MailSettings| s.to = Vec::new(), "to"),
    ] {
        let mut changed = settings(25);
        change(&mut changed);
        let fault = Envelope::new(&changed).unwrap_err();
        assert_eq!(fault.key, key);
        assert!(!fault.why.contains('\n'), "{fault}");
    }
}
