//! Helper: the tables of options and keys, read from the source text. They are private, and a binary that exported
//! them for its tests would be larger.

const TABLE: &str = include_str!("../../src/cli/table.rs");
const READER: &str = include_str!("../../src/config/reader.rs");

/// The command of a run without one, in the documents and the tests.
pub(crate) const UPDATE: &str = "update";

/// One option, as in the table.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) short: &'static str,
    pub(crate) value: &'static str,
    pub(crate) is_repeatable: bool,
    /// The commands that it is for, in the order of [`commands`].
    pub(crate) commands: Vec<&'static str>,
}

/// Returns the text between two others; the first one is searched from the start.
pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).expect(start);
    rest.split_once(end).expect(end).0
}

/// Returns the texts in quotes.
pub(crate) fn quoted(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}

/// Returns the commands; the first one is [`UPDATE`].
pub(crate) fn commands() -> Vec<&'static str> {
    let mut commands = vec![UPDATE];
    commands.extend(quoted(between(TABLE, "COMMANDS: [", "];")));
    commands
}

/// Returns the value of an expression of the table: numbers and names of constants, joined by `|`.
fn bits(expression: &str) -> u32 {
    expression.split('|').map(str::trim).fold(0, |bits, term| {
        bits | term
            .parse()
            .unwrap_or_else(|_| self::bits(between(TABLE, &format!("const {term}: u8 = "), ";")))
    })
}

/// Returns all options, in the order of the table.
pub(crate) fn options() -> Vec<Spec> {
    let names = between(TABLE, "COMMANDS: [", "];");
    let of_command = |word: &str| {
        if word == UPDATE {
            return bits("UPDATE");
        }
        bits(between(names, &format!("(\"{word}\", "), ")"))
    };
    let rows = between(TABLE, "OPTIONS: [Spec; ", "\n];");
    let (count, rows) = rows.split_once("] = [").expect("the rows");
    let options: Vec<Spec> = rows
        .lines()
        .filter_map(|line| line.trim().strip_prefix("option(")?.strip_suffix("),"))
        .map(|row| {
            let fields: Vec<&str> = row.split(", ").collect();
            let [name, short, value, times, expression] = fields[..] else { panic!("{row}") };
            let bits = bits(expression);
            Spec {
                name: name.trim_matches('"'),
                short: short.trim_matches('"'),
                value: value.trim_matches('"'),
                is_repeatable: times == "Times::Many" && value != "\"\"",
                commands: commands().into_iter().filter(|word| bits & of_command(word) != 0).collect(),
            }
        })
        .collect();
    assert_eq!(options.len().to_string(), count, "a row that spans lines");
    options
}

/// Returns the keys of the global section alone, those of both kinds of section, and those of a domain section alone.
pub(crate) fn keys() -> [Vec<&'static str>; 3] {
    let keys = quoted(between(READER, "const KEYS: [&str; ", "];"));
    let at = |name: &str| {
        let number = between(READER, &format!("const {name}: &[&str] = KEYS.split_at("), ")");
        number.parse::<usize>().expect(name)
    };
    let (global_end, section_start) = (at("GLOBAL"), at("SECTION"));
    [&keys[..section_start], &keys[section_start..global_end], &keys[global_end..]].map(<[_]>::to_vec)
}

#[test]
fn tables_are_read_from_the_source() {
    let options = options();
    let of = |name: &str| options.iter().find(|o| o.name == name).expect(name).commands.join(" ");
    assert_eq!(commands().join(" "), "update watch check status ip get setup");
    assert_eq!(of("--config"), "update watch check status ip get setup");
    assert_eq!(of("--syslog"), "update watch");
    assert_eq!(of("--offline"), "check");
    assert_eq!(keys().map(|keys| keys.len()), [8, 11, 4]);
}
