//! `suffix`: our prefix with the host part of another machine.
