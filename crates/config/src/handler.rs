//! Handlers as the administrator wrote them, and the stacks that hold them.

use std::sync::Arc;

use crate::names::{HandlerId, intern, intern_with_name};
use crate::place::Where;
use crate::script::{Script, Source};
use crate::vocabulary::{Merge, Merges};

/// When a handler's module is loaded and the handler resolved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Load {
    /// At first use; at start-up under `PerlOptions +Autoload`.
    #[default]
    OnDemand,
    /// `+Name`: at start-up; failure ends the start.
    Early,
    /// `-Name`: at first use, whatever the options say.
    Late,
}

/// A handler as written: `My::Module`, `My::Module->method`, `+My::Module`, `sub { ... }`; for Lua see
/// [`Handler::of_script`] and [`Handler::of_hook`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handler {
    /// As written, without the leading `+` or `-`.
    pub name: Arc<[u8]>,
    /// What the leading `+` or `-` asked for.
    pub load: Load,
    /// The name's number.
    pub id: HandlerId,
    /// The line that names it.
    pub at: Where,
    /// How that line begins, where it is not a line of the phase's own directive.
    pub by: Option<&'static str>,
    /// What a handler of Lua points at.
    pub script: Option<Arc<Script>>,
    /// Whether it is the name of a filter of httpd's, among handlers that are filters.
    pub is_httpds: bool,
}

impl Handler {
    /// From a word of the configuration. `None` if it names nothing.
    #[must_use]
    pub fn new(word: &[u8], at: Where) -> Option<Self> {
        let (load, name) = match word {
            [b'+', name @ ..] => (Load::Early, name),
            [b'-', name @ ..] => (Load::Late, name),
            name => (Load::OnDemand, name),
        };
        if name.trim_ascii().is_empty() {
            return None;
        }
        let (id, name) = intern_with_name(name);
        Some(Self { name, load, id, at, by: None, script: None, is_httpds: false })
    }

    /// The name of a filter of httpd's.
    #[must_use]
    pub fn of_httpd(name: &[u8], at: Where) -> Self {
        let (id, name) = intern_with_name(name);
        Self { name, load: Load::Late, id, at, by: None, script: None, is_httpds: true }
    }

    /// The name for a message.
    #[must_use]
    pub fn display_name(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }

    /// Whether it is to be resolved at start-up, given `PerlOptions +Autoload` or not. Code that stands in the configuration is
    /// compiled there in any case, so that its errors are not left for a request; with a `-` it is not.
    #[must_use]
    pub fn is_early(&self, autoload: bool) -> bool {
        self.load == Load::Early || (self.load == Load::OnDemand && (autoload || self.is_perl_code()))
    }

    /// Whether it is `sub { ... }`.
    fn is_perl_code(&self) -> bool {
        let behind = self.name.strip_prefix(b"sub").and_then(<[u8]>::first);
        self.script.is_none() && behind.is_some_and(|b| b.is_ascii_whitespace() || *b == b'{')
    }
}

impl Handler {
    /// From a word of a `Lua*Handler` line; a `+` or `-` may stand before it. `None` if it names nothing.
    #[must_use]
    pub fn of_script(word: &[u8], at: Where) -> Option<Self> {
        let plain = Self::new(word, at)?;
        let script = Script::parse(&plain.name, &plain.at)?;
        let id = match &script.source {
            Source::Function(text) => text.id,
            _ => plain.id,
        };
        Some(Self { id, script: Some(Arc::new(script)), ..plain })
    }

    /// From a line of mod_lua's. Its name is `file:function`, of a block `httpd.conf:12:function`.
    #[must_use]
    pub fn of_hook(script: Script, at: Where) -> Self {
        let source = match &script.source {
            Source::File(name) | Source::Module(name) => name.to_vec(),
            Source::Chunk(_) | Source::Function(_) => at.to_string().into_bytes(),
        };
        let name = match &script.function {
            Some(function) => [&source, &b":"[..], function].concat(),
            None => source,
        };
        let id = match &script.source {
            Source::Chunk(text) => intern(&[&name, &b"\0"[..], &text.code].concat()),
            _ => intern(&name),
        };
        Self {
            name: name.into(),
            load: Load::OnDemand,
            id,
            at,
            by: None,
            script: Some(Arc::new(script)),
            is_httpds: false,
        }
    }
}

/// The handler stacks of one record, by slot. An empty one owns no memory; a clone shares the stacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handlers<const N: usize>([Option<Arc<[Handler]>>; N]);

impl<const N: usize> Default for Handlers<N> {
    fn default() -> Self {
        Self([const { None }; N])
    }
}

impl<const N: usize> Handlers<N> {
    /// The stack of a slot, in the order in which it runs.
    #[inline]
    #[must_use]
    pub fn get(&self, slot: usize) -> &[Handler] {
        match self.0.get(slot) {
            Some(Some(stack)) => stack,
            _ => &[],
        }
    }

    /// The stack itself, to be kept beyond the record's life; `None` if empty.
    #[must_use]
    pub fn shared(&self, slot: usize) -> Option<Arc<[Handler]>> {
        self.0.get(slot)?.clone()
    }

    /// Adds one at the end.
    pub fn push(&mut self, slot: usize, handler: Handler) {
        if let Some(stack) = self.0.get_mut(slot) {
            *stack = Some(stack.iter().flat_map(|stack| stack.iter()).cloned().chain([handler]).collect());
        }
    }

