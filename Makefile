# Squall. `make demo` shows it, `make test` tests it, `make help` lists the rest.

SHELL := /bin/bash
CC ?= cc
WEB ?= 1
SANITIZE ?= 0
PREFIX ?= /usr/local

BUILD := build
PACKAGES := libmicrohttpd libuv sqlite3 openssl jansson libcjson zlib

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wconversion -Werror
BASE_FLAGS := -std=gnu11 -D_GNU_SOURCE -Iinclude -I. $(WARN) -MMD -MP -fno-omit-frame-pointer

ifeq ($(SANITIZE),1)
BUILD := build/asan
BASE_FLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined
endif

# Asked when a recipe runs, since the set-up may have just installed them.
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lcjson_utils -lpthread -lm

MAIN := src/cli/main.c
SOURCES := $(filter-out $(MAIN),$(wildcard src/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/obj/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

.PHONY: all
all: $(BUILD)/squalld

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) $(CFLAGS) $(PKG_CFLAGS) -c $< -o $@

$(BUILD)/libsquall.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/squalld: $(BUILD)/obj/src/cli/main.o $(BUILD)/libsquall.a
	$(CC) $(BASE_FLAGS) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(PKG_LIBS)

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libsquall.a
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) $(CFLAGS) $(PKG_CFLAGS) $< $(BUILD)/libsquall.a -o $@ -lcmocka $(PKG_LIBS)

.PHONY: unit
unit: $(UNIT_TESTS) ## the unit tests
	@for t in $(UNIT_TESTS); do echo "== $$t"; $$t || exit 1; done

.PHONY: clean
clean: ## remove what was built
	rm -rf build web/dist

-include $(OBJECTS:.o=.d) $(BUILD)/obj/src/cli/main.d
