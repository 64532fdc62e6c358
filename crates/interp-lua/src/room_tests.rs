//! What one use leaves in a state, and who sees it: each field of Lua's global state, the registry, the libraries.

use crate::{CodeCache, Entered, Lua, Raised, Script, testing::*};

/// What a script leaves, and what another sees then: the same as in a state that nobody has used.
const LEFT: &[(&str, &str, &str)] = &[
    (
        "a global",
        "left = 1 _G.other = 2 rawset(_G, 'third', 3)",
        "tostring(left) .. tostring(other) .. tostring(third)",
    ),
    ("a global that is taken away", "print = nil _G.type = nil", "tostring(print ~= nil)"),
    (
        "the metatable of _G",
        "setmetatable(_G, { __index = function() return 7 end, __metatable = false })",
        "tostring(unknown) .. tostring(getmetatable(_G))",
    ),
    ("_G itself", "_G = nil", "tostring(_G ~= nil)"),
    ("string", "string.upper = nil string.mine = 1", "('x'):upper() .. tostring(string.mine)"),
    ("table", "table.concat = nil table[1] = 5", "table.concat({ 1, 2 }) .. tostring(table[1])"),
    ("math", "math.pi = 3 math.floor = nil", "tostring(math.pi > 3.1) .. math.floor(2.5)"),
    ("os", "os.time = function() return 0 end", "tostring(os.time() > 0)"),
    ("io", "io.open = nil", "tostring(io.open ~= nil)"),
    ("debug", "debug.traceback = nil", "tostring(debug.traceback ~= nil)"),
    ("coroutine", "coroutine.wrap = nil", "tostring(coroutine.wrap ~= nil)"),
    ("apache2", "apache2.OK = 500 apache2.mine = 1", "apache2.OK .. tostring(apache2.mine)"),
    (
        "package.loaded",
        "package.loaded.basket = {} package.loaded.string = nil",
        "tostring(package.loaded.basket) .. tostring(require 'string' == string)",
    ),
    (
        "package.preload",
        "package.preload.settings = function() return {} end",
        "tostring((pcall(require, 'settings')))",
    ),
    (
        "package.searchers",
        "local s = package.searchers or package.loaders s[#s + 1] = s[1]",
        "#(package.searchers or package.loaders)",
    ),
    ("package.path", "package.path = '/nowhere/?.lua'", "tostring(package.path:find('/nowhere', 1, true))"),
    ("package.cpath", "package.cpath = '/nowhere/?.so'", "tostring(package.cpath:find('/nowhere', 1, true))"),
    ("package.config", "package.config = '?'", "tostring(#package.config > 3)"),
    (
        "package's metatable",
        "setmetatable(package, { __index = function() return 1 end })",
        "tostring(package.nothing)",
    ),
    ("a module of ours", "require('Test.Functions').half = nil", "tostring(require('Test.Functions').half ~= nil)"),
    ("a set of constants", "require('Apache2.Const').OK = 9", "require('Apache2.Const').OK"),
    (
        "the metatable of nil",
        "debug.setmetatable(nil, { __index = function() return 1 end })",
        "tostring((pcall(function() return no_such.field end)))",
    ),
    (
        "of booleans",
        "debug.setmetatable(true, { __index = { x = 1 } })",
        "tostring((pcall(function() return (true).x end)))",
    ),
    ("of numbers", "debug.setmetatable(1, { __index = { x = 1 } })", "tostring((pcall(function() return (1).x end)))"),
    (
        "of functions",
        "debug.setmetatable(print, { __index = { x = 1 } })",
        "tostring((pcall(function() return print.x end)))",
    ),
    (
        "of threads",
        "debug.setmetatable(coroutine.create(print), { __index = { x = 1 } })",
        "tostring(debug.getmetatable(coroutine.create(print)))",
    ),
    (
        "of strings",
        "getmetatable('').__index = function() return 'caught' end getmetatable('').__add = 1",
        "('y'):upper() .. tostring(getmetatable('').__add)",
    ),
    ("of files", "getmetatable(io.stdout).__index.close = nil", "tostring(io.stdout.close ~= nil)"),
    (
        "of objects",
        "getmetatable(thing).__index = function() return 'caught' end getmetatable(thing).mine = 1",
        "tostring(thing.count) .. tostring(getmetatable(thing).mine)",
    ),
    ("a hook", "debug.sethook(function() hooked = true end, 'l')", "tostring(hooked) .. tostring(debug.gethook())"),
    (
        "the registry",
        "debug.getregistry().mine = 1 debug.getregistry()[1] = debug.getregistry()[1]",
        "tostring(debug.getregistry().mine)",
    ),
    (
        "the registry's metatable",
        "setmetatable(debug.getregistry(), { __newindex = function() error('caught') end })",
        "tostring(getmetatable(debug.getregistry()))",
    ),
    ("the default output", "io.output('/dev/null') io.close()", "tostring((pcall(io.write, '')))"),
    ("the default input", "io.input('/dev/null') io.close(io.input())", "io.type(io.input())"),
    ("the collector that is stopped", "collectgarbage('stop')", "tostring(collectgarbage('isrunning'))"),
    (
        "the collector's pace",
        "collectgarbage('setpause', 1000) collectgarbage('setstepmul', 999)",
        "collectgarbage('setpause', 200)",
    ),
    ("the sequence of random numbers", "math.randomseed(42)", "tostring(math.random(1, 0x7fffffff) ~= 1 and 'own')"),
    ("many strings", "for i = 1, 5000 do local s = 'string' .. i end", "('string' .. 4000)"),
    ("a table of 100,000 tables", "big = {} for i = 1, 100000 do big[i] = { i } end", "tostring(big)"),
    ("a long text", "big = ('x'):rep(5000000)", "tostring(big)"),
    (
        "garbage that was collected",
        "for i = 1, 20000 do local t = { i, {} } end collectgarbage() collectgarbage()",
        "tostring(#{ 1, 2 })",
    ),
    ("an object with a finalizer", "x = setmetatable({}, { __gc = function() FINAL = 1 end })", "tostring(FINAL)"),
    ("a coroutine that waits", "co = coroutine.wrap(function() coroutine.yield() end) co()", "tostring(co)"),
    ("an endless recursion", "local function f() return 1 + f() end pcall(f)", "'fine'"),
    ("all tables that there are", NO_TABLE, ALL_TABLES),
    ("the locale", "os.setlocale('C.UTF-8') os.setlocale('C', 'numeric')", "os.setlocale()"),
    (
        "a module in C",
        "pcall(require, 'cjson') pcall(require, 'lpeg')",
        "tostring(package.loaded.cjson) .. tostring(package.loaded.lpeg)",
    ),
    (
        "the hook of a coroutine",
        "co = coroutine.create(function() end) debug.sethook(co, function() end, 'l') debug.sethook(function() end, '', 1000)",
        "tostring((debug.gethook()))",
    ),
    ("an error", "error({})", "'fine'"),
    ("os.exit", "coroutine.wrap(function() pcall(os.exit, 3) end)()", "'fine'"),
    ("an open file", "f = io.open('/etc/passwd') f:read('l')", "tostring(f)"),
    ("a pipe", "p = io.popen('echo hi')", "tostring(p)"),
    (
        "a text that is built in pieces",
        "local t = {} for i = 1, 3000 do t[i] = 'piece' end s = table.concat(t)",
        "tostring(s)",
    ),
];
/// All tables that a script can reach but the registry: tables, functions, texts that there are.
const ALL_TABLES: &str = "(function() local n, seen = { table = 0, ['function'] = 0, string = 0 }, {}
    local getmetatable, pairs, type = debug.getmetatable, pairs, type
    local function visit(v)
        local t = type(v) if n[t] then n[t] = n[t] + 1 end
        if t == 'userdata' or t == 'string' then v = getmetatable(v) end
        if type(v) ~= 'table' or seen[v] or v == KEEP then return end seen[v] = true
        for k, w in pairs(v) do if k ~= 'loaded' and k ~= 'thing' and k ~= 'handle' then visit(k) visit(w) end end visit(getmetatable(v))
    end
    visit(_G) visit(apache2) visit('') visit(io.stdout) return n.table .. ' ' .. n['function'] .. ' ' .. n.string end)()";
