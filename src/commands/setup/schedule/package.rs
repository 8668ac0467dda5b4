//! The UCI config of OpenWrt's package, from which its service makes the real one.

use super::plan::Job;

/// The domain of the section that the package brings as an example.
const EXAMPLE: &str = "example.org";

/// Returns what `uci set` gets, for the output of `uci show gandi-ddns`. The records are in the section `setup`, so that
/// setup can be repeated. A section of the user for the domain stays as it is, and is enough.
pub(super) fn settings(shown: &str, job: &Job) -> Vec<String> {
    let mut settings = vec!["gandi-ddns.main.enabled=1".to_owned()];
    if !has_section(shown, job.domain) {
        settings.push("gandi-ddns.setup=records".to_owned());
        for (option, value) in [("domain", job.domain), ("name", job.name), ("type", job.types)] {
            settings.push(format!("gandi-ddns.setup.{option}={value}"));
        }
        if let Some(section) = sections(shown, EXAMPLE).next() {
            settings.push(format!("{section}.enabled=0"));
        }
    }
    settings
}

/// Returns true if the user has a section for this domain.
pub(super) fn has_section(shown: &str, domain: &str) -> bool {
    sections(shown, domain).any(|section| section != "gandi-ddns.setup")
}

/// Returns the sections for a domain, as in `gandi-ddns.@records[0]`.
fn sections<'a>(shown: &'a str, domain: &'a str) -> impl Iterator<Item = &'a str> {
    shown.lines().filter_map(move |line| {
        let (section, value) = line.trim_end().split_once(".domain=")?;
        (value.trim_matches('\'') == domain).then_some(section)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const SHOWN: &str = "gandi-ddns.main=gandi-ddns\ngandi-ddns.main.enabled='0'\ngandi-ddns.@records[0]=records\n\
         gandi-ddns.@records[0].domain='example.org'\ngandi-ddns.@records[0].name='@' 'www'\n";

    #[test]
    fn settings_replace_the_example_and_leave_sections_of_the_user() {
        let config = Path::new("/etc/gandi-ddns/gandi-ddns.conf");
        let job = |domain| Job {
            program: None,
            config,
            domain,
            name: "home",
            types: "A AAAA",
            uid: Some(0),
            seed: 0,
        };
        let enabled = "gandi-ddns.main.enabled=1";
        let of_setup = [
            enabled,
            "gandi-ddns.setup=records",
            "gandi-ddns.setup.domain=example.net",
            "gandi-ddns.setup.name=home",
            "gandi-ddns.setup.type=A AAAA",
        ];
        let with_example = [&of_setup[..], &["gandi-ddns.@records[0].enabled=0"]].concat();
        assert_eq!(settings(SHOWN, &job("example.net")), with_example);
        // A second time, and after the example was removed.
        let again = "gandi-ddns.setup=records\ngandi-ddns.setup.domain='example.net'\n";
        assert_eq!(settings(again, &job("example.net")), of_setup);
        let own = SHOWN.replace(EXAMPLE, "example.net");
        assert_eq!(settings(&own, &job("example.net")), [enabled]);
        assert!(has_section(&own, "example.net") && !has_section(again, "example.net"));
    }
}
