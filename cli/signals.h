/* cli/signals.h - signals as readable bytes. A file of its own, as <signal.h> and x86/regs.h both name registers REG_*. */
#ifndef LVSCAN_CLI_SIGNALS_H
#define LVSCAN_CLI_SIGNALS_H

#include <stdbool.h>

/* Blocks the signals that end a trace, and the one of a child's end, and gives a descriptor that becomes readable
 * when one comes. -1 with errno. */
int signals_open(void);

/* Takes what came. Was there one that asks for the end? */
bool signals_asked_end(int fd);

#endif
