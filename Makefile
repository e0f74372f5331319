# What to do with the repository: each target works on all of its modules.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c

# Those of the workspace.
MODULES := $(shell sed -nE '/^use/,/^$$/s,^[[:space:]](\./)?,,p' go.work)

# The tools are pinned in a module of their own, which is no part of the workspace: go tool -n
# builds one, if need be, and says where it is.
tool = $$(GOWORK=off go -C $(CURDIR)/internal/tools tool -n $(1))
# The kinds of packages reflect and jsontext have many values that nobody lists.
EXHAUSTIVE := $(call tool,exhaustive) -default-signifies-exhaustive=false -ignore-enum-types=t\.Kind$$

# How test results are shown, such as standard-verbose for every single one.
export GOTESTSUM_FORMAT ?= standard-quiet

# How long each fuzz test runs, and how often the tests that race are repeated.
FUZZTIME ?= 10s
REPEAT   ?= 2

# make lint has vetted what the tests compile. Tests wait more than they compute, so
# more of them run at a time than there are cores.
TEST    := test -json -race -vet=off -parallel=4
RESULTS := $(call tool,gotestsum) --raw-command -- bash -c

# axe-core is under the MPL 2.0 and no part of this repository. The tests check its integrity.
AXE := axe-core-4.14.1

.PHONY: help demo quick test thorough lint golangci vuln bench capacity compare flaky fuzz cover mutants gallery tidy axe reference docs api licences sbom release consumers

help: ## what there is to do
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

demo: ## run the demo: an app with a second factor, and a phone
	@echo 'Building the demo. The first time, modules are downloaded and some 350 packages compiled, which takes minutes.'
	@cd example && go build -v -o ../.build/demo ./demo && exec ../.build/demo

# In a fixed order, so that packages that haven't changed aren't tested again; but those of
# the pages are, because go doesn't see that a page has changed.
quick: ## run the tests that need no server and no browser, without the race detector: a minute
	@$(RESULTS) 'for m in . example; do \
		go -C $$m $(filter-out -race,$(TEST)) -short -skip="^TestThorough" ./$$([[ $$m == . ]] || echo demo/)... || failed=1; \
	done; \
	go -C example $(filter-out -race,$(TEST)) -count=1 ./docs || failed=1; exit $${failed:-0}'

test: ## run all tests but the thorough ones: six minutes; says at the end what was skipped for want of a server
	@$(RESULTS) 'for m in $(MODULES); do \
		go -C $$m $(TEST) -shuffle=on -p=4 -timeout=10m -skip="^TestThorough" ./... || failed=1; \
	done; exit $${failed:-0}'

# TestWaiting measures, and nothing races in it.
thorough: ## run the thorough tests, repeat those that race, and fuzz: half an hour
	@$(RESULTS) 'for m in $(MODULES); do \
		go -C $$m $(TEST) -shuffle=on -p=4 -timeout=20m -run="^TestThorough" ./... || failed=1; \
	done; \
	go $(TEST) -shuffle=on -timeout=20m -count=$(REPEAT) -skip="^(TestThorough|TestWaiting$$)" \
		./internal/... ./store ./handlers ./middleware || failed=1; \
	exit $${failed:-0}' || failed=1; \
	$(MAKE) --no-print-directory fuzz || failed=1; exit $${failed:-0}

