//! Registers the module's callbacks with httpd, each only when a line needs it: a hook that no line names costs no request anything.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use config::{PHASES, Phase, Position};

use httpd::server::MainState;

use super::LuaHost;

/// Phases, one word each, and in it the callbacks that were registered in this reading of the configuration, one bit each.
static REGISTERED: [AtomicU64; Phase::COUNT] = [const { AtomicU64::new(0) }; Phase::COUNT];

/// Called when a new reading of the configuration begins.
pub fn forget() {
    REGISTERED.iter().for_each(|phase| phase.store(0, Relaxed));
}

/// Called when a line names something that runs in a phase.
pub fn want(phase: Phase, position: Position) {
    if matches!(position, Position::Handlers | Position::Look) || httpd::server::main_state() == MainState::RunMpm {
        return;
    }
    let row = phase.row();
    let indices = 0..row.lua_orders.len();
    for index in indices.filter(|index| row.position(*index) == Some(position)) {
        if REGISTERED[phase as usize].fetch_or(1 << index, Relaxed) & (1 << index) == 0 {
            httpd::add_phase::<LuaHost>(phase, index);
        }
    }
}

/// Registers all hooks, since a `.htaccess` file may name any of them later.
pub fn want_all() {
    for row in PHASES.iter().filter(|row| row.hooks.is_some() || row.phase == Phase::Response) {
        for (position, _) in row.lua_orders {
            want(row.phase, *position);
        }
    }
}
