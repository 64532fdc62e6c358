# The front door. `make help` prints every target with its line of text.

APXS   ?= apxs
CARGO  ?= cargo
PROVE  ?= prove
JOBS   ?= 2
T      ?= t/harness t/config t/host t/net t/perl t/lua t/api t/bugs t/soak
PORT   ?= 8080
MPM    ?= event

# What a build script reads must be the same whoever calls cargo, or each call builds anew: a variable that names the tool that
# would be found without it is kept from cargo.
found = $(realpath $(shell command -v $(1) 2>/dev/null))
plain = $(if $(filter $(call found,$(or $($(1)),$(2))),$(call found,$(2))),$(eval unexport $(1)))
$(call plain,APXS,apxs)$(call plain,APR_CONFIG,apr-1-config)$(call plain,PERL,perl)

TARGET  = $(or $(CARGO_TARGET_DIR),target)
SO      = $(TARGET)/release/libmod_interp.so
APR_SO  = $(TARGET)/release/libapr_perl.so
COMMAND = $(TARGET)/release/modinterp

# make FEATURES=perl,luajit builds with LuaJIT (needs libluajit-5.1-dev); FEATURES=lua without Perl.
CARGO_FLAGS = $(if $(FEATURES),--no-default-features --features $(FEATURES) $(if $(findstring perl,$(FEATURES)),,-p mod_interp -p modinterp))

# What a bare Debian 12 needs beside Rust to build and serve; never apache2, which starts a server on port 80.
DEPS = gcc libc6-dev pkg-config libclang-dev apache2-bin apache2-dev media-types perl libperl-dev \
       liblua5.4-dev libdbi-perl libdbd-sqlite3-perl libaprutil1-dbd-sqlite3 libnet-server-perl
# And to test; what is not there is skipped. Lua modules in C, drivers of APR's, and PostgreSQL's programs.
TEST_DEPS = curl apache2-utils libplack-perl starman libhttp-server-simple-cgi-prefork-perl libnet-cidr-perl libio-socket-ssl-perl lua-cjson lua-lpeg lua-socket lua-sql-sqlite3 libaprutil1-dbd-pgsql libluajit-5.1-dev postgresql libdbd-pg-perl sqlite3 nghttp2-client

.DEFAULT_GOAL := build
.PHONY: build quick install uninstall serve test check lint t todo loom asan asan-so fuzz fuzz-pages valgrind soak bench tables imports mutate help deps unit rust luajit

help:       ## print this list
	@sed -n 's/^\([a-z]*\):.* ## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

build: rust ## build the module and the command modinterp (release); FEATURES=perl,luajit for LuaJIT in place of Lua 5.4
	@echo "$(CARGO) build --release $(CARGO_FLAGS)"; $(CARGO) build --release $(CARGO_FLAGS) || { DEPS="$(DEPS)" sh apache-conf/deps tell; exit 1; }

# For a look at what was just written: without LTO, and incremental. MOD_INTERP_SO names the file for tests: make t MOD_INTERP_SO=...
quick: rust ## build in seconds what `make t MOD_INTERP_SO=target/quick/libmod_interp.so` tests
	$(CARGO) build --profile quick $(CARGO_FLAGS)

# Debian 12's own Rust (1.63) is too old.
rust:
	@sh apache-conf/rust "$(CARGO)" "$$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)"

deps:       ## as root install the Debian packages that are missing, else print the line that does
	@DEPS="$(DEPS) $(TEST_DEPS)" sh apache-conf/deps

# Compiles nothing: under sudo there may be no cargo, and a file of root's in target/ would stop the next make.
INSTALL = SO="$(SO)" APR_SO="$(APR_SO)" COMMAND="$(COMMAND)" PREFIX="$(if $(filter command,$(firstword $(origin PREFIX))),$(PREFIX))" DESTDIR="$(DESTDIR)" APXS="$(APXS)" sh apache-conf/install
install:    ## install what make built: the module, its Perl library, its configuration, its commands (DESTDIR=); PREFIX=: APR::* alone, for a plain perl
	@$(INSTALL) install

uninstall:  ## remove what make install put there (DESTDIR=)
	@$(INSTALL) uninstall

# MOD_INTERP_SO=file serves that one and builds nothing.
SERVE = DEPS="$(DEPS)" PORT="$(PORT)" MPM="$(MPM)" APXS="$(APXS)" SO="$(or $(MOD_INTERP_SO),$(SO))" sh apache-conf/serve
serve: $(if $(MOD_INTERP_SO),,rust) ## httpd on loopback with the demo site, log on screen, Ctrl-C stops it (PORT=8080, MPM=event)
	@$(SERVE) check
	@$(if $(MOD_INTERP_SO),:,$(MAKE) --no-print-directory build)
	@exec env $(SERVE)

test: deps rust lint unit loom build t luajit ## everything that must be green: lint, unit and doc tests, loom, t/ on event and prefork, LuaJIT

check: lint unit ## lint, unit and doc tests

