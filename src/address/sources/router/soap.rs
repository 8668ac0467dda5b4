//! The call of `GetExternalIPAddress` (`WANIPConnection:1`, section 2.4.18) by SOAP (`UPnP` Device Architecture 1.1,
//! section 3.2).

use std::net::Ipv4Addr;

use super::xml::elements;

/// Maximum length of a fault's code and description, in characters.
const MAX_CHARS: usize = 80;

/// The result of a call, as far as the response tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The external address. It may be a private one.
    Address(Ipv4Addr),
    /// There is no external address: the gateway is not connected.
    NotConnected,
    /// The gateway refuses: the fault's code and description, cleaned for a message.
    Fault(String),
    /// The response has neither an address nor a fault.
    Other,
}

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

/// Parses the body of a response.
pub(super) fn answer(body: &str) -> Answer {
    let (mut address, mut fault) = (None, String::new());
    elements(body, &mut |name, text| match name {
        "NewExternalIPAddress" if address.is_none() => address = Some(text.to_owned()),
        "errorCode" | "errorDescription" => {
            fault.push(' ');
            fault.push_str(text);
        }
        _ => {}
    });
    match address {
        None if fault.trim().is_empty() => Answer::Other,
        None => Answer::Fault(fault.trim().chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect()),
        Some(text) if text.is_empty() => Answer::NotConnected,
        Some(text) => match text.parse() {
            Ok(Ipv4Addr::UNSPECIFIED) => Answer::NotConnected,
            Ok(address) => Answer::Address(address),
            Err(_) => Answer::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_is_the_address_or_the_fault() {
        let address = || Answer::Address(Ipv4Addr::new(81, 2, 69, 142));
        let fault = |text: &str| Answer::Fault(text.to_owned());
        let long =
            format!("<errorCode>606</errorCode><errorDescription>{}</errorDescription>", "x".repeat(999));
        for (body, expected) in [
            (
                "<s:Body><u:R><NewExternalIPAddress>81.2.69.142</NewExternalIPAddress></u:R></s:Body>",
                address(),
            ),
            (
                "<NewExternalIPAddress xmlns:dt=\"x\" dt:dt=\"string\"> 81.2.69.142\n</NewExternalIPAddress>",
                address(),
            ),
            ("<m:NewExternalIPAddress><![CDATA[81.2.69.142]]></m:NewExternalIPAddress>", address()),
            ("<NewExternalIPAddress>0.0.0.0</NewExternalIPAddress>", Answer::NotConnected),
            ("<NewExternalIPAddress></NewExternalIPAddress>", Answer::NotConnected),
            ("<NewExternalIPAddress> </NewExternalIPAddress>", Answer::NotConnected),
            ("<NewExternalIPAddress/>", Answer::NotConnected),
            ("<NewExternalIPAddress />", Answer::NotConnected),
            ("<NewExternalIPAddress>example.org</NewExternalIPAddress>", Answer::Other),
            ("<NewExternalIPAddress>81.2.69.14", Answer::Other),
            ("<NewExternalIPAddress>::1</NewExternalIPAddress>", Answer::Other),
            ("<html>log in</html>", Answer::Other),
            ("", Answer::Other),
            (
                "<s:Fault><faultcode>s:Client</faultcode><detail><UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\">\
                 <errorCode>606</errorCode><errorDescription>Action not\n authorized</errorDescription></UPnPError>",
                fault("606 Action not authorized"),
            ),
            ("<e:errorCode>501</e:errorCode>", fault("501")),
            ("<errorCode>\u{1b}[31m5\u{7}</errorCode><errorDescription/>", fault("[31m5")),
            ("<errorCode/>", Answer::Other),
            (&long, fault(&format!("606 {}", "x".repeat(76)))),
        ] {
            assert_eq!(answer(body), expected, "{body}");
        }
    }
}
