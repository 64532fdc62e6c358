//! Lua 5.4 on mlua: a state that starts and answers.
//!
//! Knows neither httpd nor the other language. Binding API rows and running handlers come with the Lua engine;
//! what is here proves that the library is linked, starts inside the server and reports its errors as values.

use mlua::{LuaOptions, StdLib};

/// Why a state could not be made, or a chunk failed: Lua's own message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<mlua::Error> for Error {
    fn from(e: mlua::Error) -> Error {
        Error(e.to_string())
    }
}

/// One Lua state with the safe standard libraries (no `debug`, no C modules).
#[derive(Debug)]
pub struct State(mlua::Lua);

impl State {
    /// A new state.
    ///
    /// # Errors
    /// When Lua cannot allocate it.
    pub fn new() -> Result<State, Error> {
        Ok(State(mlua::Lua::new_with(StdLib::ALL_SAFE, LuaOptions::new())?))
    }

    /// Runs `chunk`, named `name` in messages, and returns its first result as a string.
    ///
    /// # Errors
    /// Lua's message, behind `name:line:`, when the chunk does not compile or raises.
    pub fn eval(&self, name: &str, chunk: &str) -> Result<String, Error> {
        let value: mlua::Value = self.0.load(chunk).set_name(format!("={name}")).eval()?;
        Ok(value.to_string()?)
    }

    /// Version text of the library that is linked, such as `Lua 5.4`.
    ///
    /// # Errors
    /// Lua's message when even that chunk fails.
    pub fn version(&self) -> Result<String, Error> {
        self.eval("version", "return _VERSION")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_starts_and_answers() {
        let lua = State::new().unwrap();
        assert_eq!(lua.version().unwrap(), "Lua 5.4");
        assert_eq!(lua.eval("sum", "return 1 + 2").unwrap(), "3");
    }

    #[test]
    fn an_error_carries_chunk_and_line_and_leaves_the_state_usable() {
        let lua = State::new().unwrap();
        let e = lua.eval("startup.lua", "\nerror('boom')").unwrap_err();
        assert!(e.to_string().contains("startup.lua:2: boom"), "{e}");
        assert_eq!(lua.eval("again", "return 'ok'").unwrap(), "ok");
    }
}
