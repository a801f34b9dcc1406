/* popgate rewrite: what the header-rewrite filter would make of messages in files. */
#ifndef TOOLS_REWRITE_H
#define TOOLS_REWRITE_H

/*
 * Runs `rewrite -r RULES... FILE...`; argv[0] is the word itself. Prints the messages to standard output, and what
 * rules log to standard error. Returns the exit status: 0; 1 if a file could not be read or holds a mistake; 2 if the
 * usage is wrong.
 */
int tool_rewrite(int argc, char **argv);

#endif
