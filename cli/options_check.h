/* What can be said about options before anything is started. */
#ifndef VA_OPTIONS_CHECK_H
#define VA_OPTIONS_CHECK_H

#include "options.h"

#define VA_PARAM_NAMES "subbuf_size, subbuf_count, fault_subbuf_count, overwrite"

bool va_param_fits(const char *param);    /* "subbuf_count=64", "without=exit_mmap,d_move" */
bool va_classes_fit(const char *classes); /* "fault op", "-fault" */

/* Settles where the command runs. False: two options contradict each other; a sentence has been printed. */
bool va_options_agree(struct va_options *o, const char *command);

#endif