const NO_TABLE: &str = "local seen, getmetatable, pairs, type, next = {}, debug.getmetatable, pairs, type, next
    local function blank(v)
        if type(v) == 'userdata' or type(v) == 'string' then v = getmetatable(v) end
        if type(v) ~= 'table' or seen[v] then return end seen[v] = true
        local keys = {} for k, w in pairs(v) do keys[#keys + 1] = k end
        for i = 1, #keys do local w = v[keys[i]] v[keys[i]] = nil blank(w) end blank(getmetatable(v)) v[1] = 'blank'
    end
    blank(thing) blank('') blank(_G)";
/// What Lua 5.4 has.
#[cfg(not(feature = "luajit"))]
const LEFT_54: &[(&str, &str, &str)] = &[
    ("utf8", "utf8.char = nil", "utf8.char(65)"),
    (
        "bytes that no use frees",
        "big = {} for i = 1, 2e5 do big[i] = 'text ' .. i end",
        "math.floor(collectgarbage('count') / 4096)",
    ),
    (
        "weak tables",
        "w = setmetatable({}, { __mode = 'kv' }) e = setmetatable({}, { __mode = 'k' }) for i = 1, 100 do w[{}] = {} e[{}] = { w } end collectgarbage()",
        "tostring(w)",
    ),
    ("a finalizer that fails", "setmetatable({}, { __gc = function() error('in gc') end }) collectgarbage()", "'fine'"),
    (
        "a finalizer that revives its object",
        "setmetatable({}, { __gc = function(o) revived = setmetatable(o, getmetatable(o)) end }) collectgarbage()",
        "tostring(revived)",
    ),
    (
        "objects that have become old",
        "collectgarbage('generational') old = setmetatable({}, { __gc = function() FINAL = 2 end }) for i = 1, 30000 do old[i % 9] = { {} } end collectgarbage('step') collectgarbage('step') touched = old[1]",
        "tostring(old) .. tostring(FINAL) .. tostring(touched)",
    ),
    (
        "a collection that is under way",
        "for i = 1, 1e4 do local t = { i } end collectgarbage('step', 1) collectgarbage('step', 1)",
        "tostring(collectgarbage('step', 0) ~= nil)",
    ),
    (
        "open upvalues of a coroutine that waits",
        "co = coroutine.create(function() local y = 2 keep = function() y = y + 1 return y end coroutine.yield() end) coroutine.resume(co) keep()",
        "tostring(keep)",
    ),
    (
        "the metatable of light userdata",
        "debug.setmetatable(debug.upvalueid(helper, 1), { __index = { x = 1 } })",
        "tostring(debug.getmetatable(debug.upvalueid(helper, 1)))",
    ),
    ("a user value", "debug.setuservalue(io.stdout, {}, 1)", "tostring((debug.getuservalue(io.stdout, 1)))"),
    ("bit32", "bit32.band = nil", "bit32.band(3, 1)"),
    ("the collector's mode", "collectgarbage('generational')", "collectgarbage('incremental')"),
    ("an upvalue of a library function", "debug.setupvalue(math.random, 1, nil)", "tostring((pcall(math.random)))"),
    (
        "an upvalue of ours",
        "for i = 1, 4 do debug.setupvalue(require, i, nil) debug.setupvalue(load, i, nil) end",
        "tostring(load('return 5')())",
    ),
    (
        "joined upvalues",
        "local x = 5 local function g() return x end pcall(debug.upvaluejoin, helper, 1, g, 1)",
        "helper()",
    ),
    ("the upvalue of a start-up function", "debug.setupvalue(helper, 1, 99)", "helper()"),
    ("a variable that is to be closed", "local x <close> = setmetatable({}, { __close = function() end })", "'fine'"),
];

/// The fields of `global_State` (lstate.h of Lua 5.4), and the rows that reach them; behind a dash why no script does.
const GLOBAL_STATE: &[(&str, &str)] = &[
    ("frealloc ud panic", "- C code alone, of which a module that changes them has taken over the process"),
    ("totalbytes GCdebt GCestimate lastatomic", "bytes that no use frees"),
    ("strt strcache", "many strings"),
    ("l_registry", "the registry"),
    ("l_registry: _LOADED", "package.loaded"),
    ("l_registry: _PRELOAD", "package.preload"),
    ("l_registry: _CLIBS", "a module in C"),
    ("l_registry: _IO_output", "the default output"),
    ("l_registry: _IO_input", "the default input"),
    ("l_registry: _HOOKKEY", "the hook of a coroutine"),
    ("l_registry: FILE*", "of files"),
    ("l_registry: _UBOX*", "a long text"),
    ("l_registry: classes", "of objects"),
    ("l_registry: references", "the registry"),
    ("l_registry: globals", "a global"),
    ("nilvalue memerrmsg tmname", "- constants"),
    ("seed", "- chosen when the state is made; only the order of `pairs` shows it"),
    ("currentwhite gcstate sweepgc gray", "a collection that is under way"),
    ("gckind genminormul genmajormul", "the collector's mode"),
    ("gcstp", "the collector that is stopped"),
    ("gcemergency gcstopem", "- within a collection alone"),
    ("gcpause gcstepmul gcstepsize", "the collector's pace"),
    ("allgc", "a table of 100,000 tables"),
    ("finobj", "an object with a finalizer"),
    ("tobefnz", "a finalizer that revives its object"),
    ("weak ephemeron allweak", "weak tables"),
    ("survival old1 reallyold firstold1 grayagain finobjsur finobjold1 finobjrold", "objects that have become old"),
    ("fixedgc", "- reserved words and names of metamethods, which nothing changes"),
    ("twups", "open upvalues of a coroutine that waits"),
    ("mainthread", "a hook"),
    ("mt: nil", "the metatable of nil"),
    ("mt: boolean", "of booleans"),
    ("mt: light userdata", "the metatable of light userdata"),
    ("mt: number", "of numbers"),
    ("mt: string", "of strings"),
    ("mt: function", "of functions"),
    ("mt: thread", "of threads"),
    ("mt: table, userdata", "- each object has its own"),
    ("warnf ud_warn", "- t/lua/one_use.t sees what is written"),
];

#[test]
fn every_field_of_the_global_state_has_its_row() {
    for (field, row) in GLOBAL_STATE {
        let is_there = row.starts_with("- ") || LEFT.iter().any(|(what, ..)| what == row);
        #[cfg(not(feature = "luajit"))]
        let is_there = is_there || LEFT_54.iter().any(|(what, ..)| what == row);
        assert!(is_there || cfg!(feature = "luajit"), "{field}: no row '{row}'");
    }
}

fn all() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    #[cfg(not(feature = "luajit"))]
    return LEFT.iter().chain(LEFT_54);
    #[cfg(feature = "luajit")]
    LEFT.iter().filter(|(what, ..)| *what != "an endless recursion")
}

