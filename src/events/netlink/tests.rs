//! Unit tests, with messages that Linux 6.18 sent, on a machine with the low byte first.

use super::*;

// `ip addr add 81.2.69.160/24 dev eth0`, and the same with lifetimes of 1000 s.
const ADDRESS4: &str = "500000001400000025c2076bc3640000 0218800002000000 08000100510245a0 08000200510245a0 \
     090003006574683000000000 0800080080000000 14000600ffffffffffffffffa3974b00a3974b00";
const ADDRESS4_LIFETIME: &str = "500000001400000026c2076b84650000 0218000002000000 08000100510245a0 08000200510245a0 \
     090003006574683000000000 0800080000000000 14000600e8030000e8030000a3974b00cb974b00";
// `ip addr add 2a01:e0a:1:2::3/64 dev eth0`, the end of duplicate address detection, lifetimes, deprecated, deleted.
const ADDRESS6_TENTATIVE: &str = "480000001400000000000000000000000a40c00002000000 140001002a010e0a000100020000000000000003 \
     14000600ffffffffffffffff09984b0009984b00 08000800c0000000";
const ADDRESS6: &str = "480000001400000000000000000000000a40800002000000 140001002a010e0a000100020000000000000003 \
     14000600ffffffffffffffff09984b0009984b00 0800080080000000";
const ADDRESS6_LIFETIME: &str = "480000001400000000000000000000000a40000002000000 140001002a010e0a000100020000000000000003 \
     1400060084030000e803000009984b0006994b00 0800080000000000";
const ADDRESS6_DEPRECATED: &str = "480000001400000000000000000000000a40200002000000 140001002a010e0a000100020000000000000003 \
     1400060000000000e803000009984b0026994b00 0800080020000000";
const ADDRESS6_GONE: &str = "480000001500000000000000000000000a40200002000000 140001002a010e0a000100020000000000000003 \
     1400060000000000e203000009984b0026994b00 0800080020000000";
// Routes that come with them: a local one, that of the network, and that of the prefix.
const LOCAL4: &str = "3c00000018000006000000000000000002200000ff02fe0200000000 08000f00ff000000 08000100510245a0 \
     08000700510245a0 0800040002000000";
const NETWORK4: &str = "3c00000018000006000000000000000002180000fe02fd0100000000 08000f00fe000000 0800010051024500 \
     08000700510245a0 0800040002000000";
const PREFIX6: &str = "740000001800000600000000000000000a400000fe02000100000000 08000f00fe000000 \
     140001002a010e0a000100020000000000000000 0800060000010000 0800040002000000 \
     24000c0000000000000000000000000000000000000000000000000000000000000000000500140000000000";
// `ip route add default via 81.2.69.1`, replaced by 81.2.69.2, deleted.
const DEFAULT4: &str = "340000001800000626c2076b4866000002000000fe03000100000000 08000f00fe000000 0800050051024501 \
     0800040002000000";
const DEFAULT4_REPLACED: &str = "34000000180000012ac2076b556e000002000000fe03000100000000 08000f00fe000000 \
     0800050051024502 0800040002000000";
const DEFAULT4_GONE: &str = "34000000190000002bc2076b586f000002000000fe03000100000000 08000f00fe000000 \
     0800050051024502 0800040002000000";
// `ip -6 route add default via fe80::1 dev eth0 proto ra expires 600`, refreshed with 700 s.
const DEFAULT6: &str = "740000001800000629c2076bf46b00000a000000fe09000100000000 08000f00fe000000 0800060000040000 \
     14000500fe800000000000000000000000000001 0800040002000000 \
     24000c00000000000000000060ea000000000000000000000000000000000000000000000500140000000000";
const DEFAULT6_REFRESHED: &str = "74000000180000012ac2076b906c00000a000000fe09000100000000 08000f00fe000000 \
     0800060000040000 14000500fe800000000000000000000000000001 0800040002000000 \
     24000c0000000000000000007011010000000000000000000000000000000000000000000500140000000000";
