/* popgate score: what the spam-score filter would make of messages in files. */
#ifndef TOOLS_SCORE_H
#define TOOLS_SCORE_H

/*
 * popgate score -r RULES [-r RULES] FILE...  ("-": standard input; of each file the first 512K are scored, as the
 * filter does by default). Prints a line for each: FILE TAB SCORE TAB RULE,RULE,... argv[0] is "score". Returns the
 * process's exit status: 0; 1 if a file could not be read or a rule is wrong; 2 for misuse.
 */
int tool_score(int argc, char **argv);

#endif
