/* The tables of functions, one a file. */
#ifndef RULES_EVAL_PLUGINS_H
#define RULES_EVAL_PLUGINS_H

#include "rules/eval/eval.h"

extern const struct eval_plugin header_eval_plugin;         /* header_eval.c */
extern const struct eval_plugin wlbl_eval_plugin;           /* wlbl_eval.c */
extern const struct eval_plugin freemail_plugin;            /* freemail.c */
extern const struct eval_plugin from_name_spoof_plugin;     /* from_name_spoof.c */
extern const struct eval_plugin vbounce_plugin;             /* vbounce.c */
extern const struct eval_plugin welcomelist_subject_plugin; /* welcomelist_subject.c */
extern const struct eval_plugin mime_eval_plugin;           /* mime_eval.c */
extern const struct eval_plugin body_eval_plugin;           /* body_eval.c */
extern const struct eval_plugin image_info_plugin;          /* image_info.c */
extern const struct eval_plugin html_eval_plugin;           /* html_eval.c */
extern const struct eval_plugin uri_eval_plugin;            /* uri_eval.c */
extern const struct eval_plugin https_mismatch_plugin;      /* uri_eval.c */
extern const struct eval_plugin uri_detail_plugin;          /* uri_detail.c */
extern const struct eval_plugin relay_eval_plugin;          /* relay_eval.c */

#endif