// eth0 with a carrier, and without. The attributes are cut: each message has 1.5 kB.
const LINK_UP: &str = "e005000010000000000000000000000000000100020000004310010000000000";
const LINK_LOST: &str = "e005000010000000000000000000000000000100020000000310000000000000";

/// Returns the bytes that the kernel would send on this machine.
fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |d: u8| char::from(d).to_digit(16).and_then(|d| u8::try_from(d).ok()).expect("a digit");
    let mut bytes: Vec<u8> = digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    if cfg!(target_endian = "big") {
        let kind = u16::from_le_bytes([bytes[4], bytes[5]]);
        bytes[..4].reverse();
        bytes[4..6].reverse();
        let mut at = HEADER + if matches!(kind, NEW_ADDRESS | DELETED_ADDRESS) { 8 } else { 12 };
        while !matches!(kind, NEW_LINK | DELETED_LINK) && at < bytes.len() {
            let length = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
            bytes[at..at + 2].reverse();
            bytes[at + 2..at + 4].reverse();
            at += length.next_multiple_of(4);
        }
    }
    bytes
}

/// Returns for each message, in this order, if it is a reason to compare.
fn reasons(messages: &[&str]) -> Vec<bool> {
    let mut known = Vec::new();
    messages.iter().map(|message| is_reason(&bytes(message), &mut known)).collect()
}

#[test]
fn message_is_a_reason_unless_it_repeats_what_is_known() {
    for (messages, expected) in [
        (&[ADDRESS4, ADDRESS4][..], &[true, false][..]),
        // The flag "permanent" goes with the first lifetime; then only the lifetime changes.
        (&[ADDRESS6, ADDRESS6_LIFETIME, ADDRESS6_LIFETIME], &[true, true, false]),
        (&[ADDRESS6_TENTATIVE, ADDRESS6, ADDRESS6_DEPRECATED], &[true, true, true]),
        (&[ADDRESS6, ADDRESS6_GONE, ADDRESS6], &[true, true, true]),
        (&[DEFAULT4, DEFAULT4_REPLACED, DEFAULT4_GONE], &[true, true, true]),
        (&[DEFAULT4, DEFAULT4_REPLACED, DEFAULT4], &[true, true, true]),
        (&[DEFAULT6, DEFAULT6_REFRESHED, DEFAULT6], &[true, false, false]),
        (&[LINK_UP, LINK_UP, LINK_LOST, LINK_UP], &[true, false, true, true]),
        (&[LOCAL4, NETWORK4], &[false, false]),
        (&[PREFIX6, PREFIX6], &[true, false]),
        // Items do not disturb each other.
        (
            &[ADDRESS4, ADDRESS6, DEFAULT6, ADDRESS4, ADDRESS6, DEFAULT6_REFRESHED],
            &[true, true, true, false, false, false],
        ),
    ] {
        assert_eq!(reasons(messages), expected, "{messages:?}");
    }
}

#[test]
fn route_that_ended_with_its_link_or_address_is_a_reason_again() {
    let of = [DEFAULT4, LINK_LOST, LINK_UP, DEFAULT4];
    assert_eq!(reasons(&of), [true; 4]);
    let of = [ADDRESS4, DEFAULT4, ADDRESS6_GONE, DEFAULT4, ADDRESS4, ADDRESS4_LIFETIME];
    assert_eq!(reasons(&of), [true; 6]);
}

#[test]
fn state_that_returns_within_one_batch_is_not_mistaken_for_the_last_one() {
    let mut known = Vec::new();
    assert!(is_reason(&bytes(ADDRESS6), &mut known));
    let batch = [bytes(ADDRESS6_DEPRECATED), bytes(ADDRESS6)].concat();
    assert!(is_reason(&batch, &mut known));
    assert!(!is_reason(&bytes(ADDRESS6), &mut known));
    assert!(is_reason(&bytes(ADDRESS6_DEPRECATED), &mut known));
}

