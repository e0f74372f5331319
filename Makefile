# What to do with the repository: each target works on all of its modules.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c

MODULES := . store/sqlstore store/redisstore store/natsstore example

# The tools are pinned in a module of their own.
TOOL := go tool -modfile=$(CURDIR)/internal/tools/go.mod
EXHAUSTIVE := exhaustive -default-signifies-exhaustive=false -ignore-enum-types=^reflect\.Kind$$

# How test results are shown, such as standard-verbose for every single one.
export GOTESTSUM_FORMAT ?= standard-quiet

FUZZTIME ?= 10s

.PHONY: help demo test lint bench fuzz cover

help: ## what there is to do
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 8

demo: ## run the demo: an app with a second factor, and a phone
	@echo 'building the demo; the first time, that takes some minutes'
	@cd example && go build -o ../.build/demo ./demo && exec ../.build/demo

test: ## run all tests; what was skipped, and what it needs, is said at the end
	@$(TOOL) gotestsum --raw-command -- bash -c \
		'for m in $(MODULES); do go -C $$m test -json -race -shuffle=on -timeout=10m ./... || failed=1; done; exit $${failed:-0}'

lint: ## check the format, and what go vet, staticcheck and exhaustive find
	@format=$$(gofmt -l .); if [[ $$format ]]; then echo "not as gofmt has it: $$format"; failed=1; fi; \
	for m in $(MODULES); do for check in 'go vet' '$(TOOL) staticcheck' '$(TOOL) $(EXHAUSTIVE)'; do \
		(cd $$m && set -x && $$check ./...) || failed=1; \
	done; done; exit $${failed:-0}

bench: ## run the benchmarks, one after the other
	@for m in $(MODULES); do go -C $$m test -p 1 -run '^$$' -bench . -benchmem ./...; done

fuzz: ## run each fuzz test for FUZZTIME
	@grep -r --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]*' . | sed 's|/[^/]*:func | |' | while read -r dir name; do \
		go -C "$$dir" test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) .; done

cover: ## write coverage.html of the root module
	go test -coverpkg=./... -coverprofile=cover.out ./...
	go tool cover -html=cover.out -o coverage.html
