//! stub
use crate::cli::Common;
use crate::exit::Exit;
use crate::report::Console;
use crate::run::World;
/// x
pub fn run(_: &Common, _: bool, _: &World, _: &mut Console) -> Exit {
    Exit::Ok
}
