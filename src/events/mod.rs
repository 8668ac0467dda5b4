//! Reasons to look at the address (temporary: core writes it).
mod netlink;
