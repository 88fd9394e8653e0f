//! What every kind of answer, and of silence, becomes.

use super::*;
use ::http::Method;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that answers every connection with the same bytes and then closes, or holds the line if `hold`.
async fn server(answer: Vec<u8>, hold: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&answer).await;
                if hold {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    url
}

async fn ask(url: &str, limits: Limits) -> Result<NetAnswer, NetError> {
    let client = HttpClient::new(url, &HttpSettings::default())?;
    client
        .send(client.request(Method::GET, "/v1/info")?, limits)
        .await
}

fn limits(body_bytes: usize) -> Limits {
    Limits {
        total_ms: 5_000,
        body_bytes,
    }
}

fn whole(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[tokio::test]
async fn a_whole_answer_comes_with_status_headers_and_body() {
    let url = server(
        whole("418 I'm a teapot", "x-warboard-now: later\r\n", b"hello"),
        false,
    )
    .await;
    let answer = ask(&url, limits(5)).await.unwrap();
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.header("x-warboard-now"),
            &answer.body[..]
        ),
        (418, Some("later"), &b"hello"[..])
    );
}

#[tokio::test]
async fn redirects_are_answers_not_orders() {
    let url = server(
        whole("302 Found", "location: http://127.0.0.1:1/\r\n", b""),
        false,
    )
    .await;
    assert_eq!(ask(&url, limits(5)).await.unwrap().status.as_u16(), 302);
}

#[tokio::test]
async fn bodies_over_the_limit_are_dropped_announced_or_not() {
    let announced = server(whole("200 OK", "", &[b'x'; 6]), false).await;
    assert!(matches!(
        ask(&announced, limits(5)).await,
        Err(NetError::TooLarge { limit: 5, .. })
    ));
    let mut endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..100 {
        endless.extend_from_slice(b"400\r\n");
        endless.extend_from_slice(&[b'x'; 0x400]);
        endless.extend_from_slice(b"\r\n");
    }
    let endless = server(endless, true).await;
    assert!(matches!(
        ask(&endless, limits(50_000)).await,
        Err(NetError::TooLarge { limit: 50_000, .. })
    ));
}

#[tokio::test]
async fn compressed_bodies_count_as_what_they_become() {
    // `gzip` of 1,000,000 zero bytes is about 1 kB; made here by stored deflate blocks would not shrink, so a real one is made.
    let packed = gzip_of_zeros();
    assert!(packed.len() < 10_000);
    let url = server(
        whole("200 OK", "content-encoding: gzip\r\n", &packed),
        false,
    )
    .await;
    assert!(matches!(
        ask(&url, limits(100_000)).await,
        Err(NetError::TooLarge { .. })
    ));
    assert_eq!(
        ask(&url, limits(1_000_000)).await.unwrap().body.len(),
        1_000_000
    );
}

/// 1,000,000 zero bytes through the system's `gzip`.
fn gzip_of_zeros() -> Vec<u8> {
    let output = std::process::Command::new("sh")
        .args(["-c", "head -c 1000000 /dev/zero | gzip -9"])
        .output()
        .unwrap();
    output.stdout
}

#[tokio::test]
async fn a_broken_off_body_is_cut() {
    let url = server(
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec(),
        false,
    )
    .await;
    assert!(matches!(
        ask(&url, limits(1_000)).await,
        Err(NetError::Cut { .. })
    ));
    let url = server(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n400\r\nhalf".to_vec(),
        false,
    )
    .await;
    assert!(matches!(
        ask(&url, limits(10_000)).await,
        Err(NetError::Cut { .. })
    ));
}

#[tokio::test]
async fn silence_has_kinds() {
    let closed = server(Vec::new(), false).await;
    assert!(matches!(
        ask(&closed, limits(5)).await,
        Err(NetError::Reset { .. })
    ));
    let silent = server(Vec::new(), true).await;
    let short = Limits {
        total_ms: 50,
        body_bytes: 5,
    };
    assert!(matches!(
        ask(&silent, short).await,
        Err(NetError::Timeout { after_ms: 50, .. })
    ));
    let dripping = server(
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec(),
        true,
    )
    .await;
    assert!(matches!(
        ask(
            &dripping,
            Limits {
                total_ms: 50,
                body_bytes: 500
            }
        )
        .await,
        Err(NetError::Timeout { .. })
    ));
    // Kept, so that nobody else comes to listen there.
    let deaf = tokio::net::TcpSocket::new_v4().unwrap();
    deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", deaf.local_addr().unwrap());
    assert!(matches!(
        ask(&url, limits(5)).await,
        Err(NetError::Refused { .. })
    ));
    assert!(matches!(
        ask("http://no-such-name.invalid", limits(5)).await,
        Err(NetError::Unresolved { .. })
    ));
}

