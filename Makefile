# popgate. `make help` lists what can be made; README.md says what it is.
MAKEFLAGS += -j$(shell nproc)

# release, debug or asan: each variant builds into a folder of its own, build/$V.
V = release

CFLAGS-release = -O2 -g -D_FORTIFY_SOURCE=3
CFLAGS-debug   = -O0 -g3
CFLAGS-asan    = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LDFLAGS-asan   = -fsanitize=address,undefined
CFLAGS-fuzz    = -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LDFLAGS-fuzz   = -fsanitize=fuzzer,address,undefined

VERSION    = 0.1.0
PREFIX     = /usr/local
SBINDIR    = $(PREFIX)/sbin
MANDIR     = $(PREFIX)/share/man
UNITDIR    = $(PREFIX)/lib/systemd/system
SYSCONFDIR = /etc
CONFDIR    = $(SYSCONFDIR)/popgate

# Libraries, by pkg-config's names, and the Debian packages that a goal needs beside those of the build.
PACKAGES     = libevent_core openssl libpcre2-8 glib-2.0
DEBIAN-build = $(if $(findstring clang,$(CC)),clang,gcc) libc6-dev make pkgconf libevent-dev libssl-dev libpcre2-dev \
               libglib2.0-dev
DEBIAN-unit  = libcmocka-dev libjansson-dev
DEBIAN-demo  = python3 openssl curl ca-certificates
DEBIAN-check = $(DEBIAN-unit) $(DEBIAN-demo) python3-pytest dovecot-pop3d mpop fetchmail procps libfaketime strace \
               spamassassin libnet-libidn2-perl valgrind $(if $(shell command -v npm),,npm)
DEBIAN-lint  = clang-format clang-tidy cppcheck mandoc
DEBIAN-run-fuzzers = libclang-rt-dev
DEBIAN-bench = python3 openssl
DEBIAN-costs = python3 openssl valgrind strace
BESIDE-bench = hitch haproxy nginx libnginx-mod-stream libnginx-mod-mail stunnel4 dovecot-pop3d perdition spamassassin rspamd

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Wno-sign-conversion -Wvla \
           -Wformat=2 -Wundef -Wpointer-arith
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
HARDEN-x86_64  = -fcf-protection
HARDEN-aarch64 = -mbranch-protection=standard
HARDEN   = -fstack-protector-strong -fstack-clash-protection $(HARDEN-$(MACHINE)) -fPIE

# pkg-config is asked once, and only after the packages are known to be there.
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $$(shell pkg-config --cflags $$(PACKAGES) | sed 's/-I/-isystem /g'))$(PACKAGE_CFLAGS)
PACKAGE_LIBS   = $(eval PACKAGE_LIBS := $$(shell pkg-config --libs $$(PACKAGES)))$(PACKAGE_LIBS)

# `make check` treats warnings as errors: in a folder of its own, so that no object built without slips through.
WERROR  := $(if $(filter check,$(MAKECMDGOALS)),-Werror)
B        = build/$V$(if $(findstring clang,$(CC)),-clang)$(WERROR)
FLAGS    = -std=c17 -D_GNU_SOURCE -DPOPGATE_VERSION='"$(VERSION)"' -DPOPGATE_CONFIG='"$(CONFDIR)/proxy.conf"' -I. \
           $(WARNINGS) $(WERROR) $(HARDEN) $(CFLAGS-$V) $(PACKAGE_CFLAGS) $(CFLAGS) -MMD -MP
LINK     = -pie -Wl,-z,relro,-z,now $(LDFLAGS-$V) $(LDFLAGS)
LIBS     = $(PACKAGE_LIBS)

