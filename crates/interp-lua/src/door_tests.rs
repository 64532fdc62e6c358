//! Rows as scripts see them.

use crate::testing::*;
use interp::{IntoVal, Ticket};
use std::sync::atomic::Ordering::SeqCst;

#[test]
fn pairs_walks_an_object_whose_row_gives_entries_by_number() {
    let lua = lua();
    let lua = lua.enter();
    let code = "local all = {} for k, v in pairs(r) do all[#all + 1] = k .. v for j in pairs(r) do all[#all + 1] = j break end end
        return table.concat(all, ' ') == 'k0v0 k0 k1v1 k0 k2v2 k0'";
    assert_eq!(handle(&lua, code), "true");
    assert_eq!(handle(&lua, "for k, v in pairs({ 5 }) do return k + v end"), "6");
}

#[test]
fn a_field_is_read_and_set_and_a_method_called() {
    let lua = lua();
    let lua = lua.enter();
    assert_eq!(
        handle(&lua, "r.content_type = 'text/plain'; r:puts(r.content_type, '-', 3); return 5"),
        "5text/plain-3"
    );
    assert_eq!(handle(&lua, "r.content_type = nil; r:puts(r.content_type) return r.count"), "0none");
    assert_eq!(handle(&lua, "r.count = 7; return r.count + r.length"), "7");
    assert_eq!(handle(&lua, "return r.nothing == nil"), "true");
    let text = handle(&lua, "r.nothing = 1");
    assert!(text.starts_with("test.conf:12: Test.Thing has no field 'nothing'\nstack traceback:"), "{text}");
    assert!(handle(&lua, "r.length = 1").contains("Test.Thing: field 'length' is read-only"));
    assert_eq!(handle(&lua, "return r:write('x')"), "2", "Lua's own row is the one that counts");
}

#[test]
fn every_kind_of_result_comes_as_lua_has_it() {
    let lua = lua();
    let lua = lua.enter();
    assert_eq!(handle(&lua, "local a, b, c, d = r:list() return a .. b .. c .. tostring(d) == 'abcnil'"), "true");
    assert_eq!(handle(&lua, "local t = r:nested() return #t.a * 10 + #t.b"), "20");
    assert_eq!(handle(&lua, "return r:me() == r and r:me():me() == r"), "true");
    assert_eq!(handle(&lua, "return r:read(3) == '\\0\\0xxx'"), "true");
    assert_eq!(handle(&lua, "return r:pour(2, 'XYZ', function() r:read(2) end) == '\\0\\0XYZ'"), "true");
    assert_eq!(handle(&lua, "return #r:big(100000)"), "100000");
    assert_eq!(handle(&lua, "return r:maybe(nil) * 100 + r:maybe('four')"), "-96");
    assert_eq!(handle(&lua, "return r.map.x == nil and r.map:get('x') == nil"), "true");
    assert_eq!(
        text(&lua, "return select('#', require('Test.Functions').half(5)) .. require 'Test.Functions'.half(5)"),
        "12.5"
    );
}

#[test]
fn metamethods_are_rows_and_an_index_row_comes_before_the_others() {
    let lua = lua();
    let lua = lua.enter();
    assert_eq!(handle(&lua, "return r(41) + #r"), "45");
    assert_eq!(handle(&lua, "return tostring(r) == 'a thing'"), "true");
    assert_eq!(
        handle(
            &lua,
            "local m = r.map; m.k = 'v'; m['get'] = 'shadows'; m.n = 5; return m.k .. m.get .. m.n == 'vshadows5'"
        ),
        "true"
    );
    assert_eq!(
        handle(&lua, "local m = r.map; m.k = 'v'; m.k = nil; return m.k == nil and m:get('x') == nil and m[1] == nil"),
        "true"
    );
}

#[test]
fn arguments_are_checked_with_function_and_line() {
    let lua = lua();
    let lua = lua.enter();
    let said = |code: &str| handle(&lua, code).split("\nstack").next().unwrap_or_default().to_string();
    let functions = "local f = require 'Test.Functions' return ";
    assert_eq!(said("r:maybe()"), "test.conf:12: bad argument #1 to 'maybe' (s: string expected, got no value)");
    assert_eq!(said("r:maybe({})"), "test.conf:12: bad argument #1 to 'maybe' (s: string expected, got table)");
    assert_eq!(
        said(&format!("{functions} 1 + f.add('x', 1)")),
        "test.conf:12: bad argument #1 to 'add' (a: integer expected, got string)"
    );
    assert_eq!(said(&format!("{functions} f.add('40', 2.0)")), "42");
    assert_eq!(
        said(&format!("{functions} f.add(1, 2, 'more', {{}})")),
        "3",
        "what is too much is ignored, as Lua does"
    );
    assert_eq!(said("r.puts(r.map)"), "test.conf:12: calling 'puts' on bad self (Test.Thing expected, got Test.Map)");
    assert_eq!(said("r.puts('x')"), "test.conf:12: calling 'puts' on bad self (Test.Thing expected, got string)");
    assert_eq!(said("r:puts('a', {})"), "test.conf:12: bad argument #2 to 'puts' (words: string expected, got table)");
    assert_eq!(said("r.count = 'x'"), "test.conf:12: bad value for field 'count' (integer expected, got string)");
    assert_eq!(said("return r:warn('a', 'b')"), "102");
    assert_eq!(said("return r.warn('a', 'b')"), "2");
    assert_eq!(said(&format!("{functions} #f:name() + #f.name('abc')")), "18");
    assert_eq!(
        said("return 1 + r:calls(nil)"),
        "test.conf:12: bad argument #1 to 'calls' (code: function or the name of one expected, got nil)"
    );
    let all = "local t = {} for i = 1, 300 do t[i] = tostring(i) end return #require('Test.Functions').join('', (table.unpack or unpack)(t))";
    assert_eq!(said(all), "792");
}

