//! The imports of one source file: `use` declarations, inline paths that begin with `crate`, `self` or `super`, and
//! declarations of modules in other files.

use super::tokens::{Token, is_word, tokens};

/// Ordinary code, or code that is compiled for unit tests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Code,
    Tests,
}

/// A path inside this crate to which a file refers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The absolute path without `crate`, as in `dns`, `rrset`, `Ttl`.
    pub(super) path: Vec<String>,
    /// The path as written, for messages.
    pub(super) written: String,
    /// Line number, from 1.
    pub(super) line: usize,
    pub(super) scope: Scope,
}

/// The contents of one source file, as far as these tests need them.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) imports: Vec<Import>,
    /// The modules in files of their own, declared for unit tests only.
    pub(super) test_modules: Vec<Vec<String>>,
    /// The path of each `#[test]` function, as in `dns::name::tests::label_is_valid`.
    pub(super) tests: Vec<String>,
}

/// Reads the source text of the module with this path.
pub(super) fn read(source: &str, module: &[String]) -> Contents {
    let tokens = tokens(source);
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        depth: 0,
        module: module.to_vec(),
        inline: Vec::new(),
        attributes: Attributes::default(),
        contents: Contents::default(),
    };
    while reader.at < tokens.len() {
        reader.step();
    }
    reader.contents
}

/// The attributes in front of the next item.
#[derive(Default)]
struct Attributes {
    texts: Vec<String>,
}

impl Attributes {
    fn has(&self, text: &str) -> bool {
        self.texts.iter().any(|t| t == text)
    }
}

/// A module inside the file.
struct Inline {
    /// The depth of braces in front of it.
    depth: usize,
    scope: Scope,
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    /// The number of open braces.
    depth: usize,
    /// The path of the current module, with the modules inside the file.
    module: Vec<String>,
    inline: Vec<Inline>,
    attributes: Attributes,
    contents: Contents,
}

impl<'a> Reader<'a> {
    /// Returns the token at this distance from the current one; empty beyond the end.
    fn peek(&self, distance: usize) -> &'a str {
        self.tokens.get(self.at + distance).map_or("", |t| t.text)
    }

    fn before(&self, distance: usize) -> &'a str {
        self.at.checked_sub(distance).map_or("", |at| self.tokens[at].text)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |t| t.line)
    }

    fn scope(&self) -> Scope {
        let is_test = self.attributes.has("cfg(test)") || self.inline.iter().any(|i| i.scope == Scope::Tests);
        if is_test { Scope::Tests } else { Scope::Code }
    }

    /// Reads the construct at the current token.
    fn step(&mut self) {
        match self.peek(0) {
            "#" if self.peek(1) == "[" => return self.attribute(),
            "use" => {
                let scope = self.scope();
                self.at += 1;
                self.tree(&[], scope);
                self.attributes = Attributes::default();
                return;
            }
            "mod" if self.peek(2) == ";" || self.peek(2) == "{" => return self.module(),
            "fn" if self.attributes.has("test") => {
                let path = [&self.module[..], &[self.peek(1).to_owned()]].concat().join("::");
                self.contents.tests.push(path);
            }
            "crate" | "super" | "self" if self.peek(1) == "::" && !self.is_visibility() => {
                return self.inline_path();
            }
            "{" => {
                self.depth += 1;
                self.attributes = Attributes::default();
            }
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                if self.inline.last().is_some_and(|i| i.depth == self.depth) {
                    self.inline.pop();
                    self.module.pop();
                }
                self.attributes = Attributes::default();
            }
            ";" => self.attributes = Attributes::default(),
            _ => {}
        }
        self.at += 1;
    }

    /// Returns true in `pub(in crate::a)`, which is not an import.
    fn is_visibility(&self) -> bool {
        [self.before(3), self.before(2), self.before(1)] == ["pub", "(", "in"]
    }

    fn attribute(&mut self) {
        let (mut depth, mut text) = (1, String::new());
        self.at += 2;
        while depth > 0 && self.at < self.tokens.len() {
            match self.peek(0) {
                "[" => depth += 1,
                "]" => depth -= 1,
                _ => {}
            }
            if depth > 0 {
                text.push_str(self.peek(0));
            }
            self.at += 1;
        }
        self.attributes.texts.push(text);
    }

    /// Reads `mod name;` or the beginning of `mod name {`.
    fn module(&mut self) {
        let (scope, name) = (self.scope(), self.peek(1).to_owned());
        let path = [&self.module[..], std::slice::from_ref(&name)].concat();
        if self.peek(2) == ";" {
            if scope == Scope::Tests {
                self.contents.test_modules.push(path.clone());
            }
            let (written, line) = (format!("mod {name}"), self.line());
            self.contents.imports.push(Import { path, written, line, scope });
        } else {
            self.inline.push(Inline { depth: self.depth, scope });
            self.module = path;
            self.depth += 1;
        }
        self.attributes = Attributes::default();
        self.at += 3;
    }

    /// Reads a path in the middle of an expression or type.
    fn inline_path(&mut self) {
        let (scope, line) = (self.scope(), self.line());
        let mut path = vec![self.peek(0).to_owned()];
        self.at += 1;
        while self.peek(0) == "::" && self.peek(1).starts_with(is_word) {
            path.push(self.peek(1).to_owned());
            self.at += 2;
        }
        self.push(&path, line, scope);
    }

    /// Reads a use tree, which follows `prefix`: a path, `*`, or trees in braces.
    fn tree(&mut self, prefix: &[String], scope: Scope) {
        let (word, line) = (self.peek(0), self.line());
        self.at += 1;
        match word {
            // A path that begins with `::` belongs to another crate.
            "::" => self.tree(&["::".to_owned()], scope),
            "*" => self.push(prefix, line, scope),
            "{" => {
                while !matches!(self.peek(0), "}" | "") {
                    if self.peek(0) == "," {
                        self.at += 1;
                    } else {
                        self.tree(prefix, scope);
                    }
                }
                self.at += 1;
            }
            _ => {
                let path = [prefix, &[word.to_owned()]].concat();
                if self.peek(0) == "::" {
                    self.at += 1;
                    return self.tree(&path, scope);
                }
                if self.peek(0) == "as" {
                    self.at += 2;
                }
                // `a::{self}` is `a`.
                let is_self = word == "self" && !prefix.is_empty();
                self.push(if is_self { prefix } else { &path }, line, scope);
            }
        }
    }

    /// Adds a path, unless it belongs to another crate or is a child of the current module, which has a `mod`
    /// declaration anyway.
    fn push(&mut self, path: &[String], line: usize, scope: Scope) {
        if let Some(absolute) = absolute(path, &self.module) {
            let written = path.join("::");
            self.contents.imports.push(Import { path: absolute, written, line, scope });
        }
    }
}

