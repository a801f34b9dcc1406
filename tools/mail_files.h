/*
 * The messages in what a user names: a file with one message or an mbox (see mbox.h), "-" for standard input, a
 * Maildir, any other folder.
 *
 * Of a Maildir, a folder with cur and new in it, the messages in both are read, one in each file; what is being
 * delivered in tmp is not. Of any other folder its files are read, as if each were named, in the order of their names
 * (2 before 10, as MH numbers them); not the folders inside. Files whose name begins with a dot are passed over.
 */
#ifndef TOOLS_MAIL_FILES_H
#define TOOLS_MAIL_FILES_H

#include "tools/mbox.h"

struct mail_files {
    /* A message, called FILE, or FILE:NUMBER in an mbox; both live for this call. False: no further one is wanted. */
    bool (*take)(struct mail_files *, const char *name, const struct mbox_message *);
    /* What cannot be read, and why, as errno has it. */
    void (*fail)(struct mail_files *, const char *name, int error);
};

/* Reads what `path` names. False if `take` wanted no more. */
bool mail_files_read(struct mail_files *, const char *path);

#endif
