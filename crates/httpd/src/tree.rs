//! The configuration as it was read: a tree of directives.

use crate::{Server, ffi};
use apr::bytes_at;
use std::ptr::NonNull;

/// One directive or section of the configuration files. It stays until the configuration is read again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct Node(NonNull<ffi::ap_directive_t>);

impl Node {
    /// The first of all.
    pub fn first() -> Option<Node> {
        // SAFETY: httpd sets its variable while it has one thread.
        NonNull::new(unsafe { ffi::ap_conftree }).map(Node)
    }

    fn raw(&self) -> &ffi::ap_directive_t {
        // SAFETY: lives in the configuration's pool; nobody changes it after start-up.
        unsafe { self.0.as_ref() }
    }

    /// Its name: `Listen`, `<VirtualHost`.
    pub fn name(&self) -> &[u8] {
        // SAFETY: null or a C string of the configuration's pool.
        unsafe { bytes_at(self.raw().directive) }.unwrap_or_default()
    }

    /// What follows the name.
    pub fn arguments(&self) -> &[u8] {
        // SAFETY: as in `name`.
        unsafe { bytes_at(self.raw().args) }.unwrap_or_default()
    }

    /// The file it stands in.
    pub fn file(&self) -> &[u8] {
        // SAFETY: as in `name`.
        unsafe { bytes_at(self.raw().filename) }.unwrap_or_default()
    }

    /// Its line there.
    pub fn line(&self) -> i64 {
        i64::from(self.raw().line_num)
    }

    /// The one behind it, in the same section.
    pub fn next(&self) -> Option<Node> {
        NonNull::new(self.raw().next).map(Node)
    }

    /// The first within it.
    pub fn child(&self) -> Option<Node> {
        NonNull::new(self.raw().first_child).map(Node)
    }

    /// The section it stands in.
    pub fn parent(&self) -> Option<Node> {
        NonNull::new(self.raw().parent).map(Node)
    }

    /// This one and those behind it.
    pub fn and_next(self) -> impl Iterator<Item = Node> {
        std::iter::successors(Some(self), Node::next)
    }

    /// What stands in a virtual host's section; for the main server the first of all.
    pub fn of_server(s: &Server) -> Option<Node> {
        let Some((file, line)) = s.defined_at().filter(|_| s.is_virtual()) else { return Node::first() };
        fn find(first: Option<Node>, file: &[u8], line: i64) -> Option<Node> {
            let nodes = first.into_iter().flat_map(Node::and_next);
            nodes.filter(|n| n.name().starts_with(b"<")).find_map(|n| {
                let is_it = n.name().eq_ignore_ascii_case(b"<VirtualHost") && n.line() == line && n.file() == file;
                if is_it { n.child() } else { find(n.child(), file, line) }
            })
        }
        find(Node::first(), file, i64::from(line))
    }
}
