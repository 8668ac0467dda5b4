//! `ca_file`: roots to trust instead of the built-in ones.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Reads every certificate of a PEM file, and refuses one that could never be a root.
pub(super) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let told = |problem: String| format!("could not use {}: {problem}", path.display());
    // Read whole, so that the system's own words reach the user.
    let pem = std::fs::read(path).map_err(|e| told(e.to_string()))?;
    let roots: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|e| told(format!("not PEM: {e}")))?;
    let mut store = RootCertStore::empty();
    for root in &roots {
        store.add(root.clone()).map_err(|e| told(e.to_string()))?;
    }
    if roots.is_empty() { Err(told("no certificate is in it".to_owned())) } else { Ok(roots) }
}