SRCS  = $(filter-out proxy/main.c,$(wildcard base/*.c proxy/*.c proxy/*/*.c filters/*.c rules/*/*.c tools/*.c))
OBJS  = $(SRCS:%.c=$B/%.o)
TESTS = $(patsubst %.c,$B/%,$(wildcard tests/unit/*/test_*.c))
FUZZERS = $(patsubst %.c,$B/%,$(wildcard tests/fuzz/fuzz_*.c))
MANUAL = $(wildcard man/*.[1-8])
C     = $(wildcard base/*.[ch] proxy/*.[ch] proxy/*/*.[ch] filters/*.[ch] rules/*/*.[ch] tools/*.[ch] tests/*/*.[ch] \
                  tests/unit/*/*.[ch])

QUIET = $(if $(SHOW),,@)  # make SHOW=1 shows whole commands

## all         build popgate (the default); V=debug and V=asan build variants of it
all: $B/popgate

$B/libpopgate.a: $(OBJS)
	@rm -f $@
	@echo archive $@
	$(QUIET)$(AR) rcs $@ $^

$B/popgate: $B/proxy/main.o $B/libpopgate.a
	@echo link $@
	$(QUIET)$(CC) $(LINK) -o $@ $^ $(LIBS)

$B/%.o: %.c Makefile | packages
	@mkdir -p $(@D)
	@echo $(notdir $(CC)) $<
	$(QUIET)$(CC) $(FLAGS) -c -o $@ $<

$(TESTS): $B/%: $B/%.o $B/libpopgate.a
	@echo link $@
	$(QUIET)$(CC) $(LINK) -o $@ $^ $(LIBS) -lcmocka -ljansson

# popgate with one more module, for the system tests: see tests/system/scripted_module.c.
$B/tests/popgate-scripted: $B/proxy/main.o $B/tests/system/scripted_module.o $B/libpopgate.a
	@echo link $@
	$(QUIET)$(CC) $(LINK) -o $@ $^ $(LIBS)

# Says which packages are missing; for the goals that are one command for a newcomer it installs them.
INSTALLS = $(filter check demo bench lint run-fuzzers,$(MAKECMDGOALS))
packages:
	@dist/packages $(if $(INSTALLS),install,name) $(DEBIAN-build) $(foreach goal,$(MAKECMDGOALS),$(DEBIAN-$(goal)))

## check       install what the tests need, build, run every test; V=asan runs them with the sanitizers
check: packages layers all $(TESTS) $B/tests/popgate-scripted $B/tests/bench/load $B/tests/bench/upstream
	@B=$B tests/check

## unit        the unit tests alone
unit: $(TESTS)
	@B=$B tests/check unit

## fuzz        each fuzzer for SECONDS=60, from seeds and from what earlier runs found; a crash leaves its input in build/
SECONDS = 60
fuzz:
	@$(MAKE) V=fuzz CC=clang run-fuzzers
run-fuzzers: $(FUZZERS)
	@B=$B SECONDS=$(SECONDS) tests/fuzz/run $(FUZZERS)
# Popgate's calls can be made to fail there.
$B/tests/fuzz/fuzz_session: LDFLAGS += $(foreach call,send sendmsg recv read clock_gettime,-Wl,--wrap=$(call))
$(FUZZERS): $B/%: $B/%.o $B/libpopgate.a
	@echo link $@
	$(QUIET)$(CC) $(LINK) -o $@ $^ $(LIBS)

## layers      check that no part of the code knows one above it
layers:
	@tests/layers

## lint        formatting, static analysis, manual pages; each part is a goal: lint-format, lint-tidy, ...
lint: lint-format lint-tidy lint-cppcheck lint-man layers
lint-format: packages
	@echo clang-format
	$(QUIET)clang-format --dry-run -Werror $C
lint-tidy: $(patsubst %.c,$B/%.tidy,$(filter %.c,$C))
$B/%.tidy: %.c .clang-tidy Makefile $(filter %.h,$C) | packages
	@mkdir -p $(@D)
	@echo clang-tidy $<
	$(QUIET)clang-tidy --quiet $< -- $(filter-out -MMD -MP,$(FLAGS)) 2>/dev/null
	@touch $@
lint-cppcheck: packages
	@echo cppcheck
	$(QUIET)cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr -I. \
	    --include=$(firstword $(wildcard /usr/include/*/sys/queue.h)) $(filter-out tests/%,$(filter %.c,$C))
