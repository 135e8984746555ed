/* cli/message.c - see message.h. */
#include "cli/message.h"

#include "cli/escape.h"
#include "elf/format.h"

#include <string.h>
#include <unistd.h>

static void line(const char *path, const char *format, va_list ap)
{
    char what[1024];
    Sink t;
    format_list(what, sizeof what, format, ap);
    sink_open(&t, STDERR_FILENO);
    sink_add(&t, "lvscan: ");
    if (path) {
        escape_terminal(&t, str_of(path));
        sink_add(&t, ": ");
    }
    escape_terminal(&t, str_of(what));
    sink_char(&t, '\n');
    sink_close(&t);
}

void message(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    line(NULL, format, ap);
    va_end(ap);
}

void message_about(const char *path, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    line(path, format, ap);
    va_end(ap);
}

const char *errno_text(int error) { return strerror(error); }
