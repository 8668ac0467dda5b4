//! The one integration crate: the real binary against the fake Gandi, over real sockets and TLS.

// clippy.toml allows `expect` in `#[test]` functions only; the helpers panic as well when a test cannot go on.
#![allow(clippy::expect_used)]

mod accounts; // tokens, organizations and APIs of sections
mod advice; // advice for a machine without IPv4 or IPv6
mod architecture; // layers, ARCHITECTURE.md, and the language of doc comments
mod backoff; // no request for a while after a failure
mod check; // `gandi-ddns check`
mod check_ids; // the ids in `check --json`
mod check_nameservers; // nameservers of a domain, where Gandi does not say them
mod cli; // arguments, config files, streams
mod clock; // each command with a clock that cannot be right
mod command_line; // mistyped command lines, and secrets in them
mod command_source; // addresses from a program, and from the name of another host
mod completions; // packaging/completions/ against the table of options
mod config_errors; // mistakes in a config: all at once, each with its line
mod core_dump; // a core dump without the token
mod default_route; // `interface` without a name
mod default_sources; // the built-in sources by their real names, and `gandi-ddns ip`
mod dns_source; // hints from name servers, and faults in their responses
mod docs; // README, example config and changelog match the program
mod documents; // changelog and docs/ name only what exists
mod domains; // sections that are no domain of the token, domains without LiveDNS
mod fake_server; // the fake against Gandi's recorded responses
mod faketime; // helper: another clock
mod file_kinds; // FIFOs, devices, links and others' files in place of each file
mod file_limit; // `ulimit -f`
mod file_owners; // files and directories that other users can change
mod file_reading; // size limits, the config on stdin, errors of the system
mod first_write; // an address that this program has not written, before its replacement
mod foreign_configs; // configs of other programs
mod forged_nat_pmp; // forged answers of the gateway
mod gandi_responses; // Gandi's possible responses, and faults in them
mod get; // `gandi-ddns get`
mod github; // .github/
mod given_address; // `--address`
mod history_file; // the history file when a change is added
mod hook_limits; // time, children and environment of hooks and programs
mod hostile; // tables of hostile servers
mod in_process; // helper: runs with a clock of the test's own
mod interface_source;
mod internet; // scripts/internet.sh: pictures and comparison // addresses of network interfaces
mod json_output; // `--json`
mod large_config; // configs of a megabyte
mod legacy_configs; // configs of older Gandi scripts, and their translation
mod lines; // several lines to the internet
mod listing; // listings without end, with contradictions, or that need much memory
mod local_failures; // sockets and threads that this machine refuses
mod man; // gandi-ddns(1) against the program
mod man_config; // gandi-ddns.conf(5) against the program
mod many_records; // thousands of records, and the time limit of a run with many
mod messages; // docs/messages.md against the texts in src/
mod migration; // docs/migration.md against gandi-ddns.conf(5)
mod monitors; // several heartbeat URLs, those with a query, and private addresses
mod name_resolution; // name servers with faults, hosts with several addresses
mod namespace; // helper: network namespaces
mod need_rust; // make says which tool is missing
mod news; // less usual ways in which an error or a warning is news, or is not
mod notices; // when errors and warnings are printed, and their characters
mod notifications; // hooks and the heartbeat
mod offline_check; // `check --offline`
mod option_table; // helper: the tables of options and keys
mod option_values; // `-o KEY=VALUE`
mod other_scripts; // names in other scripts
mod other_user; // helper: runs of another user
mod process_limits; // runs that may start no process, or have little memory
mod pty; // helper: the program at a terminal
mod readme; // README matches program, man page, messages and Makefile
mod records; // records created, replaced, kept or refused
mod redaction; // `check --redact`: no name and no address in the output
mod renewal; // renewal of the token in its file
mod renewal_directory; // renewal in a directory of other users
mod requests; // number and content of the requests
mod router_source; // addresses from the router
mod run_output; // helper: the output of a run, and assertions on it
mod sandbox; // helper: a directory, a fake, and the binary
mod schema; // helper: JSON Schema
mod secrets; // secrets in wrong places
mod server_errors; // errors of TLS and HTTP servers in plain words
mod setup_batch; // `setup` without a terminal
mod setup_habits; // habits of a new user at the questions of `gandi-ddns setup`, and narrow terminals
mod setup_kill; // `gandi-ddns setup`, killed at each system call
mod setup_machine; // helper: a machine for `setup`
mod setup_offer; // its offer to schedule the updates, at a terminal and with busybox
mod setup_router; // `gandi-ddns setup` on OpenWrt, where the service has the config
mod setup_schedule; // the end of `gandi-ddns setup`: timer, service or cron
mod setup_terminal; // `gandi-ddns setup` at a terminal
mod setup_token; // a new token for the config that is there
mod short_runs; // `timeout` of a few seconds
mod simulated_year; // a year of runs
mod state; // the lock and the state
mod state_directory; // creation and owner of the state directory
mod state_file; // helper: the format of the state file
mod status; // `gandi-ddns status`, and the history
mod status_json; // `gandi-ddns status --json`
mod stdin_config; // `-c -`
mod syslog; // `--syslog`
mod tls; // certificates and TLS versions
mod token_expiry; // warnings before the token expires
mod token_source; // mistakes in the token, where it is from, and the hosts that it is sent to
mod token_variable; // `GANDI_TOKEN_FILE`
mod trust; // sources that lie
mod typed_secrets; // secrets with capitals in wrong places
mod wait_and_splay; // `--wait` without network, resolver or clock, and `--splay`
mod watch; // `gandi-ddns watch`: its end, its config, its pace
mod watch_kernel; // `watch` and the messages of the kernel
mod watch_router; // `watch` and the announcements and events of routers
mod watch_status; // a watcher as status, a second one and the service manager see it
mod watching; // helper: a watcher in the background
mod web_source; // addresses from web services, and the quorum
mod zone_content; // other types at a name or above it, and any TTL
