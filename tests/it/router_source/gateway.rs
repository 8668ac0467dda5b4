//! A gateway that follows a script, as a process in the namespace of the router. It is as strict as old routers: header
//! names in another case than that of common `UPnP` clients are answered with 501.
//!
//! Lines of a script, where `ST` is a part of a search target or `*`:
//!
//! ```text
//! pmp ADDRESS                 answers NAT-PMP
//! ssdp ST SENDER LOCATION     answers a search from the address SENDER
//! listen ADDRESS:PORT         serves HTTP
//! trap ADDRESS:PORT           logs each connection
//! get PATH FILE               serves a description
//! post PATH TYPE XML          answers GetExternalIPAddress of this service type with this content
//! fault PATH TYPE XML         does the same with status 500
//! style WORD                  how responses are written, see `respond`
//! ```

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Daemon, GATEWAY, Home, start};

/// The variable with the path of the script, for the process of the gateway.
const SCRIPT: &str = "GANDI_DDNS_TEST_GATEWAY";
/// Ends each entry of the log.
const END: &str = "\n=== end of the request\n";
/// The log entry of a connection to a trap.
const TRAPPED: &str = "a connection to the trap ";

/// A running gateway.
pub(super) struct Gateway {
    log: PathBuf,
    _process: Daemon,
}

impl Gateway {
    pub(super) fn start(home: &Home, script: &str) -> Self {
        let (path, log) = (home.s.path("gateway"), home.s.path("gateway.log"));
        fs::write(&path, script).expect("the script");
        fs::write(&log, "").expect("the log");
        let process = start("router_source::gateway::scripted_gateway", SCRIPT, &path.display().to_string());
        Self { log, _process: process }
    }

    /// Returns the requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).expect("the log");
        log.split_terminator(END).filter(|r| !r.starts_with(TRAPPED)).map(str::to_owned).collect()
    }

    /// Returns true if anything has connected to this trap. Connects itself: the trap logs connections in order.
    pub(super) fn was_trapped(&self, trap: &str) -> bool {
        let mut connection = TcpStream::connect(trap).expect("the trap listens");
        let _ = connection.read(&mut [0; 1]);
        let log = fs::read_to_string(&self.log).expect("the log");
        log.matches(&format!("{TRAPPED}{trap}{END}")).count() != 1
    }
}

/// The process of the gateway, not a test.
#[test]
#[ignore = "started by other tests, in a namespace of its own"]
fn scripted_gateway() {
    let path = std::env::var(SCRIPT).expect("a script");
    let script =
        Script { text: fs::read_to_string(&path).expect("the script"), log: format!("{path}.log").into() };
    let script = &script;
    std::thread::scope(|scope| {
        for [address] in script.lines("pmp") {
            let socket = UdpSocket::bind((GATEWAY, 5351)).expect("NAT-PMP's port");
            scope.spawn(move || super::nat_pmp(&socket, address));
        }
        let ssdp = UdpSocket::bind(("0.0.0.0", 1900)).expect("SSDP's port");
        let group = Ipv4Addr::new(239, 255, 255, 250);
        ssdp.join_multicast_v4(&group, &GATEWAY.parse().expect("an address")).expect("the group");
        scope.spawn(move || script.search(&ssdp));
        for [address] in script.lines("listen") {
            let listener = TcpListener::bind(address).expect("a port for HTTP");
            scope.spawn(move || listener.incoming().flatten().for_each(|stream| script.serve(stream)));
        }
        for [address] in script.lines("trap") {
            let listener = TcpListener::bind(address).expect("a port for the trap");
            scope.spawn(move || {
                listener.incoming().flatten().for_each(|_| script.log(&format!("{TRAPPED}{address}")));
            });
        }
        let _ = writeln!(std::io::stdout(), "the router listens");
    });
}

struct Script {
    text: String,
    log: PathBuf,
}

