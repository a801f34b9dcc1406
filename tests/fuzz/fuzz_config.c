/*
 * proxy.conf: any file is taken apart, or has an error; each key has a value and a line of the file, and each section
 * that is read has its head in it.
 */
#include "proxy/config/config_read.h"
#include "tests/fuzz/fuzz_file.h"

static unsigned
count_lines(const uint8_t *data, size_t size)
{
    unsigned lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    return lines;
}

/* Of other files, which the input may include, the lines are not known. */
static void
check_section(const struct config_section *section, const char *path, unsigned lines)
{
    FUZZ_EXPECT(section->place.file != path || section->place.line <= lines);
    for (size_t i = 0; i < section->key_count; i++) {
        const struct config_key *key = &section->keys[i];

        FUZZ_EXPECT(key->values.count > 0 && key->line > 0 && (key->file != path || key->line <= lines));
        FUZZ_EXPECT(section->place.line_of(&section->place, key->name) == key->line);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_file   input = fuzz_file_open((struct span){(const char *)data, size});
    struct config_file file  = {0};
    struct error       error = {0};

    FUZZ_EXPECT(config_read(&file, input.path, &error) == 0 || error.count > 0);
    for (size_t i = 0; i < file.section_count; i++)
        check_section(&file.sections[i], file.paths.items[0], count_lines(data, size));
    config_file_free(&file);
    error_free(&error);
    fuzz_file_close(&input);
    return 0;
}