lint-man: packages
	@echo mandoc
	$(QUIET)mandoc -Tlint -W warning $(MANUAL)

## sizes       files over 500 lines and functions over 80
sizes:
	@tests/sizes $C

## demo        popgate at work on this machine, in a temporary folder; ONCE=1 ends by itself
demo: packages all
	@python3 tests/demo/run $B/popgate $(if $(ONCE),once)

## bench       what popgate costs, beside other proxies, SpamAssassin and rspamd; QUICK=1 measures less
BENCH = loop mail process wire wire_tls  # what its programs share
bench: packages all $B/tests/bench/load $B/tests/bench/upstream
	@for package in $(BESIDE-bench); do dist/packages install $$package || echo "left out: $$package"; done
	@python3 tests/bench/run $B $(if $(QUICK),--quick)
## bench-keep  makes what the last bench measured the tables and the chart of tests/bench/README.md
bench-keep:
	@python3 tests/bench/keep $B

## costs       counts what a login, a message and a score cost, for tests/system/costs.json, which test_costs.py compares with
costs: packages all $B/tests/bench/load $B/tests/bench/upstream
	@POPGATE=$(CURDIR)/$B/popgate /usr/bin/python3 tests/system/costs.py

$B/tests/bench/load $B/tests/bench/upstream: $B/%: $(BENCH:%=$B/tests/bench/%.o) $B/libpopgate.a
	@echo link $@
	$(QUIET)$(CC) $(LINK) -o $@ $(filter-out %.a,$^) $(filter %.a,$^) $(LIBS)
$B/tests/bench/load: $(patsubst %.c,$B/%.o,$(wildcard tests/bench/load*.c))
$B/tests/bench/upstream: $(patsubst %.c,$B/%.o,$(wildcard tests/bench/upstream*.c))

# What an admin may have changed is left alone: configuration and rules are installed only where they are missing.
KEPT      = proxy.conf $(filter-out $(patsubst %/,%,$(wildcard rules/*/)),$(wildcard rules/*))
INSTALLED = $(SBINDIR)/popgate $(foreach page,$(MANUAL),$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
            $(UNITDIR)/popgate.service $(PREFIX)/lib/sysusers.d/popgate.conf $(PREFIX)/lib/tmpfiles.d/popgate.conf

## install     into $(DESTDIR)$(PREFIX) and $(CONFDIR)
install: all
	install -D -m 755 $B/popgate $(DESTDIR)$(SBINDIR)/popgate
	for page in $(MANUAL); do install -D -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit; done
	install -D -m 644 dist/popgate.service $(DESTDIR)$(UNITDIR)/popgate.service
	sed -i 's|@SBINDIR@|$(SBINDIR)|g; s|@CONFDIR@|$(CONFDIR)|g' $(DESTDIR)$(UNITDIR)/popgate.service
	install -D -m 644 dist/popgate.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/popgate.conf
	install -D -m 644 dist/popgate.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/popgate.conf
	for file in $(KEPT); do to=$(DESTDIR)$(CONFDIR)/$$file; test -e $$to || install -D -m 644 $$file $$to || exit; done
	to=$(DESTDIR)$(SYSCONFDIR)/logrotate.d/popgate; test -e $$to || install -D -m 644 dist/popgate.logrotate $$to

## uninstall   what install put there, but for the configuration
uninstall:
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))

clean:
	rm -rf build

## help        this list
help:
	@sed -n 's/^## /make /p' Makefile

.PHONY: all packages check unit fuzz run-fuzzers layers lint lint-format lint-tidy lint-cppcheck lint-man sizes demo bench bench-keep costs install uninstall clean help
.DELETE_ON_ERROR:
.SECONDARY:
-include $(wildcard $B/*/*.d $B/*/*/*.d $B/*/*/*/*.d)
