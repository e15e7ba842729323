# SPDX-License-Identifier: Apache-2.0
# box - a container runtime
#
#   make               build everything into build/
#   make demo          install what is missing, build, run specs/examples/app.json
#   make test          the quick part of check: house rules, unit tests, error messages, command line (under a minute)
#   make check         everything: house rules, lint, both compilers, sanitizers, fuzz corpus, system tests (as root), virtual machines
#   make check-vm      the system tests under Debian's kernels with cgroup v2 alone, in virtual machines (scripts/check-vm)
#   make check-arm64   box built for arm64, and tests of it in emulated arm64 machines (scripts/setup arm64; as root)
#   make check-kube    a Kubernetes of two nodes, built from Debian's sources, with box as its runtime (scripts/setup kube; as root)
#   make check-images  twelve images from Debian packages, asked and stopped under the defaults (scripts/setup test; as root)
#   make lint          clang-tidy, cppcheck, house rules
#   make format        clang-format over all C files
#   make bench         whole-process time of box against runc and crun (as root)
#   make install       DESTDIR= PREFIX=/usr/local
#   make clean         remove build/
#
#   SANITIZE=1         the same programs with AddressSanitizer and UBSan, in build/sanitize/
#   TEST_HOOKS=1       with BOX_FAIL_STEP, BOX_PAUSE_STEP and BOX_FAIL_LAYER_WAYS (never installed), in build/test/
#   COVERAGE=1         with gcov counters, in build/coverage/; make COVERAGE=1 coverage prints them
#   FUZZ=1             libFuzzer programs (clang), in build/fuzz/; make FUZZ=1 fuzz [FUZZ_SECONDS=30] runs them
#   SYSROOT=FOLDER     headers and libraries of another machine (scripts/vm/get-root), with CC=aarch64-linux-gnu-gcc
#   DEV=1              warnings are errors;  CC=clang, O=FOLDER, CFLAGS="-O0 -g" as usual

PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
FUZZ_SECONDS ?= 30

ifneq ($(FUZZ),)
CC := clang
else ifeq ($(origin CC),default)
CC := gcc
endif
O ?= build$(if $(SANITIZE),/sanitize)$(if $(TEST_HOOKS),/test)$(if $(COVERAGE),/coverage)$(if $(FUZZ),/fuzz)

# Flags. What a compiler does not know is left out: clang 14 has no -ftrivial-auto-var-init=zero, arm64 no -fcf-protection.
sysroot := $(if $(SYSROOT),--sysroot=$(SYSROOT))
try = $(shell echo 'int main(void){return 0;}' | $(CC) $(sysroot) $(1) -Werror -x c - -o /dev/null 2>/dev/null && echo '$(1)')
warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Wwrite-strings -Wundef \
	-Wimplicit-fallthrough -Wpointer-arith -Wredundant-decls $(if $(DEV),-Werror)
harden := -fstack-protector-strong -fstack-clash-protection -fno-strict-aliasing -fno-strict-overflow \
	$(call try,-ftrivial-auto-var-init=zero) $(call try,-fcf-protection=full)
comma := ,
sanitize := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer) \
	$(if $(FUZZ),-fsanitize=fuzzer-no-link$(comma)address$(comma)undefined -fno-sanitize-recover=all) $(if $(COVERAGE),--coverage)
