# The only verbs. `make run` and `make test` work on a bare Debian 12: tools/setup.sh installs what is missing
# (AIG_SKIP_SETUP=1 installs nothing).
.PHONY: run build test bench fmt fuzz kill-loop clients-latest agents mutations nightly tsan profile

run:              ## builds, starts `aig dev`, sends one chat through it, serves until Ctrl-C (ARGS=--once: stops after the chat)
	@tools/setup.sh build
	@tools/build.sh release
	@tools/run.sh $(ARGS)
build:            ## build/aig, the release build
	@tools/setup.sh build
	@tools/build.sh release
test:             ## everything that must hold; the last line counts
	@tools/test.sh
bench:            ## speed beside nginx in the same run, written to bench/RESULTS.md
	@tools/setup.sh build bench
	@bench/run.sh $(ARGS)
fmt:              ## formats all sources
	@git ls-files 'src/*.cpp' 'src/*.h' 'tests/*.cpp' 'tests/*.h' 'bench/*.cpp' | xargs clang-format-16 -i
fuzz:             ## each fuzz target for 60 s (SECONDS_EACH=N)
	@tools/setup.sh build test
	@tools/fuzz.sh $(or $(SECONDS_EACH),60)
profile:          ## measures anew what release builds are optimised by (profile/aig.profdata): after changes to what every call goes through
	@tools/setup.sh build test node
	@tools/profile.sh
kill-loop:        ## 200 rounds of kill -9 under load, reconciled three ways
	@tools/setup.sh build node
	@tools/build.sh release
	@tools/node.sh tests/e2e/kill.mjs --rounds $(or $(ROUNDS),200)
mutations:        ## re-introduces each bug of tests/mutations/ and demands that a test turns red (ONE=name)
	@tools/setup.sh build test
	@tools/mutations.sh $(ONE)
clients-latest:   ## the end-to-end suites with the newest clients instead of the pinned ones; tells, never gates
	@tools/clients-latest.sh
agents:           ## real coding agents (hundreds of MB) with a task each; rows go to docs/reference/agents.md (NAMES="claude_code")
	@tools/setup.sh build node
	@tools/build.sh release
	@tools/agents.sh $(NAMES)
nightly:          ## the large forms of the tests
	@AIG_TEST_SCALE=$(or $(AIG_TEST_SCALE),50) tools/test.sh
	@$(MAKE) --no-print-directory tsan fuzz kill-loop mutations
tsan:             ## the threaded rooms under ThreadSanitizer
	@tools/setup.sh build test
	@tools/tsan.sh