fn start() -> Lua {
    let lua = lua();
    lua.enter().again(crate::start_up::StartUp::Text { code: b"local n = 5 function helper() return n end counted = 0 function count() counted = counted + 1 return counted end".as_slice().into(), place: None }).unwrap();
    lua
}

/// Runs `code` in a use of its own, with the object `thing`.
fn once(lua: &Entered, name: &str, code: &str) -> Result<i64, Raised> {
    use interp::{IntoVal, Ticket};
    let record = Record::default();
    let owner = Ticket::new_owner();
    let text = format!("function handle(r) thing = r {code} end");
    let result = lua.run_once(&config(name, &text), b"handle", &[Thing::of(&record).val(owner)]).map(|o| o.number);
    owner.void();
    result
}

fn sees(lua: &Entered, name: &str, value: &str) -> String {
    KEPT.take();
    match once(lua, name, &format!("r:keep_text(tostring({value}))")) {
        Ok(_) => SAID.take(),
        Err(raised) => raised.to_string(),
    }
}

#[test]
fn what_one_use_leaves_no_other_sees() {
    let lua = start();
    let lua = lua.enter();
    let fresh: Vec<_> = all().map(|(what, _, see)| sees(&lua, &format!("{what}:1"), see)).collect();
    for round in 0..2 {
        for ((what, leave, see), fresh) in all().zip(&fresh) {
            let _ = once(&lua, &format!("{what}:2"), leave);
            assert_eq!(&sees(&lua, &format!("{what}:1"), see), fresh, "{what}, round {round}");
        }
    }
    // All, one after the other, and then all that can be seen.
    for (what, leave, _) in all() {
        let _ = once(&lua, &format!("{what}:2"), leave);
    }
    for ((what, _, see), fresh) in all().zip(&fresh) {
        assert_eq!(&sees(&lua, &format!("{what}:1"), see), fresh, "{what}, after all");
    }
    #[cfg(not(feature = "luajit"))]
    assert_eq!(lua.rooms.borrow().len(), 1, "one state is enough for uses that come one after the other");
}

