//! Descriptions of real routers, byte for byte. They are not in this repository: `GANDI_DDNS_ROUTERS` names their folder,
//! and `../shared/routers` is taken where that exists.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::gateway::Gateway;
use super::upnp::address;
use super::{ADDRESS, Home};

/// Returns the descriptions; none if the folder does not exist.
fn real_descriptions() -> Vec<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/routers");
    let folder = std::env::var_os("GANDI_DDNS_ROUTERS").map_or(beside, PathBuf::from);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "xml"));
    files.sort();
    files
}

#[test]
fn descriptions_of_real_routers_give_the_address_of_each_service() {
    let test = "router_source::real_routers::descriptions_of_real_routers_give_the_address_of_each_service";
    let Some(home) = Home::enter(test, &[]) else { return };
    for file in real_descriptions() {
        let xml = fs::read_to_string(&file).expect("a description");
        let element = |part: &str, name: &str| {
            let (_, after) = part.split_once(&format!("<{name}>"))?;
            Some(after.split_once('<')?.0.trim().to_owned())
        };
        let port = element(&xml, "URLBase")
            .map_or("5000".to_owned(), |base| base[base.rfind(':').expect("a port") + 1..].to_owned());
        let services: Vec<_> = xml
            .split("<service>")
            .filter_map(|part| Some((element(part, "controlURL")?, element(part, "serviceType")?)))
            .filter(|(_, urn)| urn.contains("WANIPConnection") || urn.contains("WANPPPConnection"))
            .collect();
        assert!(!services.is_empty(), "{}", file.display());
        for public in 0..services.len() {
            let mut script = format!(
                "listen 192.168.1.1:{port}\nget /desc.xml {}\n\
                 ssdp * 192.168.1.1 http://192.168.1.1:{port}/desc.xml\n",
                file.display()
            );
            for (index, (path, urn)) in services.iter().enumerate() {
                let answer = address(if index == public { ADDRESS } else { "10.1.2.3" });
                writeln!(script, "post {path} {urn} {answer}").expect("memory");
            }
            let _gateway = Gateway::start(&home, &script);
            home.follows();
        }
    }
}
