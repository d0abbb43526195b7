# The verbs of the project. A machine needs Node 20 or newer, git, make and a package registry; `install` brings the rest,
# the locked Node 24 that everything runs on included.

NODE := node_modules/.bin/node
STAMP := node_modules/.installed
# Where Node keeps compiled modules. What is found there needs no types stripped: no thread loads the compiler that does it.
export NODE_COMPILE_CACHE ?= $(CURDIR)/node_modules/.cache/compile
# The web app, built from its sources.
UI := services/ui/dist/index.html
UI_SOURCES := services/ui/index.html services/ui/vite.config.ts $(shell find services/ui/src services/ui/public -type f 2>/dev/null)
MANIFESTS := package.json pnpm-lock.yaml pnpm-workspace.yaml $(wildcard libs/*/package.json services/*/package.json)

.PHONY: run cluster test check bench soak test-kube fmt clean

## run: the embedded server on http://localhost:4040, data in ./data (ARGS='--help' shows its options)
run: $(STAMP) $(UI)
	@exec $(NODE) services/flamelake/src/main.ts serve $(ARGS)

## cluster: the roles as processes of their own, two of each, on Kafka and S3 on loopback; data goes with it
cluster: $(STAMP) $(UI)
	@exec $(NODE) scripts/cluster.ts

## test: installs what the tests need, runs them all, ends in 'N passed, N failed' (ONLY=substring picks files)
test: $(STAMP) $(UI)
	@exec $(NODE) test/run.ts $(ONLY)

## check: types, lint, format, dead code
check: $(STAMP)
	@node_modules/.bin/tsc -p .
	@node_modules/.bin/tsc -p services/ui
	@node_modules/.bin/oxlint --type-aware --deny-warnings libs services test
	@node_modules/.bin/biome check --error-on-warnings .
	@node_modules/.bin/knip --no-progress --no-config-hints
	@$(NODE) --test --test-reporter=dot 'test/layers/*.test.ts'

## bench: ratios in one run, against the naive form and the peers
bench: $(STAMP) $(UI)
	@exec $(NODE) test/bench/run.ts $(ONLY)

## soak: longer simulations; SEED=n replays one, SECONDS=n bounds the search; KIND=kill kills a real cluster instead, KIND=load lets 200 users look at one
soak: $(STAMP)
	@exec $(NODE) test/sim/soak.ts

## test-kube: the chart and discovery on a real Kubernetes API server with nodes that run nothing, rules by promtool; builds both (Go, 10 minutes and more)
test-kube: $(STAMP)
	@exec $(NODE) --test --test-concurrency=1 --test-reporter=spec 'test/kube/*.kube.ts'

## fmt: formats every file
fmt: $(STAMP)
	@node_modules/.bin/biome check --write .

clean:
	rm -rf node_modules libs/*/node_modules services/*/node_modules .cache

$(UI): $(STAMP) $(UI_SOURCES)
	@$(NODE) services/ui/node_modules/vite/bin/vite.js build services/ui --logLevel warn

$(STAMP): $(MANIFESTS)
	@scripts/install
	@touch $@