#[tokio::test]
async fn garbage_is_an_error_without_its_bytes() {
    let url = server(b"\x1b[31mSSH-2.0-garbage\r\n\r\n".to_vec(), false).await;
    let error = ask(&url, limits(5)).await.unwrap_err();
    assert!(matches!(error, NetError::Other { .. }), "{error:?}");
    assert!(!error.to_string().contains('\x1b'));
}

#[tokio::test]
async fn https_against_plain_http_is_a_tls_error() {
    let url = server(whole("200 OK", "", b"x"), false)
        .await
        .replace("http://", "https://");
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, "nothing").unwrap();
    let settings = HttpSettings {
        ca_file: Some(ca_file),
        ..HttpSettings::default()
    };
    assert!(matches!(
        HttpClient::new(&url, &settings),
        Err(NetError::Tls { .. })
    ));
    match HttpClient::new(&url, &HttpSettings::default()) {
        Ok(client) => {
            let asked = client
                .send(client.request(Method::GET, "/").unwrap(), limits(5))
                .await;
            assert!(matches!(asked, Err(NetError::Tls { .. })), "{asked:?}");
        }
        // A machine without authorities says so at once.
        Err(error) => assert!(matches!(error, NetError::Tls { .. }), "{error:?}"),
    }
}

#[tokio::test]
async fn data_may_not_name_inner_addresses() {
    let url = server(whole("200 OK", "", b"x"), false).await;
    let settings = HttpSettings {
        reach: Reach::PublicOnly,
        ..HttpSettings::default()
    };
    assert!(matches!(
        HttpClient::new(&url, &settings),
        Err(NetError::ForbiddenAddress { .. })
    ));
    let named = url.replace("127.0.0.1", "localhost");
    let client = HttpClient::new(&named, &settings).unwrap();
    let asked = client
        .send(client.request(Method::GET, "/").unwrap(), limits(5))
        .await;
    assert!(
        matches!(asked, Err(NetError::ForbiddenAddress { .. })),
        "{asked:?}"
    );
    let stepped_out = reqwest_to(&client, "http://169.254.169.254/latest");
    assert!(matches!(
        client.send(stepped_out, limits(5)).await,
        Err(NetError::ForbiddenAddress { .. })
    ));
}

fn reqwest_to(client: &HttpClient, url: &str) -> reqwest::RequestBuilder {
    // A caller that swaps the URL of a request it was given.
    let (inner, request) = client.request(Method::GET, "").unwrap().build_split();
    let mut request = request.unwrap();
    *request.url_mut() = url.parse().unwrap();
    reqwest::RequestBuilder::from_parts(inner, request)
}

#[test]
fn urls_that_cannot_be_used_are_refused_without_being_repeated() {
    for url in [
        "",
        "azure",
        "ftp://a",
        "https://user:hunter2@a.example",
        "http://",
    ] {
        let error = HttpClient::new(url, &HttpSettings::default()).unwrap_err();
        assert!(matches!(error, NetError::BadUrl { .. }), "{url}: {error:?}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[test]
fn paths_stand_below_the_base() {
    for (base, path, expected) in [
        ("http://a.example", "/v1/info", "http://a.example/v1/info"),
        (
            "http://a.example/board/",
            "/v1/info?x=1",
            "http://a.example/board/v1/info?x=1",
        ),
        (
            "http://a.example/hook?key=1",
            "",
            "http://a.example/hook?key=1",
        ),
    ] {
        let client = HttpClient::new(
            base,
            &HttpSettings {
                connect_timeout_ms: Duration::from_secs(1).as_millis() as u64,
                ..HttpSettings::default()
            },
        )
        .unwrap();
        assert_eq!(
            client
                .request(Method::GET, path)
                .unwrap()
                .build()
                .unwrap()
                .url()
                .as_str(),
            expected
        );
    }
    assert_eq!(
        HttpClient::new("http://a.example", &HttpSettings::default())
            .unwrap()
            .place(),
        "a.example:80"
    );
}