#[test]
fn what_one_script_leaves_in_a_state_that_stays_only_that_script_sees() {
    let lua = start();
    let lua = lua.enter();
    let fresh: Vec<_> = all().map(|(what, _, see)| sees(&lua, &format!("{what}:1"), see)).collect();
    for ((what, leave, see), fresh) in all().zip(&fresh) {
        // In a table of its own.
        let text = format!(
            "function handle() {leave} end mine = (mine or 0) + 1 function again() mine = mine + 1 return mine end"
        );
        let name = format!("{what}:3");
        let _ = lua.run_kept(&config(&name, &text), b"handle", &[]);
        assert_eq!(&sees(&lua, &format!("{what}:1"), see), fresh, "{what}");
    }
    let text = "n = 0 function f() n = n + 1 string.mine = (string.mine or 0) + 1 return n * 10 + string.mine end";
    let counts: Vec<_> = (0..3).map(|_| lua.run_kept(&config("k:1", text), b"f", &[]).unwrap().number).collect();
    assert_eq!(counts, [11, 22, 33]);
    let env = lua.open(&config("k:1", text)).unwrap();
    assert_eq!(lua.call_in(&env, b"f", &[]).unwrap().number, 11);
    assert_eq!(lua.call_in(&env, b"f", &[]).unwrap().number, 22, "what is kept goes on");
    assert_eq!(once(&lua, "k:2", "return string.mine or 0").unwrap(), 0);
    drop(env);
    lua.drain();
    assert_eq!(once(&lua, "k:2", "return string.mine or 0").unwrap(), 0, "and is put back when it is kept no more");
}