impl Script {
    /// Returns the words after `key` of each line with that key; the last one has the rest of the line.
    fn lines<const N: usize>(&self, key: &str) -> impl Iterator<Item = [&str; N]> {
        let words = move |line: &&str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(' '));
        self.text.lines().map(str::trim).filter(words).map(|line| {
            let mut words = line.splitn(N + 1, ' ').skip(1);
            std::array::from_fn(|_| words.next().unwrap_or_default())
        })
    }

    fn log(&self, entry: &str) {
        let mut log = File::options().append(true).open(&self.log).expect("the log");
        log.write_all(format!("{entry}{END}").as_bytes()).expect("written");
    }

    fn search(&self, ssdp: &UdpSocket) {
        let mut packet = [0; 1024];
        while let Ok((length, from)) = ssdp.recv_from(&mut packet) {
            let search = String::from_utf8_lossy(&packet[..length]).into_owned();
            let target = search.lines().find_map(|l| l.strip_prefix("ST: ")).expect("a target");
            for [wanted, sender, location] in self.lines("ssdp") {
                if wanted == "*" || target.contains(wanted) {
                    let response = format!(
                        "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: {target}\r\nEXT:\r\n\
                         LOCATION: {location}\r\n\r\n"
                    );
                    let socket = UdpSocket::bind((sender, 0)).expect("the address of the sender");
                    let _ = socket.send_to(response.as_bytes(), from);
                }
            }
        }
    }

    /// Answers the requests of one connection, of which there may be only one.
    fn serve(&self, mut stream: TcpStream) {
        let request = read_request(&mut stream);
        if request.is_empty() {
            return;
        }
        self.log(&request);
        let (status, body) = self.response(&request);
        let style = self.lines("style").next().map_or("length", |[style]| style);
        let _ = respond(&mut stream, style, status, &body);
        if style == "keep" && !read_request(&mut stream).is_empty() {
            // Closing with unread data resets the connection, as a router does with a connection it has forgotten.
            self.log("another request on the same connection");
        }
    }

    fn response(&self, request: &str) -> (&'static str, String) {
        let (head, body) = request.split_once("\r\n\r\n").expect("a head");
        let target = head.split(' ').nth(1).expect("a target");
        if head.starts_with("GET ") {
            let file = self.lines("get").find(|[path, _]| *path == target);
            return file.map_or(("404 Not Found", "<html>not here</html>".to_owned()), |[_, file]| {
                ("200 OK", fs::read_to_string(file).expect(file))
            });
        }
        let has = |header: &str| head.lines().any(|line| line == header);
        for (key, status) in [("post", "200 OK"), ("fault", "500 Internal Server Error")] {
            for [path, urn, xml] in self.lines(key) {
                if path != target || !body.contains(&format!("<u:GetExternalIPAddress xmlns:u=\"{urn}\">")) {
                    continue;
                }
                if !(has(&format!("SOAPAction: \"{urn}#GetExternalIPAddress\""))
                    && has("Content-Type: text/xml; charset=\"utf-8\"")
                    && has(&format!("Content-Length: {}", body.len()))
                    && has("Connection: close")
                    && head.contains("\r\nHost: 192.168.1.1:")
                    && head.starts_with("POST "))
                {
                    return ("501 Not Implemented", "<html>please log in</html>".to_owned());
                }
                return (
                    status,
                    format!("<?xml version=\"1.0\"?><s:Envelope><s:Body>{xml}</s:Body></s:Envelope>"),
                );
            }
        }
        ("404 Not Found", String::new())
    }
}

/// Reads a request with its body; empty if the connection is closed before one.
fn read_request(stream: &mut TcpStream) -> String {
    let (mut request, mut buffer) = (String::new(), [0; 4096]);
    loop {
        if let Some((head, body)) = request.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return request;
            }
        }
        match stream.read(&mut buffer) {
            Ok(length @ 1..) => request.push_str(&String::from_utf8_lossy(&buffer[..length])),
            _ => return String::new(),
        }
    }
}

/// Writes a response in this style. The endless ones end with an error, when the client has closed the connection.
fn respond(stream: &mut TcpStream, style: &str, status: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let plain = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
    let mut endless = |start: &str, part: &str| -> std::io::Result<()> {
        stream.write_all(start.as_bytes())?;
        loop {
            stream.write_all(part.repeat(1000).as_bytes())?;
        }
    };
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let text = match style {
        "length" | "keep" => plain,
        "case" => format!(
            "HTTP/1.1 {status}\r\ncOnTeNt-LeNgTh :{length} \r\nConnection: Keep-Alive\r\n\r\n{body}rest"
        ),
        "http10" => format!("HTTP/1.0 {status}\nContent-Type: text/xml\n\n{body}"),
        "interim" => {
            format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{plain}")
        }
        "chunked" => {
            let chunk =
                |chunk: &[u8]| format!("{:x};a=\"b\"\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk));
            let chunks: String = body.as_bytes().chunks(7).map(chunk).collect();
            format!("HTTP/1.1 {status}\r\ntransfer-encoding: Chunked\r\n\r\n{chunks}0\r\nTrailer: x\r\n\r\n")
        }
        "cut" => format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", length + 1),
        "cut-chunk" => format!("{chunked}{:x}\r\n{body}", length + 1),
        "no-http" => "SSH-2.0-dropbear\r\n".to_owned(),
        "bad-length" => format!("HTTP/1.1 {status}\r\nContent-Length: -1\r\n\r\n{body}"),
        "bad-chunk" => format!("{chunked}x\r\n{body}"),
        "huge-length" => format!("HTTP/1.1 {status}\r\nContent-Length: 99999999\r\n\r\n{body}"),
        "huge-chunk" => format!("{chunked}7fffffff\r\n{body}"),
        "drip" => {
            stream.set_nodelay(true)?;
            return plain.as_bytes().iter().try_for_each(|byte| stream.write_all(&[*byte]));
        }
        "slow" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            loop {
                stream.write_all(b"X")?;
                std::thread::park_timeout(Duration::from_millis(20));
            }
        }
        "silent" => {
            let _ = read_request(stream);
            return Ok(());
        }
        "endless-line" => return endless("", "HTTP/1.1 "),
        "endless-head" => return endless("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
        "endless-interim" => return endless("", "HTTP/1.1 100 Continue\r\n\r\n"),
        "endless-body" => return endless("HTTP/1.0 200 OK\r\n\r\n", " "),
        "endless-chunks" => return endless(chunked, "1\r\n \r\n"),
        "endless-extension" => return endless(&format!("{chunked}1;"), "x"),
        _ => unreachable!("{style}"),
    };
    stream.write_all(text.as_bytes())
}

/// Returns the path of one of the descriptions beside this file.
pub(super) fn description(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/router_source/descriptions").join(name)
}