    /// Replaces a whole stack; an empty one frees it.
    pub fn set(&mut self, slot: usize, handlers: Vec<Handler>) {
        if let Some(stack) = self.0.get_mut(slot) {
            *stack = if handlers.is_empty() { None } else { Some(handlers.into()) };
        }
    }

    /// Whether no slot holds any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Every handler with its slot.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Handler)> {
        self.0.iter().enumerate().flat_map(|(slot, stack)| stack.iter().flat_map(|s| s.iter()).map(move |h| (slot, h)))
    }

    /// Each stack of `first` with that of `second` behind it, every entry as often as it was written.
    #[must_use]
    pub(crate) fn chain(first: &Self, second: &Self) -> Self {
        let mut chained = first.clone();
        for (stack, more) in chained.0.iter_mut().zip(&second.0) {
            *stack = match (stack.take(), more) {
                (Some(stack), Some(more)) => Some(stack.iter().chain(more.iter()).cloned().collect()),
                (stack, more) => stack.or_else(|| more.clone()),
            };
        }
        chained
    }
}

impl<const N: usize> Merges for Handlers<N> {
    const MERGE: Merge = Merge::Handlers;
    /// Whether stacks are joined: `PerlOptions +MergeHandlers`.
    type How<'a> = bool;

    /// Without `join` a stack of the inner scope replaces the outer one. With it the outer ones run first, then the inner
    /// ones, each as often as written, save that an inner entry which the outer stack has already is not repeated (its `+` is
    /// kept).
    fn merge(base: &Self, add: &Self, join: &bool) -> Self {
        let mut merged = base.clone();
        for (stack, add) in merged.0.iter_mut().zip(&add.0) {
            let Some(add) = add else { continue };
            *stack = Some(match stack {
                Some(base) if *join => concat(base, add),
                _ => add.clone(),
            });
        }
        merged
    }
}

fn concat(base: &[Handler], add: &[Handler]) -> Arc<[Handler]> {
    let mut all = base.to_vec();
    for handler in add {
        if let Some(same) =
            all.iter_mut().take(base.len()).find(|h| h.id == handler.id && h.is_httpds == handler.is_httpds)
        {
            if handler.load == Load::Early {
                same.load = Load::Early;
            }
        } else {
            all.push(handler.clone());
        }
    }
    all.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handler(word: &str) -> Handler {
        Handler::new(word.as_bytes(), Where::default()).unwrap()
    }

    fn stack(words: &[&str]) -> Handlers<2> {
        let mut handlers = Handlers::default();
        for word in words {
            handlers.push(1, handler(word));
        }
        handlers
    }

    fn words(handlers: &Handlers<2>) -> Vec<String> {
        handlers.get(1).iter().map(Handler::display_name).collect()
    }

    #[test]
    fn a_sign_before_the_name_tells_when_to_load() {
        for (word, name, load) in [
            ("My::Mod", "My::Mod", Load::OnDemand),
            ("+My::Mod", "My::Mod", Load::Early),
            ("-My::Mod->x", "My::Mod->x", Load::Late),
            ("sub { -1 }", "sub { -1 }", Load::OnDemand),
        ] {
            let h = handler(word);
            assert_eq!((h.display_name().as_str(), h.load), (name, load));
        }
        for word in ["", "+", "-", "+ "] {
            assert_eq!(Handler::new(word.as_bytes(), Where::default()), None);
        }
    }

    #[test]
    fn autoload_makes_all_early_but_those_with_a_minus() {
        assert!(!handler("A").is_early(false));
        assert!(handler("A").is_early(true));
        assert!(handler("+A").is_early(false));
        assert!(!handler("-A").is_early(true));
        for code in ["sub { 1 }", "sub{ 1 }", "sub\n{"] {
            assert!(handler(code).is_early(false) && !handler(&format!("-{code}")).is_early(true), "{code}");
        }
        assert!(!handler("subs").is_early(false) && !handler("sub::x").is_early(false));
    }

    #[test]
    fn an_inner_stack_replaces_the_outer_one_without_join() {
        assert_eq!(words(&Handlers::merge(&stack(&["A", "B"]), &stack(&["C"]), &false)), ["C"]);
        assert_eq!(words(&Handlers::merge(&stack(&["A", "B"]), &stack(&[]), &false)), ["A", "B"]);
    }

    #[test]
    fn joined_stacks_hold_each_entry_once_outer_ones_first() {
        assert_eq!(words(&Handlers::merge(&stack(&["A", "B"]), &stack(&["C", "D"]), &true)), ["A", "B", "C", "D"]);
        assert_eq!(words(&Handlers::merge(&stack(&["A", "B", "C"]), &stack(&["B", "D"]), &true)), ["A", "B", "C", "D"]);
        assert_eq!(words(&Handlers::merge(&stack(&[]), &stack(&["C"]), &true)), ["C"]);
    }

    #[test]
    fn what_one_scope_repeats_on_purpose_stays_repeated() {
        assert_eq!(words(&Handlers::merge(&stack(&["A", "A"]), &stack(&["C", "C"]), &true)), ["A", "A", "C", "C"]);
    }

    #[test]
    fn a_joined_entry_keeps_the_plus_of_either_scope() {
        let merged = Handlers::merge(&stack(&["A"]), &stack(&["+A"]), &true);
        assert_eq!(merged.get(1).len(), 1);
        assert_eq!(merged.get(1)[0].load, Load::Early);
    }

    #[test]
    fn empty_stacks_are_empty_slices_even_out_of_range() {
        let handlers = Handlers::<2>::default();
        assert!(handlers.is_empty());
        assert!(handlers.get(0).is_empty() && handlers.get(9).is_empty());
    }
}