#[test]
fn start_up_code_is_at_each_use_as_it_was_left() {
    let lua = start();
    let lua = lua.enter();
    for _ in 0..3 {
        assert_eq!(once(&lua, "c:1", "count() return count()").unwrap(), 2);
    }
}

#[test]
fn a_use_within_a_use_has_a_state_of_its_own() {
    let lua: &'static Lua = Box::leak(Box::new(start()));
    AGAIN.set(Some(Box::new(move || {
        let lua = lua.enter();
        once(&lua, "inner:1", "mine = (mine or 0) + 1 string.x = (string.x or 0) + 1 return mine + string.x").unwrap()
    })));
    let outer = "mine = 10 string.x = 100 local got = require('Test.Functions').again() got = got + require('Test.Functions').again() return got * 1000 + mine + string.x";
    assert_eq!(once(&lua.enter(), "outer:1", outer).unwrap(), 4110);
    AGAIN.set(None);
    #[cfg(not(feature = "luajit"))]
    assert_eq!(lua.entered.rooms.borrow().len(), 2);
}

#[test]
fn what_a_use_opened_is_closed_when_it_returns() {
    let folder = Folder::new();
    let path = |name: &str| folder.0.join(name).to_str().unwrap().to_string();
    let lua = start();
    let lua = lua.enter();
    let descriptors = || {
        std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok())
            .filter(|to| to.starts_with(&folder.0))
            .count()
    };
    let written = |name: &str| std::fs::read_to_string(path(name)).unwrap_or_default();
    let cases = [
        ("a file", "local f = io.open(PATH, 'a') f:write('x')".to_string()),
        ("a file and an error", "local f = io.open(PATH, 'a') f:write('x') error('no')".into()),
        ("a file in a global", "f = io.open(PATH, 'a') f:write('x')".into()),
        ("many files", "for i = 1, 40 do local f = io.open(PATH, 'a') if i == 1 then f:write('x') end end".into()),
        ("the default output", "io.output(io.open(PATH, 'a')) io.write('x')".into()),
        ("a pipe", "local p = io.popen('cat >> ' .. PATH, 'w') p:write('x')".into()),
        (
            "a finalizer",
            "t = setmetatable({}, { __gc = function() local f = io.open(PATH, 'a') f:write('x') f:close() end })"
                .into(),
        ),
        (
            "a file in a coroutine",
            "co = coroutine.wrap(function() local f = io.open(PATH, 'a') f:write('x') coroutine.yield() end) co()"
                .into(),
        ),
        ("a file, and garbage", "f = io.open(PATH, 'a') f:write('x') for i = 1, 200000 do local t = { i } end".into()),
        ("lines", "local f = io.open(PATH, 'a') f:write('x') f:flush() for l in io.lines(PATH) do break end".into()),
    ];
    for round in 1..=3 {
        for (i, (what, code)) in cases.iter().enumerate() {
            if cfg!(feature = "luajit") && *what == "a finalizer" {
                continue;
            }
            let name = format!("out{i}");
            let _ = once(&lua, &format!("{what}:1"), &code.replace("PATH", &format!("'{}'", path(&name))));
            assert_eq!(written(&name), "x".repeat(round), "{what}");
            assert_eq!(descriptors(), 0, "{what}");
        }
    }
    let env = lua.open(&config("kept:1", &format!("f = io.open('{}', 'a') f:write('x')", path("kept")))).unwrap();
    assert_eq!((written("kept").as_str(), descriptors()), ("", 1));
    drop(env);
    lua.drain();
    assert_eq!((written("kept").as_str(), descriptors()), ("x", 0), "what was kept is closed when it goes");
}

