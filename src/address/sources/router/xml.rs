//! Finds elements in XML. The documents of a router are small and filled in from templates, so they are searched from
//! start to end and not checked: unknown elements, attributes and declarations are skipped.

/// Calls `visit` at the end of each element, with its name without the namespace prefix, and its text: entities and
/// CDATA resolved, trimmed, empty if the element contains others. An element without an end is not visited.
pub(crate) fn elements(xml: &str, visit: &mut dyn FnMut(&str, &str)) {
    let (mut rest, mut name, mut text) = (xml, "", String::new());
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(&decoded(before));
        let end = match after {
            _ if after.starts_with("!--") => "-->",
            _ if after.starts_with("![CDATA[") => "]]>",
            _ => ">",
        };
        let Some((tag, after)) = after.split_once(end) else { return };
        rest = after;
        if let Some(cdata) = tag.strip_prefix("![CDATA[") {
            text.push_str(cdata);
        } else if let Some(ended) = tag.strip_prefix("/") {
            let ended = local_name(ended);
            visit(ended, if ended == name { text.trim() } else { "" });
            name = "";
        } else if !tag.starts_with('!') && !tag.starts_with('?') {
            name = local_name(tag);
            text.clear();
            if tag.ends_with('/') {
                visit(name, "");
                name = "";
            }
        }
    }
}

/// Returns the name in a tag, without the namespace prefix.
fn local_name(tag: &str) -> &str {
    let end = tag.bytes().position(|b| b == b'/' || b.is_ascii_whitespace());
    let name = &tag[..end.unwrap_or(tag.len())];
    &name[name.rfind(':').map_or(0, |colon| colon + 1)..]
}

/// Replaces the entities of XML 1.0, section 4.6, and the numeric ones of `&`, which are those that a URL may need.
fn decoded(text: &str) -> String {
    let mut text = text.to_owned();
    // `&` comes last: `&amp;lt;` is `&lt;`.
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#38;", "&"),
        ("&#x26;", "&"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visited(xml: &str) -> String {
        let mut found = Vec::new();
        elements(xml, &mut |name, text| found.push(format!("{name}={text}")));
        found.join(" ")
    }

    #[test]
    fn elements_are_visited_at_their_end_with_their_text() {
        for (xml, expected) in [
            ("<a><b x=\"1\"> t </b>u</a>", "b=t a="),
            ("<?xml version=\"1.0\"?>\r\n<!DOCTYPE x>\r\n<s:a>1</s:a >", "a=1"),
            ("<bc>1</bc><b>2</b>", "bc=1 b=2"),
            ("<a/><b />", "a= b="),
            ("<a></a>", "a="),
            ("<a\r\n  x='y'\r\n>\r\n  1\r\n</a>", "a=1"),
            ("<!-- <a>1</a> > --><a>2<!-- 3 --></a>", "a=2"),
            ("<a><![CDATA[<b>&amp;]]></a>", "a=<b>&amp;"),
            ("<a>x&amp;y&lt;&gt;&quot;&apos;&#38;&#x26;</a>", "a=x&y<>\"'&&"),
            ("<a>&amp;lt;</a>", "a=&lt;"),
            ("<a>1&2&nbsp;3&#;4&#65;</a>", "a=1&2&nbsp;3&#;4&#65;"),
            // The text of an element whose end has another name belongs to neither.
            ("<a>81.2.69.14</b>", "b="),
            ("<a>81.2.69.14<b/>2</a>", "b= a="),
        ] {
            assert_eq!(visited(xml), expected, "{xml}");
        }
    }

    #[test]
    fn incomplete_elements_are_not_visited() {
        for xml in
            ["", "<", "<a", "<a>", "<a>1", "<a>1<", "<a>1</", "<a>1</a", "a>1", "<a><![CDATA[1", "<!--", "<!"]
        {
            assert_eq!(visited(xml), "", "{xml}");
        }
    }
}
