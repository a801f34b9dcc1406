/* ImageInfo: how many images there are, and how big; their own headers say it. */
#include <math.h>

#include "base/count.h"
#include "rules/eval/eval_field.h"
#include "rules/eval/plugins.h"

enum image_kind { IMAGE_GIF, IMAGE_PNG, IMAGE_JPEG, IMAGE_KINDS, IMAGE_ALL = IMAGE_KINDS };

struct image {
    enum image_kind kind;
    struct span     name; /* empty: none */
    unsigned long   height, width;
};

struct image_facts {
    bool          known;
    struct image *images; /* those whose size is known */
    size_t        image_count;
    double        count[IMAGE_KINDS + 1]; /* the last of all kinds together */
    double        pixels[IMAGE_KINDS + 1];
};

static const char *const kind_names[] = {"gif", "png", "jpeg", "all"};

static unsigned long
number(struct span data, size_t at, size_t octets)
{
    unsigned long value = 0;

    for (size_t i = at; i < at + octets; i++)
        value = value << 8 | (i < data.len ? (unsigned char)data.data[i] : 0);
    return value;
}

static void
read_gif(struct span data, struct image *image)
{
    if (data.len < 10 || (!span_starts(data, SPAN("GIF87a")) && !span_starts(data, SPAN("GIF89a"))))
        return;
    image->width  = (unsigned char)data.data[6] | (unsigned long)(unsigned char)data.data[7] << 8;
    image->height = (unsigned char)data.data[8] | (unsigned long)(unsigned char)data.data[9] << 8;
}

/* The header is looked for in steps of 8 octets, and not chunk by chunk. */
static void
read_png(struct span data, struct image *image)
{
    if (!span_starts(data, SPAN("\x89PNG\r\n\x1a\n")))
        return;
    for (size_t at = 8; at + 8 <= data.len && !span_starts(span_tail(data, at + 4), SPAN("IEND")); at += 8) {
        if (number(data, at, 4) != 13 || !span_starts(span_tail(data, at + 4), SPAN("IHDR")))
            continue;
        image->width  = number(data, at + 8, 4);
        image->height = number(data, at + 12, 4);
        return;
    }
}

