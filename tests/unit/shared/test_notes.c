/*
 * Notes in shared memory: what is found again, what gives way, and what is never seen, whatever becomes of those who
 * write. The table is looked at from within.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/shared/notes.c" /* NOLINT(bugprone-suspicious-include): the table is looked at from within */

static struct notes_key
key_of(const struct notes *notes, unsigned number)
{
    const struct span part = {(const char *)&number, sizeof(number)};

    return notes_key(notes, &part, 1);
}

static bool
keep(struct notes *notes, unsigned number, struct span note)
{
    const struct notes_key key = key_of(notes, number);

    return notes_keep(notes, &key, note);
}

static bool
find(struct notes *notes, unsigned number, struct bytes *note)
{
    const struct notes_key key = key_of(notes, number);

    return notes_find(notes, &key, note);
}

static void
expect(struct notes *notes, unsigned number, struct span expected)
{
    struct bytes note = {0};

    bytes_add(&note, SPAN("what was there"));
    assert_true(find(notes, number, &note));
    if (!span_equal(bytes_span(&note), expected))
        fail_msg("%u: %.*s", number, SPAN_ARG(bytes_span(&note)));
    bytes_free(&note);
}

static void
what_was_kept_is_found(void **state)
{
    static char   longest[NOTES_NOTE_MAX + 1];
    struct notes *notes = notes_open(1024 * 1024);
    struct bytes  note  = {0};

    (void)state;
    memset(longest, 'x', sizeof(longest));
    assert_false(find(notes, 1, &note));
    assert_true(keep(notes, 1, SPAN("one")));
    assert_true(keep(notes, 2, SPAN("")));
    assert_true(keep(notes, 3, (struct span){longest, NOTES_NOTE_MAX}));
    assert_false(keep(notes, 4, (struct span){longest, NOTES_NOTE_MAX + 1}));
    expect(notes, 1, SPAN("one"));
    expect(notes, 2, SPAN(""));
    expect(notes, 3, (struct span){longest, NOTES_NOTE_MAX});
    assert_false(find(notes, 4, &note));
    assert_true(keep(notes, 3, SPAN("a\0b")));
    expect(notes, 3, SPAN("a\0b"));
    assert_false(keep(notes, 3, (struct span){longest, NOTES_NOTE_MAX + 1}));
    expect(notes, 3, SPAN("a\0b"));
    bytes_free(&note);
    notes_close(&notes);
    assert_null(notes);
}

static bool
same_key(const struct notes *a, struct span a1, struct span a2, const struct notes *b, struct span b1, struct span b2)
{
    const struct notes_key one = notes_key(a, (const struct span[]){a1, a2}, 2);
    const struct notes_key two = notes_key(b, (const struct span[]){b1, b2}, 2);

    return memcmp(&one, &two, sizeof(one)) == 0;
}

static void
keys_differ(void **state)
{
    struct notes *notes = notes_open(0), *other = notes_open(0);

    (void)state;
    assert_true(same_key(notes, SPAN("ab"), SPAN("c"), notes, SPAN("ab"), SPAN("c")));
    assert_false(same_key(notes, SPAN("ab"), SPAN("c"), notes, SPAN("a"), SPAN("bc")));
    assert_false(same_key(notes, SPAN("ab"), SPAN("c"), notes, SPAN("abc"), SPAN("")));
    assert_false(same_key(notes, SPAN("ab"), SPAN("c"), notes, SPAN("c"), SPAN("ab")));
    assert_false(same_key(notes, SPAN("ab"), SPAN("c"), other, SPAN("ab"), SPAN("c")));
    notes_close(&notes);
    notes_close(&other);
}

/* In a table of one set all keys collide. */
static void
the_least_recently_used_gives_way(void **state)
{
    struct notes *notes = notes_open(0);
    struct bytes  note  = {0};

    (void)state;
    for (unsigned i = 0; i < NOTES_WAYS; i++)
        assert_true(keep(notes, i, SPAN("early")));
    expect(notes, 0, SPAN("early"));
    assert_true(keep(notes, 100, SPAN("late")));
    assert_false(find(notes, 1, &note));
    assert_true(keep(notes, 2, SPAN("again")));
    assert_true(keep(notes, 101, SPAN("later")));
    assert_false(find(notes, 3, &note));
    expect(notes, 0, SPAN("early"));
    expect(notes, 2, SPAN("again"));
    expect(notes, 100, SPAN("late"));
    expect(notes, 101, SPAN("later"));
    bytes_free(&note);
    notes_close(&notes);
}

static void
many_are_bounded(void **state)
{
    enum { SLOTS = 4096, KEYS = 100000 };
    struct notes *notes = notes_open(SLOTS * NOTES_SLOT);
    struct bytes  note  = {0};
    unsigned      found = 0;

    (void)state;
    assert_in_range(notes->octets, SLOTS * NOTES_SLOT, SLOTS * NOTES_SLOT + 64);
    for (unsigned i = 0; i < KEYS; i++)
        assert_true(keep(notes, i, (struct span){(const char *)&i, sizeof(i)}));
    for (unsigned i = 0; i < KEYS; i++)
        if (find(notes, i, &note)) {
            found++;
            assert_memory_equal(note.data, &i, sizeof(i));
        }
    assert_in_range(found, SLOTS / 2, SLOTS);
    expect(notes, KEYS - 1, (struct span){(const char *)&(unsigned){KEYS - 1}, sizeof(unsigned)});
    bytes_free(&note);
    notes_close(&notes);
}