/// Returns a path as seen from the root of the crate; `None` if it does not begin with `crate`, `self` or `super`.
fn absolute(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    let (mut base, mut rest) = match first.as_str() {
        "crate" => (Vec::new(), rest),
        "self" => (module.to_vec(), rest),
        "super" => (module.to_vec(), path),
        _ => return None,
    };
    while let [first, others @ ..] = rest
        && first == "super"
    {
        base.pop();
        rest = others;
    }
    base.extend_from_slice(rest);
    Some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the imports of the module `a::b`, one per line: line, absolute path, `tests` for test code.
    fn imports(source: &str) -> Vec<String> {
        let module = ["a".to_owned(), "b".to_owned()];
        let shown = |i: &Import| {
            let scope = if i.scope == Scope::Tests { " tests" } else { "" };
            format!("{} {}{scope}", i.line, i.path.join("::"))
        };
        read(source, &module).imports.iter().map(shown).collect()
    }

    #[test]
    fn use_tree_is_expanded() {
        assert_eq!(imports("use crate::x::Y;"), ["1 x::Y"]);
        assert_eq!(imports("pub(crate) use crate::x::{self, y::{Z, W as V}, *};\n").len(), 4);
        assert_eq!(
            imports("use crate::{\n    p::{q, r::S},\n    t as u,\n};"),
            ["2 p::q", "2 p::r::S", "3 t"],
            "line of each leaf"
        );
        assert_eq!(imports("use crate::x::{self};use crate::x::{y::{self as z}};"), ["1 x", "1 x::y"]);
        assert_eq!(imports("use super::*; use self::c::D;"), ["1 a", "1 a::b::c::D"]);
        assert_eq!(imports("use super::super::x::Y;"), ["1 x::Y"]);
        assert_eq!(imports("use super::{c::{D, e}, super::f};"), ["1 a::c::D", "1 a::c::e", "1 f"]);
    }

    #[test]
    fn other_crates_and_literals_are_ignored() {
        for source in [
            "use std::fmt;",
            "use ::crate_x::{a, b::c};",
            "// use crate::x;\n/* use crate::x; */",
            "let text = \"use crate::x;\"; self.y; Self::z(); &self;",
            "pub(in crate::x) struct S; pub(crate) fn f() {} pub(super) fn g() {}",
        ] {
            assert_eq!(imports(source), [""; 0], "{source}");
        }
    }

    #[test]
    fn inline_path_is_an_import() {
        assert_eq!(
            imports("fn f(x: crate::p::Q) -> super::R {\n    self::s(crate::t::<u8>)\n}"),
            ["1 p::Q", "1 a::R", "2 a::b::s", "2 t"]
        );
    }

    #[test]
    fn module_declaration_is_an_import() {
        assert_eq!(
            imports("mod c;\npub(crate) mod d;\npub mod e { use super::f; }\nuse self::g;"),
            ["1 a::b::c", "2 a::b::d", "3 a::b::f", "4 a::b::g"]
        );
    }

    #[test]
    fn test_code_is_marked() {
        let source = "use crate::x;\n#[cfg(test)]\nmod tests {\n    use super::*;\n    use super::super::y;\n    \
                      #[test]\n    fn f_is_g() { if true { crate::z(); } }\n}\nuse crate::w;\n#[cfg(test)]\nmod more;";
        assert_eq!(
            imports(source),
            ["1 x", "4 a::b tests", "5 a::y tests", "7 z tests", "9 w", "11 a::b::more tests"]
        );
        let contents = read(source, &["a".to_owned()]);
        assert_eq!(contents.tests, ["a::tests::f_is_g"]);
        assert_eq!(contents.test_modules, [["a", "more"]]);
    }
}