lint: ## check the format, what go vet, staticcheck and exhaustive find, and the workflows
	@format=$$(gofmt -l .); if [[ $$format ]]; then echo "not as gofmt has it: $$format"; failed=1; fi; \
	for m in $(MODULES); do for check in 'go vet' "$(call tool,staticcheck)" "$(EXHAUSTIVE)"; do \
		(cd $$m && set -x && $$check ./...) || failed=1; \
	done; done; \
	$(call tool,actionlint) .github/workflows/*.yml || failed=1; exit $${failed:-0}

# Not among the tools, for it takes longer to build than all else does to run.
golangci: ## run golangci-lint with the linters of .golangci.yml, which say why
	@GOWORK=off GOBIN=$(CURDIR)/.build go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	@for m in $(MODULES); do (cd $$m && set -x && $(CURDIR)/.build/golangci-lint run ./...) || failed=1; done; exit $${failed:-0}

# Without a network, there is none to ask; with VULNDB, there must be.
vuln: ## look for known vulnerabilities in what the modules use: VULNDB=file:///… names a database
	@for m in $(MODULES); do \
		if out=$$(cd $$m && $(call tool,govulncheck) $(VULNDB:%=-db=%) ./... 2>&1); then echo "$$m: $${out%%$$'\n'*}"; \
		elif [[ ! '$(VULNDB)' && $$out == *'fetching vulnerabilities'* ]]; then echo 'skipped: no vulnerability database'; exit $${failed:-0}; \
		else echo "$$m: $$out"; failed=1; fi; \
	done; exit $${failed:-0}

# Which packages the targets below look at, if they look at some.
PACKAGE ?= ./...
BENCH   ?= .

bench: ## run the benchmarks, one after the other
	@for m in $(MODULES); do go -C $$m test -p 1 -run '^$$' -bench . -benchmem ./...; done

capacity: ## measure what users cost, for docs/explanation/capacity.md: half an hour; USERS=10000 STORES=sqlite,redis for less
	@cd example && go run ./capacity -to ../docs/explanation/capacity $(if $(USERS),-users '$(USERS)') $(if $(STORES),-stores '$(STORES)')

# Before Go 1.27, fuzzing may fail as its time ends (go.dev/issue/75804): what it has found
# is kept in testdata, and fails the second time too.
fuzz: ## run each fuzz test for FUZZTIME
	@grep -r --exclude-dir=.build --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]*' . | sed 's|/[^/]*:func | |' | { while read -r dir name; do \
		fuzz=(go -C "$$dir" test -vet=off -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) .); \
		"$${fuzz[@]}" || "$${fuzz[@]}" || failed=1; \
	done; exit $${failed:-0}; }

compare: ## compare the benchmarks with the last release: PACKAGE=./internal/… and BENCH=^BenchmarkX choose some
	@.ci/compare "$(call tool,benchstat)" '$(PACKAGE)' '$(BENCH)'

flaky: ## repeat the tests REPEAT times, and list those that fail at least once: PACKAGE=./… chooses some
	@.ci/flaky go $(TEST) -short -shuffle=on -count=$(REPEAT) -timeout=60m -skip='^TestThorough' $(PACKAGE)

# A test of one module may run code of another.
cover: ## run the tests that need no browser, and show how much of each package they run: .build/coverage.html shows what
	@rm -rf .build/cover && mkdir -p .build/cover
	@for m in $(MODULES); do go -C $$m test -short -skip='^TestThorough' -coverpkg=github.com/eagate/eagate/... ./... \
		-args -test.gocoverdir=$(CURDIR)/.build/cover >.build/cover.txt || { cat .build/cover.txt; failed=1; }; done; \
	go tool covdata textfmt -i=.build/cover -o=.build/cover.txt; \
	go tool cover -html=.build/cover.txt -o=.build/coverage.html; \
	go tool covdata percent -i=.build/cover | sed 's/coverage: //; s/ of statements//; s|github.com/eagate/||' | column -t; exit $${failed:-0}

mutants: ## change the code of PACKAGE in one place after the other: do its tests notice, except for what .ci/mutants.txt accepts?
	@.ci/mutants "$(call tool,gremlins)" '$(PACKAGE)'

gallery: ## show all pages in all states in .build/gallery: ONLY=^challenge chooses some, APPROVE=1 approves the key pictures, and takes those of README.md
	@cd example && go run ./gallery -only='$(ONLY)' $(if $(APPROVE),-approve)

# Outside the workspace, for the tags that the modules require may not be there yet. The sums
# of those that are stay.
tidy: ## bring go.mod and go.sum of all modules in order
	@for m in $(MODULES); do ( \
		cd $$m; own=$$(grep -s '^github.com/eagate/eagate[/ ]' go.sum || :); \
		for o in $(MODULES); do o=github.com/eagate/eagate/$$o; o=$${o%/.}; \
			set -- "$$@" "$$o"; go mod edit -replace="$$o=$(CURDIR)$${o#github.com/eagate/eagate}"; done; \
		GOWORK=off go mod tidy || failed=1; \
		go mod edit "$${@/#/-dropreplace=}"; \
		[[ ! $$own ]] || sort -o go.sum go.sum - <<<"$$own"; exit $${failed:-0} \
	) || failed=1; done; exit $${failed:-0}

api: ## say how the exported API differs from that of the last release
	@.ci/api

licences: ## write THIRD-PARTY.md
	@mkdir -p .build && .ci/licences > .build/licences && mv .build/licences THIRD-PARTY.md

# Outside the workspace, as users get the modules: once the tags that they require are there.
sbom: ## write what each module consists of, in CycloneDX, to .build/sbom
	@mkdir -p .build/sbom; for m in $(filter-out example,$(MODULES)); do \
		GOWORK=off $(call tool,cyclonedx-gomod) mod -json -licenses -output ".build/sbom/eagate$$(tr / - <<<"$${m/#./}" | sed 's/^./-&/').cdx.json" $$m; \
	done

release: ## make a release: VERSION=v0.1.0; DRY=1 only shows what it would change
	@.ci/release '$(VERSION)' $(if $(DRY),-n)

consumers: ## build programs outside the repository with the modules as they would be released
	@.ci/consumers

axe: .build/$(AXE).tgz ## fetch axe-core by npm, for the tests of the pages' accessibility

.build/$(AXE).tgz:
	@mkdir -p .build
	npm pack --silent --pack-destination .build $(subst core-,core@,$(AXE))

reference: ## write the pages of docs/reference from the code
	@go -C example test ./docs -run '^TestReferenceIsCurrent$$' -update

docs: .build/docs/node_modules ## make the static site in .build/site; SERVE=1 serves it, SITE_BASE=/eagate/ puts it below a path
	@rm -rf .build/docs/src && mkdir -p .build/docs/src .build/docs/.vitepress
	@cp -r --parents *.md docs example/pictures .build/docs/src && cp internal/site/config.mjs .build/docs/.vitepress
	@.build/docs/node_modules/.bin/vitepress build .build/docs
	@echo "the site is in $(CURDIR)/.build/site"
	@$(if $(SERVE),.build/docs/node_modules/.bin/vitepress preview .build/docs)

.build/docs/node_modules: internal/site/package-lock.json
	@mkdir -p .build/docs && cp internal/site/package*.json .build/docs
	@cd .build/docs && npm ci --silent --no-audit --no-fund --ignore-scripts && touch node_modules