/* Whichever bit of a slot is flipped: the note is not there, and can be kept again. */
static void
a_broken_seal_is_no_note(void **state)
{
    struct notes *notes = notes_open(0);
    struct slot  *slot  = &notes->table->sets[0].slots[0];
    struct bytes  note  = {0};

    (void)state;
    assert_true(keep(notes, 1, SPAN("one")));
    for (size_t word = 0; word <= NOTE_AT; word++)
        for (unsigned bit = 0; bit < 64; bit += 7) {
            slot->words[word] ^= UINT64_C(1) << bit;
            assert_false(find(notes, 1, &note));
            slot->words[word] ^= UINT64_C(1) << bit;
        }
    expect(notes, 1, SPAN("one"));
    slot->words[NOTE_AT - 1] = UINT64_MAX; /* its length */
    assert_true(keep(notes, 1, SPAN("new")));
    expect(notes, 1, SPAN("new"));
    bytes_free(&note);
    notes_close(&notes);
}

/* What a process inherits it can read; what it writes all others see. */
static void
processes_share(void **state)
{
    struct notes *notes = notes_open(0);
    int           status;
    pid_t         child;

    (void)state;
    assert_true(keep(notes, 1, SPAN("before")));
    child = fork();
    if (child == 0) {
        struct bytes note = {0};

        _exit(find(notes, 1, &note) && keep(notes, 2, SPAN("child")) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    expect(notes, 2, SPAN("child"));
    notes_close(&notes);
}

/* --- Workers that are killed in the middle of a note. --- */

enum { WRITERS = 3, KEYS = 24, LEAST_KILLS = 100, LEAST_FOUND = 2000, LONGEST_MS = 60000 };

/* A note says its key, and is a run of one letter then, whose length the letter tells. */
static struct span
make_note(char *space, unsigned key, unsigned turn)
{
    size_t len = 2 + turn % 26 * 30;

    memset(space, (int)('a' + turn % 26), len);
    space[0] = (char)('A' + key);
    return (struct span){space, len};
}

static _Noreturn void
write_for_ever(struct notes *notes)
{
    char space[NOTES_NOTE_MAX];

    for (unsigned turn = (unsigned)getpid();; turn++)
        (void)keep(notes, turn % KEYS, make_note(space, turn % KEYS, turn / KEYS));
}

static void
check_note(unsigned key, struct span found)
{
    char     space[NOTES_NOTE_MAX];
    unsigned turn = found.len > 1 ? (unsigned)found.data[1] - 'a' : 0;

    if (turn > 25 || !span_equal(found, make_note(space, key, turn)))
        fail_msg("key %u: %zu octets that nobody wrote: %.*s", key, found.len,
                 SPAN_ARG(span_head(found, found.len < 60 ? found.len : 60)));
}

/* It does not outlive this process, whatever test fails. */
static pid_t
start_writer(struct notes *notes)
{
    pid_t self = getpid(), child = fork();

    assert_true(child >= 0);
    if (child > 0)
        return child;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != self)
        _exit(1);
    write_for_ever(notes);
}

static int64_t
now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
killed_writers_leave_no_garbage(void **state)
{
    struct notes *notes = notes_open(0);
    struct bytes  note  = {0};
    pid_t         writers[WRITERS];
    size_t        found = 0, kills = 0;

    (void)state;
    for (size_t i = 0; i < WRITERS; i++)
        writers[i] = start_writer(notes);
    for (int64_t end = now_ms() + LONGEST_MS; (kills < LEAST_KILLS || found < LEAST_FOUND) && now_ms() < end; kills++) {
        for (unsigned turn = 0; turn < 5 * KEYS; turn++)
            if (find(notes, turn % KEYS, &note)) {
                check_note(turn % KEYS, bytes_span(&note));
                found++;
            }
        assert_int_equal(kill(writers[kills % WRITERS], SIGKILL), 0);
        assert_int_equal(waitpid(writers[kills % WRITERS], NULL, 0), writers[kills % WRITERS]);
        writers[kills % WRITERS] = start_writer(notes);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(kill(writers[i], SIGKILL), 0);
        assert_int_equal(waitpid(writers[i], NULL, 0), writers[i]);
    }
    assert_true(found >= LEAST_FOUND && kills >= LEAST_KILLS);
    for (unsigned i = 0; i < NOTES_WAYS; i++)
        assert_true(keep(notes, 1000 + i, SPAN("new")));
    for (unsigned i = 0; i < NOTES_WAYS; i++)
        expect(notes, 1000 + i, SPAN("new"));
    bytes_free(&note);
    notes_close(&notes);
}

/* One of many is forgotten, and can be kept again. */
static void
test_forget(void **state)
{
    struct notes          *notes = notes_open(0);
    const struct notes_key key = key_of(notes, 3), unknown = key_of(notes, 9);
    struct bytes           note = {0};

    (void)state;
    for (unsigned number = 1; number <= 5; number++)
        assert_true(keep(notes, number, SPAN("note")));
    notes_forget(notes, &key);
    notes_forget(notes, &unknown);
    for (unsigned number = 1; number <= 5; number++)
        assert_int_equal(find(notes, number, &note), number != 3);
    assert_true(keep(notes, 3, SPAN("again")));
    assert_true(find(notes, 3, &note) && span_equal(bytes_span(&note), SPAN("again")));
    bytes_free(&note);
    notes_close(&notes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forget),      cmocka_unit_test(what_was_kept_is_found),
        cmocka_unit_test(keys_differ),      cmocka_unit_test(the_least_recently_used_gives_way),
        cmocka_unit_test(many_are_bounded), cmocka_unit_test(a_broken_seal_is_no_note),
        cmocka_unit_test(processes_share),  cmocka_unit_test(killed_writers_leave_no_garbage),
    };

    return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