#[cfg(not(feature = "luajit"))]
#[test]
fn a_state_whose_start_up_code_leaves_finalizers_is_closed_after_each_use() {
    for (code, is_put_back) in [
        ("x = 1", true),
        ("f = io.open('/dev/null')", false),
        ("t = setmetatable({}, { __gc = function() end })", false),
        ("local f = io.open('/dev/null') f:close() f = nil collectgarbage()", true),
    ] {
        let lua = lua();
        lua.enter().again(crate::start_up::StartUp::Text { code: code.as_bytes().into(), place: None }).unwrap();
        let clone = lua.duplicate().unwrap();
        for lua in [&lua, &clone] {
            let lua = lua.enter();
            assert_eq!(lua.closes_states().is_none(), is_put_back, "{code}: {:?}", lua.closes_states());
            for _ in 0..3 {
                assert_eq!(
                    once(&lua, "u:1", "n = (n or 0) + 1 string.n = (string.n or 0) + 1 return n + string.n").unwrap(),
                    2
                );
            }
            assert_eq!(lua.rooms.borrow().len(), usize::from(is_put_back), "{code}");
        }
        interp::Interp::prepare(&clone);
        assert_eq!(clone.entered.rooms.borrow().len(), if is_put_back { 1 } else { 2 }, "the keeper makes them ahead");
    }
}