CFLAGS ?= -O2 -g
# FORTIFY needs the optimiser, and hides from the sanitizers what it checks itself.
fortify := $(if $(SANITIZE)$(FUZZ)$(COVERAGE)$(filter -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
cflags := $(sysroot) -std=gnu17 -D_GNU_SOURCE -DBOX_VERSION='"$(VERSION)"' -I. -include base/banned.h -fPIE $(warnings) $(harden) $(fortify) \
	$(sanitize) $(if $(TEST_HOOKS),-DBOX_TEST_HOOKS) $(CPPFLAGS) $(CFLAGS)
ldflags := -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code $(LDFLAGS)
# Sanitizers need the dynamic loader; everything else of box is one static position-independent program.
static := $(if $(SANITIZE)$(FUZZ),-pie,-static-pie)
# box-init has no libc at all: no stack protector (it needs thread storage), nothing that needs relocation.
init_cflags := $(sysroot) -std=gnu17 -I. $(filter-out -Wundef,$(warnings)) -Os -g -fPIE -ffreestanding -fno-stack-protector -fno-jump-tables \
	-fno-asynchronous-unwind-tables -nostdlib -static-pie

# Files. main.c stays out of the archives, so that unit tests and fuzzers link them.
# runtime/ without the other programs that lie below it.
runtime_dirs := runtime runtime/apps runtime/child runtime/exits runtime/launch runtime/logs runtime/network runtime/seccomp runtime/state runtime/storage runtime/streams runtime/supervise
box_src := $(filter-out cli/main.c,$(wildcard base/*.c specs/*.c cgroups/*.c images/*.c images/build/*.c $(addsuffix /*.c,$(runtime_dirs)) cli/*.c cli/build/*.c cli/up/*.c))
image_src := $(wildcard images/unpack/*.c images/registry/*.c)
# box-scope: its own files, what they use of base, and libsystemd, which is no library for a static program.
scope_src := $(filter-out cgroups/scope/main.c,$(wildcard cgroups/scope/*.c))
scope_base := base/alloc.c base/error.c base/number.c base/text.c
# box-supervise stays as long as its app: it links no library but libc.
supervise_src := $(wildcard base/*.c runtime/supervise/*.c)
# box-net: one private network. Its own files, the record and the netlink of runtime/network, and libraries that are none for a static program.
net_src := $(wildcard runtime/network/relay/*.c runtime/network/names/*.c runtime/network/router/*.c)
net_base := $(wildcard base/*.c) runtime/network/link.c runtime/network/netlink.c runtime/network/folder.c runtime/network/inet.c runtime/network/port_line.c runtime/network/record.c runtime/network/subnet.c runtime/network/veth.c runtime/supervise/control.c runtime/supervise/lines.c
unit_src := $(wildcard tests/unit/*/*.c tests/unit/*/*/*.c tests/unit/*/*/*/*.c)
fuzz_src := $(wildcard tests/fuzz/fuzz_*.c)
box_libs := -lseccomp -lcap -ljansson -lm
scope_libs := -lsystemd
net_libs := -lnftables -lmnl
image_libs := -lcurl -larchive -lcrypto -lzstd -lisal -lz -ljansson -lseccomp -lcap -lm
all_src := $(box_src) $(image_src) $(scope_src) $(net_src) cli/main.c images/program/main.c cgroups/scope/main.c runtime/supervise/program/main.c \
	runtime/network/router/program/main.c
format_src := $(wildcard $(addsuffix /*.[ch],base specs cgroups cgroups/scope images images/build images/unpack images/registry images/program $(runtime_dirs) runtime/init runtime/supervise/program runtime/network/relay runtime/network/names runtime/network/router runtime/network/router/program cli cli/build cli/up tests/fuzz tests/system \
	tests/bench tests/unit/* tests/unit/*/* tests/unit/*/*/*))
programs := $O/bin/box $O/libexec/box/box-image $O/libexec/box/box-init $O/libexec/box/box-scope \
	$O/libexec/box/box-supervise $O/libexec/box/box-net

# Other flags than last time in this folder: everything is built again.
stamp := $(CC) $(cflags)
ifneq ($(stamp),$(file <$O/flags))
$(shell mkdir -p $O)
$(file >$O/flags,$(stamp))
endif

.PHONY: all
all: $(programs)

$O/libbox.a: $(box_src:%.c=$O/%.o) $O/runtime/seccomp/seccomp_default.o
	@rm -f $@
	$(AR) rcsD $@ $^

$O/libimage.a: $(image_src:%.c=$O/%.o)
	@rm -f $@
	$(AR) rcsD $@ $^

# For fuzzers: they take of it what needs no further library.
$O/libnet.a: $(net_src:%.c=$O/%.o)
	@rm -f $@
	$(AR) rcsD $@ $^

$O/bin/box: $O/cli/main.o $O/libbox.a
	@mkdir -p $(@D)
	$(CC) $(cflags) $(static) $(ldflags) -Wl,-Map=$O/box.map -o $@ $^ $(box_libs)

$O/libexec/box/box-image: $O/images/program/main.o $O/libimage.a $O/libbox.a
	@mkdir -p $(@D)
	$(CC) $(cflags) -pie $(ldflags) -o $@ $^ $(image_libs)

$O/libexec/box/box-scope: $O/cgroups/scope/main.o $(scope_src:%.c=$O/%.o) $(scope_base:%.c=$O/%.o)
	@mkdir -p $(@D)
	$(CC) $(cflags) -pie $(ldflags) -o $@ $^ $(scope_libs)

$O/libexec/box/box-supervise: $O/runtime/supervise/program/main.o $(supervise_src:%.c=$O/%.o)
	@mkdir -p $(@D)
	$(CC) $(cflags) $(static) $(ldflags) -o $@ $^

$O/libexec/box/box-net: $O/runtime/network/router/program/main.o $(net_src:%.c=$O/%.o) $(net_base:%.c=$O/%.o)
	@mkdir -p $(@D)
	$(CC) $(cflags) -pie $(ldflags) -o $@ $^ $(net_libs)

$O/libexec/box/box-init: runtime/init/box-init.c $O/flags
	@mkdir -p $(@D)
	$(CC) $(init_cflags) $(ldflags) -o $@ $<

$O/%.o: %.c $O/flags
	@mkdir -p $(@D)
	$(CC) $(cflags) -MMD -MP -c -o $@ $<

# The default seccomp profile is a data file inside the program.
$O/runtime/seccomp/seccomp_default.o: runtime/seccomp/seccomp_default.S runtime/seccomp/seccomp_default.json $O/flags
	@mkdir -p $(@D)
	$(CC) $(sysroot) -I. -c -o $@ $<

# Tests. The unit tests of all folders are one program; the probe is what system tests run inside a container.
$O/unit-tests: $(unit_src:%.c=$O/%.o) $(scope_src:%.c=$O/%.o) $(net_src:%.c=$O/%.o) $O/libimage.a $O/libbox.a
	@mkdir -p $(@D)
	$(CC) $(cflags) -pie $(ldflags) -o $@ $^ $(image_libs) $(scope_libs) $(net_libs) -lcriterion

$O/tests/probe: tests/system/probe.c tests/system/probe_calls.h tests/system/probe_serve.h $O/flags
	@mkdir -p $(@D)
	$(CC) $(filter-out -include base/banned.h -fsanitize% -fno-sanitize%,$(cflags)) -static-pie $(ldflags) -o $@ $<

$O/tests/lines: tests/bench/lines.c $O/flags
	@mkdir -p $(@D)
	$(CC) $(filter-out -fsanitize% -fno-sanitize%,$(cflags)) -static-pie $(ldflags) -o $@ $<

$O/tests/flow: tests/bench/flow.c $O/flags
	@mkdir -p $(@D)
	$(CC) $(filter-out -fsanitize% -fno-sanitize%,$(cflags)) -static-pie $(ldflags) -o $@ $<

$O/tests/timing: tests/bench/timing.c $O/flags
	@mkdir -p $(@D)
	$(CC) $(cflags) -pie $(ldflags) -o $@ $<

$O/tests/%: $O/tests/fuzz/%.o $(if $(FUZZ),,$O/tests/fuzz/replay.o) $O/libnet.a $O/libimage.a $O/libbox.a
	@mkdir -p $(@D)
	$(CC) $(cflags) $(if $(FUZZ),-fsanitize=fuzzer) -pie $(ldflags) -o $@ $^ $(image_libs)

.SECONDARY:
# Not those of scripts/vm: an arm64 system has folders of that name.
-include $(filter-out $O/vm/%,$(wildcard $O/*/*.d $O/*/*/*.d $O/*/*/*/*.d $O/*/*/*/*/*.d $O/*/*/*/*/*/*.d))

# Words for people. One part of check: make check-layers, check-size, … (scripts/check says which there are).
parts := layers size headers style links tables unit errors system vm clang sanitize corpus lint # behind system: beside it
.PHONY: demo test check bench soak lint format coverage fuzz install clean help objects unit-program replay-programs $(parts:%=check-%) check-arm64 check-kube check-images
check:
	@scripts/setup test
	@scripts/check $(parts)
test:
	@scripts/check layers size style links tables unit errors corpus quick
$(parts:%=check-%) check-arm64 check-kube check-images: check-%:
	@scripts/check $*
lint:
	@scripts/check style lint
demo:
	@scripts/demo
# Services of a file while everything is killed: SOAK_SECONDS of it for root, and for SOAK_USER where there is one. As root.
SOAK_SECONDS = 60
SOAK_SEED = $$(date +%s)
soak: all
	unshare -n tests/soak/stack.py $O $(SOAK_SECONDS) $(SOAK_SEED)
	$(if $(SOAK_USER),unshare -n tests/soak/stack.py $O $(SOAK_SECONDS) $(SOAK_SEED) $(SOAK_USER))
bench: all $O/tests/timing
	@tests/bench/oci.sh $O
	@tests/bench/run.sh $O
format:
	clang-format -i $(format_src)
objects: $(box_src:%.c=$O/%.o) $(image_src:%.c=$O/%.o) $(scope_src:%.c=$O/%.o) $(net_src:%.c=$O/%.o) $O/cgroups/scope/main.o $O/cli/main.o \
	$O/images/program/main.o $O/runtime/supervise/program/main.o $O/runtime/network/router/program/main.o $O/libexec/box/box-init
unit-program: $O/unit-tests
replay-programs: $(fuzz_src:tests/fuzz/%.c=$O/tests/%)
coverage: unit-program
	@scripts/coverage $O
fuzz: replay-programs
	@scripts/fuzz $O $(FUZZ_SECONDS)

# Those that box help lists.
commands = $$($O/bin/box help | sed -n '/^Commands:/,/^$$/s/^  \([a-z]*\) .*/\1/p')
share := $(DESTDIR)$(PREFIX)/share
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/box $(share)/man/man1 $(share)/box $(share)/doc/box/examples
	install -m 755 $O/bin/box $(DESTDIR)$(PREFIX)/bin/box
	install -m 755 $O/libexec/box/box-image $O/libexec/box/box-init $O/libexec/box/box-scope $O/libexec/box/box-supervise $O/libexec/box/box-net \
		$(DESTDIR)$(PREFIX)/libexec/box/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|' runtime/supervise/box-boot.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/box-boot.service
	install -m 644 specs/app.schema.json specs/lock.schema.json $(share)/box/
	install -m 644 README.md docs/*.md LICENSE $(share)/doc/box/
	install -m 644 $(wildcard specs/examples/*) $(share)/doc/box/examples/
	$O/bin/box help --man > $(share)/man/man1/box.1
	install -d $(share)/bash-completion/completions $(share)/zsh/site-functions $(share)/fish/vendor_completions.d
	$O/bin/box completion bash > $(share)/bash-completion/completions/box
	$O/bin/box completion zsh > $(share)/zsh/site-functions/_box
	$O/bin/box completion fish > $(share)/fish/vendor_completions.d/box.fish
	for c in $(commands); do $O/bin/box help --man $$c > $(share)/man/man1/box-$$c.1 || exit 1; done

clean:
	rm -rf build
help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile
print-%:
	@printf '%s\n' '$($*)'
