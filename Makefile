# popgate: make, make check, make demo. See README.md.
V = release

CFLAGS-release = -O2 -g -D_FORTIFY_SOURCE=3
CFLAGS-debug   = -O0 -g3
CFLAGS-asan    = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LDFLAGS-asan   = -fsanitize=address,undefined

B        = build/$V
PACKAGES = libevent_core libevent_extra openssl libpcre2-8 libconfuse jansson gmime-3.0 libxml-2.0
VERSION  = 0.1.0

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Wno-sign-conversion -Wvla \
           -Wformat=2 -Wundef -Wpointer-arith
HARDEN   = -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
FLAGS    = -std=c17 -D_GNU_SOURCE -DPOPGATE_VERSION='"$(VERSION)"' -I. $(WARNINGS) $(HARDEN) $(CFLAGS-$V) \
           $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g') $(CFLAGS) -MMD -MP
LINK     = -pie -Wl,-z,relro,-z,now $(LDFLAGS-$V) $(LDFLAGS)
LIBS     = $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)

SRCS  = $(filter-out proxy/main.c,$(wildcard base/*.c proxy/*.c filters/*.c rules/*.c tools/*.c))
OBJS  = $(SRCS:%.c=$B/%.o)
TESTS = $(patsubst %.c,$B/%,$(wildcard tests/unit/test_*.c))

all: $B/popgate

$B/popgate: $B/proxy/main.o $(OBJS)
	$(CC) $(LINK) -o $@ $^ $(LIBS)

$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -c -o $@ $<

$(TESTS): $B/%: $B/%.o $(OBJS)
	$(CC) $(LINK) -o $@ $^ $(LIBS) -lcmocka

unit: $(TESTS)
	@set -e; for test in $(TESTS); do $$test; done

clean:
	rm -rf build

.PHONY: all unit clean
.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)
