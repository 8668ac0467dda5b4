//! Fuzzes the parser of NAT-PMP responses (RFC 6886).

#![no_main]

use gandi_ddns::address::sources::router::fuzzing::nat_pmp_answer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|packet: &[u8]| {
    let answer = nat_pmp_answer(packet);
    match answer {
        Some(Ok(address)) => {
            // Version 0, opcode 128, result 0; twelve bytes; the address is the last four of them.
            assert_eq!((packet.len(), &packet[..4]), (12, &[0, 128, 0, 0][..]));
            assert_eq!(packet[8..], address.octets());
        }
        Some(Err(code)) => {
            assert_eq!(packet[..2], [0, 128]);
            assert_eq!(packet[2..4], code.to_be_bytes());
            assert_ne!(code, 0);
        }
        None => {
            let is_address = packet.len() == 12 && packet.starts_with(&[0, 128, 0, 0]);
            assert!(!is_address, "a valid response is understood");
        }
    }
    // One byte more or less, or another version or opcode: no address.
    if let Some(Ok(_)) = answer {
        let longer = [packet, &[0]].concat();
        assert_eq!((nat_pmp_answer(&longer), nat_pmp_answer(&packet[..11])), (None, None));
        for (index, bit) in (0..4).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
            let mut other = packet.to_vec();
            other[index] ^= 1 << bit;
            assert!(!matches!(nat_pmp_answer(&other), Some(Ok(_))), "{other:?}");
        }
    }
});
