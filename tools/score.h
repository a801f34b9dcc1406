/* popgate score: what the spam-score filter would make of messages in files. */
#ifndef TOOLS_SCORE_H
#define TOOLS_SCORE_H

/*
 * popgate score -r RULES... [--explain] [--subrules] FILE...  prints a line for each message in what is named (see
 * mail_files.h): FILE TAB SCORE TAB RULE,RULE,... With --subrules there is a fourth column, the rules that hit and only
 * serve metas; with --explain a table follows each line (see explain.h).
 * popgate score -r RULES... --lint  says what is wrong with the rules.
 *
 * argv[0] is "score". Returns the process's exit status: 0; 1 if a file could not be read or a rule is wrong; 2 for
 * misuse.
 */
int tool_score(int argc, char **argv);

#endif