#[test]
fn several_messages_are_read_one_after_the_other() {
    let batch = [bytes(LOCAL4), bytes(NETWORK4), bytes(DEFAULT4)].concat();
    let mut known = Vec::new();
    assert!(is_reason(&batch, &mut known));
    assert!(!is_reason(&batch, &mut known));
    // An odd length: the next message begins at a multiple of four.
    let mut odd = bytes(LOCAL4);
    odd[..4].copy_from_slice(&59_u32.to_ne_bytes());
    assert!(is_reason(&[odd, bytes(ADDRESS6)].concat(), &mut known));
}

#[test]
fn message_that_is_cut_or_has_a_wrong_length_is_a_reason_each_time() {
    for message in [ADDRESS4, ADDRESS6, DEFAULT4, DEFAULT6, PREFIX6] {
        let whole = bytes(message);
        let mut known = Vec::new();
        assert!(is_reason(&whole, &mut known));
        for length in 1..whole.len() {
            assert!(is_reason(&whole[..length], &mut known), "{message} {length}");
        }
        // The message claims another length than it has.
        for length in [0, 1, 15, u32::MAX, u32::MAX - 3, 1 << 31, 4097] {
            let mut wrong = whole.clone();
            wrong[..4].copy_from_slice(&length.to_ne_bytes());
            assert!(is_reason(&wrong, &mut known), "{message} {length}");
        }
        // An attribute claims another length.
        let first = HEADER + if message.contains("14000001") { 8 } else { 12 };
        for length in [0_u16, 1, 3, 255, u16::MAX] {
            let mut wrong = whole.clone();
            wrong[first..first + 2].copy_from_slice(&length.to_ne_bytes());
            assert!(is_reason(&wrong, &mut known), "{message} {length}");
        }
    }
    // Of a link, what follows the header may be cut.
    for length in [32_u32, 1504, u32::MAX, u32::MAX - 3] {
        let mut link = bytes(LINK_UP);
        link[..4].copy_from_slice(&length.to_ne_bytes());
        let mut known = Vec::new();
        assert_eq!([(); 2].map(|()| is_reason(&link, &mut known)), [true, false], "{length}");
        assert!(is_reason(&link[..31], &mut known));
    }
    assert!(!is_reason(&[], &mut Vec::new()));
    assert_eq!(reasons(&["10000000180000000000000000000000", "10000000140000000000000000000000"]), [true; 2]);
}

#[test]
fn messages_of_other_kinds_are_no_reason() {
    // The end of a list, an error, a neighbour, an IPv6 prefix, a nexthop.
    for kind in [3_u16, 2, 28, 52, 104] {
        let mut message = bytes(ADDRESS4);
        message[4..6].copy_from_slice(&kind.to_ne_bytes());
        assert!(!is_reason(&message, &mut Vec::new()), "{kind}");
    }
}

#[test]
fn arbitrary_bytes_end_the_reading() {
    let mut seed = 1_u64;
    let mut known = Vec::new();
    for round in 0..20_000_usize {
        let mut message = bytes([ADDRESS6, DEFAULT6, DEFAULT4, ADDRESS4][round % 4]);
        for _ in 0..=round % 7 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let [at, .., value] = seed.to_be_bytes();
            let at = usize::from(at) % message.len();
            message[at] = value;
        }
        is_reason(&message, &mut known);
        assert!(known.len() <= MAX_KNOWN);
    }
}

#[test]
fn more_items_than_are_remembered_are_reasons() {
    let mut known = Vec::new();
    for round in 0..3_u8 {
        for host in 0..=200 {
            let mut message = bytes(ADDRESS6);
            message[HEADER + 8 + 19] = host;
            assert!(is_reason(&message, &mut known), "{round} {host}");
        }
    }
    assert!(known.len() <= MAX_KNOWN);
}

#[test]
fn kernel_without_changes_reports_none() {
    let mut kernel = Kernel { socket: None, known: Vec::new(), seen: snapshot(), compared: Instant::now() };
    assert!(!kernel.has_changed(), "ten seconds have not passed");
    assert!(kernel.next_due().is_some_and(|due| due <= INTERVAL));
    assert!(kernel.awaited() == 0 && kernel.socket().is_none());
    kernel = Kernel::new();
    assert!(kernel.socket().is_some() && kernel.next_due().is_none());
}
