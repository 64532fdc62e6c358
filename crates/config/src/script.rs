//! What a handler of Lua points at: a script and the function in it.

use std::borrow::Cow;
use std::sync::Arc;

use crate::names::{HandlerId, intern};
use crate::place::Where;
use crate::words;

/// Code that stands in the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// Equal for equal code at the same place, for as long as the process lives; numbers are shared with handlers.
    pub id: HandlerId,
    /// The code.
    pub code: Arc<[u8]>,
    /// The line on which it begins.
    pub at: Where,
}

impl Text {
    /// Code that begins at a line.
    #[must_use]
    pub fn new(code: &[u8], at: Where) -> Self {
        let key = [at.to_string().as_bytes(), b"\0", code].concat();
        Self { id: intern(&key), code: code.into(), at }
    }
}

/// Where a script's code is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// A file, as written; [`resolve`] makes a path of it. In a [`MapHandler`](crate::MapHandler) `$1` may stand in it.
    File(Arc<[u8]>),
    /// A module, for `require`. `a.b` is the module `a.b` if there is one, else the function `b` of the module `a`.
    Module(Arc<[u8]>),
    /// A chunk: the text of a block.
    Chunk(Text),
    /// An expression that is a function: `function(r) ... end`.
    Function(Text),
}

/// The function that a block without a name becomes by [`as_function`].
pub const BLOCK: &[u8] = b"_block";

/// The text of a block without a name as a function of the request, which is the global `r` meanwhile too; a function that
/// the text returns is called with it. Lines stay where they are.
#[must_use]
pub fn as_function(text: &[u8]) -> Vec<u8> {
    let before = b"function _block(_r) r = _r local _f = (function(...) ";
    let behind = b"\nend)(_r) if type(_f) == 'function' then return _f(_r) end return _f end";
    [before, text, behind].concat()
}

/// A script, and which of its functions is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// Where its code is.
    pub source: Source,
    /// The function that was named. `None`: `handle` of a file or module (or the module itself, if it is a function), of a
    /// chunk [`BLOCK`].
    pub function: Option<Arc<[u8]>>,
}

impl Script {
    /// A function of a file.
    #[must_use]
    pub fn file(file: &[u8], function: &[u8]) -> Self {
        Self { source: Source::File(file.into()), function: Some(function.into()) }
    }

    /// From a word of a `Lua*Handler` line: `module`, `module.func`, `module:func`, `file.lua`, `file.lua:func`, or
    /// `function(r) ... end`. `None` if it is nothing of these.
    #[must_use]
    pub fn parse(word: &[u8], at: &Where) -> Option<Self> {
        if words::is_function(word) {
            return Some(Self { source: Source::Function(Text::new(word, at.clone())), function: None });
        }
        let (whole, function) = match word.iter().rposition(|b| *b == b':') {
            Some(colon) => (&word[..colon], Some(&word[colon + 1..])),
            None => (word, None),
        };
        let is_file = whole.ends_with(b".lua") || whole.contains(&b'/');
        let is_right = (is_file || is_dotted(whole)) && function.is_none_or(is_dotted);
        let source = if is_file { Source::File(whole.into()) } else { Source::Module(whole.into()) };
        is_right.then(|| Self { source, function: function.map(Arc::from) })
    }
}

/// Whether these are names with dots between them.
fn is_dotted(word: &[u8]) -> bool {
    let is_name = |name: &[u8]| !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(b));
    word.split(|b| *b == b'.').all(is_name)
}

/// A file's path: what is relative lies below `root` (`LuaRoot`), without one below `base`, which is the host's to say.
/// As `apr_filepath_merge`, `.` and `..` are taken out.
#[must_use]
pub fn resolve<'a>(root: Option<&[u8]>, base: &[u8], file: &'a [u8]) -> Cow<'a, [u8]> {
    if file.starts_with(b"/") {
        return clean(Cow::Borrowed(file));
    }
    let root = root.unwrap_or(base);
    if root.is_empty() {
        return Cow::Borrowed(file);
    }
    clean(Cow::Owned([root, b"/", file].concat()))
}

fn clean(path: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let is_odd = |part: &[u8]| part.is_empty() || part == b"." || part == b"..";
    let mut parts = path.split(|b| *b == b'/');
    parts.next();
    if !parts.any(is_odd) {
        return path;
    }
    let (is_absolute, mut kept) = (path.starts_with(b"/"), Vec::<&[u8]>::new());
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => drop(kept.pop()),
            b".." if is_absolute => {}
            part => kept.push(part),
        }
    }
    let root: &[u8] = if is_absolute { b"/" } else { b"" };
    Cow::Owned([root, &kept.join(&b'/')].concat())
}

/// Whether [`interpolate`] has something to do.
pub(crate) fn has_groups(text: &[u8]) -> bool {
    text.contains(&b'$') && text.windows(2).any(|pair| pair[0] == b'$' && pair[1].is_ascii_digit())
}