# The module with one language alone is looked at as well: some twenty seconds.
# With another Rust than the one that the tree was linted with, what its clippy has new is shown and fails nothing.
LINTED = 1.95
DENY   = $(if $(filter $(LINTED).%,$(word 2,$(shell $(CARGO) --version))),-- -D warnings)
lint: rust  ## fmt and clippy, with each language alone too; who imports whom; cargo-deny and typos if installed
	@{ $(CARGO) fmt --version && $(CARGO) clippy --version; } >/dev/null 2>&1 || \
	    { echo "make lint: clippy or rustfmt is not there: rustup component add clippy rustfmt" >&2; exit 1; }
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets $(DENY)
	$(CARGO) clippy --quiet -p mod_interp --no-default-features --features lua $(DENY)
	$(CARGO) clippy --quiet -p mod_interp --no-default-features --features perl $(DENY)
	@CARGO="$(CARGO)" perl docs/print_imports > /dev/null
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check; else echo "cargo-deny is not installed: left out"; fi
	@if typos --version >/dev/null 2>&1; then typos; else echo "typos is not installed: left out"; fi

unit: rust  ## unit and doc tests
	$(CARGO) test --workspace

loom: rust  ## model-check the interpreter pool
	RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=$(TARGET)/loom $(CARGO) test -p tipool --test loom --release

t:          ## all of t/ against the built module, or T=t/api/request_rec.t; T_MPM="event" for one MPM
	@PROVE="$(PROVE)" JOBS="$(JOBS)" perl t/lib/run $(T)

# What differs most with LuaJIT: states, errors, modules, memory. Built without LTO: about a minute.
LUAJIT_T = t/lua/one_use.t t/lua/faults.t t/lua/scope.t t/lua/modules.t t/bugs/lua_require_position.t
luajit: rust ## the build with LuaJIT, its unit tests and a few of t/ (T="t/lua t/bugs" for others), if libluajit-5.1-dev is there
	@if pkg-config --exists luajit; then set -e; export CARGO_TARGET_DIR="$(TARGET)/luajit"; \
	    $(CARGO) test --profile quick -p interp-lua --no-default-features --features luajit --lib; \
	    $(CARGO) build --profile quick --no-default-features --features perl,luajit; \
	    MOD_INTERP_SO="$$CARGO_TARGET_DIR/quick/libmod_interp.so" PROVE="$(PROVE)" JOBS="$(JOBS)" perl t/lib/run $(if $(filter command line,$(origin T)),$(T),$(LUAJIT_T)); \
	else echo "libluajit-5.1-dev is not installed: LuaJIT is left out"; fi

todo:       ## known wrongs, expected to fail
	@PROVE="$(PROVE)" JOBS="$(JOBS)" perl t/lib/run t/todo

mutate:     ## changes places of the sources one by one and says which change no test notices (N=, SEED=, IN=, T=)
	@perl t/lib/mutate

soak: build ## the long repetitions: restarts, recycling, signals, leaks
	SOAK=1 $(PROVE) -r -j1 --timer -v t/soak t/host/signals.t t/host/recycle.t

# The triple must be given, or build scripts and procedural macros would be instrumented too.
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
ASAN = MOD_INTERP_SO=$(TARGET)/asan/$(HOST)/quick/libmod_interp.so T_PRELOAD="$$(gcc -print-file-name=libasan.so)" \
       ASAN_OPTIONS=detect_leaks=0 T_DEADLINE=180
asan-so:
	CFLAGS="-fsanitize=address -fno-omit-frame-pointer" RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address" \
	    CARGO_TARGET_DIR=$(TARGET)/asan $(CARGO) build --profile quick --target $(HOST)

asan: asan-so ## t/ under AddressSanitizer
	$(ASAN) T_MPM="$(or $(T_MPM),event prefork)" perl t/lib/run $(T)

fuzz: asan-so ## rows of the API with hostile values under AddressSanitizer, on event and prefork (CALLS=1e6, SEED=1)
	@set -e; for mpm in event prefork; do $(ASAN) perl fuzz/api --calls $(or $(CALLS),1e6) --seed $(or $(SEED),1) --mpm $$mpm; done

fuzz-pages: ## pages of any bytes, with cargo-fuzz and a nightly compiler (SECONDS=3600)
	mkdir -p $(TARGET)/fuzz/corpus
	cd fuzz && CARGO_TARGET_DIR=$(abspath $(TARGET)/fuzz) $(CARGO) +nightly fuzz run --fuzz-dir . pages $(abspath $(TARGET)/fuzz/corpus) corpus/pages -- \
	    -dict=pages.dict -max_len=600 -max_total_time=$(or $(SECONDS),60)

# Built so that Valgrind is told what is free in the memory of a Lua state (crates/interp-lua/shim/shade.h).
valgrind: rust ## the handlers of t/api, t/perl and t/lua under Valgrind, prefork; VALGRIND=lua for these
	CFLAGS="-DML_VALGRIND" CARGO_TARGET_DIR=$(TARGET)/valgrind $(CARGO) build --profile quick
	MOD_INTERP_SO=$(TARGET)/valgrind/quick/libmod_interp.so VALGRIND="$(or $(VALGRIND),1)" $(PROVE) -v t/soak/valgrind.t

imports:    ## which crate and which file uses which; fails while there is a circle of many files or an arrow upward
	@CARGO="$(CARGO)" perl docs/print_imports

bench: build ## against a C handler and mod_perl, in instructions per request
	sh bench/run

tables: rust ## print docs/directives.md, docs/api.md, docs/imports.md and what of lib/ follows from rows anew
	$(CARGO) run -q -p config --example print_docs
	$(CARGO) run -q -p api --example print_docs
	$(CARGO) run -q -p figures --example print_docs
	CARGO="$(CARGO)" perl docs/print_imports > docs/imports.md || :
