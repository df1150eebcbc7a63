# alloclab. `make run` and `make test` are all that a newcomer needs; `make help`
# lists the rest.

SHELL := /bin/bash
GO ?= go
PREFIX ?= /usr/local
BIN := $(CURDIR)/bin
GO_MIN := 1.26
RELEASE := $(shell git describe --tags --always --dirty 2>/dev/null)

LINKED := ptmalloc jemalloc tcmalloc mimalloc
WORKLOADS := $(addprefix $(BIN)/workload-,$(LINKED))
LIBRARIES := $(BIN)/libpages.so $(BIN)/libtruth.so $(BIN)/libagent.so $(BIN)/libcensus.so
PLAIN := $(BIN)/plain-threads4k $(BIN)/plain-iobuf

# What the build needs, and what only tests and comparisons need (Debian 12 names).
BUILD_PACKAGES := gcc libc6-dev libjemalloc-dev libgoogle-perftools-dev libmimalloc-dev libtbbmalloc2
TEST_PACKAGES := $(BUILD_PACKAGES) procps time strace valgrind gdb chromium libxml2-utils python3 redis-server
# Large, or with a service: only make soak installs it.
SOAK_PACKAGES := prometheus

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
CFLAGS := -std=gnu11 -O2 -g -pthread -Wall -Wextra -Werror \
	-fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free

.DEFAULT_GOAL := help
.PHONY: help run test build lint bench counts soak install deps test-deps soak-deps check-go clean FORCE

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: build ## install what is missing, build, run the quick experiment
	@$(BIN)/alloclab run quick

test: test-deps build ## all tests that take less than a minute each; under 10 minutes
	$(GO) vet ./...
	ALLOCLAB_LIBEXEC=$(BIN) $(GO) test -timeout 9m ./...

build: deps $(BIN)/alloclab $(WORKLOADS) $(LIBRARIES) $(PLAIN) ## everything into bin/

# go build decides itself what is stale, so the binaries are always asked for.
$(BIN)/alloclab: FORCE check-go
	@CGO_ENABLED=0 $(GO) build -ldflags '-X main.release=$(RELEASE)' -o $@ ./cmd/alloclab

$(BIN)/workload-%: FORCE check-go
	@$(GO) build -tags alloc_$* -o $@ ./workloads

# The workloads as ordinary programs, without wire and lab.
KIT := $(addprefix workloads/kit/,parameters.c memory.c workers.c)
$(BIN)/plain-threads4k: workloads/threads4k.c workloads/plain/main.c $(KIT) $(wildcard workloads/kit/*.h)
	@mkdir -p $(BIN)
	@$(CC) $(CFLAGS) -Iworkloads -o $@ $(filter %.c,$^)
$(BIN)/plain-iobuf: $(wildcard workloads/iobuf*.c) workloads/plain/main.c $(KIT) $(wildcard workloads/kit/*.h workloads/*.h)
	@mkdir -p $(BIN)
	@$(CC) $(CFLAGS) -Iworkloads -o $@ $(filter %.c,$^)

# What is preloaded into users' programs. It shows them no symbol.
AGENT := $(wildcard workloads/agent/*.c) $(wildcard workloads/kit/probe*.c)
$(BIN)/libagent.so: $(AGENT) $(wildcard workloads/agent/*.h workloads/kit/*.h)
	@mkdir -p $(BIN)
	@$(CC) $(CFLAGS) -DPROBE_PRELOADED -fPIC -shared -fvisibility=hidden -Iworkloads -o $@ $(AGENT)

# The agent that reports a program's blocks, to be preloaded before its allocator.
$(BIN)/libcensus.so: $(wildcard workloads/agent/census/*.[ch])
	@mkdir -p $(BIN)
	@$(CC) $(CFLAGS) -fno-builtin -fPIC -shared -fvisibility=hidden -o $@ $(filter %.c,$^)

# Reference allocators, to be preloaded.
$(BIN)/lib%.so: workloads/reference/%.c
	@mkdir -p $(BIN)
	@$(CC) $(CFLAGS) -fPIC -shared -o $@ $<

lint: check-go ## vet, staticcheck, formatting, tidy modules
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these files"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) mod tidy -diff

bench: build test-deps ## every number that the lab promises, achieved against its bar
	$(GO) test -run '^$$' -bench . ./runner/census ./runner/proc ./results
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 30m ./runner

counts: build test-deps ## instructions per operation against the commit that this branch left (BASE=revision)
	bash scripts/counts $(BASE)

soak: test-deps soak-deps build ## checks of more than a minute: fuzzing, kill -9, long series
	ALLOCLAB_LIBEXEC=$(BIN) ALLOCLAB_SOAK=1 $(GO) test -timeout 60m -run 'Soak|LargeRun' -v ./...
	bash scripts/fuzz

install: build ## programs into $(PREFIX)/bin and $(PREFIX)/libexec/alloclab
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/alloclab
	install -m 755 $(BIN)/alloclab $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(WORKLOADS) $(filter-out %/libtruth.so,$(LIBRARIES)) $(DESTDIR)$(PREFIX)/libexec/alloclab/

deps: ## install the packages that building needs and this machine lacks
	@bash scripts/packages $(BUILD_PACKAGES)

test-deps: ## the same for tests
	@bash scripts/packages $(TEST_PACKAGES)

soak-deps: ## and for make soak
	@bash scripts/packages $(SOAK_PACKAGES)

check-go:
	@command -v $(GO) >/dev/null || { echo "Go is not installed: get $(GO_MIN) or later from https://go.dev/dl/" >&2; exit 1; }
	@v=$$($(GO) env GOVERSION | sed 's/^go//'); printf '%s\n' $(GO_MIN) "$$v" | sort -VC || \
		{ echo "alloclab needs Go $(GO_MIN) or later and this is $$v: get one from https://go.dev/dl/" >&2; exit 1; }

clean: ## remove what was built
	rm -rf $(BIN)
