//! The fake Gandi of the tests as a program, controlled by files in a directory, for people and scripts.
//!
//! It never reads the clock, so it also starts on a board whose clock is in 1970.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use fake_gandi::{Dns, Echo, Fake, Family, Logged, Setup, Tls};

const HELP: &str = "\
Usage: fake_gandi DIR [--port N | --names N | --internet]

A fake Gandi LiveDNS over https on 127.0.0.1, for trying gandi-ddns without a domain. It runs until it is killed or
DIR/stop appears. In DIR it makes ca.pem, token, gandi-ddns.conf (try `gandi-ddns --config DIR/gandi-ddns.conf`) and,
once all is up, ready. DIR/ipv4 holds the address that three address services on 127.0.0.2 to 127.0.0.4 tell; write
another into it and the world sees you move. DIR/zone shows the zone after every write, DIR/log has a line per request.
A number of seconds in DIR/left is the lifetime that the token has left; without it 200 days.

With --names N, the config has N names, the zone a stale record for each of them, and a DNS server tells the address
81.2.69.142, so that a run without a change makes no request. DIR/zone stays as it was at the start.

With --internet, it is api.gandi.net, the web services and the DNS servers that the program queries by default, at their
names and ports, for a network namespace of its own (scripts/internet.sh). DIR/hosts is the file that has to be
/etc/hosts. DIR/ipv4 and DIR/ipv6 hold the addresses; DIR/applied has them once all services report them. DIR/apikey is
accepted as well as DIR/token. There is no config.
";

/// The DNS servers that the program queries by default. The namespace must have these addresses.
const NAME_SERVERS: [&str; 4] =
    ["1.1.1.1:53", "216.239.32.10:53", "[2606:4700:4700::1111]:53", "[2001:4860:4802:32::a]:53"];
/// The web services that the program queries by default, from 127.0.0.2 on.
const WEB4: [&str; 6] = [
    "api4.ipify.org",
    "ipv4.icanhazip.com",
    "v4.ident.me",
    "checkip.amazonaws.com",
    "checkipv4.dedyn.io",
    "ipv4.seeip.org",
];
/// Those for IPv6, all at `::1`.
const WEB6: [&str; 5] =
    ["api6.ipify.org", "ipv6.icanhazip.com", "v6.ident.me", "checkipv6.dedyn.io", "ipv6.seeip.org"];

