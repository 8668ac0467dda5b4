//! The state file, as far as the tests must know its format: where the times are.

/// The lines that the state file may have, as src/state writes them. `@` marks a time, in seconds since 1970 with
/// 0 for never; a line that ends in `…` goes on with free text.
const FORMAT: [&str; 5] = [
    "fingerprint hash",
    "token account fingerprint @checked_at @expires_at",
    "told @told_at tellings known most id",
    "confirmed @at @changed doubtful ttl address api domain name type",
    "failure code @first_seen @last_seen @retry_after consecutive @reported_at api domain name type …",
];
/// The first line.
const HEADER: &str = "gandi-ddns state 4";

/// Returns the same state with every time moved back by `seconds`.
///
/// # Panics
/// If the text has another format.
#[track_caller]
pub(crate) fn earlier(state: &str, seconds: u64) -> String {
    let mut lines = state.lines();
    assert_eq!(lines.next(), Some(HEADER), "the state file has another format: update FORMAT in {}", file!());
    let lines = lines.map(|line| {
        line_earlier(line, seconds)
            .unwrap_or_else(|why| panic!("{why}: `{line}` in the state file; update FORMAT in {}", file!()))
    });
    std::iter::once(HEADER.to_owned()).chain(lines).map(|line| line + "\n").collect()
}

fn line_earlier(line: &str, seconds: u64) -> Result<String, &'static str> {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let kind = |format: &&&str| format.split(' ').next() == words.first().map(String::as_str);
    let format = FORMAT.iter().find(kind).ok_or("an unknown line")?;
    let (fields, has_text) = format.strip_suffix(" …").map_or((*format, false), |fields| (fields, true));
    let fields: Vec<&str> = fields.split(' ').collect();
    if words.len() < fields.len() || (words.len() > fields.len() && !has_text) {
        return Err("another number of fields");
    }
    for (_, word) in fields.iter().zip(&mut words).filter(|(field, _)| field.starts_with('@')) {
        let time: u64 = word.parse().map_err(|_| "a time that is no number")?;
        if time != 0 {
            *word = time.checked_sub(seconds).ok_or("a time too early to be made earlier")?.to_string();
        }
    }
    Ok(words.join(" "))
}