#[test]
fn rust_values_are_dropped_whichever_way_a_nested_call_ends() {
    let lua = lua();
    let lua = lua.enter();
    let said = |code: &str| handle(&lua, code).split("\nstack").next().unwrap_or_default().to_string();
    assert_eq!(said("return r:calls(function(n) return r:calls(function(n) return n + 1 end, n) end)"), "42");
    assert_eq!(said("r:calls(function() r:calls(function() error('deep', 0) end) end)"), "deep");
    assert_eq!(said("local ok, e = pcall(r.calls, r, function() error({ n = 5 }) end) return e.n"), "5");
    assert_eq!(said("local ok, e = pcall(r.fail, r, 'why') return e == 'fail: why' or e"), "true");
    assert_eq!(said("r:panics()"), "test.conf:12: panics: internal error: boom");
    assert_eq!(said("r:status(2)"), "test.conf:12: status: status 2");
    assert_eq!(said("r:calls(function() os.exit(3) end)"), "exit(3) was called");
    assert_eq!(
        said("local co = coroutine.wrap(function() r:calls(function() coroutine.yield() end) end) co()")
            .rsplit(": ")
            .next()
            .unwrap_or_default(),
        if cfg!(feature = "luajit") {
            "attempt to yield across C-call boundary"
        } else {
            "attempt to yield across a C-call boundary"
        }
    );
    assert_eq!(said("return coroutine.wrap(function() return r:calls(function(n) return n end, 5) end)()"), "5");
    assert_eq!(said("return r:message('text') .. r:message(function() return 'code' end) == 'textcode'"), "true");
    assert_eq!(
        said("return r:handlers({ 'a', function() end, 'b' }) * 10 + r:handlers(print) + r:handlers(nil)"),
        "31"
    );
    assert_eq!(said("local f = function() return 9 end return r:handler(f)()"), "9");
    assert_eq!(ALIVE.load(SeqCst), 0);
}

#[test]
fn an_object_whose_owner_is_gone_raises() {
    let lua = lua();
    let lua = lua.enter();
    assert_eq!(handle(&lua, "kept, map = r, r.map; saved = _G; return 1"), "1");
    let record = Record::default();
    let owner = Ticket::new_owner();
    let env = lua.open(&config("gone.conf:1", "function f(r) if r then kept = r return 0 end return pcall(function() return kept.count end) and 1 or 2 end function g() kept.count = 1 end function h() return kept:DESTROY() == nil end")).unwrap();
    assert_eq!(lua.call_in(&env, b"f", &[Thing::of(&record).val(owner)]).unwrap().number, 0);
    assert_eq!(lua.call_in(&env, b"f", &[]).unwrap().number, 1);
    owner.void();
    assert_eq!(lua.call_in(&env, b"f", &[]).unwrap().number, 2);
    assert!(died(lua.call_in(&env, b"g", &[])).contains("gone.conf:12: count: request is gone"));
    assert!(lua.call_in(&env, b"h", &[]).unwrap().truth, "what ends an object does so in silence");
}

#[test]
fn values_are_kept_and_given_back_and_belong_to_their_state() {
    let lua = lua();
    let other = crate::testing::lua();
    let (lua, other) = (lua.enter(), other.enter());
    assert_eq!(handle(&lua, "local t = { 5 } r:note('k', t) return r:note('k') == t and r:note('k')[1]"), "5");
    assert_eq!(handle(&other, "return r:note('k') == nil"), "true");
    assert_eq!(handle(&lua, "r:note('k', nil) return r:note('k') == nil"), "true");
    assert_eq!(handle(&lua, "local n = 0 r:keep(function(a) n = n + (a or 1) return n end) return 0"), "0");
    let kept = KEPT.take().pop().unwrap();
    use interp::Entry;
    assert_eq!(lua.call_kept(&kept, &[]).map(|o| o.number), Ok(1));
    assert_eq!(lua.call_kept(&kept, &[5i64.val(Ticket::FOREVER)]).map(|o| o.number), Ok(6));
    assert!(matches!(other.call_kept(&kept, &[]), Err(crate::Raised::Unresolved(_))));
    let home = kept.home().clone();
    kept.call_later(None);
    assert!(home.has_drops());
    BAGS.take();
    lua.drain();
    assert!(!home.has_drops());
}

#[test]
fn constants_stand_in_a_table_of_their_own() {
    let lua = lua();
    lua.enter().set_constant(b"version", b"Apache/2.4").unwrap();
    let clone = lua.duplicate().unwrap();
    for lua in [&lua, &clone] {
        let lua = lua.enter();
        assert_eq!(
            text(&lua, "return apache2.DECLINED .. apache2.DIR_MAGIC_TYPE .. apache2.version"),
            "-1httpd/unix-directoryApache/2.4"
        );
        assert_eq!(text(&lua, "return tostring(require 'apache2' == apache2) .. require('Apache2.Const').OK"), "true0");
    }
}
