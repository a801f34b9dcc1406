/* Descriptors are counted, and compared with what was configured. */
#include <inttypes.h>
#include <sys/resource.h>

#include "proxy/config/config_limits.h"

enum {
    OWN_DESCRIPTORS = 32, /* of a worker: its log, its loop, its channels */
    RESERVE         = 64,
    FEW             = 256, /* sessions: hardly as few as somebody wants */
};

static uint64_t
descriptors(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : 0;
}

size_t
config_limits_capacity(const struct config *config)
{
    uint64_t all = descriptors(), own = OWN_DESCRIPTORS + RESERVE;

    for (size_t i = 0; i < config->listener_count; i++)
        own += config->listeners[i].addresses.count;
    return all > own + 2 ? (size_t)(all - own) / 2 : 1;
}

static void
compare(struct config_loader *loader, struct config_spot spot, int64_t asked)
{
    const struct config *config = loader->config;
    size_t               each   = config_limits_capacity(config);

    if (asked > 0 && (uint64_t)asked > each * (uint64_t)config->workers)
        error_note(loader->error, spot.file, spot.line,
                   "max_sessions = %" PRId64 ": the %" PRIu64
                   " descriptors of a process (ulimit -n, LimitNOFILE) carry "
                   "%zu sessions, %zu for each of %" PRId64 " workers",
                   asked, descriptors(), each * (size_t)config->workers, each, config->workers);
}

void
config_limits_check(struct config_loader *loader)
{
    const struct config         *config = loader->config;
    const struct config_section *main   = &loader->file.sections[0];
    size_t                       each   = config_limits_capacity(config);

    compare(loader, config_section_spot(main, "max_sessions"), config->max_sessions);
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];

        compare(loader, (struct config_spot){listener->file, listener->line}, listener->max_sessions);
    }
    if (each < FEW)
        error_note(loader->error, config->file, 0,
                   "the %" PRIu64 " descriptors of a process carry %zu sessions for each worker: raise ulimit -n, or "
                   "LimitNOFILE in the unit",
                   descriptors(), each);
}
