//! The smallest dynamic DNS client of the same TLS and HTTP libraries, as the floor for `make bench`: it queries one web
//! service for the address and, unless that is in a file already, sends it to one record. It checks nothing.

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

const HELP: &str = "\
Usage: plain_client CA SERVICE RECORD TOKEN MEMORY

GET of the URL SERVICE. If the answer is not the content of the file MEMORY, PUT of it to the URL RECORD with the token
in the file TOKEN, and then it is written to MEMORY. CA is a PEM file with the only authority to trust.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [ca, service, record, token, memory] = arguments[..] else {
        let _ = io::stderr().write_all(HELP.as_bytes());
        return ExitCode::from(64);
    };
    match update(ca, service, record, token, memory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "plain_client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn update(ca: &str, service: &str, record: &str, token: &str, memory: &str) -> Result<(), Box<dyn Error>> {
    let ca = Certificate::from_pem(&fs::read(ca)?)?;
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[ca]))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let agent: Agent = Agent::config_builder().tls_config(tls).proxy(None).build().into();
    let answer = agent.get(service).call()?.body_mut().read_to_string()?;
    let address = answer.trim();
    if fs::read_to_string(memory).is_ok_and(|before| before == address) {
        return Ok(());
    }
    let token = fs::read_to_string(token)?;
    let body = format!(r#"{{"rrset_values":["{address}"],"rrset_ttl":300}}"#);
    let request = agent.put(record).header("Authorization", format!("Bearer {}", token.trim()));
    request.header("Content-Type", "application/json").send(&body)?;
    fs::write(memory, address)?;
    Ok(())
}
