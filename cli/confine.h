/* cli/confine.h - when a command enters the sandbox, and what is said where it cannot. */
#ifndef LVSCAN_CLI_CONFINE_H
#define LVSCAN_CLI_CONFINE_H

#include "cli/options.h"
#include "cli/sandbox.h"

/* Enters the ring unless --no-sandbox. With --verbose a message says what the kernel, or this build, cannot do. */
void confine(const Options *o, SandboxRing ring);

#endif