/// Puts what a pattern matched into a file's or function's name: `$1` is the first group, `$0` all of it; a group that
/// matched nothing is empty. mod_lua: `LuaMapHandler`.
#[must_use]
pub fn interpolate<'a, 'g>(text: &'a [u8], group: impl Fn(usize) -> &'g [u8]) -> Cow<'a, [u8]> {
    if !has_groups(text) {
        return Cow::Borrowed(text);
    }
    let (mut whole, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, behind)) = rest.split_first() {
        rest = match rest {
            [b'$', digit @ b'0'..=b'9', rest @ ..] => {
                whole.extend_from_slice(group(usize::from(digit - b'0')));
                rest
            }
            _ => {
                whole.push(*first);
                behind
            }
        };
    }
    Cow::Owned(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::{Handler, Load};

    fn at() -> Where {
        Where::new("httpd.conf", 7)
    }

    fn shown(word: &str) -> Option<String> {
        let script = Script::parse(word.as_bytes(), &at())?;
        let (kind, name) = match &script.source {
            Source::File(name) => ("file", name.clone()),
            Source::Module(name) => ("module", name.clone()),
            Source::Chunk(text) => ("chunk", text.code.clone()),
            Source::Function(text) => ("function", text.code.clone()),
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(format!("{kind} {} {}", text(&name), script.function.as_deref().map(text).unwrap_or_default()))
    }

    #[test]
    fn a_word_names_a_module_a_file_or_is_a_function() {
        for (word, expected) in [
            ("app", Some("module app ")),
            ("app.pages.show", Some("module app.pages.show ")),
            ("app.pages:show", Some("module app.pages show")),
            ("my-app_2", Some("module my-app_2 ")),
            ("pages.lua", Some("file pages.lua ")),
            ("pages.lua:show", Some("file pages.lua show")),
            ("pages.lua:a.b", Some("file pages.lua a.b")),
            ("/srv/lua/pages:show", Some("file /srv/lua/pages show")),
            ("C:x lua", None),
            ("function(r) return 404 end", Some("function function(r) return 404 end ")),
            ("function (r) end", Some("function function (r) end ")),
            ("My::Module", None),
            ("pages.lua:", None),
            (":show", None),
            (".lua", Some("file .lua ")),
            ("a..b", None),
            ("a b", None),
            ("$x->y", None),
            ("", None),
        ] {
            assert_eq!(shown(word).as_deref(), expected, "{word}");
        }
    }

    #[test]
    fn a_handler_keeps_its_sign_its_name_and_its_script() {
        let h = Handler::of_script(b"+app.show", at()).unwrap();
        assert_eq!((h.display_name().as_str(), h.load), ("app.show", Load::Early));
        assert_eq!(h.script.unwrap().source, Source::Module(b"app.show".as_slice().into()));
        assert_eq!(Handler::of_script(b"+", at()), None);
        assert_eq!(Handler::of_script(b"a:", at()), None);
        let hook = Handler::of_hook(Script::file(b"h.lua", b"f"), at());
        assert_eq!(hook.display_name(), "h.lua:f");
        assert_eq!(hook.id, Handler::of_hook(Script::file(b"h.lua", b"f"), Where::default()).id);
    }

    #[test]
    fn code_in_the_configuration_is_told_apart_by_place_and_content() {
        let id = |code: &[u8], line| Text::new(code, Where::new("a.conf", line)).id;
        assert_eq!(id(b"return 1", 1), id(b"return 1", 1));
        assert_ne!(id(b"return 1", 1), id(b"return 1", 2));
        assert_ne!(id(b"return 1", 1), id(b"return 2", 1));
        let block = |code: &[u8]| {
            let source = Source::Chunk(Text::new(code, Where::new("a.conf", 2)));
            Handler::of_hook(Script { source, function: Some(b"f".as_slice().into()) }, Where::new("a.conf", 1))
        };
        assert_eq!(block(b"x").display_name(), "a.conf:1:f");
        assert_ne!(block(b"x").id, block(b"y").id);
        let inline = |code: &[u8], line| Handler::of_script(code, Where::new("a.conf", line)).unwrap().id;
        assert_ne!(inline(b"function(r) end", 1), inline(b"function(r) end", 2));
    }

    #[test]
    fn relative_files_lie_below_the_root_or_the_base() {
        for (root, file, path) in [
            (Some("/srv/lua"), "a.lua", "/srv/lua/a.lua"),
            (Some("/srv/lua/"), "./b/../a.lua", "/srv/lua/a.lua"),
            (Some("/srv/lua"), "/x/a.lua", "/x/a.lua"),
            (Some("/srv"), "/x//./y/../a.lua", "/x/a.lua"),
            (Some("/srv"), "../../../a.lua", "/a.lua"),
            (None, "a.lua", "/base/a.lua"),
            (None, "a..b/..c.lua", "/base/a..b/..c.lua"),
        ] {
            let resolved = resolve(root.map(str::as_bytes), b"/base", file.as_bytes());
            assert_eq!(String::from_utf8_lossy(&resolved), path, "{file}");
        }
        assert!(matches!(resolve(None, b"", b"/x/a.lua"), Cow::Borrowed(_)));
    }

    #[test]
    fn groups_of_a_pattern_are_put_into_names() {
        let groups: [&[u8]; 3] = [b"/photos/show", b"photos", b"show"];
        let group = |i: usize| groups.get(i).copied().unwrap_or_default();
        for (text, expected) in [
            ("/scripts/$1.lua", "/scripts/photos.lua"),
            ("handle_$2", "handle_show"),
            ("$1$2$3", "photosshow"),
            ("$0", "/photos/show"),
            ("$$1", "$photos"),
            ("a$", "a$"),
            ("$x", "$x"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&interpolate(text.as_bytes(), group)), expected, "{text}");
        }
        assert!(matches!(interpolate(b"plain.lua", group), Cow::Borrowed(_)));
    }
}
