//! `ca_file`: CA certificates that replace the built-in ones.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::error::Problem;
use crate::sys::read_limited;

/// The maximum size of the file in bytes: several times that of all public CA certificates.
const MAX_FILE: u64 = 1024 * 1024;

/// Reads all certificates of a PEM file. Fails if the file has none, or if one cannot serve as a trust anchor.
pub(super) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let text = |cause: String| format!("could not use {}: {cause}", path.display());
    let problem = |cause: String| Problem::from(text(cause));
    // Read here and not by rustls, so that an error has the words of this program or the operating system.
    let pem = read_limited::read(path, MAX_FILE)
        .and_then(read_limited::without_nul)
        .map_err(|e| Problem::reading(text(e.to_string()), &e))?;
    let mut roots = Vec::new();
    for root in CertificateDer::pem_slice_iter(&pem) {
        roots.push(root.map_err(|e| problem(format!("not a PEM file: {e}")))?);
    }
    let mut store = RootCertStore::empty();
    for root in &roots {
        store.add(CertificateDer::from(root.as_ref())).map_err(|e| problem(e.to_string()))?;
    }
    if roots.is_empty() { Err(problem("it contains no certificate".to_owned())) } else { Ok(roots) }
}
