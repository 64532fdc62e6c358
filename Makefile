# The front door. `make help` prints every target with its line of text.

APXS   ?= apxs
CARGO  ?= cargo
PROVE  ?= prove
JOBS   ?= 2
T      ?= t/harness t/config t/host t/perl t/lua t/api t/bugs t/soak
PORT   ?= 8080
MPM    ?= event
TARGET  = $(or $(CARGO_TARGET_DIR),target)
SO      = $(TARGET)/release/libmod_interp.so

# make FEATURES=perl,luajit builds with LuaJIT (needs libluajit-5.1-dev); FEATURES=lua without Perl.
CARGO_FLAGS = $(if $(FEATURES),--no-default-features --features $(FEATURES))

# What a bare Debian 12 needs beside Rust to build and serve; never apache2, which starts a server on port 80.
DEPS = gcc libc6-dev pkg-config libclang-dev apache2-bin apache2-dev media-types perl libperl-dev \
       liblua5.4-dev libdbi-perl libdbd-sqlite3-perl libaprutil1-dbd-sqlite3
# And to test; what is not there is skipped. Lua modules in C, drivers of APR's, and PostgreSQL's programs.
TEST_DEPS = curl lua-cjson lua-lpeg lua-socket lua-sql-sqlite3 libaprutil1-dbd-pgsql postgresql sqlite3 nghttp2-client

.DEFAULT_GOAL := build
.PHONY: build install serve test check lint t todo loom asan valgrind soak bench tables help deps unit rust

help:       ## print this list
	@sed -n 's/^\([a-z]*\): .*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

build:      ## build the module (release); FEATURES=perl,luajit for LuaJIT in place of Lua 5.4
	$(CARGO) build --release $(CARGO_FLAGS)

deps:       ## as root install the Debian packages that are missing, else print the line that does
	@DEPS="$(DEPS) $(TEST_DEPS)" sh apache-conf/deps

# By rename: a running httpd may have the old file mapped.
install: build ## install the module, its Perl library and its configuration (DESTDIR=)
	@set -e; dir="$(DESTDIR)$$($(APXS) -q LIBEXECDIR)"; conf="$(DESTDIR)/etc/apache2/mods-available"; \
	install -d "$$dir/mod_interp" "$$conf"; \
	install -m 644 $(SO) "$$dir/mod_interp.so.new"; mv -f "$$dir/mod_interp.so.new" "$$dir/mod_interp.so"; \
	rm -rf "$$dir/mod_interp/lib.new" "$$dir/mod_interp/lib.old"; cp -R lib "$$dir/mod_interp/lib.new"; \
	chmod -R u=rwX,go=rX "$$dir/mod_interp"; \
	if [ -d "$$dir/mod_interp/lib" ]; then mv "$$dir/mod_interp/lib" "$$dir/mod_interp/lib.old"; fi; \
	mv "$$dir/mod_interp/lib.new" "$$dir/mod_interp/lib"; rm -rf "$$dir/mod_interp/lib.old"; \
	if [ -d lua ]; then rm -rf "$$dir/mod_interp/lua"; cp -R lua "$$dir/mod_interp/lua"; chmod -R u=rwX,go=rX "$$dir/mod_interp/lua"; fi; \
	for f in mod_interp_perl.load mod_interp_perl.conf mod_interp_lua.load mod_interp_lua.conf; do \
	    sed "s|/usr/lib/apache2/modules|$$($(APXS) -q LIBEXECDIR)|" apache-conf/$$f >"$$conf/$$f.new"; \
	    chmod 644 "$$conf/$$f.new"; mv -f "$$conf/$$f.new" "$$conf/$$f"; done; \
	echo "installed $$dir/mod_interp.so; now: a2dismod perl lua; a2enmod mod_interp_perl mod_interp_lua; apachectl graceful"

serve:      ## httpd on loopback with the demo site, log on screen, Ctrl-C stops it (PORT=8080, MPM=event)
	@DEPS="$(DEPS)" PORT="$(PORT)" MPM="$(MPM)" CARGO="$(CARGO)" APXS="$(APXS)" sh apache-conf/serve

test: deps lint unit loom build t ## everything that must be green: lint, unit and doc tests, loom, t/ on event and prefork

check: lint unit ## lint, unit and doc tests

# The module with one language alone is looked at as well: some twenty seconds.
lint:       ## fmt and clippy, with each language alone too; cargo-deny and typos if installed
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --quiet -p mod_interp --no-default-features --features lua -- -D warnings
	$(CARGO) clippy --quiet -p mod_interp --no-default-features --features perl -- -D warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check; else echo "cargo-deny is not installed: left out"; fi
	@if typos --version >/dev/null 2>&1; then typos; else echo "typos is not installed: left out"; fi

unit:       ## unit and doc tests
	$(CARGO) test --workspace

loom:       ## model-check the interpreter pool
	RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=$(TARGET)/loom $(CARGO) test -p tipool --test loom --release

t:          ## all of t/ against the built module, or T=t/api/request_rec.t; T_MPM="event" for one MPM
	@PROVE="$(PROVE)" JOBS="$(JOBS)" perl t/lib/run $(T)

todo:       ## known wrongs, expected to fail
	@PROVE="$(PROVE)" JOBS="$(JOBS)" perl t/lib/run t/todo

soak: build ## the long repetitions: restarts, recycling, signals, leaks
	SOAK=1 $(PROVE) -r -j1 --timer -v t/soak t/host/signals.t t/host/recycle.t

# The triple must be given, or build scripts and procedural macros would be instrumented too.
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
asan:       ## t/ under AddressSanitizer
	CFLAGS="-fsanitize=address -fno-omit-frame-pointer" RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address" \
	    CARGO_TARGET_DIR=$(TARGET)/asan $(CARGO) build --profile quick --target $(HOST)
	MOD_INTERP_SO=$(TARGET)/asan/$(HOST)/quick/libmod_interp.so T_PRELOAD="$$(gcc -print-file-name=libasan.so)" \
	    ASAN_OPTIONS=detect_leaks=0 T_DEADLINE=180 T_MPM="$(or $(T_MPM),event prefork)" perl t/lib/run $(T)

valgrind: build ## the handlers of t/api, t/perl and t/lua under Valgrind, prefork; VALGRIND=lua for these
	VALGRIND="$(or $(VALGRIND),1)" $(PROVE) -v t/soak/valgrind.t

bench: build ## against a C handler and mod_perl, in instructions per request
	sh bench/run

tables:     ## print docs/directives.md, docs/api.md and the constants of a plain perl anew from the tables
	$(CARGO) run -q -p config --example print_docs
	MAKE_TABLES=1 $(CARGO) test -q -p mod_interp --lib the_printed_page_is_up_to_date
