//! Name servers: packets that are no answer, and floods of them. Their answers are hints only.

use super::{each, judge, run};
use crate::sandbox::stale;
use fake_gandi::hostile::{Reaction, packets};
use fake_gandi::{Dns, DnsFault};

#[test]
fn hostile_hint_delays_a_run_and_changes_nothing() {
    // A query for whoami.cloudflare, TXT, CH.
    let query = b"\0\0\x01\0\0\x01\0\0\0\0\0\0\x06whoami\x0acloudflare\0\0\x10\0\x03";
    let mut rows: Vec<(String, DnsFault)> =
        packets(query).into_iter().enumerate().map(|(n, (name, _))| (name, DnsFault::Packet(n))).collect();
    // A packet that is cut says the same at each length: some are enough.
    let mut cut = 0;
    rows.retain(|(name, _)| {
        cut += usize::from(name.starts_with("cut"));
        !name.starts_with("cut") || cut % 5 == 1
    });
    rows.push(("a flood".to_owned(), DnsFault::Flood));
    rows.push(("a flood, then the answer".to_owned(), DnsFault::FloodFirst));
    rows.push(("a flood without end".to_owned(), DnsFault::FloodWithoutEnd));
    each(&rows, |(name, fault)| {
        let s = stale();
        let server = Dns::start("127.0.0.1:0");
        server.set_address(crate::sandbox::ADDRESS);
        let head = s.head().replace("ipv4 =", &format!("ipv4 = dns:cloudflare@{}", server.address()));
        s.raw_config(&format!("{head}timeout = 20\n[example.org]\nnames = home\n"));
        let mut problems = Vec::new();
        // The record is written, and then confirmed without a hint.
        server.fault(*fault);
        for _ in 0..2 {
            let (ran, found) = run(&s, name, 20, &[]);
            problems.extend(found);
            problems.extend(judge(&s, name, Reaction::Taken, &ran));
        }
        if s.count("PUT") != 1 {
            problems.push(format!("{name}: {} writes", s.count("PUT")));
        }
        problems
    });
}