/* The markers that begin a frame (ITU T.81, B.1.1.3). */
static bool
is_frame(unsigned long marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static void
read_jpeg(struct span data, struct image *image)
{
    if (!span_starts(data, SPAN("\xff\xd8")))
        return;
    for (size_t at = 2; at + 4 <= data.len && number(data, at, 1) == 0xff;) {
        unsigned long marker = number(data, at + 1, 1), len = number(data, at + 2, 2);

        if (marker == 0xda || marker == 0xd9 || len < 2)
            return;
        if (is_frame(marker)) {
            image->height = number(data, at + 5, 2);
            image->width  = number(data, at + 7, 2);
            return;
        }
        at += 2 + len;
    }
}

/* What an image's type is called, and who reads its header. */
static const struct {
    const char     *type;
    enum image_kind kind;
    void (*read)(struct span data, struct image *);
} types[] = {
    {"image/gif", IMAGE_GIF, read_gif},
    {"image/png", IMAGE_PNG, read_png},
    {"image/jpeg", IMAGE_JPEG, read_jpeg},
    {"image/jpg", IMAGE_JPEG, read_jpeg},
};

enum { TYPES = COUNT_OF(types) };

static void
note_image(struct image_facts *facts, const struct mime_part *part, size_t type)
{
    struct image image = {.kind = types[type].kind, .name = part->name};
    struct bytes data  = {0};
    double       pixels;

    facts->count[image.kind]++;
    facts->count[IMAGE_ALL]++;
    mime_decode(part, &data);
    types[type].read(bytes_span(&data), &image);
    bytes_free(&data);
    pixels = (double)image.width * (double)image.height;
    if (pixels == 0)
        return;
    facts->pixels[image.kind] += pixels;
    facts->pixels[IMAGE_ALL] += pixels;
    facts->images[facts->image_count++] = image;
}

static bool
is_base64(const struct mime_part *part)
{
    return span_equal_nocase(mime_field(part, SPAN("Content-Transfer-Encoding")), SPAN("base64"));
}

static struct image_facts *
image_facts(struct eval_run *run)
{
    struct image_facts      *facts = eval_facts(run, &image_info_plugin);
    const struct mime_parts *parts = &run->mail->parts;

    if (facts->known)
        return facts;
    facts->known  = true;
    facts->images = arena_new(&run->arena, parts->count * sizeof(facts->images[0]));
    for (size_t i = 0; i < parts->count; i++) {
        size_t type = 0;

        while (type < TYPES && !span_equal(parts->items[i].type, span_of(types[type].type)))
            type++;
        if (type < TYPES && parts->items[i].leaf && is_base64(&parts->items[i]))
            note_image(facts, &parts->items[i], type);
    }
    return facts;
}

/* The kind that the first argument names; a name that nobody knows is refused. */
static int
prepare_kind(struct eval_call *call, void *settings, struct bytes *why)
{
    (void)settings;
    for (size_t i = 0; i <= IMAGE_ALL; i++)
        if (span_equal(call->arguments[0], span_of(kind_names[i]))) {
            call->prepared = (void *)&kind_names[i];
            return 0;
        }
    bytes_printf(why, "\"%.*s\" is no kind of image", SPAN_ARG(call->arguments[0]));
    return -1;
}

static size_t
kind_of(const struct eval_call *call)
{
    return (size_t)((const char *const *)call->prepared - kind_names);
}

static bool
is_within(const struct eval_call *call, double value)
{
    return value >= eval_number(call, 1, 0) && value <= eval_number(call, 2, INFINITY);
}

static unsigned
image_count(struct eval_run *run, const struct eval_call *call)
{
    return is_within(call, image_facts(run)->count[kind_of(call)]);
}

static unsigned
pixel_coverage(struct eval_run *run, const struct eval_call *call)
{
    return is_within(call, image_facts(run)->pixels[kind_of(call)]);
}

/* Of a rawbody rule, the text is that of rawbody. */
static unsigned
image_to_text_ratio(struct eval_run *run, const struct eval_call *call)
{
    const struct spans *texts  = call->rawbody ? &run->mail->rawbody : &run->mail->body;
    double              pixels = image_facts(run)->pixels[kind_of(call)], octets = 0;

    for (size_t i = 0; i < texts->count; i++)
        octets += (double)texts->items[i].len;
    return octets > 0 && pixels > 0 && is_within(call, octets / pixels) && octets / pixels != eval_number(call, 2, 0);
}

static bool
is_of_kind(const struct image *image, const struct eval_call *call)
{
    return kind_of(call) == IMAGE_ALL || kind_of(call) == image->kind;
}

static unsigned
image_size_exact(struct eval_run *run, const struct eval_call *call)
{
    const struct image_facts *facts  = image_facts(run);
    double                    height = eval_number(call, 1, 0), width = eval_number(call, 2, 0);

    for (size_t i = 0; i < facts->image_count; i++)
        if (is_of_kind(&facts->images[i], call) && (double)facts->images[i].height == height &&
            (double)facts->images[i].width == width)
            return 1;
    return 0;
}

/* The least height and width, then the most. */
static unsigned
image_size_range(struct eval_run *run, const struct eval_call *call)
{
    const struct image_facts *facts = image_facts(run);

    for (size_t i = 0; i < facts->image_count; i++) {
        double height = (double)facts->images[i].height, width = (double)facts->images[i].width;

        if (is_of_kind(&facts->images[i], call) && height >= eval_number(call, 1, 0) &&
            width >= eval_number(call, 2, 0) && height <= eval_number(call, 3, INFINITY) &&
            width <= eval_number(call, 4, INFINITY))
            return 1;
    }
    return 0;
}

static unsigned
image_named(struct eval_run *run, const struct eval_call *call)
{
    const struct image_facts *facts = image_facts(run);

    for (size_t i = 0; i < facts->image_count; i++)
        if (facts->images[i].name.len > 0 && span_equal(facts->images[i].name, call->arguments[0]))
            return 1;
    return 0;
}

/* The argument is a pattern as it stands: slashes around it are part of it, as in SpamAssassin. */
static int
prepare_name(struct eval_call *call, void *settings, struct bytes *why)
{
    (void)settings;
    call->prepared = regex_compile(call->arguments[0], SPAN(""), why);
    return call->prepared != NULL ? 0 : -1;
}

static void
release_name(void *prepared)
{
    struct regex *regex = prepared;

    regex_free(&regex);
}

static unsigned
image_name_regex(struct eval_run *run, const struct eval_call *call)
{
    const struct image_facts *facts = image_facts(run);

    for (size_t i = 0; i < facts->image_count; i++)
        if (facts->images[i].name.len > 0 && regex_matches(call->prepared, facts->images[i].name))
            return 1;
    return 0;
}

static const struct eval_function functions[] = {
    {.name = "image_count", .least = 2, .most = 3, .run = image_count, .prepare = prepare_kind},
    {.name = "pixel_coverage", .least = 2, .most = 3, .run = pixel_coverage, .prepare = prepare_kind},
    {.name = "image_to_text_ratio", .least = 3, .most = 3, .run = image_to_text_ratio, .prepare = prepare_kind},
    {.name = "image_size_exact", .least = 3, .most = 3, .run = image_size_exact, .prepare = prepare_kind},
    {.name = "image_size_range", .least = 3, .most = 5, .run = image_size_range, .prepare = prepare_kind},
    {.name = "image_named", .least = 1, .most = 1, .run = image_named},
    {.name    = "image_name_regex",
     .least   = 1,
     .most    = 1,
     .run     = image_name_regex,
     .prepare = prepare_name,
     .release = release_name},
    {.name = NULL},
};

const struct eval_plugin image_info_plugin = {
    .name       = "ImageInfo",
    .functions  = functions,
    .facts_size = sizeof(struct image_facts),
};
