//! `ca_file`: CA certificates that replace the built-in ones.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Reads all certificates of a PEM file. Fails if the file has none, or if one cannot serve as a trust anchor.
pub(super) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let problem = |cause: String| format!("could not use {}: {cause}", path.display());
    // Read here and not by rustls, so that an I/O error has the words of the operating system.
    let pem = std::fs::read(path).map_err(|e| problem(e.to_string()))?;
    let roots: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|e| problem(format!("not a PEM file: {e}")))?;
    let mut store = RootCertStore::empty();
    for root in &roots {
        store.add(root.clone()).map_err(|e| problem(e.to_string()))?;
    }
    if roots.is_empty() { Err(problem("it contains no certificate".to_owned())) } else { Ok(roots) }
}
