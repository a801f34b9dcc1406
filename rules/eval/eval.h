/*
 * Rules that are code: "body MPART_ALT_DIFF eval:multipart_alternative_difference('99', '100')". The functions stand in
 * tables, a table for each of SpamAssassin's plugins, which may also know lines of their own in rule files. Each
 * table that is in `eval_plugins` makes its `ifplugin` true.
 *
 *      loading:   eval_settings_new()  eval_read_line() eval_call_read() ...
 *      a message: eval_run_start()  eval_run_call() ...  eval_run_end()
 */
#ifndef RULES_EVAL_EVAL_H
#define RULES_EVAL_EVAL_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/span.h"
#include "rules/mail/mail.h"

enum { EVAL_ARGUMENTS_MAX = 8, EVAL_WHOLE = EVAL_ARGUMENTS_MAX + 1 };

struct eval_run;

/* A function's call in a rule. */
struct eval_call {
    const struct eval_plugin   *plugin;
    const struct eval_function *function;
    size_t                      argument_count;
    struct span                 arguments[EVAL_ARGUMENTS_MAX]; /* without quotes; the data ends in '\0' */
    void                       *prepared;                      /* what the function's `prepare` made of them */
    char                       *text;                          /* what the arguments point into */
    bool                        rawbody;                       /* of a rawbody rule, and not one of another kind */
};

struct eval_function {
    const char *name;
    size_t      least, most; /* how many arguments it takes; EVAL_WHOLE: one, all between the parentheses */
    /* How often the rule hits; 0: it does not, or the function pauses (eval_run.pauses). */
    unsigned (*run)(struct eval_run *, const struct eval_call *);
    /* Looks at the arguments once, when rules are loaded. 0; or -1 with the reason appended to `why`. May be NULL. */
    int (*prepare)(struct eval_call *, void *settings, struct bytes *why);
    void (*release)(void *prepared);
};

/* A line of rule files that only this plugin knows, as "freemail_domains". */
struct eval_directive {
    const char *word;
    /* 0; or -1 with the reason appended to `why`. */
    int (*read)(void *settings, const struct eval_directive *, struct span value, struct bytes *why);
    const char *name; /* for `read`: which of the things alike this line is about; NULL: there is one */
};

struct eval_plugin {
    const char                  *name;       /* "HTMLEval": what follows Mail::SpamAssassin::Plugin:: */
    const struct eval_function  *functions;  /* by name; the last has none. NULL: none */
    const struct eval_directive *directives; /* the last has no word. NULL: none */
    const char *const           *features;   /* what can() finds in it: "has_check_body_length"; NULL at the end */

    size_t settings_size; /* octets, cleared before `fill` */
    void (*fill)(void *settings, const struct mail_settings *);
    void (*clear)(void *settings);

    /* The one of the functions that may set eval_run.body: rules that call it run in front of those that look at the
     * body. NULL: none does. */
    unsigned (*changes_body)(struct eval_run *, const struct eval_call *);

    size_t facts_size; /* what its functions remember of one message; octets, cleared before each */
    void (*forget)(void *facts);
};

/* All of them; NULL at the end. */
extern const struct eval_plugin *const eval_plugins[];

/* The settings of all plugins. */
struct eval_settings;

struct eval_settings *eval_settings_new(const struct mail_settings *);
void                  eval_settings_free(struct eval_settings **);

/* The plugin that knows lines that begin with `word`; NULL if none does. */
const struct eval_plugin *eval_line_owner(struct span word);

/* Reads such a line. 0; or -1 with the reason appended to `why`. */
int eval_read_line(struct eval_settings *, struct span word, struct span value, struct bytes *why);

/* The plugin that has a function called `name`; NULL if none has. */
const struct eval_plugin *eval_function_owner(struct span name);

/* Reads "function('argument', 2)". NULL with the reason appended to `why`. */
struct eval_call *eval_call_read(struct eval_settings *, struct span text, struct bytes *why);

/* Frees it and sets it to NULL. It may be NULL. */
void eval_call_free(struct eval_call **);

/* One message on its way through the functions. What they allocate for it comes from its arena. */
struct eval_run {
    const struct mail    *mail;
    struct eval_settings *settings; /* not changed */
    void                **facts;    /* of each plugin, made when first asked for */
    struct eval_field    *fields;   /* that were asked for (eval_field.h) */
    struct span          *body;     /* what rules behind see of the lines of mail->body, in the arena; NULL: those */
    struct arena          arena;
    bool                  pauses; /* the function has more to do and this turn has had its slice: call it again */
};

void     eval_run_start(struct eval_run *, struct eval_settings *, const struct mail *);
unsigned eval_run_call(struct eval_run *, const struct eval_call *);
void     eval_run_end(struct eval_run *);

/* For functions: argument `index` as a number; `otherwise` if it was not given, or is "undef". */
double eval_number(const struct eval_call *, size_t index, double otherwise);

/* For functions: what their plugin remembers of the message, and how it is set. */
void       *eval_facts(struct eval_run *, const struct eval_plugin *);
const void *eval_plugin_settings(const struct eval_run *, const struct eval_plugin *);

#endif
