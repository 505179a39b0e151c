# Squall. `make demo` shows it, `make test` tests it, `make help` lists the rest.

SHELL := /bin/bash
CC ?= cc
WEB ?= 1
SANITIZE ?= 0
SETUP ?= 1
PREFIX ?= /usr/local
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

BUILD := build
PACKAGES := libmicrohttpd libuv sqlite3 openssl jansson libcjson libnghttp2 zlib libpcre2-8 libbrotlidec

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wconversion -Werror
BASE_FLAGS := -std=gnu11 -D_GNU_SOURCE -Iinclude -I. $(WARN) -MMD -MP -fno-omit-frame-pointer

ifeq ($(SANITIZE),1)
BUILD := build/asan
BASE_FLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined
# The instrumented code makes gcc see truncations that cannot be; the plain build checks for real ones.
BASE_FLAGS += -Wno-format-truncation
endif

# Asked when a recipe runs, since the set-up may have just installed them.
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm

MAIN := src/cli/main.c
SOURCES := $(filter-out $(MAIN),$(wildcard src/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/obj/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
SQUALLD := $(BUILD)/squalld

.PHONY: all
all: $(SQUALLD) ## the program, build/squalld (WEB=0: without the dashboard, which needs Node.js)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# ---- set-up: each purpose once, until its list changes -------------------------------------------

build/setup/%: conf/setup.sh
	@mkdir -p $(@D)
ifneq ($(SETUP),0)
	@conf/setup.sh $*
endif
	@touch $@

.PHONY: setup
setup: $(addprefix build/setup/,build web demo unit test lint) ## install what the build and the tests need

# ---- the program ---------------------------------------------------------------------------------

$(BUILD)/obj/%.o: %.c | build/setup/build
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) $(CFLAGS) $(PKG_CFLAGS) -c $< -o $@

# A file that is embedded (include/squall/embed.h) is a prerequisite of the object.
$(BUILD)/obj/src/store/migrate.o build/fuzz/obj/src/store/migrate.o: $(wildcard src/store/migrations/*.sql)
$(BUILD)/obj/src/daemon/health.o build/fuzz/obj/src/daemon/health.o: src/daemon/openapi.json
$(BUILD)/obj/src/plan/schema.o build/fuzz/obj/src/plan/schema.o: src/plan/scenario.schema.json

$(BUILD)/libsquall.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

# ---- the dashboard: built by npm, gzipped, put into the program ------------------------------------

WEB_SOURCES := $(shell find web -type d \( -name node_modules -o -name dist \) -prune -o -type f \
	! -name schema.d.ts ! -name "*.test.ts" ! -name embed.mjs ! -name screenshot.png -print)
WEB_ASSETS := build/gen/web_assets.c
WEB_LOCK = @mkdir -p build/gen && flock build/gen/web.lock # two makes at once share web/dist

web/node_modules/.package-lock.json: web/package.json web/package-lock.json web/.npmrc | build/setup/web
	$(WEB_LOCK) npm --prefix web ci --no-progress --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES) src/daemon/openapi.json
	$(WEB_LOCK) npm --prefix web run --silent build -- --logLevel warn
	@touch $@

# Changes only when WEB does, so that a switch builds anew and a second make does nothing.
build/gen/web-is: FORCE
	@mkdir -p $(@D)
	@echo $(WEB) | cmp -s - $@ || echo $(WEB) >$@

.PHONY: FORCE
FORCE:

ifeq ($(WEB),0)
$(WEB_ASSETS): build/gen/web-is
	@printf '%s\n' '#include "squall/web.h"' '' \
		'const struct web_asset web_assets[1] = {{.path = ""}};' 'const size_t web_asset_count = 0;' >$@
else
$(WEB_ASSETS): build/gen/web-is web/embed.mjs web/dist/index.html
	$(WEB_LOCK) node web/embed.mjs web/dist $@
endif

# ---- linking -------------------------------------------------------------------------------------

$(SQUALLD): $(BUILD)/obj/src/cli/main.o $(WEB_ASSETS:%.c=$(BUILD)/obj/%.o) $(BUILD)/libsquall.a
	$(CC) $(BASE_FLAGS) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(PKG_LIBS)

.PHONY: install
install: all ## into PREFIX, /usr/local when not given (DESTDIR is honoured)
	install -D -m 755 $(SQUALLD) $(DESTDIR)$(PREFIX)/bin/squalld
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 man/*.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 man/*.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/squalld/examples conf/examples/* conf/squalld.conf
	@[ -e $(DESTDIR)/etc/squall/squalld.conf ] || install -D -m 644 -t $(DESTDIR)/etc/squall conf/squalld.conf
	@mkdir -p $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local/|$(PREFIX)/|' systemd/squalld.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/squalld.service

.PHONY: demo
demo: all | build/setup/demo ## see it work: a target, the daemon, a sample run, the dashboard
	@SQUALLD=$(SQUALLD) conf/demo.sh

# ---- tests: `test` runs the others one by one and sums up ----------------------------------------

.PHONY: test
test: ## everything: lint, unit (also the dashboard's), integration and browser tests
	+@tests/run.sh lint build unit web integration browser

.PHONY: test-asan
test-asan: ## unit and integration tests under the address and undefined-behaviour sanitizers
	+@SANITIZE=1 tests/run.sh build unit integration

.PHONY: bare
bare: ## a fresh clone on a bare Debian 12, in a temporary directory: make test, make demo (root)
	+@tests/bare.sh

.PHONY: lint
lint: | build/setup/lint ## formatting, module dependencies, length of functions, man pages
	@tests/lint/run.sh

.PHONY: build-tests
build-tests: all $(UNIT_TESTS)

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libsquall.a | build/setup/unit
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) $(CFLAGS) $(PKG_CFLAGS) $< $(BUILD)/libsquall.a -o $@ -lcmocka $(PKG_LIBS)

.PHONY: unit
unit: $(UNIT_TESTS) ## the unit tests
	@tests/unit.sh $(UNIT_TESTS)

.PHONY: web
web: web/node_modules/.package-lock.json ## the unit tests of the dashboard
	cd web && npm run --silent test

tests/node_modules/.package-lock.json: tests/package.json tests/package-lock.json tests/.npmrc | build/setup/web
	cd tests && npm ci --no-progress --loglevel=error
	@touch $@

.PHONY: integration
integration: all tests/node_modules/.package-lock.json | build/setup/test ## tests of the real binary
	@SQUALLD=$(CURDIR)/$(SQUALLD) node tests/run.mjs tests/integration

.PHONY: browser
browser: all tests/node_modules/.package-lock.json | build/setup/test ## tests of the dashboard in Chromium
	@SQUALLD=$(CURDIR)/$(SQUALLD) node tests/run.mjs tests/browser

# ---- longer runs ---------------------------------------------------------------------------------

BENCH_TOOLS := build/bench/bare build/bench/rusage

build/bench/%: tests/bench/%.c | build/setup/build
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) -O2 -g $< -o $@

.PHONY: bench
bench: all $(BENCH_TOOLS) tests/node_modules/.package-lock.json | build/setup/bench ## measure beside other load generators (ONLY=closed,open,even,freeze,rest)
	@SQUALLD=$(CURDIR)/$(SQUALLD) node tests/bench/bench.mjs

.PHONY: soak
soak: all tests/node_modules/.package-lock.json | build/setup/test ## load a daemon for ten minutes and see that nothing grows (SOAK_SECONDS=600)
	@SQUALLD=$(CURDIR)/$(SQUALLD) TEST_TIMEOUT_S=$$(($${SOAK_SECONDS:-600} + 300)) node tests/run.mjs tests/soak

FUZZERS := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_OBJECTS := $(SOURCES:%.c=build/fuzz/obj/%.o)
FUZZ_FLAGS := -std=gnu11 -D_GNU_SOURCE -Iinclude -I. -MMD -MP -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined

build/fuzz/obj/%.o: %.c | build/setup/build build/setup/fuzz
	@mkdir -p $(@D)
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(PKG_CFLAGS) -c $< -o $@

build/fuzz/libsquall.a: $(FUZZ_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c build/fuzz/libsquall.a
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer $(PKG_CFLAGS) $< build/fuzz/libsquall.a -o $@ $(PKG_LIBS)

.PHONY: fuzz
fuzz: $(FUZZERS) ## feed noise to what reads outside input (FUZZ_SECONDS=60 for each)
	@tests/fuzz/run.sh $(FUZZERS)

# ---- cleaning ------------------------------------------------------------------------------------

.PHONY: clean
clean: ## remove what was built
	rm -rf build web/dist

-include $(OBJECTS:.o=.d) $(BUILD)/obj/src/cli/main.d $(WEB_ASSETS:%.c=$(BUILD)/obj/%.d) $(UNIT_TESTS:=.d) $(FUZZ_OBJECTS:.o=.d)
