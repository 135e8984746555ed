/* tests/oracle/dynamic/proc.h - the traced program as the checker sees it: memory, breakpoints, registers, mapped files. */
#ifndef ORACLE_DYNAMIC_PROC_H
#define ORACLE_DYNAMIC_PROC_H

#include "tests/oracle/dynamic/claims.h"

#include <sys/types.h>
#include <sys/user.h>

/* A breakpoint: an int3 over the byte `saved`. It stays while `uses` > 0. */
typedef struct Break {
    uint64_t pc; /* in memory */
    uint8_t saved;
    unsigned uses;
    Routine *routine; /* whose entry this is; or NULL */
    bool forget;      /* the entry of longjmp or of the unwinder: activations of the thread are dropped here */
    struct Break *next;
} Break;

enum { BREAK_BUCKETS = 1 << 16, WINDOW = 2048, WINDOW_BELOW = 256 };

typedef struct Process {
    pid_t pid;
    int memory; /* /proc/PID/mem */
    Break *breaks[BREAK_BUCKETS];
} Process;

/* Registers of a stopped thread, and the part of its stack that was read so far for them. */
typedef struct Machine {
    pid_t tid;
    struct user_regs_struct regs;
    struct user_fpregs_struct fpregs;
    bool have_fpregs, have_window;
    uint8_t window[WINDOW]; /* memory from rsp - WINDOW_BELOW */
} Machine;

bool process_read(const Process *p, uint64_t at, void *to, size_t size);
bool process_write(const Process *p, uint64_t at, const void *from, size_t size);

/* Makes p the process pid that has just called exec: no breakpoints, its new memory. */
void process_open(Process *p, pid_t pid);

Break *break_find(const Process *p, uint64_t pc);

/* Adds one use of a breakpoint at pc, making it if there is none; NULL: pc cannot be written. */
Break *break_add(Process *p, uint64_t pc);

/* Takes one use away; the last one restores the byte. */
void break_drop(Process *p, uint64_t pc);

/* Puts back or takes out the int3 without touching the uses, to step over it. */
void break_arm(const Process *p, const Break *b, bool armed);

/* Takes every int3 out of another process that inherited them by fork. */
void breaks_erase(const Process *p, pid_t child);

/* Reads a thread's registers. False: it is gone. */
bool machine_read(Machine *m, pid_t tid);

/* The 64-bit value of register r (register_number's numbers). */
uint64_t machine_register(Machine *m, int r);

/* The value of `place` in the low bits of *value, place's addend added, cut to its bits. False: unreadable. */
bool machine_place(Machine *m, const Process *p, const Place *place, uint64_t bias, uint64_t *value);

/* The entry point of the program that pid has just exec'ed, in memory; 0: unknown. */
uint64_t process_entry(pid_t pid);

/* Calls `found` for each file mapped executable into the process, with the difference between memory and the file's addresses. */
void process_files(const Process *p, void (*found)(void *context, const char *path, uint64_t bias), void *context);

/* Calls `found` for each function symbol of the file that is among `names` (NULL-terminated). */
void file_symbols(const char *path, const char *const *names, void (*found)(void *context, uint64_t address),
                  void *context);

#endif
