//! Checks whether text that stands in the configuration compiles, when its line is read and before any state is made.

use mlua::{ChunkMode, LuaOptions, StdLib};

/// Compiles `code`, which begins at line `line` of `file`, and runs nothing.
///
/// # Errors
/// Lua's message, with file and line.
pub fn check(code: &[u8], file: &str, line: u32) -> Result<(), String> {
    let lua = mlua::Lua::new_with(StdLib::NONE, LuaOptions::new()).map_err(|e| e.to_string())?;
    let text = [&vec![b'\n'; line.saturating_sub(1) as usize][..], code].concat();
    let chunk = lua.load(text).set_name(format!("={file}")).set_mode(ChunkMode::Text);
    chunk.into_function().map(drop).map_err(|e| match e {
        mlua::Error::SyntaxError { message, .. } => message,
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_line_of_the_configuration() {
        assert_eq!(check(b"return 1", "a.conf", 7), Ok(()));
        let e = check(b"local x\nreturn +", "a.conf", 7).unwrap_err();
        assert!(e.starts_with("a.conf:8: unexpected symbol"), "{e}");
    }
}
