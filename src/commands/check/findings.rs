//! The results of the checks, one line each, and the list of their identifiers.

use crate::exit::Exit;

/// The status of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// No problem.
    Ok,
    /// It works, but needs attention.
    Warning,
    /// A run would end with this code.
    Failure(Exit),
}

impl Status {
    /// Returns the word for this status, in the text and in `schema/check.json`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure(_) => "failure",
        }
    }
}

/// Defines [`Id`], its list, and the words of each identifier: in `schema/check.json`, and in the text.
macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident $word:literal $subject:literal,)+) => {
        /// The kind of a check. Scripts rely on its word in the JSON object, which must not change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Id { $($(#[$doc])* $id,)+ }

        impl Id {
            /// All identifiers.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$id,)+];

            /// Returns the word for this identifier in the JSON object.
            pub(super) const fn word(self) -> &'static str {
                match self { $(Self::$id => $word,)+ }
            }

            /// Returns the beginning of the subject in the text.
            const fn subject(self) -> &'static str {
                match self { $(Self::$id => $subject,)+ }
            }
        }
    };
}

ids! {
    /// The command line.
    Arguments "arguments" "arguments",
    /// The system clock.
    Clock "clock" "clock",
    /// The config as a whole, and its warnings.
    Config "config" "config",
    /// The names of the records.
    Names "names" "names",
    /// The place that the credential is read from.
    Token "token" "token",
    /// The deprecation of API keys.
    ApiKey "api_key" "token",
    /// The program of `on_change`.
    OnChange "on_change" "on_change",
    /// The program of `on_failure`.
    OnFailure "on_failure" "on_failure",
    /// The renewal of the token in its file.
    RenewToken "renew_token" "renew_token",
    /// The history file.
    History "history" "history",
    /// The state directory, its lock and the state file.
    State "state" "state",
    /// The last confirmation of a record.
    LastSuccess "last_success" "last success",
    /// The failures of former runs.
    LastRuns "last_runs" "last runs",
    /// One source of an address.
    Source "source" "source",
    /// The decision on an address.
    Address "address" "address",
    /// A contradiction between sources.
    Contradiction "contradiction" "address",
    /// The addresses of Gandi's server.
    NameResolution "name_resolution" "name resolution",
    /// The connection to Gandi.
    Gandi "gandi" "gandi",
    /// The acceptance of the credential by Gandi.
    TokenAccess "token_access" "token",
    /// The expiry of the token.
    TokenExpiry "token_expiry" "token",
    /// The permissions of the token.
    TokenPermissions "token_permissions" "token",
    /// A domain at Gandi.
    Domain "domain" "domain",
    /// The nameservers of a domain.
    Nameservers "nameservers" "nameservers of",
    /// A record.
    Record "record" "",
}

/// The result of one check.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) status: Status,
    pub(super) id: Id,
    /// The one of several things that was checked, such as a domain; empty if there is only one.
    pub(super) about: String,
    /// The result and, unless the status is [`Status::Ok`], the remedy.
    pub(super) text: String,
}

impl Finding {
    /// Returns the checked thing in words, such as `domain example.org`.
    pub(super) fn subject(&self) -> String {
        let mut subject = self.id.subject().to_owned();
        if !subject.is_empty() && !self.about.is_empty() {
            subject.push(' ');
        }
        subject + &self.about
    }
}

/// The results so far, in the order of the checks.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    /// Adds a result without a problem.
    pub(super) fn ok(&mut self, id: Id, about: &str, text: impl Into<String>) {
        self.add(Status::Ok, id, about, text.into());
    }

    /// Adds a warning, which does not change the exit code.
    pub(super) fn warn(&mut self, id: Id, about: &str, text: impl Into<String>) {
        self.add(Status::Warning, id, about, text.into());
    }

    /// Adds a failure with the exit code of a run that meets it.
    pub(super) fn fail(&mut self, exit: Exit, id: Id, about: &str, text: impl Into<String>) {
        self.add(Status::Failure(exit), id, about, text.into());
    }

    #[inline(never)]
    fn add(&mut self, status: Status, id: Id, about: &str, text: String) {
        self.0.push(Finding { status, id, about: about.to_owned(), text });
    }

    /// Returns true if a check of this kind about this thing has failed with this exit code.
    pub(super) fn has(&self, exit: Exit, id: Id, about: &str) -> bool {
        self.0.iter().any(|f| f.id == id && f.about == about && f.status == Status::Failure(exit))
    }

    /// Returns the most severe exit code.
    pub(super) fn exit(&self) -> Exit {
        let exit = |f: &Finding| match f.status {
            Status::Failure(exit) => exit,
            _ => Exit::Ok,
        };
        self.0.iter().map(exit).max().unwrap_or(Exit::Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_lists_every_id_in_the_same_order() {
        let schema = include_str!("../../../schema/check.json");
        let words: Vec<String> = Id::ALL.iter().map(|id| format!("\"{}\"", id.word())).collect();
        let list = format!("\"enum\": [{}]", words.join(", "));
        let (start, _) = schema.split_once("\"description\": \"kind of the check").expect("the id");
        assert!(start.trim_end().trim_end_matches(',').ends_with(&list), "schema/check.json lacks {list}");
        let distinct =
            |id: &&Id| words.iter().filter(|word| word.trim_matches('"') == id.word()).count() == 1;
        assert!(Id::ALL.iter().all(|id| distinct(&id)), "{words:?}");
    }

    #[test]
    fn subject_is_the_kind_and_the_thing() {
        let subject = |id, about: &str| {
            let mut findings = Findings::default();
            findings.ok(id, about, "");
            findings.0[0].subject()
        };
        assert_eq!(subject(Id::Clock, ""), "clock");
        assert_eq!(subject(Id::Nameservers, "example.org"), "nameservers of example.org");
        assert_eq!(subject(Id::Record, "home.example.org A"), "home.example.org A");
        assert_eq!(subject(Id::TokenExpiry, ""), "token");
    }
}
