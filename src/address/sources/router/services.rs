//! The description of a gateway (`UPnP` Device Architecture 1.1, section 2.3): its services that know the external
//! address, and their URLs.

use super::location::Location;
use super::subscription::Granted;
use super::xml::elements;
use crate::sys::words::number;

/// The beginning of a service type: that of `UPnP`, and that of the DSL Forum, which older DSL routers have.
const NAMESPACES: [&str; 2] = ["urn:schemas-upnp-org:service:", "urn:dslforum-org:service:"];
/// The services that know the external address, in any version.
const NAMES: [&str; 2] = ["WANIPConnection:", "WANPPPConnection:"];

/// A service that knows the external address.
pub(crate) struct Service {
    /// Its type exactly as the description states it, such as `urn:schemas-upnp-org:service:WANIPConnection:1`.
    pub(super) urn: String,
    /// The URL that was looked for.
    pub(crate) location: Location,
    /// The subscription to its events.
    pub(crate) granted: Granted,
    /// The last values of its events.
    pub(crate) values: u64,
}

/// The name of the element with the URL for requests to a service.
pub(super) const CONTROL: &str = "controlURL";
/// The name of the element with the URL to subscribe to its events at (section 4.1 there).
pub(super) const EVENTS: &str = "eventSubURL";

/// Returns the services that know the external address, in the order of the description, with the URL that they have in
/// the element `wanted`. Relative URLs are resolved by `URLBase`, which comes before the services, and again by the
/// `location` of the description where the result differs: some routers state a base that is out of date.
pub(super) fn services(description: &str, location: &Location, wanted: &str) -> Vec<Service> {
    let (mut base, mut urn, mut url) = (None, String::new(), None);
    let mut services = Vec::new();
    elements(description, &mut |name, text| match name {
        "URLBase" => base = Location::parse(text),
        "serviceType" => text.clone_into(&mut urn),
        // An empty URL of events is that of a service without events; one for requests is that of the description.
        _ if name == wanted && (wanted == CONTROL || !text.is_empty()) => url = Some(text.to_owned()),
        "service" => {
            if let Some(url) = url.take().filter(|_| is_service(&urn)) {
                for base in [base.as_ref(), Some(location)].into_iter().flatten() {
                    let Some(location) = base.join(&url) else { continue };
                    if services.last().is_none_or(|s: &Service| s.urn != urn || s.location != location) {
                        let (urn, granted) = (urn.clone(), Granted::default());
                        services.push(Service { urn, location, granted, values: 0 });
                    }
                }
            }
            urn.clear();
        }
        _ => {}
    });
    services
}

/// Returns true if `urn` is a service that knows the external address, in any version.
fn is_service(urn: &str) -> bool {
    let version = NAMESPACES
        .iter()
        .find_map(|n| urn.strip_prefix(n))
        .and_then(|rest| NAMES.iter().find_map(|n| rest.strip_prefix(n)));
    version.is_some_and(|v| number::<u16>(v, 10).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPNP: &str = "urn:schemas-upnp-org:service:";

    fn service(urn: &str, url: &str) -> String {
        format!(
            "<service>\n<serviceType>{urn}</serviceType>\n\
             <serviceId>x</serviceId><controlURL>{url}</controlURL></service>"
        )
    }

    fn found(xml: &str) -> String {
        let location = Location::parse("http://192.168.1.1:5000/igd/root.xml").expect("a URL");
        let all = services(xml, &location, CONTROL).into_iter();
        all.map(|s| format!("{} {}", s.urn.replace(UPNP, ""), s.location)).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn services_of_any_version_are_found_in_the_order_of_the_description() {
        let all = service(&format!("{UPNP}Layer3Forwarding:1"), "/l3")
            + &service(&format!("{UPNP}WANPPPConnection:2"), "/ppp")
            + &service("urn:dslforum-org:service:WANPPPConnection:1", "/dsl")
            + &service(&format!("{UPNP}WANIPConnection:1"), "ip")
            + &service(&format!("{UPNP}WANIPConnection:13"), "?control=x");
        assert_eq!(
            found(&all),
            "WANPPPConnection:2 :5000/ppp, urn:dslforum-org:service:WANPPPConnection:1 :5000/dsl, \
             WANIPConnection:1 :5000/igd/ip, WANIPConnection:13 :5000/igd/root.xml?control=x"
        );
    }

    #[test]
    fn base_comes_first_and_the_location_of_the_description_second() {
        let based = |base: &str, url: &str| {
            let service = service(&format!("{UPNP}WANIPConnection:1"), url);
            found(&format!("<URLBase>{base}</URLBase>{service}")).replace("WANIPConnection:1 ", "")
        };
        for (base, url, expected) in [
            ("http://192.168.1.1:99/", "/c", ":99/c, :5000/c"),
            ("http://192.168.1.1:99", "c", ":99/c, :5000/igd/c"),
            ("http://192.168.1.1:99/a/", "?c", ":99/a/?c, :5000/igd/root.xml?c"),
            ("http://192.168.1.9:5000/", "/c", ":5000/c"),
            ("http://192.168.1.1:99/", "http://192.168.1.1:5/c", ":5/c"),
            ("", "/c", ":5000/c"),
            ("not a URL", "/c", ":5000/c"),
        ] {
            assert_eq!(based(base, url), expected, "{base} {url}");
        }
    }

    #[test]
    fn description_as_routers_write_it_is_understood() {
        for xml in [
            "<d:service><d:serviceType>\r\n urn:schemas-upnp-org:service:WANIPConnection:1 \r\n</d:serviceType>\
             <d:controlURL>/c?a=1&amp;b=2</d:controlURL></d:service>",
            "<service><controlURL><![CDATA[/c?a=1&b=2]]></controlURL>\
             <serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType></service>",
            "<service><!-- <controlURL>/old</controlURL> --><controlURL> /c?a=1&#38;b=2 </controlURL>\
             <serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType></service>",
        ] {
            assert_eq!(found(xml), "WANIPConnection:1 :5000/c?a=1&b=2", "{xml}");
        }
    }

    #[test]
    fn other_services_and_incomplete_ones_are_not_found() {
        let good = format!("{UPNP}WANIPConnection:1");
        for nothing in [
            "",
            "<service>",
            "<html><body>please log in</body></html>",
            "<service></service>",
            "<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType></service>",
            "<service><controlURL>/c</controlURL></service>",
            &service(&good, "https://192.168.1.1/ctl"),
            &service(&good, "/a b"),
            &service(&good, "/ctl")[..90],
            &service("urn:schemas-upnp-org:service:WANIPConnection:", "/c"),
            &service("urn:schemas-upnp-org:service:WANIPConnection", "/c"),
            &service("urn:schemas-upnp-org:service:WANIPConnection:1\"x", "/c"),
            &service("urn:schemas-upnp-org:service:WANIPv6FirewallControl:1", "/c"),
            &service("urn:schemas-upnp-org:device:WANIPConnection:1", "/c"),
            &service("urn:example-org:service:WANIPConnection:1", "/c"),
        ] {
            assert_eq!(found(nothing), "", "{nothing}");
        }
    }
}
