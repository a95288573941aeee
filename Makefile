# The only verbs. `make run` and `make test` work on a bare Debian 12: tools/setup.sh installs what is missing.
.PHONY: run build test bench fmt fuzz setup
setup:
	@tools/setup.sh build
build: setup
	@tools/build.sh release
run: build
	@tools/run.sh $(ARGS)
test:
	@tools/test.sh
fmt:
	@git ls-files 'src/*.cpp' 'src/*.h' 'tests/*.cpp' 'bench/*.cpp' | xargs clang-format-16 -i
