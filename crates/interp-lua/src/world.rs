//! Worlds: a world is the content of `package` for scripts of one directory with the same paths. Each has a `package.loaded` of its own,
//! so that two sites may have modules of the same name.

use crate::{ffi, room::Room, script::Paths};
use interp::Raised;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct World {
    directory: Option<Box<[u8]>>,
    paths: u64,
    /// The shim keeps its address.
    raw: Box<ffi::World>,
}

impl World {
    pub(crate) fn raw(&self) -> *const ffi::World {
        &raw const *self.raw
    }
}

impl Room {
    /// The number of the world for this script directory and these paths; made at its first use.
    pub(crate) fn world(&self, directory: Option<&[u8]>, paths: &Paths) -> Result<usize, Raised> {
        let known = |w: &World| w.paths == paths.id && w.directory.as_deref() == directory;
        if let Some(at) = self.worlds.borrow().iter().position(known) {
            return Ok(at);
        }
        let path = search_path(
            self.settings.lib.as_deref(),
            directory,
            &paths.path,
            &self.default_path,
            &["lua", "/init.lua"],
        );
        let cpath = search_path(None, directory, &paths.cpath, &self.default_cpath, &["so"]);
        let mut raw = Box::new(ffi::World { loaded: ffi::NO_REF, path: ffi::NO_REF, cpath: ffi::NO_REF });
        // SAFETY: this state is entered; the paths are borrowed for the call.
        let rc = unsafe {
            ffi::ml_world_new(self.raw(), path.as_ptr(), path.len(), cpath.as_ptr(), cpath.len(), &raw mut *raw)
        };
        if rc != 0 {
            return Err(self.out_of_memory());
        }
        let mut worlds = self.worlds.borrow_mut();
        worlds.push(World { directory: directory.map(Into::into), paths: paths.id, raw });
        Ok(worlds.len() - 1)
    }

    /// The world for modules that a directive names where this `LuaRoot` and these paths hold.
    pub(crate) fn world_of(&self, root: Option<&Arc<[u8]>>, paths: &Paths) -> Result<usize, Raised> {
        let own = &self.settings;
        if own.is_root(root) && paths.id == own.paths.id {
            return Ok(self.base.get());
        }
        self.world(root.map(|root| &**root), paths)
    }

    /// The shim's record of the world; null if there is no world of this number.
    pub(crate) fn world_raw(&self, at: usize) -> *const ffi::World {
        self.worlds.borrow().get(at).map_or(std::ptr::null(), World::raw)
    }
}

/// The parts of a path, in order: our own folder, the script's directory, the configured paths, Lua's default without the current
/// directory.
fn search_path(
    lib: Option<&[u8]>,
    directory: Option<&[u8]>,
    configured: &[Box<[u8]>],
    default: &[u8],
    files: &[&str],
) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for folder in lib.into_iter().chain(directory) {
        for file in files {
            let folder = folder.strip_suffix(b"/").unwrap_or(folder);
            let name = if file.starts_with('/') { format!("/?{file}") } else { format!("/?.{file}") };
            parts.push([folder, name.as_bytes()].concat());
        }
    }
    parts.extend(configured.iter().map(|p| p.to_vec()));
    parts.extend(default.split(|b| *b == b';').filter(|p| !p.is_empty() && !p.starts_with(b"./")).map(<[u8]>::to_vec));
    parts.join(&b';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_directory_comes_before_what_is_configured_and_the_current_directory_not_at_all() {
        let path = search_path(
            Some(b"/lib"),
            Some(b"/site/"),
            &[b"/conf/?.lua".as_slice().into()],
            b"/usr/share/?.lua;./?.lua",
            &["lua", "/init.lua"],
        );
        let want = "/lib/?.lua;/lib/?/init.lua;/site/?.lua;/site/?/init.lua;/conf/?.lua;/usr/share/?.lua";
        assert_eq!(String::from_utf8(path).unwrap(), want);
    }
}
