//! The call of `GetExternalIPAddress` (`WANIPConnection:1`, section 2.4.18) by SOAP (`UPnP` Device Architecture 1.1,
//! section 3.2).

use std::net::Ipv4Addr;

use super::xml::elements;

const NO_VALID_ADDRESS: &str = "answers UPnP, but not with a valid address";
/// Maximum length of a fault's code and description, in characters.
const MAX_CHARS: usize = 80;

/// Returns the body of the request.
pub(super) fn body(urn: &str) -> String {
    [
        "<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
         <u:GetExternalIPAddress xmlns:u=\"",
        urn,
        "\"></u:GetExternalIPAddress></s:Body></s:Envelope>\r\n",
    ]
    .concat()
}

/// Returns the address in the body of a response, which may be a private one. An error is a text that continues "the
/// gateway 192.168.1.1 ".
pub(super) fn address(status: u16, body: &str) -> Result<Ipv4Addr, String> {
    let (mut address, mut fault) = (None, String::new());
    elements(body, &mut |name, text| match name {
        "NewExternalIPAddress" => address = Some(text.to_owned()),
        "errorCode" | "errorDescription" => {
            fault.push(' ');
            fault.push_str(text);
        }
        _ => {}
    });
    let not_connected = "reports via UPnP that it has no external address (not connected)";
    Err(match address {
        Some(text) if status == 200 => match text.parse() {
            Ok(Ipv4Addr::UNSPECIFIED) => not_connected.to_owned(),
            Ok(address) => return Ok(address),
            Err(_) if text.is_empty() => not_connected.to_owned(),
            Err(_) => NO_VALID_ADDRESS.to_owned(),
        },
        None if !fault.trim().is_empty() => {
            let fault: String = fault.trim().chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
            format!("answers UPnP, but the request for its address failed: UPnP error {fault}")
        }
        _ if status == 200 => NO_VALID_ADDRESS.to_owned(),
        _ => format!("answers UPnP, but the request for its address failed with status {status}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_is_an_address_or_a_reason() {
        let text = |status, body: &str| address(status, body).map_or_else(|e| e, |a| a.to_string());
        let long =
            format!("<errorCode>606</errorCode><errorDescription>{}</errorDescription>", "x".repeat(999));
        let not_connected = "reports via UPnP that it has no external address (not connected)";
        let invalid = "answers UPnP, but not with a valid address";
        for (body, expected) in [
            ("<s:Body><u:R><NewExternalIPAddress>81.2.69.142</NewExternalIPAddress></u:R></s:Body>", ADDRESS),
            (
                "<NewExternalIPAddress xmlns:dt=\"x\" dt:dt=\"y\"> 81.2.69.142\n</NewExternalIPAddress>",
                ADDRESS,
            ),
            ("<m:NewExternalIPAddress><![CDATA[81.2.69.142]]></m:NewExternalIPAddress>", ADDRESS),
            ("<NewExternalIPAddress>0.0.0.0</NewExternalIPAddress>", not_connected),
            ("<NewExternalIPAddress></NewExternalIPAddress>", not_connected),
            ("<NewExternalIPAddress> </NewExternalIPAddress>", not_connected),
            ("<NewExternalIPAddress/>", not_connected),
            ("<NewExternalIPAddress />", not_connected),
            ("<NewExternalIPAddress>example.org</NewExternalIPAddress>", invalid),
            ("<NewExternalIPAddress>81.2.69.14", invalid),
            ("<NewExternalIPAddress>::1</NewExternalIPAddress>", invalid),
            ("<html>log in</html>", invalid),
            ("<errorCode/>", invalid),
            ("", invalid),
        ] {
            assert_eq!(text(200, body), expected, "{body}");
        }
        for (body, expected) in [
            (
                "<s:Fault><faultcode>s:Client</faultcode><detail><UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\">\
                 <errorCode>606</errorCode><errorDescription>Action not\n authorized</errorDescription></UPnPError>",
                ": UPnP error 606 Action not authorized",
            ),
            ("<e:errorCode>501</e:errorCode>", ": UPnP error 501"),
            ("<errorCode>\u{1b}[31m5\u{7}</errorCode><errorDescription/>", ": UPnP error [31m5"),
            (&long, &format!(": UPnP error 606 {}", "x".repeat(76))),
            ("<errorCode/>", " with status 500"),
            ("<NewExternalIPAddress>81.2.69.142</NewExternalIPAddress>", " with status 500"),
            ("", " with status 500"),
        ] {
            let expected = format!("answers UPnP, but the request for its address failed{expected}");
            assert_eq!(text(500, body), expected, "{body}");
        }
    }

    const ADDRESS: &str = "81.2.69.142";
}
