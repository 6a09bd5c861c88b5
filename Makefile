# What a developer runs. `make` alone lists the targets.

GOFUMPT     := v0.12.0
STATICCHECK := v0.8.2
GOVULNCHECK := v1.9.0

BIN   := $(CURDIR)/.cache/bin
TOOLS := $(BIN)/gofumpt-$(GOFUMPT) $(BIN)/staticcheck-$(STATICCHECK)

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w $(if $(VERSION),-X main.version=$(VERSION))

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## a simulated Strava, a sample athlete and the page; needs nothing but Go
	go run ./cmd/musette demo

.PHONY: test
test: deps ## every test; installs what they need where it may
	go test -timeout 30m ./...

.PHONY: check
check: $(TOOLS) ## format, vet and staticcheck
	@unformatted=$$($(BIN)/gofumpt-$(GOFUMPT) -l .); \
	if [ -n "$$unformatted" ]; then printf 'not formatted, run make format:\n%s\n' "$$unformatted"; exit 1; fi
	go vet ./...
	$(BIN)/staticcheck-$(STATICCHECK) ./...

.PHONY: format
format: $(BIN)/gofumpt-$(GOFUMPT) ## format every file
	$(BIN)/gofumpt-$(GOFUMPT) -w .

.PHONY: deps
deps: ## the programs that tests start: Postgres, PgBouncer, Chromium and Node.js
	@scripts/deps.sh

# SQLite, which is C made Go, is itself built without the detector: its memory is its own, and each of its connections is
# used by one goroutine at a time. That more than halves the time. Not so modernc.org/sqlite, the driver: it holds a
# sync.Map, and the program would get that package's build of it, in which the detector sees no order between goroutines.
NO_RACE := modernc.org/sqlite/lib modernc.org/libc

.PHONY: race
race: deps ## the tests under the race detector; slow. e2e starts the program itself, which that doesn't reach
	go test -race $(NO_RACE:%=-gcflags=%=-race=false) -timeout 60m $$(go list ./... | grep -v /e2e)

.PHONY: fuzz
fuzz: ## every fuzz target for ten seconds
	@scripts/fuzz.sh 10s

.PHONY: simulate
simulate: ## months of syncing in virtual time: each scenario, its calls, its delays, its bounds (ARGS="-only edits", "-seed 12")
	go run ./e2e/simulate/cmd $(ARGS)

.PHONY: torture
torture: deps ## kills, outages and damage, in full: half an hour and more; the figures of the last are in docs/reliability.md
	MUSETTE_TORTURE=full go test -count=1 -timeout 6h -v ./e2e/torture

.PHONY: postgres
postgres: deps ## the tests that need a Postgres, on another version than the system's: make postgres V=14
	@scripts/postgres.sh $(V)

.PHONY: bench
bench: ## the table of figures
	@scripts/bench.sh

.PHONY: screenshots
screenshots: deps ## take the pictures in docs/ again
	MUSETTE_SCREENSHOTS=$(CURDIR)/docs go test ./e2e -count=1 -run '^TestScreenshots$$'

.PHONY: freeze
freeze: deps ## what a release leaves for the tests of all later ones: make freeze V=0.2
	MUSETTE_RELEASE=$(V) go test ./e2e -count=1 -run '^TestReleased$$'

.PHONY: build
build: ## one static program, ./musette
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o musette ./cmd/musette

.PHONY: ci
ci: check test race build ## what must pass before a change goes in
	./musette version

.PHONY: vuln
vuln: ## known vulnerabilities; needs the open internet
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK) ./...

# Each tool is a file with its version in the name, so that a new pin builds anew and an old one is left alone.
$(BIN)/gofumpt-$(GOFUMPT):
	@mkdir -p $(BIN)/new && GOBIN=$(BIN)/new go install mvdan.cc/gofumpt@$(GOFUMPT) && mv $(BIN)/new/gofumpt $@

$(BIN)/staticcheck-$(STATICCHECK):
	@mkdir -p $(BIN)/new && GOBIN=$(BIN)/new go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK) && mv $(BIN)/new/staticcheck $@
