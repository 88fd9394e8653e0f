//! A server's certificate and key: read from two files, and read again while connections go on. Where a connection comes from
//! and what is spoken over it is not known here.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::error::told;

/// Why a certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read, or holds something else.
    #[error("{} cannot be used as {what}: {why}", path.display())]
    Unusable {
        path: PathBuf,
        what: &'static str,
        why: String,
    },
    /// Everybody may read the key.
    #[error("{} can be read by others than its owner and group (mode {mode:03o}): run  chmod 600 {}", path.display(), path.display())]
    TooOpen { path: PathBuf, mode: u32 },
    /// They do not belong together.
    #[error("the certificate in {} and the key in {} do not go together: {why}", certificate.display(), key.display())]
    Mismatch {
        certificate: PathBuf,
        key: PathBuf,
        why: String,
    },
}

/// A server's side of TLS 1.2 and 1.3.
pub struct ServerTls {
    certificate: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
}

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerTls({})", self.certificate.display())
    }
}

impl ServerTls {
    /// Reads a certificate with its chain, and its key, both PEM.
    ///
    /// # Errors
    /// A file is missing or holds something else, others may read the key, or the two do not belong together.
    pub fn load(certificate: &Path, key: &Path) -> Result<ServerTls, CertificateError> {
        let config = RwLock::new(read(certificate, key)?);
        Ok(ServerTls {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            config,
        })
    }

    /// Reads both files again, for connections from now on; those that are open stay.
    ///
    /// # Errors
    /// As `load`; what was read before is used on.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let config = read(&self.certificate, &self.key)?;
        *self.config.write() = config;
        Ok(())
    }

    /// The file that the certificate is read from.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The handshake of one connection; how long it may take its caller says.
    ///
    /// # Errors
    /// The other side does not speak TLS, or not as it is spoken here.
    pub async fn accept<T: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: T,
    ) -> io::Result<TlsStream<T>> {
        TlsAcceptor::from(self.current()).accept(stream).await
    }

    fn current(&self) -> Arc<ServerConfig> {
        let config = self.config.read();
        config.clone()
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, CertificateError> {
    let chain = chain(certificate)?;
    let unusable = |why: String| CertificateError::Unusable {
        path: key.to_owned(),
        what: "a private key",
        why,
    };
    let file = File::open(key).map_err(|error| unusable(error.to_string()))?;
    // Asked of the open file: a name could meanwhile mean another one.
    let mode = file
        .metadata()
        .map_err(|error| unusable(error.to_string()))?
        .mode()
        & 0o777;
    // A group may read it: so are keys given to a service that changes its user with each start.
    if mode & 0o037 != 0 {
        return Err(CertificateError::TooOpen {
            path: key.to_owned(),
            mode,
        });
    }
    let private = PrivateKeyDer::from_pem_reader(file).map_err(|error| unusable(told(&error)))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mismatch = |error: rustls::Error| CertificateError::Mismatch {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        why: told(&error),
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(mismatch)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(mismatch)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let unusable = |why: String| CertificateError::Unusable {
        path: path.to_owned(),
        what: "a certificate",
        why,
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(told(&error)))?;
    match certificates.is_empty() {
        true => Err(unusable("there is no certificate in it".to_owned())),
        false => Ok(certificates),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Files {
        _folder: tempfile::TempDir,
        certificate: PathBuf,
        key: PathBuf,
    }

    fn files(mode: u32) -> Files {
        let folder = tempfile::tempdir().unwrap();
        let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.path().join("a.pem"), folder.path().join("a.key"));
        std::fs::write(&certificate, pair.cert.pem()).unwrap();
        std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        Files {
            _folder: folder,
            certificate,
            key,
        }
    }

    #[test]
    fn a_key_that_anybody_can_read_is_refused_with_the_remedy() {
        for mode in [0o644, 0o604, 0o660, 0o601] {
            let files = files(mode);
            let error = ServerTls::load(&files.certificate, &files.key).unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{mode:o}: {error}");
        }
        for mode in [0o600, 0o400, 0o440, 0o640] {
            let files = files(mode);
            assert!(ServerTls::load(&files.certificate, &files.key).is_ok());
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_name() {
        let (one, other) = (files(0o600), files(0o600));
        let error = ServerTls::load(&one.certificate, &other.key).unwrap_err();
        assert!(error.to_string().contains("do not go together"), "{error}");
        let error = ServerTls::load(&one.key, &one.key).unwrap_err();
        assert!(
            error.to_string().contains("no certificate in it"),
            "{error}"
        );
        let error = ServerTls::load(Path::new("/nowhere/a.pem"), &one.key).unwrap_err();
        assert!(error.to_string().contains("/nowhere/a.pem"), "{error}");
        std::fs::write(&one.key, "no key").unwrap();
        let error = ServerTls::load(&one.certificate, &one.key).unwrap_err();
        assert!(error.to_string().contains("as a private key"), "{error}");
    }
}
