//! The configuration as it was read: a tree of directives.

use crate::{Server, ffi};
use apr::bytes_at;

apr::opaque! {
    /// One directive or section of the configuration files. It stays until the configuration is read again.
    pub struct Node(ffi::ap_directive_t);
}

impl Node {
    /// The first of all; it lives as long as the server, any one of the present configuration.
    pub fn first(_of: &Server) -> Option<&Node> {
        // SAFETY: httpd sets its variable while it has one thread, and makes it anew when it reads its configuration again.
        unsafe { Node::at(ffi::ap_conftree) }
    }

    /// Calls `f` with this line and those behind it, and with those within a section after the line that opens it.
    pub fn walk(first: Option<&Node>, f: &mut dyn FnMut(&Node)) {
        for node in first.into_iter().flat_map(Node::and_next) {
            f(node);
            Node::walk(node.child(), f);
        }
    }

    fn raw(&self) -> &ffi::ap_directive_t {
        // SAFETY: lives in the configuration's pool; nobody changes it after start-up.
        unsafe { &*self.as_ptr() }
    }

    /// Its name: `Listen`, `<VirtualHost`.
    pub fn name(&self) -> &[u8] {
        // SAFETY: null or a C string of the configuration's pool.
        unsafe { bytes_at(self.raw().directive) }.unwrap_or_default()
    }

    /// What follows the name. Of a block of ours: the rest of the line that opens it, then its text.
    pub fn whole_arguments(&self) -> &[u8] {
        // SAFETY: as in `name`.
        unsafe { bytes_at(self.raw().args) }.unwrap_or_default()
    }

    /// What follows the name; of a block of Perl its code, without the rest of the line that opens it.
    pub fn arguments(&self) -> &[u8] {
        let all = self.whole_arguments();
        let mut parts = all.splitn(2, |b| *b == b'\n');
        match (parts.next(), parts.next()) {
            (Some(open), Some(code)) if open.ends_with(b">") && self.name().eq_ignore_ascii_case(b"Perl") => code,
            _ => all,
        }
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

    /// This one and those behind it.
    pub fn and_next(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(Some(self), |node| node.next())
    }

    /// What stands in a virtual host's section; for the main server the first of all.
    pub fn of_server(s: &Server) -> Option<&Node> {
        let Some((file, line)) = s.defined_at().filter(|_| s.is_virtual()) else { return Node::first(s) };
        fn find<'s>(first: Option<&'s Node>, file: &[u8], line: i64) -> Option<&'s Node> {
            let nodes = first.into_iter().flat_map(Node::and_next);
            nodes.filter(|n| n.name().starts_with(b"<")).find_map(|n| {
                let is_it = n.name().eq_ignore_ascii_case(b"<VirtualHost") && n.line() == line && n.file() == file;
                if is_it { n.child() } else { find(n.child(), file, line) }
            })
        }
        find(Node::first(s), file, i64::from(line))
    }
}

apr::lends! { Node:
    /// The one behind it, in the same section.
    next: Node = next;
    /// The first within it.
    child: Node = first_child;
    /// The section it stands in.
    parent: Node = parent;
}