const ADDRESS: &str = "81.2.69.142";
const ADDRESS6: &str = "2a01:e0a:1:2::3";
const TOKEN: &str = "pat_demo0123456789abcdef0123456789abcdef";
/// One of the deprecated keys, for clients that know no tokens.
const API_KEY: &str = "demo0123456789abcdef0123";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    if let [dir, "--internet"] | ["--internet", dir] = args[..] {
        return exit_code(dir, internet(Path::new(dir)));
    }
    let (dir, port, names) = match args[..] {
        [] | ["-h" | "--help"] => {
            // If this fails, there is no stream to report it on.
            let _ = io::stdout().write_all(HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        [dir] if !dir.starts_with('-') => (dir, Some(0), Some(0)),
        [dir, "--port", port] | ["--port", port, dir] => (dir, port.parse().ok(), Some(0)),
        [dir, "--names", names] | ["--names", names, dir] => (dir, Some(0), names.parse().ok()),
        _ => ("", None, None),
    };
    let (Some(port), Some(names)) = (port, names) else {
        let _ = io::stderr().write_all(HELP.as_bytes());
        return ExitCode::from(64);
    };
    exit_code(dir, serve(Path::new(dir), port, names))
}

fn exit_code(dir: &str, result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "fake_gandi: {dir}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts the services, creates `ready`, and waits for `stop`. With `names`, for a measurement of that many names.
fn serve(dir: &Path, port: u16, names: usize) -> io::Result<()> {
    let dir = prepare(dir)?;
    let fake = start(port);
    for n in 0..names {
        fake.set("example.org", &format!("host-{n}"), "A", 300, &["81.2.69.1"]);
    }
    default(&dir.join("ipv4"), ADDRESS)?;
    // With TLS, like the real services.
    let echoes: Vec<Echo> = (1..=3).map(|n| fake.echo_tls(n, Family::V4, Tls::default())).collect();
    for echo in &echoes {
        let file = dir.join("ipv4");
        echo.answer_from(move || fs::read_to_string(&file).unwrap_or_default());
    }
    credentials(&dir, &fake)?;
    let dns = Dns::start("127.0.0.1:0");
    dns.set_address(ADDRESS);
    let mut config = config(&dir, &fake, &echoes);
    if names > 0 {
        let list: Vec<String> = (0..names).map(|n| format!("host-{n}")).collect();
        config = config.replace("names = home", &format!("names = {}", list.join(" ")));
        config = config.replace("ipv4 =", &format!("ipv4 = dns:cloudflare@{}", dns.address()));
    }
    fs::write(dir.join("gandi-ddns.conf"), config)?;
    replace(&dir.join("zone"), &fake.zone_text())?;
    let log = open_log(&dir)?;
    if names == 0 {
        record(&fake, log, dir.join("zone"));
    } else {
        fake.on_request(move |r| write_line(&log, r));
    }
    replace(&dir.join("ready"), "")?;
    while !dir.join("stop").exists() {
        if let Some(left) =
            fs::read_to_string(dir.join("left")).ok().and_then(|text| text.trim().parse().ok())
        {
            fake.set_left(TOKEN, left);
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Serves the internet of a namespace until `stop`.
fn internet(dir: &Path) -> io::Result<()> {
    let dir = prepare(dir)?;
    let fake = start(443);
    fake.accept_apikey(API_KEY);
    secret(&dir.join("apikey"), API_KEY)?;
    let name_servers = NAME_SERVERS.map(Dns::start);
    let mut hosts = vec!["127.0.0.1 localhost api.gandi.net id.gandi.net\n::1 localhost\n".to_owned()];
    for (n, name) in (1..).zip(WEB4) {
        fake.echo_https(n, Family::V4, Tls::default());
        hosts.push(format!("127.0.0.{} {name}\n", n + 1));
    }
    // One service for all names, because ::1 is the only loopback address.
    fake.echo_https(1, Family::V6, Tls::default());
    hosts.extend(WEB6.map(|name| format!("::1 {name}\n")));
    fs::write(dir.join("hosts"), hosts.concat())?;
    default(&dir.join("ipv4"), ADDRESS)?;
    default(&dir.join("ipv6"), ADDRESS6)?;
    credentials(&dir, &fake)?;
    replace(&dir.join("zone"), &fake.zone_text())?;
    record(&fake, open_log(&dir)?, dir.join("zone"));
    let mut applied = String::new();
    while !dir.join("stop").exists() {
        let [v4, v6] = ["ipv4", "ipv6"].map(|file| fs::read_to_string(dir.join(file)).unwrap_or_default());
        let wanted = format!("{} {}\n", v4.trim(), v6.trim());
        // A file that is being written is not whole.
        let is_whole = v4.trim().parse::<Ipv4Addr>().is_ok() && v6.trim().parse::<Ipv6Addr>().is_ok();
        if wanted != applied && is_whole {
            fake.set_address(Family::V4, v4.trim());
            fake.set_address(Family::V6, v6.trim());
            for (dns, at) in name_servers.iter().zip(NAME_SERVERS) {
                dns.set_address(if at.starts_with('[') { v6.trim() } else { v4.trim() });
            }
            replace(&dir.join("applied"), &wanted)?;
            applied = wanted;
            replace(&dir.join("ready"), "")?;
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Creates the directory, without the files of an earlier run that mean something. Returns its absolute path.
fn prepare(dir: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(dir)?;
    let dir = dir.canonicalize()?;
    for stale in ["ready", "stop", "applied"] {
        let _ = fs::remove_file(dir.join(stale));
    }
    Ok(dir)
}

/// Starts a Gandi with the domain `example.org`, in which `home` does not exist.
fn start(port: u16) -> Fake {
    let fake = Fake::start_with(Setup { port, ..Setup::default() });
    fake.accept_bearer(TOKEN);
    fake.add_domain("example.org");
    fake.set("example.org", "@", "MX", 10800, &["10 mail.example.org."]);
    fake.set("example.org", "www", "A", 10800, &["81.2.69.160"]);
    fake
}

fn credentials(dir: &Path, fake: &Fake) -> io::Result<()> {
    secret(&dir.join("token"), TOKEN)?;
    fs::write(dir.join("ca.pem"), fake.ca_pem())
}

/// Writes the address to a file that does not exist yet.
fn default(file: &Path, address: &str) -> io::Result<()> {
    if file.exists() { Ok(()) } else { fs::write(file, format!("{address}\n")) }
}

fn open_log(dir: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(dir.join("log"))
}

fn config(dir: &Path, fake: &Fake, echoes: &[Echo]) -> String {
    let urls: Vec<String> = echoes.iter().map(Echo::url).collect();
    let (api, urls, dir) = (fake.api(), urls.join(" "), dir.display());
    format!(
        "\
# Made by fake_gandi: a complete config for the fake that made it.
token_file = {dir}/token
api = {api}
ca_file = {dir}/ca.pem
state_dir = {dir}/state
ipv4 = {urls}
ipv6 = off

[example.org]
names = home
types = A
ttl = 300
"
    )
}

/// Updates `zone` and `log` before each response.
fn record(fake: &Fake, log: File, zone: PathBuf) {
    let log = Mutex::new(log);
    fake.before_answer(move |request, text| {
        // One writer at a time, because all share one temporary file.
        let Ok(log) = log.lock() else { return };
        // Errors are ignored: a full disk is visible in the files.
        if request.listener == "livedns" && request.method != "GET" {
            let _ = replace(&zone, text);
        }
        write_line(&log, request);
    });
}

/// Appends the line of a request to the log, in one write.
fn write_line(mut log: &File, request: &Logged) {
    let (listener, method, target) = (&request.listener, &request.method, &request.target);
    let body = request.body.replace(['\r', '\n'], " ");
    let line = format!("{listener} #{} {method} {target} {} {body}", request.connection, request.status);
    let _ = log.write_all(format!("{}\n", line.trim_end()).as_bytes());
}

/// Replaces a file atomically: a reader sees the old text or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut temporary = PathBuf::from(path);
    temporary.set_extension("tmp");
    fs::write(&temporary, text)?;
    fs::rename(&temporary, path)
}

fn secret(path: &Path, text: &str) -> io::Result<()> {
    // The mode is applied only to a new file.
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")
}
