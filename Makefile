# Every target installs what it lacks and says one line for each step; logs are in .cache/.
# Only the lab needs root: without it, it goes on in a user and network namespace of its own where that is allowed.

.PHONY: demo test check types lint dead-code lab-test e2e fuzz cluster-tools figures build clean
.PHONY: build-packages lab-packages cluster-packages images-packages figures-packages router-packages

PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export PATH
STEP := @.ci/step
INSTALLED := node_modules/.installed
BUILT := dist/.built
SOURCES := $(shell find modules/metallb/src modules/metallb/hooks -name '*.ts' 2>/dev/null)

# The story: three public IPs on three nodes, and a node that dies. STORE=kubernetes tells it with helm and kubectl.
demo: $(BUILT) | lab-packages $(if $(filter kubernetes,$(STORE)),cluster-tools)
	@node --import tsx lab/demo.ts $(if $(STORE),--store='$(STORE)')

# Everything; the last line counts it all.
test: $(BUILT) | lab-packages router-packages cluster-tools
	@node --import tsx tests/suite.ts all --short

# Types, lint, dead code, unit tests; LONG=1 with those that take long.
check: $(INSTALLED)
	@$(MAKE) --no-print-directory --jobs --output-sync=target types lint dead-code
	$(STEP) unit-tests node --import tsx tests/run.ts $(if $(LONG),,--short)
	@tail -n 1 .cache/unit-tests.log

types:
	$(STEP) types tsc --noEmit

lint:
	$(STEP) lint biome check

dead-code:
	$(STEP) dead-code knip

# Scenarios in network namespaces; ONLY=WORD plays those whose name holds WORD, SHORT=1 leaves out what takes long.
lab-test: $(BUILT) | lab-packages router-packages
	@node --import tsx tests/lab/run.ts $(if $(ONLY),--only='$(ONLY)') $(if $(SHORT),--short)

# On a real API server; ONLY=WORD plays what has WORD in its name.
e2e: $(BUILT) | lab-packages cluster-tools
	@node --import tsx tests/suite.ts e2e --only='$(ONLY)'

# Kubernetes, helm, shell-operator and MetalLB from Go modules: minutes at the first time, kept in a cache outside the checkout.
cluster-tools: | cluster-packages images-packages
	$(STEP) kubernetes .ci/cluster-tools kubernetes
	$(STEP) helm .ci/cluster-tools helm
	$(STEP) shell-operator .ci/cluster-tools shell-operator
	$(STEP) metallb .ci/cluster-tools metallb
	$(STEP) promtool .ci/promtool

# A million inputs that nobody would send for each decoder; TARGET=NAME for one, RUNS=N, SEED=N as an earlier run printed it,
# INPUT=FILE plays a single one, KEEP=1 adds to the corpus what reaches code that nothing in it reaches.
fuzz: $(INSTALLED)
	@node --import tsx tests/fuzz/fuzz.ts $(if $(TARGET),--target='$(TARGET)') $(if $(RUNS),--runs='$(RUNS)') \
	  $(if $(SEED),--seed='$(SEED)') $(if $(INPUT),--input='$(INPUT)') $(if $(KEEP),--keep)

# Measurements, n >= 20 each. Takes long.
figures: $(BUILT) | lab-packages router-packages cluster-tools figures-packages
	@node --import tsx lab/figures.ts $(if $(ONLY),--only='$(ONLY)')

build: $(BUILT)

clean:
	rm -rf dist coverage .cache

$(BUILT): $(INSTALLED) build.mjs build-hooks.mjs modules/metallb/lib/metallb-hooks $(SOURCES)
	$(STEP) build node build.mjs
	@touch $@

# Not `npm ci`: it refuses the lock file where a registry lacks one of the optional packages for other platforms.
# `npm install --no-save` takes the same versions from the lock file and leaves that file alone.
$(INSTALLED): package.json package-lock.json | build-packages
	$(STEP) npm-packages npm install --no-save --no-audit --no-fund
	@touch $@

build-packages lab-packages router-packages cluster-packages images-packages figures-packages:
	@.ci/packages $(@:-packages=)
