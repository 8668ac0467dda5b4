//! A validator for the part of JSON Schema that `schema/` uses. It refuses unknown keywords, so that none is ignored.

use miniserde::json::{self, Number, Object, Value};

pub(crate) const RUN: &str = include_str!("../../schema/run.json");
pub(crate) const IP: &str = include_str!("../../schema/ip.json");
pub(crate) const GET: &str = include_str!("../../schema/get.json");
pub(crate) const STATUS: &str = include_str!("../../schema/status.json");
pub(crate) const CHECK: &str = include_str!("../../schema/check.json");

/// Parses one line of JSON and panics if it does not fit the schema.
#[track_caller]
pub(crate) fn fits(schema: &str, line: &str) -> Value {
    assert_eq!(line.lines().count(), 1, "{line}");
    let value = json::from_str(line).expect(line);
    if let Err(problem) = validate(&json::from_str(schema).expect("a schema"), &value) {
        panic!("{problem}: {line}");
    }
    value
}

fn validate(schema: &Value, value: &Value) -> Result<(), String> {
    let Value::Object(schema) = schema else { return Err("a schema that is no object".to_owned()) };
    for (keyword, wanted) in schema {
        let good = match (keyword.as_str(), wanted) {
            ("$schema" | "title" | "description", Value::String(_)) => true,
            ("type", Value::String(name)) => is_of(value, name),
            ("type", Value::Array(names)) => {
                names.iter().any(|n| matches!(n, Value::String(name) if is_of(value, name)))
            }
            ("enum", Value::Array(values)) => values.iter().any(|v| format!("{v:?}") == format!("{value:?}")),
            ("minimum", Value::Number(Number::U64(0))) => !matches!(value, Value::Number(Number::I64(..0))),
            ("required", Value::Array(names)) => match value {
                Value::Object(value) => {
                    names.iter().all(|n| matches!(n, Value::String(n) if value.contains_key(n)))
                }
                _ => true,
            },
            ("additionalProperties", Value::Bool(false)) => match value {
                Value::Object(value) => value.keys().all(|name| properties(schema).contains_key(name)),
                _ => true,
            },
            ("properties", Value::Object(properties)) => {
                if let Value::Object(value) = value {
                    for (name, value) in value {
                        if let Some(schema) = properties.get(name) {
                            validate(schema, value).map_err(|e| format!("{name}: {e}"))?;
                        }
                    }
                }
                true
            }
            ("items", items) => {
                if let Value::Array(values) = value {
                    values.iter().try_for_each(|value| validate(items, value))?;
                }
                true
            }
            _ => return Err(format!("the schema says `{keyword}`, which is not understood")),
        };
        if !good {
            return Err(format!("does not fit `{keyword}`"));
        }
    }
    Ok(())
}

fn properties(schema: &Object) -> &Object {
    let Some(Value::Object(properties)) = schema.get("properties") else { panic!("no properties") };
    properties
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => matches!(value, Value::Null),
        "boolean" => matches!(value, Value::Bool(_)),
        "string" => matches!(value, Value::String(_)),
        "integer" => matches!(value, Value::Number(Number::U64(_) | Number::I64(_))),
        "array" => matches!(value, Value::Array(_)),
        "object" => matches!(value, Value::Object(_)),
        _ => false,
    }
}

#[test]
fn object_that_does_not_fit_the_schema_is_refused() {
    let validate =
        |line: &str| validate(&json::from_str(CHECK).expect("a schema"), &json::from_str(line).expect(line));
    let good = r#"{"version":"0","exit":75,"checks":[{"id":"token","verdict":"ok","subject":"a","about":null,"text":"b"}]}"#;
    assert_eq!(validate(good), Ok(()));
    for (from, to) in [
        ("75", "76"),
        ("75", "\"75\""),
        ("\"exit\":75,", ""),
        ("\"exit\":75", "\"exit\":75,\"more\":1"),
        ("\"ok\"", "\"well\""),
        ("\"token\"", "\"tokens\""),
        ("\"about\":null,", ""),
        (",\"text\":\"b\"", ""),
        ("[{", "[7,{"),
        ("\"0\"", "null"),
    ] {
        assert!(good.contains(from) && validate(&good.replacen(from, to, 1)).is_err(), "{from} {to}");
    }
}

/// Every object of every schema names its members, requires them all and allows no other; every schema says what it is
/// for.
#[test]
fn schemas_are_complete_and_closed() {
    fn walk(path: &str, schema: &Value) {
        let Value::Object(schema) = schema else { panic!("{path}: no object") };
        if let Some(properties) = schema.get("properties") {
            let Value::Object(properties) = properties else { panic!("{path}: no properties") };
            let text = |value: Option<&Value>| value.map(json::to_string).unwrap_or_default();
            assert_eq!(text(schema.get("additionalProperties")), "false", "{path}");
            let Some(Value::Array(required)) = schema.get("required") else {
                panic!("{path}: nothing required")
            };
            let required: Vec<_> = required.iter().map(json::to_string).collect();
            for (name, schema) in properties {
                assert!(required.contains(&format!("\"{name}\"")), "{path}/{name} is not required");
                walk(&format!("{path}/{name}"), schema);
            }
            assert_eq!(required.len(), properties.len(), "{path}");
        }
        if let Some(items) = schema.get("items") {
            walk(&format!("{path}[]"), items);
        }
    }
    for schema in [RUN, IP, GET, STATUS, CHECK] {
        let schema: Value = json::from_str(schema).expect("a schema");
        let Value::Object(object) = &schema else { panic!("no object") };
        for key in ["$schema", "title", "description"] {
            assert!(matches!(object.get(key), Some(Value::String(_))), "{key}");
        }
        walk("", &schema);
    }
}