#[test]
fn each_use_has_random_numbers_of_its_own() {
    let lua = start();
    let lua = lua.enter();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..200 {
        let number = once(&lua, "r:1", "return math.random(1, 0x7fffffff)").unwrap();
        assert!(seen.insert(number), "{number} came twice");
        let _ = once(&lua, "r:2", "math.randomseed(7)");
    }
}

#[test]
fn a_source_that_changes_and_one_that_is_never_kept_are_run_as_they_are() {
    let folder = Folder::new();
    let lua = start();
    let lua = lua.enter();
    let file =
        folder.write("s.lua", "return_value = 1 function f() seen = (seen or 0) + 1 return return_value + seen end");
    for cache in [CodeCache::Stat, CodeCache::Never] {
        for _ in 0..3 {
            let script = Script { cache, ..script(&file) };
            assert_eq!(lua.run_once(&script, b"f", &[]).unwrap().number, 2);
        }
    }
    folder.write("s.lua", "function f() return 30 end -- longer");
    for cache in [CodeCache::Stat, CodeCache::Never] {
        assert_eq!(lua.run_once(&Script { cache, ..script(&file) }, b"f", &[]).unwrap().number, 30);
    }
}

#[cfg(not(feature = "luajit"))]
#[test]
fn memory_that_a_use_took_is_given_back() {
    let lua = started(&crate::Start { memory: Some(64 << 20), ..Default::default() });
    let before = {
        let e = lua.enter();
        once(&e, "m:1", "return 1").unwrap();
        lua.memory_used()
    };
    for code in [
        "t = {} for i = 1, 200000 do t[i] = { i } end",
        "s = ('x'):rep(30000000)",
        "while true do s = (s or '') .. ('y'):rep(100000) end",
    ] {
        let e = lua.enter();
        let _ = once(&e, "m:2", code);
        once(&e, "m:2", "return 1").unwrap();
        drop(e);
        assert!(lua.memory_used() < before + 20_000, "{code}: {before} bytes, then {}", lua.memory_used());
    }
}

/// Awkward scripts in any order leave nothing that another would see. `LUA_CALLS` says how many.
#[test]
fn any_order_of_awkward_scripts_leaves_each_a_state_that_nobody_has_used() {
    let lua = start();
    let lua = lua.enter();
    let n: u32 = std::env::var("LUA_CALLS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let rows: Vec<_> = all().collect();
    let fresh: Vec<_> = rows.iter().map(|(what, _, see)| sees(&lua, &format!("{what}:1"), see)).collect();
    let mut x = 12345u32;
    let mut next = |of: usize| {
        x = x.wrapping_mul(1664525).wrapping_add(1013904223);
        (x >> 8) as usize % of
    };
    for _ in 0..n {
        let (i, j) = (next(rows.len()), next(rows.len()));
        if !rows[i].0.starts_with("a table of 100,000") {
            let _ = once(&lua, &format!("{}:2", rows[i].0), rows[i].1);
        }
        assert_eq!(sees(&lua, &format!("{}:1", rows[j].0), rows[j].2), fresh[j], "{} after {}", rows[j].0, rows[i].0);
    }
}

#[test]
fn what_a_use_keeps_with_a_request_the_next_one_has_a_copy_of() {
    let lua = start();
    let lua = lua.enter();
    let set = "local t = { 1, { deep = 'x' }, [true] = 2.5, me = thing } t.self = t thing:note('k', t) thing:note('n', 5) return 1";
    let get = "local t = thing:note('k') assert(t == thing:note('k') and t[1] == 1 and t[2].deep == 'x' and t[true] == 2.5 and t.self == t and type(t.me.count) == 'number')
        t[1] = 7 return thing:note('n')";
    BAGS.take();
    let record = Record::default();
    let owner = interp::Ticket::new_owner();
    let run = |name: &str, code: &str| {
        use interp::IntoVal;
        lua.run_once(
            &config(name, &format!("function handle(r) thing = r {code} end")),
            b"handle",
            &[Thing::of(&record).val(owner)],
        )
        .map(|o| o.number)
    };
    assert_eq!(run("n:1", set), Ok(1));
    assert_eq!(run("n:2", get), Ok(5));
    assert_eq!(run("n:3", "return thing:note('k')[1]"), Ok(7));
    assert_eq!(run("n:4", "thing:note('n', 6) thing:note('f', function() end)"), Ok(0));
    assert_eq!(
        run(
            "n:5",
            "assert(not pcall(thing.note, thing, 'f')) thing:note('f', 1) return thing:note('n') + thing:note('f')"
        ),
        Ok(7)
    );
    assert!(lua.rooms.borrow().len() > 1 || cfg!(feature = "luajit"));
    BAGS.take();
    lua.drain();
    let is_free = |room: &std::rc::Rc<crate::room::Room>| room.has.get() == crate::room::Has::Nobody;
    assert!(lua.rooms.borrow().iter().all(is_free), "what was kept is kept no more");
    owner.void();
}

#[test]
fn a_value_that_start_up_code_has_left_is_told_from_those_of_a_use() {
    let lua: &'static Lua = Box::leak(Box::new(start()));
    let left = {
        let e = lua.enter();
        let room = e.start_room().unwrap();
        let (what, world) = (crate::ffi::CALL | crate::ffi::FIND, room.world_raw(room.base.get()));
        let job = crate::ffi::Job { world, ..crate::run::calling(what, b"helper", &[]) };
        let found = room.alone(|| room.perform(job)).unwrap();
        room.keep(found.reference)
    };
    // The use keeps a value, and what start-up code had left is dropped meanwhile.
    KEPT.take();
    let cell = std::cell::Cell::new(Some(left));
    AGAIN.set(Some(Box::new(move || {
        drop(cell.take());
        0
    })));
    let e = lua.enter();
    let keeps = "r:keep({ 'the value' }) require('Test.Functions').again() string.mine = 1 return 1";
    assert_eq!(once(&e, "k:1", keeps), Ok(1));
    AGAIN.set(None);
    e.drain();
    let has = |e: &Entered| e.rooms.borrow().iter().filter(|room| room.has.get() == crate::room::Has::Use).count();
    assert_eq!(has(&e), 1, "the state in which something is kept is not put back");
    assert_eq!(once(&e, "k:2", "return string.mine or 0"), Ok(0));
    KEPT.take();
    e.drain();
    assert_eq!(has(&e), 0, "until it is kept no more");
    for _ in 0..3 {
        assert_eq!(once(&e, "k:2", "return (string.mine or 0) + helper()"), Ok(5));
    }
}

#[test]
fn two_pools_in_one_process_have_nothing_in_common() {
    let (one, other): (&'static Lua, &'static Lua) = (
        Box::leak(Box::new(start())),
        Box::leak(Box::new(started(&crate::Start { memory: Some(64 << 20), ..Default::default() }))),
    );
    AGAIN.set(Some(Box::new(move || {
        let code = "string.mine = (string.mine or 0) + 1 assert(not helper and os.setlocale(nil, 'ctype') == 'C') os.setlocale('C.UTF-8') return string.mine";
        once(&other.enter(), "p:1", code).unwrap()
    })));
    let code = "string.mine = 10 os.setlocale('C.UTF-8', 'ctype') local again = require('Test.Functions').again
        return (again() + again()) * 100 + string.mine + (os.setlocale(nil, 'ctype') ~= 'C' and ('\u{e4}'):upper() ~= '' and 1000 or 0)";
    for _ in 0..3 {
        assert_eq!(once(&one.enter(), "p:1", code).unwrap(), 1210);
    }
    AGAIN.set(None);
}
